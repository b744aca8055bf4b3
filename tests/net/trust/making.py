"""Certificates of clients, and the forms in which proxies hand them over."""

import base64
import datetime
from dataclasses import dataclass
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from yett.net import ServiceSettings


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def escaped(self) -> bytes:
        """As nginx's $ssl_client_escaped_cert."""
        return quote(self.pem.decode(), safe="").encode()

    @property
    def sequence(self) -> bytes:
        """As RFC 9440."""
        return b":" + base64.b64encode(self.der) + b":"

    @property
    def base64(self) -> bytes:
        return base64.b64encode(self.der)


def make(name: str, *names: str, by: Made | None = None) -> Made:
    """A certificate for a name; of an authority when it is by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        builder = builder.add_extension(alternatives, critical=False)
    return Made(builder.sign(by.key if by is not None else key, hashes.SHA256()), key)


def settings(**said: object) -> ServiceSettings:
    """Settings of the front door, behind a proxy on this machine if nothing else is said."""
    return ServiceSettings(**{"hostname": "yett.example", "trusted_proxies": ("127.0.0.0/8",), **said})
