import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc.jwk import import_key

from yett.identity.federation.checking import open_token, verify
from yett.identity.federation.signing import KeyUnusable, derive_key, load_key, public_jwk, thumbprint

GOOD = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@pytest.mark.parametrize("algorithm", GOOD)
def test_what_a_key_signs_others_can_check(tmp_path, algorithm):
    key = GOOD[algorithm]
    file = tmp_path / "key.pem"
    file.write_bytes(pem(key))
    signing = load_key(file, "mine")
    token = signing.sign({"typ": "JWT"}, {"a": "ä"})
    public = import_key(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        {"ES256": "EC", "RS256": "RSA", "EdDSA": "OKP"}[algorithm],
    )
    opened = open_token(token, [algorithm])
    assert (opened.algorithm, opened.key_id) == (algorithm, "mine")
    assert verify(opened, [public]) == {"a": "ä"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(65537, 1024)),
        pem(dsa.generate_private_key(2048)),
        pem(GOOD["ES256"], BestAvailableEncryption(b"password")),
        GOOD["ES256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
)
def test_a_file_without_a_good_key_is_refused_without_quoting_it(tmp_path, content):
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    with pytest.raises(KeyUnusable) as problem:
        load_key(file)
    assert problem.value.__cause__ is None
    with pytest.raises(KeyUnusable):
        load_key(tmp_path / "none.pem")


def test_a_derived_key_is_the_same_everywhere_and_another_for_each_purpose():
    one, again, other = derive_key(b"a" * 32), derive_key(b"a" * 32), derive_key(b"b" * 32)
    assert public_jwk(one.key) == public_jwk(again.key) != public_jwk(other.key)
    public = import_key(public_jwk(one.key))
    assert verify(open_token(one.sign({}, {"a": 1}), ["ES256"]), [public]) == {"a": 1}
    assert thumbprint(public_jwk(one.key)) == public.thumbprint()
    assert repr(one) == "Signing(algorithm='ES256')"
