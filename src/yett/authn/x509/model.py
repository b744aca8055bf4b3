"""The nouns of certificate sign-in."""

import base64
import binascii
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

METHOD: Final = "x509"
"""How the method is called: in sessions, and in tokens (`amr`)."""

CERTIFICATE: Final = "x509_certificate"
CA: Final = "x509_ca"
SERIAL: Final = "x509_serial"
"""Names under which a session keeps what it rests on."""


class Origin(enum.Enum):
    """Whose authority signed a certificate. Those of the gateway's own will be another one."""

    EXTERNAL = "external"
    """A configured one; revocation is told by its lists and responders."""


class Stage(enum.Enum):
    """One step of looking at a certificate."""

    EXPIRATION = "expiration"
    CHAIN = "chain"
    CRL = "crl"
    IDENTITY = "identity"
    OCSP = "ocsp"


class Reason(enum.Enum):
    """Why a certificate was not accepted. For the record; the person hears a general sentence."""

    MALFORMED = "malformed"
    """No certificate, or one that breaks the rules of its encoding."""
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    NO_AUTHORITY = "no_authority"
    """There is nobody to check certificates against."""
    CHAIN = "chain"
    """No configured authority vouches for it as a certificate of a client."""
    REVOKED = "revoked"
    NOT_CHECKED = "not_checked"
    """Nobody could be asked whether it is revoked, which counts as if it were."""
    NO_IDENTITY = "no_identity"
    """It names nobody, or not in one way only."""
    NO_DIRECTORY = "no_directory"
    """The directory could not be asked who that is."""
    UNKNOWN_PERSON = "unknown_person"


class Identity(enum.Enum):
    """Which part of a certificate names its owner."""

    COMMON_NAME = "cn"
    EMAIL = "email"
    UPN = "upn"
    SUBJECT = "subject"


class Standing(enum.Enum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """It was to be found out and could not be."""
    STRANGE = "strange"
    """Whoever knows the issuer's certificates has never heard of this one."""
    NOT_ASKED = "not_asked"
    """Nothing is configured that could tell."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A certificate of which every part that is looked at has been read once."""

    certificate: x509.Certificate
    der: bytes
    serial: str
    """In lower-case hexadecimal, as certificates are spoken of."""
    subject: str
    """As RFC 4514 writes it."""
    not_before: float
    not_after: float


@dataclass(frozen=True, slots=True)
class Chain:
    """A certificate with those that vouch for it, up to one that is trusted by itself."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        return self.certificates[0]

    @property
    def issuer(self) -> x509.Certificate:
        """Who signed the leaf."""
        return self.certificates[1]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The certificate is that of the person of this name."""

    user: str
    certificate: Parsed
    origin: Origin

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the session has to keep so that its certificate can be looked at again."""
        return {
            CA: self.origin.value,
            SERIAL: self.certificate.serial,
            CERTIFICATE: base64.b64encode(self.certificate.der).decode("ascii"),
        }

    @property
    def not_after(self) -> float:
        """When the session has to end at the latest."""
        return self.certificate.not_after


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not accepted."""

    reason: Reason


Verdict = Accepted | Rejected


def fingerprint(certificate: x509.Certificate) -> str:
    """What tells a certificate from every other."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def der_of(certificate: x509.Certificate) -> bytes:
    """A certificate as bytes."""
    return certificate.public_bytes(Encoding.DER)


def kept_der(metadata: Mapping[str, str]) -> bytes | None:
    """The certificate that a session kept; None when there is none that could be read."""
    try:
        return base64.b64decode(metadata.get(CERTIFICATE, ""), validate=True) or None
    except (binascii.Error, ValueError):
        return None
