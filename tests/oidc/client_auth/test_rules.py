"""What a client's proof has to be, row by row."""

import hashlib
from dataclasses import replace

import pytest
from tests.oidc.client_auth.conftest import ALL, ISSUER, KEY, SECRET, client, hashed
from tests.oidc.foreign import Signer

from yett.oidc.client_auth import STRONG, algorithms_for, needs_fapi
from yett.oidc.client_auth.rules import is_secret, judge_assertion
from yett.oidc.clients import AuthMethod
from yett.oidc.jose import ALGORITHMS, Bounds, Flaw, read

NOW = 1_800_000_000.0
BY_ID = {each.client_id: each for each in ALL}
AUDIENCES = (ISSUER, f"{ISSUER}/oidc/token", f"{ISSUER}/oidc/par")
CLAIMS = {"iss": "signed", "sub": "signed", "aud": ISSUER, "jti": "x", "exp": NOW + 60}


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        (SECRET, True),
        ("the next one", True),
        ("the last one", False),
        ("", False),
        (SECRET + " ", False),
        ("\ud800", False),
    ],
)
def test_each_of_the_secrets_is_good(text, is_right):
    assert is_secret(BY_ID["basic"], text) is is_right


def test_without_secrets_nothing_is_one():
    for each in (None, BY_ID["public"], client("empty", AuthMethod.BASIC)):
        assert not is_secret(each, "")
        assert not is_secret(each, "\0" * 32, "")
        assert not is_secret(each, hashlib.sha256(b"").hexdigest())


def test_an_empty_secret_is_good_for_nothing_else():
    assert not is_secret(client("a", AuthMethod.BASIC, secret_hashes=hashed("x")), "")


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({}, None),
        ({"aud": f"{ISSUER}/oidc/token"}, None),
        ({"aud": f"{ISSUER}/oidc/par"}, None),
        ({"aud": [ISSUER]}, None),
        ({"iss": "other"}, Flaw.ISSUER),
        ({"iss": None}, Flaw.ISSUER),
        ({"sub": "other"}, Flaw.SUBJECT),
        ({"sub": ["signed"]}, Flaw.SUBJECT),
        ({"aud": None}, Flaw.AUDIENCE),
        ({"aud": "https://evil.example.test"}, Flaw.AUDIENCE),
        ({"aud": f"{ISSUER}/"}, Flaw.AUDIENCE),
        ({"aud": [ISSUER, "https://evil.example.test"]}, Flaw.AUDIENCE),
        ({"aud": f"{ISSUER}/oidc/introspect"}, Flaw.AUDIENCE),
        ({"exp": None}, Flaw.UNREADABLE),
        ({"exp": NOW - 11}, Flaw.EXPIRED),
        ({"exp": NOW + 4000}, Flaw.TOO_LONG),
        ({"nbf": NOW + 60}, Flaw.NOT_YET),
        ({"jti": None}, Flaw.IDENT),
        ({"jti": "x" * 300}, Flaw.IDENT),
    ],
)
def test_an_assertion_says_who_for_whom_how_long_and_which(changed, flaw):
    token = read(
        KEY.sign({name: value for name, value in {**CLAIMS, **changed}.items() if value is not None})
    )
    assert judge_assertion(token, BY_ID["signed"], AUDIENCES, Bounds(10, 3600), NOW) is flaw


@pytest.mark.parametrize(
    ("typ", "flaw"),
    [
        (None, None),
        ("JWT", None),
        ("client-authentication+jwt", None),
        ("dpop+jwt", Flaw.TYPE),
        ("at+jwt", Flaw.TYPE),
        (1, Flaw.TYPE),
    ],
)
def test_a_token_of_another_kind_is_no_assertion(typ, flaw):
    token = read(KEY.sign(CLAIMS, typ=typ))
    assert judge_assertion(token, BY_ID["signed"], AUDIENCES, Bounds(10, 3600), NOW) is flaw


def test_fapi_is_pushed_requests_bound_tokens_and_a_proof_that_is_not_shared():
    strict = BY_ID["strict"]
    assert needs_fapi(strict)
    assert algorithms_for(strict) == STRONG
    assert "RS256" not in STRONG
    for other in (
        replace(strict, must_push=False),
        replace(strict, must_bind=False),
        replace(strict, auth_method=AuthMethod.BASIC),
    ):
        assert not needs_fapi(other)
        assert algorithms_for(other) == ALGORITHMS


@pytest.mark.parametrize(
    ("aud", "flaw"),
    [
        (ISSUER, None),
        ([ISSUER], Flaw.AUDIENCE),
        (f"{ISSUER}/oidc/token", Flaw.AUDIENCE),
        (f"{ISSUER}/oidc/par", Flaw.AUDIENCE),
    ],
)
def test_fapi_wants_the_issuer_and_as_text(aud, flaw):
    token = read(Signer("rsa").sign({**CLAIMS, "iss": "strict", "sub": "strict", "aud": aud}, "PS256"))
    assert judge_assertion(token, BY_ID["strict"], AUDIENCES, Bounds(10, 3600), NOW) is flaw
