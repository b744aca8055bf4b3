"""Records in one SQLite file.

Two threads stand behind it: one writes, in groups that share a transaction and its cost, one
reads. A write returns after its commit, so whoever reads afterwards sees it, and a process that
is killed at any moment has lost nothing it acknowledged.
"""

import asyncio
import builtins
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from yett.events import describe
from yett.kernel import Clock
from yett.store import database, events, rules
from yett.store.config import Sync
from yett.store.database import Lock, StoreDamaged, checksum
from yett.store.records import Change, Consistency, Record, StoreUnavailable
from yett.store.watch import Watch, Watchers
from yett.store.worker import Group, Worker

_SWEEP = 500
"""Most expired records removed in one go, so that writers do not wait behind them."""
_NAP = 0.5
"""Seconds between looks for expired records."""

_FIND = "SELECT value, version, expires_at, checksum FROM records WHERE key = ?"
_LIST = "SELECT key, value, version, expires_at, checksum FROM records WHERE key >= ?"
_ENDED = "SELECT key FROM records WHERE expires_at <= ? ORDER BY expires_at LIMIT ?"
_SOONEST = "SELECT min(expires_at) FROM records WHERE expires_at IS NOT NULL"

_Row = tuple[object, int, float | None, int]


class SQLiteRecords:
    """`Records` in a file that one process has at a time. Open before use, close afterwards."""

    is_durable = True

    def __init__(self, path: Path, clock: Clock, *, sync: Sync = Sync.FULL) -> None:
        self._path = path
        self._clock = clock
        self._sync = sync
        self._watchers = Watchers()
        self._lock: Lock | None = None
        self._writer: Worker | None = None
        self._reader: Worker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soonest = -math.inf
        """No record ends before this; so far nobody has looked."""
        self._is_failing = False

    async def open(self) -> None:
        """Lock, check and open the file; make it if there is none.

        Raises StoreInUse when another process has it, StoreDamaged when it does not hold together
        (it is left as it was), and StoreUnavailable for anything else that keeps it from being used.
        """
        self._lock = await asyncio.to_thread(database.prepare, self._path)
        inode = self._path.stat().st_ino
        self._writer = Worker(self._path, inode, self._connect_writer, self._settle, writes=True)
        self._reader = Worker(self._path, inode, self._connect_reader, self._settle, writes=False)
        self._writer.start()
        self._reader.start()
        try:
            await self._writer.submit(lambda _: None)
        except StoreUnavailable:
            await self.close()
            raise
        events.opened(file=str(self._path), schema=database.SCHEMA)
        self._nap()

    async def close(self) -> None:
        """Finish every write that was begun, end every watch, let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # The reader first: whoever closes last folds the log into the file.
        for worker in (self._reader, self._writer):
            if worker is not None:
                await worker.close()
        self._watchers.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def is_failing(self) -> bool:
        """Whether the newest thing known is that the file cannot be read or written."""
        return self._is_failing

    async def get(self, key: str) -> Record | None:
        rules.check_key(key)

        def operation(group: Group) -> Record | None:
            found = self._find(group, key)
            return None if found is None else self._whole(key, *found)

        return cast("Record | None", await self._read(operation))

    async def put(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - one node gives both at once
    ) -> int:
        expires_at = self._checked(key, value, lifetime)

        def operation(group: Group) -> int:
            self._find(group, key)
            return _write(group, key, value, expires_at)

        return cast("int", await self._write(operation))

    async def create(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - see put
    ) -> int | None:
        expires_at = self._checked(key, value, lifetime)

        def operation(group: Group) -> int | None:
            if self._find(group, key) is not None:
                return None
            return _write(group, key, value, expires_at)

        return cast("int | None", await self._write(operation))

    async def replace(
        self,
        key: str,
        value: bytes,
        *,
        version: int,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - see put
    ) -> int | None:
        expires_at = self._checked(key, value, lifetime)

        def operation(group: Group) -> int | None:
            found = self._find(group, key)
            if found is None or found[1] != version:
                return None
            return _write(group, key, value, expires_at)

        return cast("int | None", await self._write(operation))

    async def take(self, key: str) -> Record | None:
        rules.check_key(key)

        def operation(group: Group) -> Record | None:
            found = self._find(group, key)
            if found is None:
                return None
            record = self._whole(key, *found)
            _remove(group, key)
            return record

        return cast("Record | None", await self._write(operation))

    async def delete(self, key: str) -> bool:
        rules.check_key(key)

        def operation(group: Group) -> bool:
            if self._find(group, key) is None:
                return False
            _remove(group, key)
            return True

        return cast("bool", await self._write(operation))

    async def list(self, prefix: str) -> builtins.list[tuple[str, Record]]:
        rules.check_prefix(prefix)
        end = rules.after_prefix(prefix)
        query = f"{_LIST} ORDER BY key" if end is None else f"{_LIST} AND key < ? ORDER BY key"
        values = (prefix,) if end is None else (prefix, end)

        def operation(group: Group) -> builtins.list[tuple[str, Record]]:
            now = self._clock.now()
            # All rows first: a cursor that is left half read keeps its snapshot, and the next reader gets it.
            rows = group.connection.execute(query, values).fetchall()
            return [(row[0], self._whole(*row)) for row in rows if row[3] is None or row[3] > now]

        return cast("builtins.list[tuple[str, Record]]", await self._read(operation))

    def watch(self, prefix: str) -> Watch:
        rules.check_prefix(prefix)
        return self._watchers.add(prefix)

    async def sweep(self) -> int:
        """Remove some of the records that have expired, and tell of them; how many there were."""
        count, _ = cast("tuple[int, float]", await self._write(self._sweep))
        return count

    # In the threads.

    def _connect_writer(self) -> sqlite3.Connection:
        return database.connect(self._path, writes=True, sync=self._sync)

    def _connect_reader(self) -> sqlite3.Connection:
        return database.connect(self._path, writes=False)

    def _find(self, group: Group, key: str) -> _Row | None:
        """The row of a live record. A writer removes one that has expired, so that watchers hear of it."""
        row: _Row | None = group.connection.execute(_FIND, (key,)).fetchone()
        if row is None or row[2] is None or row[2] > self._clock.now():
            return row
        if group.is_writing:
            _remove(group, key)
        return None

    def _whole(self, key: str, value: object, version: int, expires_at: float | None, kept: int) -> Record:
        """A record, if it still is what was written."""
        if not isinstance(value, bytes) or checksum(key, value, version, expires_at) != kept:
            raise StoreDamaged(
                f"{self._path}: record {key!r} was changed on the disk; restore a copy, or delete the record"
            )
        return Record(value, version, expires_at)

    def _sweep(self, group: Group) -> tuple[int, float]:
        """Remove expired records; how many, and when the next one ends."""
        ended = group.connection.execute(_ENDED, (self._clock.now(), _SWEEP)).fetchall()
        for (key,) in ended:
            _remove(group, key)
        (soonest,) = group.connection.execute(_SOONEST).fetchone()
        return len(ended), math.inf if soonest is None else soonest

    # On the event loop.

    def _checked(self, key: str, value: bytes, lifetime: float | None) -> float | None:
        rules.check_key(key)
        rules.check_value(value)
        expires_at = rules.expiry(self._clock.now(), lifetime)
        if expires_at is not None:
            self._soonest = min(self._soonest, expires_at)
        return expires_at

    def _read(self, operation: Callable[[Group], Any]) -> "asyncio.Future[Any]":
        return self._submit(self._reader, operation)

    def _write(self, operation: Callable[[Group], Any]) -> "asyncio.Future[Any]":
        return self._submit(self._writer, operation)

    def _submit(self, worker: Worker | None, operation: Callable[[Group], Any]) -> "asyncio.Future[Any]":
        if worker is None:
            raise StoreUnavailable(f"{self._path}: the store is not open")
        return worker.submit(operation)

    def _settle(self, changes: builtins.list[Change], trouble: StoreUnavailable | None) -> None:
        self._watchers.tell(changes)
        if isinstance(trouble, StoreDamaged) and self._writer is not None:
            self._writer.refuse(trouble)
        if trouble is not None and not self._is_failing:
            self._is_failing = True
            events.unavailable(error=describe(trouble))
        elif changes:
            self._recover()

    def _recover(self) -> None:
        if self._is_failing:
            self._is_failing = False
            events.available_again()

    def _wake(self) -> None:
        """Have expired records swept when there may be some; look again when that is done."""
        self._timer = None
        if self._is_failing:
            # Whoever relies on the store may have stopped asking, so it asks itself.
            asyncio.gather(self._write(_probe), self._read(_probe)).add_done_callback(self._probed)
        elif self._soonest > self._clock.now():
            self._nap()
        else:
            # What is written from here on lowers it again; the sweep knows of everything before.
            self._soonest = math.inf
            self._write(self._sweep).add_done_callback(self._swept)

    def _probed(self, probes: "asyncio.Future[Any]") -> None:
        if not probes.cancelled() and probes.exception() is None:
            self._recover()
        self._nap()

    def _swept(self, sweep: "asyncio.Future[tuple[int, float]]") -> None:
        # After a failure, which was told when it happened, everything is looked at again.
        soonest = -math.inf if sweep.cancelled() or sweep.exception() else sweep.result()[1]
        self._soonest = min(self._soonest, soonest)
        self._nap()

    def _nap(self) -> None:
        if self._writer is not None and not self._writer.is_closed:
            self._timer = asyncio.get_running_loop().call_later(_NAP, self._wake)


def _probe(group: Group) -> None:
    """Touch the file: a number that is never given out makes a writer write."""
    group.connection.execute("SELECT value FROM meta").fetchall()
    if group.is_writing:
        group.revision += 1


def _write(group: Group, key: str, value: bytes, expires_at: float | None) -> int:
    group.revision = version = group.revision + 1
    group.connection.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
        "version = excluded.version, expires_at = excluded.expires_at, checksum = excluded.checksum",
        (key, value, version, expires_at, checksum(key, value, version, expires_at)),
    )
    group.changes.append(Change(key, Record(value, version, expires_at)))
    return version


def _remove(group: Group, key: str) -> None:
    group.connection.execute("DELETE FROM records WHERE key = ?", (key,))
    group.changes.append(Change(key, None))
