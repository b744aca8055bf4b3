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
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from yett.identity import Person
from yett.keys import MasterKey, jwk, key_id, signing_key
from yett.proxy import events
from yett.proxy.config import ProxySettings

_CONTEXT = "proxy/identity-headers"
_COVERED = ("User", "Name", "Email", "Groups", "Session", "Issued", "Expires")
_SHORTEST_KEY = 32
_KEYS_KEPT = 300.0


@dataclass(frozen=True, slots=True)
class _Epoch:
    number: int
    private: Ed25519PrivateKey
    key_id: str


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    """Header lines for one person on one host, good until `expires_at`."""

    lines: bytes
    expires_at: float


class HeaderSigner:
    """Makes signed identity headers, and publishes the keys to check them with."""

    def __init__(self, master: MasterKey, settings: ProxySettings, *, key_length: int) -> None:
        self._master = master
        self._epochs: dict[int, _Epoch] = {}
        self._rotation = 0.0
        self._lifetime = 0.0
        self.apply(settings)
        if key_length < _SHORTEST_KEY:
            events.key_too_short(length=key_length)

    def apply(self, settings: ProxySettings) -> None:
        """Use other durations from now on."""
        self._rotation = settings.signing_rotation.total_seconds()
        self._lifetime = settings.signature_lifetime.total_seconds()
        self._epochs.clear()
        if self._rotation < 2 * self._lifetime:
            events.rotation_too_short(rotation_seconds=self._rotation, lifetime_seconds=self._lifetime)

    def headers(self, person: Person, *, session: str, host: str, now: float) -> SignedHeaders:
        """The header lines that tell an upstream on `host` who is calling."""
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
        epoch = self._epoch(int(issued // self._rotation))
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
        return int(min(_KEYS_KEPT, self._rotation / 2))

    def public_keys(self, now: float) -> dict[str, list[dict[str, str]]]:
        """The keys of the epoch before, this one and the next, as a JWK set (RFC 7517)."""
        current = int(now // self._rotation)
        found = [self._epoch(number) for number in (current - 1, current, current + 1) if number >= 0]
        return {
            "keys": [
                {**jwk(epoch.private.public_key()), "kid": epoch.key_id, "use": "sig", "alg": "Ed25519"}
                for epoch in found
            ]
        }

    def _epoch(self, number: int) -> _Epoch:
        epoch = self._epochs.get(number)
        if epoch is None:
            private = signing_key(self._master, _CONTEXT, number)
            epoch = _Epoch(number, private, key_id(private.public_key()))
            self._epochs = {old: kept for old, kept in self._epochs.items() if abs(old - number) < 3}
            self._epochs[number] = epoch
        return epoch


def verify_headers(
    headers: Mapping[str, str], keys: Mapping[str, list[dict[str, str]]], *, host: str, now: float
) -> bool:
    """Whether identity headers (lower case names) were signed for `host` by one of `keys`, and still count.

    This is what an upstream does; docs/identity-headers.md says it in words.
    """
    values = [headers.get(f"x-yett-{name.lower()}") for name in _COVERED]
    text = "\n".join(("yett-identity-v1", host, *(value or "" for value in values))).encode()
    try:
        issued, expires = int(values[5] or ""), int(values[6] or "")
        signature = _unpadded(headers.get("x-yett-signature", ""))
        found = next(key for key in keys["keys"] if key["kid"] == headers.get("x-yett-key-id"))
        Ed25519PublicKey.from_public_bytes(_unpadded(found["x"])).verify(signature, text)
    except (ValueError, StopIteration, InvalidSignature):
        return False
    # Half a minute of grace for clocks that disagree.
    return issued - 30 <= now <= expires + 30


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
