"""The authority: made at the first start, opened at every other, then signing.

On disk are `root.pem`, `root.key` and `issuing.pem` (the intermediate's certificate and key in one
file, so that they are replaced together). What must stay true:
  a root that clients trust is never replaced: with `root.pem` there, no new root is made;
  `root.key` may be away once there is an intermediate;
  a crash between any two writes leaves a directory that opens.
"""

import math
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from yett.events import describe
from yett.kernel import Clock
from yett.pki.ca import building, events, files
from yett.pki.ca.building import Pair, ServerKey, Span
from yett.pki.ca.model import AuthorityUnavailable, Signed
from yett.pki.config import PKISettings
from yett.pki.names import normal

ROOT, ROOT_KEY, ISSUING = "root.pem", "root.key", "issuing.pem"

MAX_NAMES = 100
_DAY = 86_400
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.ExtensionNotFound, x509.DuplicateExtension)


class SigningKey(Protocol):
    """The part of an authority that those who want certificates need."""

    def open(self) -> None: ...

    @property
    def key_id(self) -> bytes: ...

    def issue(
        self,
        names: Iterable[str],
        public_key: ServerKey,
        *,
        not_before: float,
        not_after: float,
        serial: int | None = None,
    ) -> Signed: ...


class Authority:
    """Signs servers' certificates. Without a directory it lives and dies with the process."""

    def __init__(self, directory: Path | None, settings: PKISettings, clock: Clock) -> None:
        self._directory = directory
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._root: x509.Certificate | None = None
        self._root_key: ec.EllipticCurvePrivateKey | None = None
        self._issuer: Pair | None = None
        self._warned_at = -math.inf

    def open(self) -> None:
        """Read the authority, or make it if there is none; AuthorityUnavailable when neither can be done.

        Waits for the disk, so callers on an event loop run it in a thread. Repeating it costs
        nothing and renews an intermediate that comes near its end.
        """
        with self._lock:
            if self._issuer is None:
                try:
                    self._open()
                except AuthorityUnavailable as problem:
                    events.not_opened(directory=str(self._directory or "memory"), error=describe(problem))
                    raise
            self._renew_issuer()

    @property
    def key_id(self) -> bytes:
        """Which key signs now; AuthorityUnavailable while the authority is not open."""
        return self._opened().key_id

    @property
    def root_pem(self) -> bytes:
        """What clients have to trust; AuthorityUnavailable while the authority is not open."""
        self._opened()
        assert self._root is not None  # noqa: S101 - an open authority has a root
        events.bundle_read(certificates=1)
        return self._root.public_bytes(Encoding.PEM)

    def issue(
        self,
        names: Iterable[str],
        public_key: ServerKey,
        *,
        not_before: float,
        not_after: float,
        serial: int | None = None,
    ) -> Signed:
        """Sign a certificate for these names.

        It ends no later than the certificate that signs it. Raises ValueError for a request that no
        authority should sign, AuthorityUnavailable when this one cannot sign now.
        """
        wanted = tuple(names)
        try:
            spelled = _check(wanted, public_key, not_before, not_after, serial)
            with self._lock:
                self.open()
                issuer = self._opened()
            span = _span_within(issuer, not_before, not_after)
            number = x509.random_serial_number() if serial is None else serial
            certificate = building.build_server(issuer, spelled, public_key, span, number)
        except (ValueError, AuthorityUnavailable) as problem:
            events.not_signed(names=wanted[:MAX_NAMES], error=describe(problem))
            raise
        events.signed(
            serial=serial_text(certificate),
            names=spelled,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            issuer=serial_text(issuer.certificate),
        )
        is_root = issuer.certificate == self._root
        return Signed(certificate, () if is_root else (issuer.certificate,))

    # Opening.

    def _open(self) -> None:
        if self._directory is None:
            self._root_key = building.new_key()
            self._root = self._make_root(self._root_key)
            self._issuer = self._make_issuer()
            return
        files.make_directory(self._directory)
        with files.alone_in(self._directory):
            self._open_root(self._directory)
            self._issuer = self._open_issuer(self._directory)

    def _open_root(self, directory: Path) -> None:
        certificate = files.read(directory / ROOT, is_secret=False)
        private = files.read(directory / ROOT_KEY, is_secret=True)
        try:
            if certificate is None:
                if files.read(directory / ISSUING, is_secret=True) is not None:
                    raise AuthorityUnavailable(
                        f"{directory / ROOT} is missing although {ISSUING} is there: put it back"
                    )
                key = building.new_key() if private is None else _private(private)
                if private is None:
                    # The key first: a root without its key could sign nothing and be replaced by nobody.
                    files.write(directory / ROOT_KEY, building.key_pem(key))
                self._root_key, self._root = key, self._make_root(key)
                files.write(directory / ROOT, self._root.public_bytes(Encoding.PEM))
                return
            if private is None:
                self._root, self._root_key = x509.load_pem_x509_certificate(certificate), None
            else:
                pair = building.load_pair(certificate, private)
                self._root, self._root_key = pair.certificate, pair.key
        except _UNREADABLE as problem:
            raise AuthorityUnavailable(
                f"{directory / ROOT} or {ROOT_KEY} is damaged: {describe(problem)}"
            ) from problem
        if _end(self._root) - self._clock.now() < 365 * _DAY:
            events.root_expires_soon(serial=serial_text(self._root), not_after=self._root.not_valid_after_utc)

    def _open_issuer(self, directory: Path) -> Pair:
        assert self._root is not None  # noqa: S101 - the caller opened it
        both = files.read(directory / ISSUING, is_secret=True)
        if both is None or (not self._settings.intermediate and self._root_key is not None):
            return self._make_issuer()
        try:
            pair = building.load_pair(both, both)
            pair.certificate.verify_directly_issued_by(self._root)
        except (*_UNREADABLE, InvalidSignature) as problem:
            raise AuthorityUnavailable(
                f"{directory / ISSUING} is damaged or not of {ROOT}: {describe(problem)}; "
                f"remove it and a new one is made"
            ) from problem
        return pair

    # Making.

    def _make_root(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        span = self._span(self._settings.root_validity.total_seconds())
        root = building.build_root(key, self._settings.authority_name, span).certificate
        events.root_created(
            serial=serial_text(root),
            common_name=_common_name(root),
            not_before=root.not_valid_before_utc,
            not_after=root.not_valid_after_utc,
        )
        return root

    def _make_issuer(self) -> Pair:
        """Who signs from now on: a new intermediate, or the root itself when no intermediate is wanted."""
        assert self._root is not None  # noqa: S101 - the caller opened it
        if self._root_key is None:
            raise AuthorityUnavailable(
                f"{ROOT_KEY} is not here, and without it no intermediate can be made: put it back"
            )
        root = Pair(self._root, self._root_key)
        if not self._settings.intermediate:
            return root
        span = self._span(self._settings.intermediate_validity.total_seconds())
        span = Span(span.begin, min(span.end, _end(self._root)))
        if span.begin >= span.end:
            raise AuthorityUnavailable("the root certificate has expired")
        pair = building.build_intermediate(root, self._settings.authority_name, span)
        if self._directory is not None:
            files.write(self._directory / ISSUING, pair.certificate_pem + pair.key_pem)
        events.intermediate_created(
            serial=serial_text(pair.certificate),
            common_name=_common_name(pair.certificate),
            not_before=pair.certificate.not_valid_before_utc,
            not_after=pair.certificate.not_valid_after_utc,
        )
        return pair

    def _renew_issuer(self) -> None:
        """Make a new intermediate when the present one is in its last third and the root allows it."""
        issuer, now = self._opened(), self._clock.now()
        begin, end = int(issuer.certificate.not_valid_before_utc.timestamp()), _end(issuer.certificate)
        is_root = issuer.certificate == self._root
        if is_root or end - now > (end - begin) / 3 or end == self._end_of_root():
            return
        try:
            self._issuer = self._make_issuer()
        except AuthorityUnavailable as problem:
            if now - self._warned_at >= _DAY:
                self._warned_at = now
                events.intermediate_not_renewed(
                    serial=serial_text(issuer.certificate),
                    not_after=issuer.certificate.not_valid_after_utc,
                    error=describe(problem),
                )

    def _end_of_root(self) -> int:
        return _end(self._root) if self._root is not None else 0

    def _span(self, seconds: float) -> Span:
        """Begins a day early: what it signs may begin before now, and clocks of clients disagree."""
        now = int(self._clock.now())
        return Span(now - _DAY, now + int(seconds))

    def _opened(self) -> Pair:
        if self._issuer is None:
            raise AuthorityUnavailable("the authority is not open")
        return self._issuer


def export_root(directory: Path) -> bytes:
    """The root certificate of an authority's directory, without opening its keys."""
    try:
        pem = _root_in(directory)
    except AuthorityUnavailable as problem:
        events.bundle_not_read(error=describe(problem))
        raise
    events.bundle_read(certificates=1)
    return pem


def _root_in(directory: Path) -> bytes:
    path = directory / ROOT
    content = files.read(path, is_secret=False)
    if content is None:
        raise AuthorityUnavailable(f"{path} is not there: the gateway makes it at its first start")
    try:
        return x509.load_pem_x509_certificate(content).public_bytes(Encoding.PEM)
    except ValueError as problem:
        raise AuthorityUnavailable(f"{path} is damaged: {describe(problem)}") from problem


def serial_text(certificate: x509.Certificate) -> str:
    """A serial as certificates are spoken of: lower-case hexadecimal."""
    return f"{certificate.serial_number:x}"


def _check(
    names: tuple[str, ...], public_key: ServerKey, not_before: float, not_after: float, serial: int | None
) -> tuple[str, ...]:
    """The names in normal spelling; ValueError says what is wrong with the request."""
    spelled = tuple(dict.fromkeys(normal(name) or "" for name in names))
    if not spelled or "" in spelled:
        raise ValueError("every certificate needs names, and each has to be a host name or an address")
    if len(spelled) > MAX_NAMES:
        raise ValueError(f"at most {MAX_NAMES} names fit one certificate")
    if not_after <= not_before:
        raise ValueError("the certificate would end before it begins")
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size < 2048:
        raise ValueError("an RSA key needs at least 2048 bits")
    # Positive and at most 20 octets (RFC 5280, section 4.1.2.2).
    if serial is not None and not 0 < serial < 1 << 159:
        raise ValueError("the serial has to be positive and shorter than 20 octets")
    return spelled


def _span_within(issuer: Pair, not_before: float, not_after: float) -> Span:
    """When a certificate begins and ends: never after the one that signs it."""
    span = Span(int(not_before), min(int(not_after), _end(issuer.certificate)))
    if span.begin >= span.end:
        raise AuthorityUnavailable("the authority's own certificate has expired")
    return span


def _private(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is not an elliptic curve key")  # noqa: TRY004 - the file is at fault
    return key


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def _end(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp())
