"""The certificates of those who vouch for people, and the keys in them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey

from yett.oidc.jose import PublicKey, import_public

_LARGEST_FILE: Final = 256 << 10
_MOST: Final = 10
_UNREADABLE: Final = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)


class BadCertificates(Exception):
    """A file without certificates that could be used; it says why."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A key, and the instants it is good between."""

    key: PublicKey
    begins_at: float
    ends_at: float


def keys_in(path: Path) -> tuple[Certified, ...]:
    """The keys of the certificates in a PEM file. Raises BadCertificates."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as problem:
        raise BadCertificates(problem.strerror or "it cannot be read") from problem
    if len(content) > _LARGEST_FILE:
        raise BadCertificates("it is too large")
    try:
        found = x509.load_pem_x509_certificates(content)
        certified = tuple(_certified(each) for each in found)
    except _UNREADABLE as problem:
        raise BadCertificates("it holds no certificates in PEM that can be used") from problem
    if len(certified) > _MOST:
        raise BadCertificates(f"it holds more than {_MOST} certificates")
    return certified


def _certified(certificate: x509.Certificate) -> Certified:
    key = import_public(_jwk(certificate))
    if key is None:
        raise BadCertificates("its keys have to be RSA of 2048 bits, P-256 or Ed25519")
    return Certified(
        key, certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    )


def _jwk(certificate: x509.Certificate) -> object:
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey):
        return RSAKey(key, key).as_dict(private=False)
    if isinstance(key, EllipticCurvePublicKey):
        return ECKey(key, key).as_dict(private=False)
    if isinstance(key, Ed25519PublicKey):
        return OKPKey(key, key).as_dict(private=False)
    return None
