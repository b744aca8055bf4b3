import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc.signing import compact
from yett.oidc.signing.material import base64url

HEAD = {"alg": "ES256", "kid": "k", "typ": "JWT"}


def token(head=None, payload=b"{}", signature=b"s"):
    written = head if isinstance(head, bytes) else json.dumps(head or HEAD).encode()
    return ".".join(base64url(part) for part in (written, payload, signature))


def test_a_token_comes_apart_as_it_was_put_together():
    text = f"{compact.head('ES256', 'k', 'JWT')}.{compact.body({'sub': 'ä'})}.c2ln"
    parts = compact.take_apart(text)
    assert parts[:3] == ("ES256", "k", "JWT")
    assert compact.claims_of(parts.payload) == {"sub": "ä"}
    assert parts.signed == text.rpartition(".")[0].encode()
    assert parts.signature == b"sig"


@pytest.mark.parametrize(
    "head",
    [
        {"alg": "ES256", "kid": "k"},
        {**HEAD, "jku": "https://evil.example/keys"},
        {**HEAD, "jwk": {"kty": "oct", "k": "AA"}},
        {**HEAD, "x5u": "https://evil.example/chain"},
        {**HEAD, "crit": ["exp"]},
        {**HEAD, "kid": ["k"]},
        {**HEAD, "alg": None},
        b"[]",
        b"{",
        b'{"alg":"ES256","kid":"\xff","typ":"JWT"}',
    ],
)
def test_a_head_that_we_do_not_write_makes_it_none_of_ours(head):
    assert compact.take_apart(token(head)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        token() + "=",
        " " + token(),
        token() + "é",
        token(signature=b"s" * 20_000),
    ],
)
def test_what_is_no_token_is_none(text):
    assert compact.take_apart(text) is None


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b'"a"', b"\xff", b"{" * 2000, b'{"a":NaN}'])
def test_what_holds_no_claims_is_none(payload):
    assert compact.claims_of(payload) is None


@given(st.text())
def test_any_text_gets_a_verdict(text):
    compact.take_apart(text)
    compact.take_apart(f"{compact.head('a', 'b', 'c')}.{text}")
