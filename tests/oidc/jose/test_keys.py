"""Which keys count, and what they have signed."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.oidc.foreign import Signer, hmac_signed, text_of, unsigned

from yett.oidc.jose import ALGORITHMS, import_public, is_signed_by, read, read_keys

EC, ED, RSA = Signer("ec"), Signer("ed"), Signer("rsa")


@pytest.mark.parametrize("signer", [EC, ED, RSA])
def test_a_public_key_is_known_by_its_thumbprint(signer):
    assert import_public(signer.jwk).thumbprint == signer.thumbprint


def test_thumbprints_are_those_of_rfc_7638_section_3_1():
    modulus = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3"
        "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA"
        "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
        "kEgU8awapJzKnqDKgw"
    )
    key = import_public({"kty": "RSA", "n": modulus, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert key.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert (key.key_id, key.algorithms) == ("2011-04-29", {"RS256"})


def small_rsa():
    key = rsa.generate_private_key(65537, 1024)
    return RSAKey(key, key).as_dict(private=False)


def other_curve():
    key = ec.generate_private_key(ec.SECP384R1())
    return ECKey(key, key).as_dict(private=False)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "key",
        {},
        {"kty": "oct", "k": text_of(b"secret")},
        OctKey.import_key("a secret of some length").as_dict(),
        EC.key.as_dict(private=True),
        RSA.key.as_dict(private=True),
        ED.key.as_dict(private=True),
        {**EC.jwk, "d": ""},
        {**EC.jwk, "k": "AAAA"},
        {**EC.jwk, "crv": "P-384"},
        {**EC.jwk, "crv": "Ed25519"},
        {**EC.jwk, "x": EC.jwk["y"], "y": EC.jwk["x"]},  # not on the curve
        {**EC.jwk, "x": EC.jwk["x"] + "A"},
        {**EC.jwk, "x": text_of(b"\0" + bytes(32))},
        {**EC.jwk, "x": 5},
        {**EC.jwk, "x": "é" * 43},
        {**EC.jwk, "use": "enc"},
        {**EC.jwk, "use": ["sig"]},
        {**EC.jwk, "key_ops": ["sign"]},
        {**EC.jwk, "key_ops": "verify"},
        {**EC.jwk, "alg": "RS256"},
        {**EC.jwk, "alg": "HS256"},
        {**EC.jwk, "alg": ["ES256"]},
        {**EC.jwk, "kid": 7},
        {**RSA.jwk, "e": text_of(bytes([1]))},
        {**RSA.jwk, "e": text_of(bytes([4]))},
        {**RSA.jwk, "e": RSA.jwk["n"]},  # a burden to check
        {**RSA.jwk, "e": text_of((65539).to_bytes(3, "big"))},
        {**RSA.jwk, "n": "A" * 2000},
        {**ED.jwk, "crv": "X25519"},
        {**ED.jwk, "crv": "Ed448"},
        small_rsa(),
        other_curve(),
    ],
)
def test_what_is_no_public_key_for_signatures_does_not_count(jwk):
    assert import_public(jwk) is None


@pytest.mark.parametrize(
    ("signer", "algorithm"), [(EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519"), (RSA, "RS256"), (RSA, "PS256")]
)
def test_each_algorithm_is_checked_with_its_own_key(signer, algorithm):
    token = read(signer.sign({"a": 1}, algorithm))

    assert is_signed_by(token, import_public(signer.jwk))
    assert not is_signed_by(token, import_public(Signer(signer.kind, 1).jwk))
    assert not is_signed_by(token, import_public(signer.jwk), ["ES512"])
    assert not is_signed_by(read(signer.sign({"a": 2}, algorithm, alg="ES256K")), import_public(signer.jwk))


def test_a_key_that_names_its_algorithm_is_good_for_no_other():
    key = import_public({**RSA.jwk, "alg": "PS256"})
    assert is_signed_by(read(RSA.sign({}, "PS256")), key)
    assert not is_signed_by(read(RSA.sign({}, "RS256")), key)


def test_nothing_public_is_taken_for_a_secret():
    for signer in (EC, RSA, ED):
        key = import_public(signer.jwk)
        for secret in (key.thumbprint.encode(), signer.key.as_pem(private=False), b""):
            forged = read(hmac_signed({"a": 1}, secret))
            assert not is_signed_by(forged, key)
            assert not is_signed_by(forged, key, [*ALGORITHMS, "HS256"])


def test_no_signature_is_no_signature():
    assert read(unsigned({"a": 1})) is None
    forged = read(f"{unsigned({'a': 1})}AAAA")
    assert not is_signed_by(forged, import_public(EC.jwk), [*ALGORITHMS, "none"])


def test_a_signature_of_zeros_is_none():
    head, claims, _ = EC.sign({"a": 1}).split(".")
    for raw in (bytes(64), bytes(63), b"\xff" * 64, bytes(8)):
        assert not is_signed_by(read(f"{head}.{claims}.{text_of(raw)}"), import_public(EC.jwk))


def test_of_a_set_the_keys_that_count_are_taken():
    found = read_keys({"keys": [{"kty": "oct", "k": "AAAA"}, EC.jwk, None, ED.jwk]})
    assert [key.thumbprint for key in found] == [EC.thumbprint, ED.thumbprint]


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": "x"}, {"keys": []}])
def test_what_is_no_set_holds_no_keys(document):
    assert read_keys(document) == ()


def test_a_set_is_read_only_so_far():
    assert len(read_keys({"keys": [EC.jwk] * 1000})) == 50
