r"""Identity headers: who is calling, signed so that an upstream can check it.

The signature covers the headers' values, the host they are for and the window they are good
in. It is made once per session, host and window, because signing costs more than everything
else a request needs. Keys follow from the cluster key and the number of the epoch, so that
every node has the same ones without talking.

The signed text is, in UTF-8, one line each, joined by "\n":

    yett-identity-v1
    <host>
    <X-Yett-User>
    <X-Yett-Name>
    <X-Yett-Email>
    <X-Yett-Groups>
    <X-Yett-Session>
    <X-Yett-Issued>
    <X-Yett-Expires>
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from yett.events import describe
from yett.identity import Person
from yett.keys import EpochKey, Epochs, MasterKey, NoKey
from yett.proxy import events
from yett.proxy.config import ProxySettings
from yett.proxy.faults import HeaderFault

__all__ = [
    "HeaderFault",
    "HeaderSigner",
    "NoKey",
    "SignedHeaders",
    "SigningKeys",
    "judge_headers",
    "verify_headers",
]

_PURPOSE = "proxy/identity-headers"
_COVERED = ("User", "Name", "Email", "Groups", "Session", "Issued", "Expires")
_SHORTEST_KEY = 32
_GRACE = 30
"""Seconds of grace for clocks that disagree."""


class SigningKeys:
    """The proxy's keys for one purpose, which say in the log when there is none."""

    def __init__(self, master: MasterKey, purpose: str, settings: ProxySettings) -> None:
        self.epochs = Epochs(master, purpose, settings.signing_rotation.total_seconds())

    def apply(self, settings: ProxySettings) -> None:
        """Change keys at another pace from now on."""
        self.epochs.use(settings.signing_rotation.total_seconds())

    def at(self, now: float) -> EpochKey:
        """The key to sign with at this instant. Raises NoKey, after saying so."""
        try:
            return self.epochs.at(now)
        except NoKey as problem:
            _say_not_derived(problem)
            raise

    def public(self, now: float) -> list[dict[str, str]]:
        """The keys of the epoch before, this one and the next, as JSON Web Keys. Raises NoKey, after saying so."""
        try:
            return self.epochs.published(now, "Ed25519")
        except NoKey as problem:
            _say_not_derived(problem)
            raise


def _say_not_derived(problem: NoKey) -> None:
    events.key_not_derived(
        epoch=problem.epoch, is_initial=problem.is_initial, error=describe(problem.__cause__ or problem)
    )


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """Header lines for one person on one host, good until `expires_at`."""

    lines: bytes
    expires_at: float


class HeaderSigner:
    """Makes signed identity headers, and publishes the keys to check them with."""

    def __init__(self, master: MasterKey, settings: ProxySettings, *, key_length: int) -> None:
        self._keys = SigningKeys(master, _PURPOSE, settings)
        self._lifetime = 0.0
        self.apply(settings)
        if key_length < _SHORTEST_KEY:
            events.key_too_short(length=key_length)

    def apply(self, settings: ProxySettings) -> None:
        """Use other durations from now on."""
        self._keys.apply(settings)
        self._lifetime = settings.signature_lifetime.total_seconds()
        rotation = self._keys.epochs.rotation
        if rotation < 2 * self._lifetime:
            events.rotation_too_short(rotation_seconds=rotation, lifetime_seconds=self._lifetime)

    def headers(self, person: Person, *, session: str, host: str, now: float) -> SignedHeaders:
        """The header lines that tell an upstream on `host` who is calling. Raises NoKey."""
        # Windows begin at multiples of half a lifetime and last a whole one, so that a signature
        # handed out at the end of its use still has half a lifetime to be checked in.
        step = self._lifetime / 2
        issued = int(now // step * step)
        expires = int(issued + step + self._lifetime / 2)
        values = (
            person.name,
            quote(person.display_name, safe=" !#$&'()*+,/:;=?@[]"),
            quote(person.email, safe="@+"),
            ",".join(quote(group, safe="") for group in person.groups),
            session,
            str(issued),
            str(expires),
        )
        epoch = self._keys.at(issued)
        text = "\n".join(("yett-identity-v1", host, *values)).encode()
        signature = base64.urlsafe_b64encode(epoch.private.sign(text)).rstrip(b"=").decode()
        names = (*_COVERED, "Key-Id", "Signature")
        lines = "".join(
            f"X-Yett-{name}: {value}\r\n"
            for name, value in zip(names, (*values, epoch.key_id, signature), strict=True)
        )
        return SignedHeaders(lines.encode("ascii"), float(issued) + step)

    @property
    def keys_fresh_for(self) -> int:
        """Seconds that the public keys may be kept without looking again: the next one is among them."""
        return self._keys.epochs.fresh_for

    def public_keys(self, now: float) -> dict[str, list[dict[str, str]]]:
        """The keys of the epoch before, this one and the next, as a JWK set (RFC 7517)."""
        return {"keys": self._keys.public(now)}


def verify_headers(
    headers: Mapping[str, str], keys: Mapping[str, list[dict[str, str]]], *, host: str, now: float
) -> bool:
    """Whether identity headers (lower case names) were signed for `host` by one of `keys`, and still count.

    This is what an upstream does; docs/identity-headers.md says it in words.
    """
    return judge_headers(headers, keys, host=host, now=now) is None


def judge_headers(
    headers: Mapping[str, str], keys: Mapping[str, list[dict[str, str]]], *, host: str, now: float
) -> HeaderFault | None:
    """The same, with what is wrong; None when nothing is."""
    values = [headers.get(f"x-yett-{name.lower()}") for name in _COVERED]
    found = next((key for key in keys["keys"] if key["kid"] == headers.get("x-yett-key-id")), None)
    if found is None:
        return HeaderFault.UNKNOWN_KEY if "x-yett-key-id" in headers else HeaderFault.MALFORMED
    try:
        text = "\n".join(("yett-identity-v1", host, *(value or "" for value in values))).encode()
        issued, expires = int(values[5] or ""), int(values[6] or "")
        signature = _unpadded(headers.get("x-yett-signature", ""))
        Ed25519PublicKey.from_public_bytes(_unpadded(found["x"])).verify(signature, text)
    except ValueError:
        return HeaderFault.MALFORMED
    except InvalidSignature:
        return HeaderFault.SIGNATURE
    if now < issued - _GRACE:
        return HeaderFault.NOT_YET
    return HeaderFault.EXPIRED if now > expires + _GRACE else None


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
