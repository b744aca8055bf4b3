"""What browsers were asked, kept in the store until one of them answers, once.

What must stay true:
  an answer counts only after its question is gone from the store: of any number that come at once,
  the one that takes it is judged, and the others are refused;
  a question counts for the browser that was asked, for one purpose, and for a few minutes.
"""

import re
import secrets
from collections.abc import Callable

import msgspec

from yett.authn.guessing import address_key
from yett.authn.passkey.config import PasskeySettings
from yett.authn.passkey.model import Asked, Purpose
from yett.authn.passkey.shelf import Shelf
from yett.events import current_scope
from yett.kernel import Clock
from yett.store import Records, Space

_SHARE = 10
"""One address gets this part of all open questions: a tenth is an office in the morning."""
_ID = re.compile(r"[A-Za-z0-9_-]{43}")

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Asked).decode

Random = Callable[[int], str]


class Ceremonies:
    """The open questions. OSError (no random bits) and StoreUnavailable come from `open`, the latter from `take`."""

    def __init__(
        self,
        records: Records,
        settings: PasskeySettings,
        clock: Clock,
        random: Random = secrets.token_urlsafe,
    ) -> None:
        self._records = Space(records, "authn/passkey/ceremonies")
        self._clock = clock
        self._random = random
        self._shelf = Shelf(settings.max_open, settings.max_open // _SHARE)
        self.use(settings)

    def use(self, settings: PasskeySettings) -> None:
        """Other limits from now on."""
        self._lifetime = settings.ceremony_lifetime.total_seconds()
        self._shelf.room, self._shelf.share = settings.max_open, settings.max_open // _SHARE

    @property
    def lifetime(self) -> int:
        """Seconds that a browser has to answer."""
        return int(self._lifetime)

    def challenge(self) -> str:
        """256 random bits; section 13.4.3 asks for half of that."""
        return self._random(32)

    async def open(self, asked: Asked) -> str:
        """Keep a question; what its answer has to be sent with."""
        key, now = self._random(32), self._clock.now()
        gone = self._shelf.add(
            key, address_key(current_scope().client_address), expires_at=now + self._lifetime, now=now
        )
        for old in gone:
            await self._records.delete(old)
        await self._records.put(key, _encode(asked), lifetime=self._lifetime)
        return key

    async def take(self, key: str, purpose: Purpose, device: str) -> Asked | None:
        """The question that was asked of this browser for this purpose; it is gone afterwards."""
        if not _ID.fullmatch(key):
            return None
        record = await self._records.take(key)
        self._shelf.remove(key)
        if record is None:
            return None
        asked = _decode(record.value)
        is_ours = asked.purpose is purpose and bool(device)
        return asked if is_ours and secrets.compare_digest(asked.device, device) else None
