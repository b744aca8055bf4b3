"""What little is kept about clients that register: tokens that let them, and those that were revoked."""

import hashlib
from typing import Final

import msgspec

from yett.kernel import new_secret
from yett.oidc.registration.ids import fingerprint
from yett.oidc.registration.model import UnusableToken
from yett.store import Change, Follower, Records, Space, StoreUnavailable

TOKEN: Final = "rt-"  # noqa: S105 - what tokens begin with
_MAX_TOKEN: Final = 128
_ROUNDS: Final = 64
"""How often a token is tried to be spent that others are spending too."""


class _Kept(msgspec.Struct, frozen=True):
    left: int
    expires_at: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


class InitialTokens:
    """Tokens that let somebody register so many times. They are kept by their hashes."""

    def __init__(self, records: Records) -> None:
        self._records = Space(records, "oidc/registration/tokens")

    async def make(self, *, uses: int, lifetime: float, now: float) -> str:
        """A new one. Raises StoreUnavailable."""
        text = TOKEN + new_secret()
        await self._records.put(_key(text), _encode(_Kept(uses, now + lifetime)), lifetime=lifetime)
        return text

    async def spend(self, text: str, *, now: float) -> UnusableToken | None:
        """Use it once; why it cannot be. Of more who come at once than it has uses, the rest get nothing.

        Raises StoreUnavailable, after which nothing was used.
        """
        if not text:
            return UnusableToken.MISSING
        if len(text) > _MAX_TOKEN:
            return UnusableToken.UNKNOWN
        key = _key(text)
        for _ in range(_ROUNDS):
            record = await self._records.get(key)
            if record is None:
                return UnusableToken.UNKNOWN
            try:
                kept = _decode(record.value)
            except msgspec.MsgspecError:
                return UnusableToken.UNKNOWN
            if kept.left <= 1:
                return None if await self._records.take(key) is not None else UnusableToken.UNKNOWN
            value = _encode(_Kept(kept.left - 1, kept.expires_at))
            lifetime = kept.expires_at - now
            if await self._records.replace(key, value, version=record.version, lifetime=lifetime) is not None:
                return None
        raise StoreUnavailable("others spent at the same moment, again and again")


class Withdrawn:
    """Ids that an operator revoked, known to every node without asking."""

    def __init__(self, records: Records) -> None:
        self._records = Space(records, "oidc/registration/withdrawn")
        self._known: set[str] = set()
        self.follower = Follower(self._records, "", load=self._load, hear=self._hear)

    def __contains__(self, client_id: str) -> bool:
        return bool(self._known) and fingerprint(client_id) in self._known

    async def add(self, client_id: str, *, lifetime: float) -> None:
        """Know it as revoked, here at once. Raises StoreUnavailable."""
        key = fingerprint(client_id)
        await self._records.put(key, b"", lifetime=lifetime)
        self._known.add(key)

    async def remove(self, client_id: str) -> bool:
        """Know it as revoked no longer; whether it was. Raises StoreUnavailable."""
        key = fingerprint(client_id)
        is_gone = await self._records.delete(key)
        self._known.discard(key)
        return is_gone

    async def _load(self) -> None:
        self._known = {key for key, _ in await self._records.list("")}

    def _hear(self, change: Change) -> None:
        if change.record is None:
            self._known.discard(change.key)
        else:
            self._known.add(change.key)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
