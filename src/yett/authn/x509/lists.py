"""Revocation lists (RFC 5280, section 5): what one says, and whether it may be believed. Pure functions.

Only whole lists of the authority that signed the certificates are used: no deltas, no indirect
lists, none that leaves out reasons. Each of these would be read as "not revoked" where it is silent.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from yett.authn.x509.model import Chain, Standing
from yett.authn.x509.rules import UNREADABLE

MOST_BYTES: Final = 32 << 20
"""Bytes of a list: about a million revocations."""

SKEW: Final = 300.0
"""Seconds by which the clocks of those who sign may differ from ours."""

STRONG: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)

_UNDERSTOOD: Final = frozenset({ExtensionOID.ISSUING_DISTRIBUTION_POINT, ExtensionOID.CRL_NUMBER})
_WITHOUT_SIGNATURE: Final = (TypeError, ValueError, InvalidSignature, UnsupportedAlgorithm)


class BadList(Exception):
    """Bytes that are no list to be believed; the text says why."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What an authority has revoked, as of an instant."""

    authority: str
    """Whose certificates it is about, see `authority_of`."""
    issuer: str
    """The name of the authority, to be read by people."""
    revoked: frozenset[int]
    this_update: float
    next_update: float
    number: int
    only_users: bool
    """Whether it says nothing of authorities."""
    places: frozenset[str]
    """If not empty, it is only about certificates that name one of these as the place of their list."""
    der: bytes

    def is_current(self, now: float) -> bool:
        """Whether it may still be used."""
        return now <= self.next_update

    def is_newer(self, than: "RevocationList") -> bool:
        """Whether it replaces another; an older one would bring revoked certificates back."""
        return (self.number, self.this_update) >= (than.number, than.this_update)


def authority_of(certificate: x509.Certificate) -> str:
    """What an authority is known by: its name and its key, however many certificates it has."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(certificate.subject.public_bytes() + key).hexdigest()


def read_list(content: bytes, authorities: Iterable[x509.Certificate], now: float) -> RevocationList:
    """The list in these bytes (DER or PEM), signed by one of these authorities and current. Raises BadList."""
    try:
        found = _load(content)
        signer = _signer(found, authorities)
        this_update = found.last_update_utc.timestamp()
        ends = found.next_update_utc
        if ends is None:
            raise BadList("it does not say until when it holds")
        if this_update > now + SKEW:
            raise BadList("it begins in the future")
        if ends.timestamp() < now:
            raise BadList("it has run out")
        only_users, places = _scope(found)
        return RevocationList(
            authority=authority_of(signer),
            issuer=found.issuer.rfc4514_string(),
            # Entries that say more than we understand count as revocations too, which is the safe side;
            # that one is about another authority's certificate is only possible in an indirect list.
            revoked=frozenset(each.serial_number for each in found),
            this_update=this_update,
            next_update=ends.timestamp(),
            number=_number(found),
            only_users=only_users,
            places=places,
            der=found.public_bytes(Encoding.DER),
        )
    except UNREADABLE as problem:
        raise BadList("it is no revocation list") from problem


def _load(content: bytes) -> x509.CertificateRevocationList:
    if len(content) > MOST_BYTES:
        raise BadList("it is too large")
    if content.lstrip()[:10] == b"-----BEGIN":
        return x509.load_pem_x509_crl(content)
    return x509.load_der_x509_crl(content)


def _signer(
    found: x509.CertificateRevocationList, authorities: Iterable[x509.Certificate]
) -> x509.Certificate:
    for authority in authorities:
        if authority.subject != found.issuer or not _may_sign(authority) or is_weakly_signed(found):
            continue
        try:
            if found.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
                return authority
        except _WITHOUT_SIGNATURE:
            continue
    raise BadList("no configured authority has signed it")


def is_weakly_signed(found: x509.CertificateRevocationList | x509.Certificate) -> bool:
    """Whether somebody could have made something else that has the same signature."""
    algorithm = found.signature_hash_algorithm
    return algorithm is not None and not isinstance(algorithm, STRONG)


def _may_sign(authority: x509.Certificate) -> bool:
    try:
        return authority.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _scope(found: x509.CertificateRevocationList) -> tuple[bool, frozenset[str]]:
    only_users, places = False, frozenset[str]()
    for extension in found.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise BadList(f"its critical extension {extension.oid.dotted_string} is not understood")
        point = extension.value
        if isinstance(point, x509.DeltaCRLIndicator):
            raise BadList("it only tells changes of another list")
        if isinstance(point, x509.IssuingDistributionPoint):
            if point.indirect_crl or point.only_some_reasons:
                raise BadList("it speaks for other authorities, or of some reasons only")
            if point.only_contains_ca_certs or point.only_contains_attribute_certs:
                raise BadList("it is not about people's certificates")
            if point.relative_name is not None:
                raise BadList("the place that it is for is given in a way that is not understood")
            only_users = point.only_contains_user_certs
            places = frozenset(_addresses(point.full_name or ()))
            if point.full_name and not places:
                raise BadList("the place that it is for is given in a way that is not understood")
    return only_users, places


def _addresses(names: Iterable[x509.GeneralName]) -> Iterable[str]:
    return (each.value for each in names if isinstance(each, x509.UniformResourceIdentifier))


def _number(found: x509.CertificateRevocationList) -> int:
    try:
        return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def standing(chain: Chain, lists: Iterable[RevocationList], now: float) -> Standing:
    """What the lists say of a certificate and of those that vouch for it.

    Its own issuer has to have a current list. Of authorities in between lists are asked as far as
    there are any; whoever configured them can also take them out.
    """
    by_authority: dict[str, list[RevocationList]] = {}
    for each in lists:
        by_authority.setdefault(each.authority, []).append(each)
    is_known = False
    for certificate, issuer in zip(chain.certificates, chain.certificates[1:], strict=False):
        is_leaf = certificate is chain.leaf
        for each in by_authority.get(authority_of(issuer), ()):
            if not _is_about(each, certificate, is_leaf=is_leaf):
                continue
            # A revocation in a list that has run out is still one.
            if certificate.serial_number in each.revoked:
                return Standing.REVOKED
            is_known = is_known or (is_leaf and each.is_current(now))
    return Standing.GOOD if is_known else Standing.UNKNOWN


def _is_about(each: RevocationList, certificate: x509.Certificate, *, is_leaf: bool) -> bool:
    if each.only_users and not is_leaf:
        return False
    return not each.places or not each.places.isdisjoint(_places_of(certificate))


def _places_of(certificate: x509.Certificate) -> Iterable[str]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return ()
    return [address for point in points for address in _addresses(point.full_name or ())]
