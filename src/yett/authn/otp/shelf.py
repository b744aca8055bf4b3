"""How codes are kept: one record for each browser, one count for each person.

Every change is a compare-and-set, so that of any number of requests at once none is overlooked.
Writes ask for quorum: a wrong code that only one node knows of is a free guess at the others.
"""

from dataclasses import dataclass

import msgspec

from yett.authn.otp import rules
from yett.authn.otp.model import KIND, Kept, Sending
from yett.store import Consistency, Records, Space, StoreUnavailable

_encode = msgspec.msgpack.Encoder().encode
_QUORUM = Consistency.QUORUM


class Unreadable(Exception):
    """What is kept is damaged; the text says how."""


class OfOtherType(Exception):
    """What is kept is no code, or one of another program."""


@dataclass(frozen=True, slots=True)
class Found:
    """A kept code and its version."""

    kept: Kept
    version: int


class Shelf:
    """Codes by browser, and counts by person and place. StoreUnavailable may come from any method."""

    def __init__(self, records: Records) -> None:
        self._codes = Space(records, "authn/otp/codes")
        self._people = Space(records, "authn/otp/people")

    async def find(self, device: str) -> Found | None:
        """What is kept for a browser. Raises Unreadable or OfOtherType."""
        record = await self._codes.get(rules.key_of(device))
        return None if record is None else Found(_read(record.value), record.version)

    async def write(self, device: str, kept: Kept, found: Found | None, now: float) -> int | None:
        """Put it in place of what was found; the version, or None when somebody else wrote meanwhile."""
        key, value, lifetime = rules.key_of(device), _encode(kept), rules.lifetime(kept, now)
        if found is None:
            return await self._codes.create(key, value, lifetime=lifetime, consistency=_QUORUM)
        return await self._codes.replace(
            key, value, version=found.version, lifetime=lifetime, consistency=_QUORUM
        )

    async def delete(self, device: str) -> None:
        """Remove what is kept for a browser."""
        await self._codes.delete(rules.key_of(device))

    async def forget(self, user: str) -> int:
        """Remove every code and the counts of a person; how many codes there were."""
        count = 0
        for key, record in await self._codes.list(""):
            try:
                is_theirs = _read(record.value).user == user
            except (Unreadable, OfOtherType):
                continue
            if is_theirs:
                count += await self._codes.delete(key)
        for key, _ in await self._people.list(rules.key_of(user)):
            await self._people.delete(key)
        return count

    async def count(self, user: str, limit: int, now: float, *, place: str = "") -> float | None:
        """Count one more code of a person; how long to wait when it is one too many (then it is not counted).

        Codes that are asked for at a `place` count apart. None when others counted at the same moment, again
        and again.
        """
        key = f"{rules.key_of(user)}/{rules.key_of(place)}" if place else rules.key_of(user)
        for _ in range(limit + 1):
            record = await self._people.get(key)
            sending = None if record is None else _sending(record.value)
            wait = rules.wait_of(sending, limit, now)
            if wait > 0:
                return wait
            value = _encode(rules.after_sending(sending, now))
            if record is None:
                version = await self._people.create(key, value, lifetime=rules.HOUR, consistency=_QUORUM)
            else:
                version = await self._people.replace(
                    key, value, version=record.version, lifetime=rules.HOUR, consistency=_QUORUM
                )
            if version is not None:
                return 0.0
        return None


def _read(value: bytes) -> Kept:
    try:
        raw = msgspec.msgpack.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Unreadable("the record is not MessagePack") from problem
    try:
        kept = msgspec.convert(raw, Kept)
    except msgspec.ValidationError as problem:
        raise OfOtherType from problem
    if kept.kind != KIND:
        raise OfOtherType
    return kept


def _sending(value: bytes) -> Sending:
    try:
        return msgspec.msgpack.decode(value, type=Sending)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        # Taken for nothing, it would be a way around the limit; it ends within the hour by itself.
        raise StoreUnavailable("the count of a person's codes is damaged") from problem
