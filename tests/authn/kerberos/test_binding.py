import datetime
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from yett.authn.kerberos import end_point


def certificate(key, algorithm):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "yett.localhost")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(now)
    return builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, algorithm)


@pytest.mark.parametrize(
    ("algorithm", "name"),
    [(hashes.SHA256(), "sha256"), (hashes.SHA384(), "sha384"), (hashes.SHA512(), "sha512")],
)
def test_the_digest_is_that_of_the_signature(algorithm, name):
    made = certificate(ec.generate_private_key(ec.SECP256R1()), algorithm)
    digest = hashlib.new(name, made.public_bytes(Encoding.DER)).digest()

    assert end_point(made.public_bytes(Encoding.PEM)) == b"tls-server-end-point:" + digest


def test_where_there_is_no_digest_there_is_no_binding():
    made = certificate(ed25519.Ed25519PrivateKey.generate(), None)

    assert end_point(made.public_bytes(Encoding.PEM)) == b""
    assert end_point(b"") == b""
    assert end_point(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") == b""
