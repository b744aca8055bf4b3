"""Whether an authority that is trusted vouches for a certificate, as one that clients may use.

Paths are built and checked by cryptography's verifier (signatures, validity, basic constraints,
path length, name constraints of DNS names, addresses and mail). It was made for the certificates of
the web, so what those of people need is checked here on top: key usage of authorities, extended key
usage along the path, the strength of the key, critical extensions that nobody here understands.

It is narrower than RFC 5280 in two ways, both on the safe side: authorities have RSA or NIST curve
keys, and a path with name constraints on directory names is refused.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from yett.authn.x509.model import Chain
from yett.authn.x509.rules import UNREADABLE

E = TypeVar("E", bound=x509.ExtensionType)

_MOST_AUTHORITIES: Final = 200
_LARGEST_FILE: Final = 4 << 20

_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        # Any policy will do here, so there is nothing to find out about one (RFC 5280, 6.1.1 (c)).
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
"""Extensions that may be critical. Constraints on policies are not among them: they would have to be followed."""


class BadAuthorities(Exception):
    """A file that holds no authorities; it says why."""


class NotVouchedFor(Exception):
    """No trusted authority stands behind a certificate; the text says why."""


def read_authorities(path: Path) -> tuple[x509.Certificate, ...]:
    """The authorities in a PEM file. Raises BadAuthorities."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as problem:
        raise BadAuthorities(problem.strerror or "it cannot be read") from problem
    if len(content) > _LARGEST_FILE:
        raise BadAuthorities("it is too large")
    return authorities_in(content)


def authorities_in(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The authorities in a text. Raises BadAuthorities."""
    try:
        found = tuple(x509.load_pem_x509_certificates(pem))
    except UNREADABLE as problem:
        raise BadAuthorities("it holds no certificates in PEM") from problem
    if len(found) > _MOST_AUTHORITIES:
        raise BadAuthorities(f"it holds more than {_MOST_AUTHORITIES} certificates")
    for certificate in found:
        if not is_authority(certificate):
            raise BadAuthorities("it holds a certificate that is not an authority's")
    return found


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate says of itself that it may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (*UNREADABLE, x509.ExtensionNotFound):
        return False


class Authorities:
    """Those who are trusted, and those in between."""

    def __init__(
        self,
        trusted: Sequence[x509.Certificate] = (),
        between: Sequence[x509.Certificate] = (),
        *,
        max_intermediates: int = 3,
    ) -> None:
        self.all = (*trusted, *between)
        self._between = list(between)
        self._store = Store(list(trusted)) if trusted else None
        # An authority that is trusted by itself signs at depth 0.
        self._depth = max_intermediates

    @property
    def is_empty(self) -> bool:
        """Whether nobody is trusted."""
        return self._store is None

    def vouch(self, leaf: x509.Certificate, now: float) -> Chain:
        """The path from a certificate to a trusted authority. Raises NotVouchedFor."""
        if self._store is None:
            raise NotVouchedFor("nobody is trusted")
        builder = (
            PolicyBuilder()
            .store(self._store)
            .time(datetime.datetime.fromtimestamp(now, datetime.UTC))
            .max_chain_depth(self._depth)
            .extension_policies(ca_policy=_AUTHORITY, ee_policy=ExtensionPolicy.permit_all())
        )
        try:
            verified = builder.build_client_verifier().verify(leaf, self._between)
        except (VerificationError, ValueError, OverflowError) as problem:
            raise NotVouchedFor(_shortened(problem)) from problem
        path = tuple(verified.chain)
        if len(path) < 2:
            raise NotVouchedFor("an authority's own certificate signs nobody in")
        try:
            _check_leaf(leaf)
            for certificate in path[1:]:
                _check_authority(certificate)
        except UNREADABLE as problem:
            raise NotVouchedFor(_shortened(problem)) from problem
        return Chain(path)


def _signs_certificates(_: object, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("keyCertSign must be asserted in an authority's certificate")


_AUTHORITY: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _signs_certificates)
)


def _check_leaf(leaf: x509.Certificate) -> None:
    if is_authority(leaf):
        raise NotVouchedFor("an authority's certificate signs nobody in")
    _check_critical(leaf)
    purposes = _purposes(leaf)
    # One without purposes would be good for anything; such are servers' and devices' as often as people's.
    if purposes is None or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise NotVouchedFor("it is not for clients (extended key usage clientAuth)")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise NotVouchedFor("its key is not for signatures (key usage)")
    key = leaf.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        is_strong = key.key_size >= 2048
    elif isinstance(key, ec.EllipticCurvePublicKey):
        is_strong = key.key_size >= 256
    else:
        is_strong = isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey))
    if not is_strong:
        raise NotVouchedFor("its key is too weak, or of a kind that is not used for this")


def _check_authority(certificate: x509.Certificate) -> None:
    _check_critical(certificate)
    purposes = _purposes(certificate)
    if purposes is not None and not purposes & {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }:
        raise NotVouchedFor("an authority on the way is not for clients (extended key usage)")
    constraints = _extension(certificate, x509.NameConstraints)
    if constraints is not None:
        subtrees = [*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())]
        if any(isinstance(each, x509.DirectoryName) for each in subtrees):
            raise NotVouchedFor("name constraints on directory names are not understood")


def _check_critical(certificate: x509.Certificate) -> None:
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise NotVouchedFor(f"the critical extension {extension.oid.dotted_string} is not understood")


def _purposes(certificate: x509.Certificate) -> frozenset[x509.ObjectIdentifier] | None:
    found = _extension(certificate, x509.ExtendedKeyUsage)
    return None if found is None else frozenset(found)


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _shortened(problem: Exception) -> str:
    """What the verifier said, without the certificates that it repeats."""
    return str(problem).partition(" (encountered")[0][:200]
