"""Whom a certificate speaks of: values in, verdict out (RFC 8705, section 2).

Names are compared as their standards say and never searched for: a certificate with another name
besides is fine, a name that only begins or ends alike is not.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from yett.oidc.clients import TLSIdentity
from yett.oidc.mtls.model import Match, Mismatch

MOST_BYTES = 16 * 1024
UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
"""What reading a certificate raises when somebody has made it badly."""


def thumbprint(der: bytes) -> str:
    """What a token is bound to (`x5t#S256`; RFC 8705, section 3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def read(der: bytes) -> x509.Certificate | None:
    """The certificate in these bytes; None when there is none."""
    if not 0 < len(der) <= MOST_BYTES:
        return None
    try:
        return x509.load_der_x509_certificate(der)
    except UNREADABLE:
        return None


def judge_dates(certificate: x509.Certificate, now: float) -> Mismatch | None:
    """Whether it may not be used yet, or no more."""
    try:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except UNREADABLE:
        return Mismatch.UNREADABLE
    if now < begins.timestamp():
        return Mismatch.NOT_YET_VALID
    return Mismatch.EXPIRED if now > ends.timestamp() else None


def names_somebody(wanted: TLSIdentity) -> bool:
    """Whether anything is known of a client that an authority could have written into its certificate."""
    return bool(wanted.subject_dn or wanted.san_uri or wanted.san_dns or wanted.san_email)


def judge_identity(certificate: x509.Certificate, wanted: TLSIdentity) -> Match | Mismatch:
    """Whether everything that is known of a client stands in the certificate."""
    checks = (
        (wanted.subject_dn, Match.SUBJECT_DN, Mismatch.SUBJECT_DN, _has_subject),
        (wanted.san_uri, Match.SAN_URI, Mismatch.SAN_URI, _has_uri),
        (wanted.san_dns, Match.SAN_DNS, Mismatch.SAN_DNS, _has_host),
        (wanted.san_email, Match.SAN_EMAIL, Mismatch.SAN_EMAIL, _has_mail),
    )
    found: Match | Mismatch = Mismatch.NO_IDENTITY
    for name, match, mismatch, has in checks:
        if not name:
            continue
        try:
            is_there = has(certificate, name)
        except UNREADABLE:
            return Mismatch.UNREADABLE
        if not is_there:
            return mismatch
        found = match
    return found


def judge_own(der: bytes, thumbprints: Iterable[str], chains: Iterable[tuple[str, ...]]) -> Match | Mismatch:
    """Whether a certificate that nobody signed is one that the client registered (RFC 8705, section 2.2).

    `chains` are the `x5c` of its keys: base64 of DER, its own first.
    """
    shown = thumbprint(der)
    registered = [*thumbprints, *(thumbprint(raw) for chain in chains if (raw := _der(chain)))]
    if not registered:
        return Mismatch.NO_IDENTITY
    # Each is compared, so that time does not tell which.
    is_one = [hmac.compare_digest(shown.encode(), each.encode("utf-8", "replace")) for each in registered]
    return Match.THUMBPRINT if any(is_one) else Mismatch.THUMBPRINT


def _der(chain: tuple[str, ...]) -> bytes:
    try:
        return base64.b64decode(chain[0], validate=True) if chain else b""
    except (binascii.Error, ValueError):
        return b""


def _has_subject(certificate: x509.Certificate, wanted: str) -> bool:
    try:
        name = x509.Name.from_rfc4514_string(wanted)
    except ValueError:
        return False
    # Attribute by attribute: a comma in a value cannot pass for the next attribute.
    return name == certificate.subject


def _has_uri(certificate: x509.Certificate, wanted: str) -> bool:
    return wanted in _names(certificate, x509.UniformResourceIdentifier)


def _has_host(certificate: x509.Certificate, wanted: str) -> bool:
    return wanted.lower() in {name.lower() for name in _names(certificate, x509.DNSName)}


def _has_mail(certificate: x509.Certificate, wanted: str) -> bool:
    # What stands before the at is its host's affair and may differ in case (RFC 5280, section 7.5).
    return _folded(wanted) in {_folded(name) for name in _names(certificate, x509.RFC822Name)}


def _folded(address: str) -> tuple[str, str]:
    local, _, host = address.rpartition("@")
    return local, host.lower()


def _names(
    certificate: x509.Certificate,
    kind: type[x509.UniformResourceIdentifier] | type[x509.DNSName] | type[x509.RFC822Name],
) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return list(extension.value.get_values_for_type(kind))
