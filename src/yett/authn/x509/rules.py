"""Decide who a certificate speaks of, and whether it may be used now.

Nothing here waits, reads a clock or touches a store. What must stay true: a certificate names one
person or nobody; what could be read as two people is refused.
"""

from collections.abc import Callable, Iterable
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID, ObjectIdentifier

from yett.authn.x509.model import Identity, Parsed, Reason, Standing
from yett.authn.x509.subjects import Pattern, user_in
from yett.identity import Person, fold_name

MOST_BYTES: Final = 16 * 1024
"""Bytes of a certificate that are looked at; those that people have are a tenth of that."""

UPN: Final = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING: Final = 0x0C
_MOST_NAMES: Final = 100

UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)
"""What reading a certificate raises when somebody has made it badly."""


def parse(der: bytes) -> Parsed | None:
    """The certificate in these bytes (DER, all of them); None when there is none that could be believed.

    Parts are read here once, because the library reads most of them only when asked.
    """
    if not 0 < len(der) <= MOST_BYTES:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        if certificate.version is not x509.Version.v3 or certificate.serial_number <= 0:
            return None
        certificate.public_key()
        if len(certificate.extensions) > _MOST_NAMES:
            return None
        return Parsed(
            certificate=certificate,
            der=der,
            serial=f"{certificate.serial_number:x}",
            subject=certificate.subject.rfc4514_string(),
            not_before=certificate.not_valid_before_utc.timestamp(),
            not_after=certificate.not_valid_after_utc.timestamp(),
        )
    except UNREADABLE:
        return None


def judge_dates(parsed: Parsed, now: float) -> Reason | None:
    """Whether it may not be used yet, or no more. At its last second it is good (RFC 5280, 4.1.2.5)."""
    if now < parsed.not_before:
        return Reason.NOT_YET_VALID
    return Reason.EXPIRED if now > parsed.not_after else None


def user_of(
    parsed: Parsed,
    identity: Identity,
    *,
    upn_domains: tuple[str, ...] = (),
    subjects: Iterable[Pattern] = (),
    owner_of: Callable[[str], Person | None] = lambda _: None,
) -> str | None:
    """The name of the one person whom the certificate names; None when it is nobody, or could be several.

    `owner_of` tells who has a mail address.
    """
    match identity:
        case Identity.COMMON_NAME:
            typed = _common_names(parsed.certificate)
        case Identity.EMAIL:
            return _only(_owners(parsed.certificate, owner_of))
        case Identity.UPN:
            typed = _principals(parsed.certificate, upn_domains)
        case Identity.SUBJECT:
            found = (user_in(parsed.certificate.subject, pattern) for pattern in subjects)
            typed = [user for user in found if user is not None]
    # Nobody typed it, so space around it is no slip of somebody's.
    names = [fold_name(each) if each == each.strip() else None for each in typed]
    return None if None in names else _only(names)


def _only(names: Iterable[str | None]) -> str | None:
    """The one name of all these; None when there are none, or two."""
    different = set(names)
    return different.pop() if len(different) == 1 else None


def _common_names(certificate: x509.Certificate) -> list[str]:
    return [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _alternatives(certificate: x509.Certificate) -> x509.SubjectAlternativeName | tuple[()]:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()


def _owners(certificate: x509.Certificate, owner_of: Callable[[str], Person | None]) -> list[str | None]:
    """Whose the addresses are; None for one that is nobody's here, since it may be somebody's elsewhere."""
    named = {each.value for each in _alternatives(certificate) if isinstance(each, x509.RFC822Name)}
    if len(named) > _MOST_NAMES or not all(each.isascii() for each in named):
        return []
    owners = [owner_of(address) for address in named]
    return [None if person is None else person.name for person in owners]


def _principals(certificate: x509.Certificate, domains: tuple[str, ...]) -> list[str]:
    """The user names of all principal names; one that is not of our domains is no name of anybody."""
    ours = {domain.lower() for domain in domains}
    found = []
    for each in _alternatives(certificate):
        if isinstance(each, x509.OtherName) and each.type_id == UPN:
            user, at, domain = (_text(each.value) or "").rpartition("@")
            found.append(user if at and domain.lower() in ours else "")
    return found


def _text(der: bytes) -> str | None:
    """A UTF8String of at most 127 bytes, which is what every principal name is; None for anything else."""
    if len(der) < 2 or der[0] != _UTF8_STRING or der[1] > 127 or len(der) != 2 + der[1]:
        return None
    try:
        return der[2:].decode("utf-8")
    except UnicodeDecodeError:
        return None


def is_doubtful(standing: Standing, *, soft_fail: bool) -> bool:
    """Whether a certificate is refused because of what is not known about it.

    `soft_fail` is about those who cannot be reached, not about one who answers "never heard of it".
    """
    return standing is Standing.STRANGE or (standing is Standing.UNKNOWN and not soft_fail)


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """Everything in a certificate that could name a person, to be read by people."""
    found = [f"cn:{name}" for name in _common_names(certificate)]
    for each in _alternatives(certificate):
        if isinstance(each, x509.RFC822Name):
            found.append(f"email:{each.value}")
        elif isinstance(each, x509.OtherName) and each.type_id == UPN:
            found.append(f"upn:{_text(each.value) or '?'}")
    return tuple(found[:_MOST_NAMES])
