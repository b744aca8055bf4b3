"""How tokens are kept: each in one record, with the change that its history has still to be told of.

A token is created behind its entry in the history, so that none works without one; a process that dies in
between leaves an entry about a token that nobody ever had. Every later change is one write of the token's
record that carries its entry; then the entry is written, and then it is taken out of the record (or the record
is removed, if the token was ended). Whatever was interrupted is found by `unlogged` and finished.
"""

import contextlib
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from yett.kernel import Clock
from yett.store import Records, StoreUnavailable
from yett.tokens import encoding
from yett.tokens.history import History
from yett.tokens.model import HistoryEntry, TokenData
from yett.tokens.stored import Stored

_YOUNG = 60.0
"""Seconds during which a name may be taken by a token that is still in the making."""
_TRIES = 16


class NameTaken(Exception):
    """The user has a token of this name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A token as the store has it now."""

    stored: Stored
    version: int


class Shelf:
    """Writes tokens. StoreUnavailable may come from any method."""

    def __init__(self, records: Records, history: History, clock: Clock) -> None:
        self._records = records
        self._history = history
        self._clock = clock

    async def find(self, key: str) -> Found | None:
        """A token, also one that has ended. Raises Unreadable."""
        record = await self._records.get(encoding.token_key(key))
        return None if record is None else Found(encoding.decode(key, record.value), record.version)

    async def create(self, stored: Stored, entry: HistoryEntry) -> int:
        """Keep a new token; its version. Raises NameTaken. When it fails, nothing of it is left, or nothing works."""
        data = stored.data
        if data.token_name:
            await self._take_name(data.username, data.token_name, data.key)
        try:
            await self._history.write(entry)
            version = await self._records.create(encoding.token_key(data.key), encoding.encode(stored))
        except StoreUnavailable:
            await self._undo(data, entry)
            raise
        if version is None:
            raise StoreUnavailable("the key of a new token is taken")
        return version

    async def _undo(self, data: TokenData, entry: HistoryEntry) -> None:
        """Take back what may have been written, in the order in which nothing works unrecorded."""
        with contextlib.suppress(StoreUnavailable):
            await self._records.delete(encoding.token_key(data.key))
            await self._history.erase(entry)
            if data.token_name:
                await self._free_name(data.username, data.token_name, data.key)

    async def change(self, stored: Stored, version: int) -> Found | None:
        """Write a token in place of the version that was seen; None if there was another."""
        key = encoding.token_key(stored.data.key)
        new = await self._records.replace(key, encoding.encode(stored), version=version)
        return None if new is None else Found(stored, new)

    async def rename(self, data: TokenData, name: str) -> None:
        """Take another name for a token, before it is written. Raises NameTaken."""
        await self._take_name(data.username, name, data.key)

    async def free(self, data: TokenData, name: str) -> None:
        """Let go of a name that a token had, or was to have."""
        await self._free_name(data.username, name, data.key)

    async def end(
        self, key: str, entry: HistoryEntry, *, is_due: Callable[[TokenData], bool] | None = None
    ) -> bool | None:
        """End a token for good and remove it; False when it has ended already, or never was; None if it is not due.

        Of any number of callers exactly one hears True. It is over with the first write; what comes after
        that may fail, and is finished by `settle`.
        """
        for _ in range(_TRIES):
            found = await self.find(key)
            if found is None or found.stored.is_ended:
                return False
            if is_due is not None and not is_due(found.stored.data):
                return None
            ended = dataclasses.replace(found.stored, is_ended=True, unlogged=entry)
            if found.stored.unlogged is not None:
                # Only one entry fits in: the older one has to be down first.
                await self._history.write(found.stored.unlogged)
            written = await self.change(ended, found.version)
            if written is not None:
                return True
        raise StoreUnavailable("a token was changed again and again")

    async def settle(self, key: str) -> Found | None:
        """Write the entry that a record still carries; the token, if there still is one."""
        for _ in range(_TRIES):
            found = await self.find(key)
            if found is None:
                return None
            stored = found.stored
            if stored.unlogged is not None:
                await self._history.write(stored.unlogged)
            if stored.is_ended:
                if stored.data.token_name:
                    await self._free_name(stored.data.username, stored.data.token_name, key)
                await self._records.delete(encoding.USES + key)
                await self._records.delete(encoding.token_key(key))
                return None
            if stored.unlogged is None:
                return found
            written = await self.change(dataclasses.replace(stored, unlogged=None), found.version)
            if written is not None:
                return written
        raise StoreUnavailable("a token was changed again and again")

    # Names.

    async def _take_name(self, username: str, name: str, key: str) -> None:
        place = encoding.name_key(username, name)
        value = f"{key} {self._clock.now():.3f}".encode()
        for _ in range(_TRIES):
            if await self._records.create(place, value) is not None:
                return
            record = await self._records.get(place)
            if record is None:
                continue
            holder, _, since = record.value.decode("ascii", "replace").partition(" ")
            if holder == key:
                return
            if not _is_old(since, self._clock.now()) or await self._has(holder, username, name):
                raise NameTaken
            if await self._records.replace(place, value, version=record.version) is not None:
                return
        raise NameTaken

    async def _has(self, key: str, username: str, name: str) -> bool:
        """Whether the token that a name is reserved for really has it."""
        try:
            found = await self.find(key)
        except encoding.Unreadable:
            return False
        if found is None or found.stored.is_ended:
            return False
        return (found.stored.data.username, found.stored.data.token_name) == (username, name)

    async def _free_name(self, username: str, name: str, key: str) -> None:
        place = encoding.name_key(username, name)
        record = await self._records.get(place)
        if record is None or record.value.decode("ascii", "replace").partition(" ")[0] != key:
            return
        # Deleted only as it was read: somebody else may have taken the name of an ended token over meanwhile.
        await self._records.replace(place, b"", version=record.version, lifetime=0.0)


def _is_old(since: str, now: float) -> bool:
    try:
        return float(since) < now - _YOUNG
    except ValueError:
        return True
