import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey
from tests.identity.federation.idp import MAKERS, sign

from yett.identity.federation.checking import MOST_KEYS, Keys, Opened, open_token, read_keys, verify
from yett.identity.federation.config import SAFE_ALGORITHMS
from yett.identity.federation.model import Reason
from yett.identity.federation.signing import base64url

EC, RSA, ED = (MAKERS[each]() for each in ("ES256", "RS256", "EdDSA"))


def public(key, **more):
    return {**key.as_dict(private=False), **more}


def read(*members):
    return read_keys({"keys": list(members)})


def test_good_keys_are_taken():
    found = read(public(EC), public(RSA), public(ED, use="sig", alg="EdDSA", key_ops=["verify"]))
    assert (len(found.keys), found.unusable) == (3, 0)


@pytest.mark.parametrize(
    "member",
    [
        {}, 7, None, "x", [], {"kty": "EC"}, {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kty": "EC", "crv": "P-256", "x": "_" * 43, "y": "_" * 43}, {"kty": "RSA", "n": 5, "e": 6},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
        {"kty": "EC", "crv": ["P-256"], "x": "A", "y": "A"}, {"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"},
        OctKey.generate_key(256).as_dict(), EC.as_dict(private=True), public(EC, use="enc"),
        public(EC, key_ops=["sign"]), public(EC, kid=7),
        public(RSA, n=base64url(b"\xc1" * 128)), public(RSA, n=base64url(b"\xc1" * 1025)),
    ],
)  # fmt: skip
def test_keys_that_cannot_be_used_are_left_out_and_the_others_stay(member):
    found = read(member, public(EC))
    assert [key.kid for key in found.keys] == ["ec"]
    assert found.unusable == 1


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {}}, {"keys": [{}] * (MOST_KEYS + 1)}])
def test_what_is_no_set_of_keys_is_none(document):
    assert read_keys(document) is None


def test_a_key_is_found_for_what_it_can_do_only():
    found = read(public(EC), public(RSA), public(ED))
    assert [key.kid for key in found.find("ec", "ES256")] == ["ec"]
    assert [key.kid for key in found.find(None, "RS256")] == ["rsa"]
    assert [key.kid for key in found.find("ed", "Ed25519")] == ["ed"]
    wrong = [
        ("rsa", "ES256"),
        ("ec", "RS256"),
        ("ec", "ES384"),
        ("ec", "HS256"),
        ("rsa", "HS256"),
        ("x", "ES256"),
    ]
    for key_id, algorithm in (*wrong, ("ec", "none")):
        assert found.find(key_id, algorithm) == ()


def test_a_key_for_one_algorithm_is_for_no_other():
    found = read(public(RSA, alg="RS256"))
    assert found.find("rsa", "RS256")
    assert not found.find("rsa", "PS256")
    named = read(public(ED, alg="EdDSA"))
    assert named.find("ed", "Ed25519")


def test_without_a_name_one_of_several_is_not_guessed():
    other = ECKey.generate_key("P-256", {"kid": "other"})
    assert read(public(EC), public(other)).find(None, "ES256") == ()


@pytest.mark.parametrize(
    ("key", "algorithm"), [(EC, "ES256"), (RSA, "RS256"), (RSA, "PS256"), (ED, "EdDSA"), (ED, "Ed25519")]
)
def test_what_was_signed_is_read(key, algorithm):
    token = sign({"alg": algorithm, "kid": key.kid, "typ": "JWT", "x5t": "a", "own": {"b": 1}}, {"a": 1}, key)
    opened = open_token(token, SAFE_ALGORITHMS)
    assert opened == Opened(token, algorithm, key.kid)
    assert verify(opened, [key]) == {"a": 1}
    head, body, signature = token.split(".")
    turned = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
    assert verify(Opened(f"{head}.{body}.{turned}", algorithm, key.kid), [key]) is Reason.SIGNATURE
    assert verify(opened, []) is Reason.SIGNATURE


@pytest.mark.parametrize("claims", [b"", b"[]", b"7", b'{"a":1,"a":2}', b"\xff", b'{"a":NaN}'])
def test_signed_nonsense_is_no_token(claims):
    token = sign({"alg": "ES256", "kid": "ec"}, claims, EC)
    assert verify(open_token(token, ["ES256"]), [EC]) in {Reason.NO_JWT, Reason.SIGNATURE}


def test_the_list_of_algorithms_decides():
    token = sign({"alg": "ES256", "kid": "ec"}, {}, EC)
    assert open_token(token, ["RS256"]) is Reason.ALGORITHM
    assert open_token(token, []) is Reason.ALGORITHM


@given(st.text(max_size=200))
def test_any_text_gets_a_verdict(text):
    for token in (text, f"e30.{text}.x", f"{text}.e30.e30", f"eyJhbGciOiJFUzI1NiJ9.{text}.{text}"):
        opened = open_token(token, ["ES256"])
        if isinstance(opened, Opened):
            assert isinstance(verify(opened, Keys((EC,)).keys), Reason)


def test_a_key_that_is_for_encryption_of_secrets_only_signs_nothing():
    exchange = OKPKey.generate_key("X25519", {"kid": "x"})
    assert read(public(exchange)).find("x", "EdDSA") == ()
