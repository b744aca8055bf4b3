"""Building certificates: the shape of a root, of an intermediate and of a server's certificate.

Values in, certificate out; RFC 5280 throughout. Signatures are deterministic (RFC 6979), so that the
same request signed twice gives the same bytes.
"""

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from yett.pki.names import general_name

ServerKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_MAX_COMMON_NAME = 64
"""The longest common name (RFC 5280, appendix A, ub-common-name)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate of the authority's own and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return key_pem(self.key)

    @property
    def key_id(self) -> bytes:
        """The key's identifier, as it stands in what the key signs."""
        return x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()).digest


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when, in whole seconds since the epoch."""

    begin: int
    end: int

    @property
    def not_before(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.begin, datetime.UTC)

    @property
    def not_after(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self.end, datetime.UTC)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A new key of the kind that every certificate here has."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as text, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_pair(certificate_pem: bytes, private_pem: bytes) -> Pair:
    """A pair from text; ValueError when it is none of ours."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    key = load_pem_private_key(private_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not an elliptic curve key")  # noqa: TRY004 - the file is at fault
    if certificate.public_key() != key.public_key():
        raise ValueError("certificate and key do not belong together")
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    if not basic.ca:
        raise ValueError("the certificate is not that of an authority")
    return Pair(certificate, key)


def build_root(key: ec.EllipticCurvePrivateKey, organization: str, span: Span) -> Pair:
    """A root that has signed itself and may have one rank of intermediates."""
    subject = _authority_name(organization, "Root CA", key)
    certificate = _authority(key, subject, subject, key, span, path_length=1)
    return Pair(certificate, key)


def build_intermediate(root: Pair, organization: str, span: Span) -> Pair:
    """An intermediate with a new key, which may sign servers' certificates only."""
    key = new_key()
    subject = _authority_name(organization, "Intermediate CA", key)
    certificate = _authority(key, subject, root.certificate.subject, root.key, span, path_length=0)
    return Pair(certificate, key)


def build_server(
    issuer: Pair, names: tuple[str, ...], public_key: ServerKey, span: Span, serial: int
) -> x509.Certificate:
    """A server's certificate for (normal) names."""
    short = next((name for name in names if len(name) <= _MAX_COMMON_NAME), None)
    subject = x509.Name([] if short is None else [x509.NameAttribute(NameOID.COMMON_NAME, short)])
    alternatives = x509.SubjectAlternativeName([general_name(name) for name in names])
    builder = (
        _begin(subject, issuer.certificate.subject, span, serial)
        .public_key(public_key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        # With an empty subject the names are the subject, and have to be critical (RFC 5280, 4.2.1.6).
        .add_extension(alternatives, critical=short is None)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_authority_key(issuer.key), critical=False)
    )
    return builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)


def _authority(
    key: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    span: Span,
    *,
    path_length: int,
) -> x509.Certificate:
    return (
        _begin(subject, issuer, span, x509.random_serial_number())
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(issuer_key), critical=False)
        .sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    )


def _begin(subject: x509.Name, issuer: x509.Name, span: Span, serial: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(serial)
        .not_valid_before(span.not_before)
        .not_valid_after(span.not_after)
    )


def _authority_name(organization: str, role: str, key: ec.EllipticCurvePrivateKey) -> x509.Name:
    """Two authorities never share a name: path building by name would mix them up."""
    tag = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest[:4].hex()
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{organization} {role} {tag}"),
        ]
    )


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
