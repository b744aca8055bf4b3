import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc.signing import material
from yett.oidc.signing.model import Algorithm, Flaw

KEYS = {algorithm: material.make(algorithm, 2048) for algorithm in Algorithm}


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_a_key_signs_its_published_half_checks(algorithm):
    private = KEYS[algorithm]
    jwk = json.loads(json.dumps(material.jwk_of(private.public_key(), algorithm)))
    check = material.checker(material.public_of(jwk, algorithm), algorithm)
    signature = material.signer(private, algorithm)(b"said")

    assert check(signature, b"said")
    assert not check(signature, b"sajd")
    assert not check(signature[:-1] + bytes([signature[-1] ^ 1]), b"said")
    assert not check(b"", b"said")
    assert not check(signature + b"\0", b"said")
    assert material.algorithm_of(private) is algorithm
    assert jwk["alg"] == algorithm.value
    assert not {"d", "p", "q"} & jwk.keys()


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_survives_being_written_down(algorithm):
    private = material.from_pem(material.to_pem(KEYS[algorithm]).encode())
    assert material.jwk_of(private.public_key(), algorithm) == material.jwk_of(
        KEYS[algorithm].public_key(), algorithm
    )


def test_the_signature_of_rfc_7515_appendix_a_3_checks():
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    }
    signed = (
        b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvb"
        b"S9pc19yb290Ijp0cnVlfQ"
    )
    signature = decode(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    assert material.checker(material.public_of(jwk, Algorithm.ES256), Algorithm.ES256)(signature, signed)


def test_the_thumbprint_is_that_of_rfc_7638_section_3_1():
    jwk = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX"
        "jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
        "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xB"
        "niIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    assert material.thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_half_hash_is_that_of_openid_connect_core_appendix_a_3():
    assert (
        material.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    )


def test_keys_that_can_be_broken_or_guessed_are_told():
    numbers = KEYS[Algorithm.RS256].private_numbers()
    assert material.judge(rsa.generate_private_key(65537, 1024)) is Flaw.TOO_SHORT
    assert material.judge(ec.generate_private_key(ec.SECP192R1())) is Flaw.TOO_SHORT
    assert material.judge(ec.generate_private_key(ec.SECP256K1())) is Flaw.UNKNOWN
    assert material.judge(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))) is Flaw.LOW_ENTROPY
    assert material.judge(ed25519.Ed25519PrivateKey.from_private_bytes(b"0123" * 8)) is Flaw.LOW_ENTROPY
    assert material.judge(ec.derive_private_key(12345, ec.SECP256R1())) is Flaw.LOW_ENTROPY
    assert material.judge(rsa.generate_private_key(3, 2048)) is Flaw.LOW_ENTROPY
    assert material.judge(_close_primes(numbers)) is Flaw.LOW_ENTROPY
    assert [material.judge(each) for each in KEYS.values()] == [None] * len(KEYS)


def _close_primes(numbers):
    """An RSA key of two neighbours, as a source that counts up would give."""
    p = numbers.p
    q = _next_prime(p + 2)
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, n)
    return rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public
    ).private_key()


def _next_prime(number):
    while pow(2, number - 1, number) != 1 or (number - 1) % 65537 == 0:
        number += 2
    return number


def test_what_is_no_key_of_a_kind_that_signs_is_none(tmp_path):
    foreign = dsa.generate_private_key(1024).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert material.from_pem(foreign) is None
    assert material.from_pem(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n") is None
    assert material.read_file(tmp_path / "none.pem") is Flaw.ABSENT
    assert material.read_file(tmp_path) is Flaw.ABSENT


@pytest.mark.parametrize("algorithm", Algorithm)
def test_what_is_no_public_key_is_told(algorithm):
    for jwk in ({}, {"x": "AA", "y": "AA", "e": "AQAB", "n": "AA"}, {"x": "é", "y": "=", "e": "", "n": ""}):
        with pytest.raises(ValueError, match=r".*"):
            material.public_of(jwk, algorithm)


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(raw):
    text = material.base64url(raw)
    assert material.unbase64url(text) == raw
    for other in (text + "=", text + " ", text.replace("A", "+", 1) if "A" in text else text + "\n"):
        with pytest.raises(ValueError, match=r".*"):
            material.unbase64url(other)


def test_stray_bits_at_the_end_are_no_second_spelling():
    with pytest.raises(ValueError, match="canonical"):
        material.unbase64url("QR")
