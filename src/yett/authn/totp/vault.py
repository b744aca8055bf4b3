"""How authenticators are kept: sealed, bound to their person, and changed by compare-and-set only.

What is in use stands in the module data, where it lasts; what is being set up stands among the
records, and goes by itself.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from yett.authn.totp.model import Kept
from yett.keys import MasterKey, Sealer
from yett.store import Records, Space

MODULE = "totp"
_FOR_EVER = 253_402_300_799.0
"""The last second of the year 9999: what is sealed has to have an end."""


class ModuleData(Protocol):
    """Maps by module and user, and the language that mail to a user is written in."""

    async def load(self, module: str, user: str) -> tuple[int, dict[str, Any]] | None: ...
    async def replace(self, module: str, user: str, value: dict[str, Any], *, seen: int) -> bool: ...
    async def delete(self, module: str, user: str) -> bool: ...
    async def language(self, user: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of a person and its version; `kept` is None when it cannot be read."""

    kept: Kept | None
    version: int


@dataclass(frozen=True, slots=True)
class Pending:
    """An enrolment that waits for its first code."""

    secret: bytes
    is_replacing: bool
    version: int


class Vault:
    """Authenticators by person. StoreUnavailable may come from any method that waits."""

    def __init__(self, data: ModuleData, records: Records, master: MasterKey) -> None:
        self._data = data
        self._pending = Space(records, "authn/totp/pending")
        self._sealer = Sealer(master, "authn/totp")
        self._pending_sealer = Sealer(master, "authn/totp/pending")
        self._key = master.derive("yett.authn.totp/recovery")

    # In use.

    async def load(self, user: str) -> Found | None:
        """What is kept of a person; None when they have no authenticator."""
        found = await self._data.load(MODULE, user)
        if found is None:
            return None
        version, datum = found
        try:
            kept = msgspec.convert(datum, Kept)
        except msgspec.ValidationError:
            kept = None
        return Found(kept, version)

    async def replace(self, user: str, kept: Kept, *, seen: int) -> bool:
        """Write if nobody wrote meanwhile (0: if there still is nothing); whether that was so."""
        return await self._data.replace(MODULE, user, msgspec.structs.asdict(kept), seen=seen)

    async def delete(self, user: str) -> bool:
        """Whether there was an authenticator. What was being set up goes first, or it could be finished after all."""
        await self._pending.delete(_key_of(user))
        return await self._data.delete(MODULE, user)

    async def language(self, user: str) -> str:
        """The language that the person reads."""
        return await self._data.language(user) or ""

    def seal(self, user: str, secret: bytes) -> str:
        """A secret as it is kept: another person's record cannot hold it."""
        payload = {"user": user, "secret": base64.b64encode(secret).decode()}
        return self._sealer.seal(payload, expires_at=_FOR_EVER)

    def open(self, user: str, kept: Kept) -> bytes | None:
        """The secret; None when it was not sealed by us for this person."""
        opened = self._sealer.open(kept.secret, now=0.0)
        if opened is None or opened.payload.get("user") != user:
            return None
        return base64.b64decode(opened.payload.get("secret", "")) or None

    def recovery_digest(self, user: str, code: str) -> bytes:
        """What is kept of a recovery code: good for this person only, and of no use without our key."""
        return hmac.digest(self._key, msgspec.json.encode([user, code]), "sha256")

    # Being set up.

    async def begin(
        self, user: str, secret: bytes, *, is_replacing: bool, now: float, lifetime: float
    ) -> None:
        """Keep a secret until its first code comes; an earlier one that waits is forgotten."""
        payload = {
            "user": user,
            "secret": base64.b64encode(secret).decode(),
            "replacing": "1" if is_replacing else "",
        }
        sealed = self._pending_sealer.seal(payload, expires_at=now + lifetime)
        await self._pending.put(_key_of(user), sealed.encode(), lifetime=lifetime)

    async def pending(self, user: str, now: float) -> Pending | None:
        """The enrolment that waits."""
        record = await self._pending.get(_key_of(user))
        if record is None:
            return None
        opened = self._pending_sealer.open(record.value.decode("ascii", "replace"), now=now)
        if opened is None or opened.is_expired or opened.payload.get("user") != user:
            return None
        secret = base64.b64decode(opened.payload.get("secret", ""))
        return Pending(secret, bool(opened.payload.get("replacing")), record.version)

    async def take(self, user: str, pending: Pending) -> bool:
        """Take the enrolment away; of any number of callers one hears that it was this one."""
        record = await self._pending.take(_key_of(user))
        return record is not None and record.version == pending.version


def _key_of(user: str) -> str:
    return hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()
