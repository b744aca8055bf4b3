"""Device codes as they are kept, under their hashes, and user codes that point at them.

Once decided, a code never changes again: whoever's write lands first has decided, and the one who takes
the record away has what it holds.
"""

from dataclasses import dataclass

import msgspec

from yett.authn.device_code.model import DeviceCode
from yett.store import Records

REMEMBERED = 600.0
"""Seconds that a code is kept after its end, so that a late device hears "expired" rather than "unknown"."""
_CODES = "device/codes/"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DeviceCode).decode


@dataclass(frozen=True, slots=True)
class Kept:
    """A code, and the version that a decision about it rests on."""

    code: DeviceCode
    version: int


class Shelf:
    """Codes in the store. StoreUnavailable may come from any method."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def put(self, ref: str, code: DeviceCode, *, now: float) -> bool:
        """Keep a new code; False when there is one under this hash."""
        lifetime = code.expires_at - now + REMEMBERED
        return await self._records.create(_code_key(ref), _encode(code), lifetime=lifetime) is not None

    async def get(self, ref: str) -> Kept | None:
        """What is kept; None for nothing, and for what a program of another version kept."""
        record = await self._records.get(_code_key(ref))
        code = None if record is None else _read(record.value)
        return None if record is None or code is None else Kept(code, record.version)

    async def decide(self, ref: str, code: DeviceCode, *, seen: int, now: float) -> bool:
        """Write a decision down; False when somebody else wrote since."""
        lifetime = max(code.expires_at - now, 0.0) + REMEMBERED
        version = await self._records.replace(_code_key(ref), _encode(code), version=seen, lifetime=lifetime)
        return version is not None

    async def take(self, ref: str) -> DeviceCode | None:
        """What is kept, which is gone from now on: of any number of callers exactly one gets it."""
        record = await self._records.take(_code_key(ref))
        return None if record is None else _read(record.value)

    async def drop(self, ref: str) -> None:
        """Forget a code."""
        await self._records.delete(_code_key(ref))

    async def forget(self, user: str) -> int:
        """Forget every code that a person decided about; how many there were."""
        count = 0
        for key, record in await self._records.list(_CODES):
            code = _read(record.value)
            if code is not None and code.user == user:
                count += await self._records.delete(key)
        return count

    async def point(self, user_code: str, ref: str, *, lifetime: float) -> bool:
        """Let a user code lead to a device code; False when it leads to another."""
        return await self._records.create(_user_key(user_code), ref.encode(), lifetime=lifetime) is not None

    async def follow(self, user_code: str) -> str | None:
        """Where a user code leads."""
        record = await self._records.get(_user_key(user_code))
        return None if record is None else record.value.decode("ascii", "replace")


def _read(value: bytes) -> DeviceCode | None:
    try:
        return _decode(value)
    except msgspec.MsgspecError:
        return None


def _code_key(ref: str) -> str:
    return _CODES + ref


def _user_key(user_code: str) -> str:
    return f"device/users/{user_code}"
