"""Records that live as long as the process.

No method waits in the middle, so each is atomic on the event loop's thread.
"""

import asyncio
import builtins
import heapq
from bisect import bisect_left, insort

from yett.kernel import Clock
from yett.store import rules
from yett.store.records import Change, Consistency, Record
from yett.store.watch import Watch, Watchers

_LONGEST_NAP = 1.0
"""Seconds between looks at the clock: it may be stepped, so no longer nap is trusted."""


class MemoryRecords:
    """`Records` in memory. Needs no opening; `close` ends its watches."""

    is_durable = False
    is_failing = False

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[str, Record] = {}
        self._keys: list[str] = []
        self._ends: list[tuple[float, str]] = []
        """A heap of expiries; entries of records that were since replaced are skipped."""
        self._revision = 0
        self._watchers = Watchers()
        self._timer: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Nothing to do; there so that every store is opened the same way."""

    async def close(self) -> None:
        """End every watch and forget everything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watchers.close()
        self._records.clear()
        self._keys.clear()
        self._ends.clear()

    async def get(self, key: str) -> Record | None:
        rules.check_key(key)
        self._expire()
        return self._records.get(key)

    async def put(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - one node gives both at once
    ) -> int:
        self._check(key, value)
        return self._write(key, value, lifetime)

    async def create(
        self,
        key: str,
        value: bytes,
        *,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - see put
    ) -> int | None:
        self._check(key, value)
        return None if key in self._records else self._write(key, value, lifetime)

    async def replace(
        self,
        key: str,
        value: bytes,
        *,
        version: int,
        lifetime: float | None = None,
        consistency: Consistency = Consistency.QUORUM,  # noqa: ARG002 - see put
    ) -> int | None:
        self._check(key, value)
        found = self._records.get(key)
        if found is None or found.version != version:
            return None
        return self._write(key, value, lifetime)

    async def take(self, key: str) -> Record | None:
        rules.check_key(key)
        self._expire()
        return self._remove(key)

    async def delete(self, key: str) -> bool:
        return await self.take(key) is not None

    async def list(self, prefix: str) -> builtins.list[tuple[str, Record]]:
        rules.check_prefix(prefix)
        self._expire()
        keys, records = self._keys, self._records
        end = rules.after_prefix(prefix)
        until = len(keys) if end is None else bisect_left(keys, end)
        return [(key, records[key]) for key in keys[bisect_left(keys, prefix) : until]]

    def watch(self, prefix: str) -> Watch:
        rules.check_prefix(prefix)
        return self._watchers.add(prefix)

    def _check(self, key: str, value: bytes) -> None:
        rules.check_key(key)
        rules.check_value(value)
        self._expire()

    def _write(self, key: str, value: bytes, lifetime: float | None) -> int:
        expires_at = rules.expiry(self._clock.now(), lifetime)
        self._revision += 1
        if key not in self._records:
            insort(self._keys, key)
        record = self._records[key] = Record(value, self._revision, expires_at)
        if expires_at is not None:
            heapq.heappush(self._ends, (expires_at, key))
            self._nap()
        self._watchers.tell((Change(key, record),))
        return self._revision

    def _remove(self, key: str) -> Record | None:
        record = self._records.pop(key, None)
        if record is not None:
            del self._keys[bisect_left(self._keys, key)]
            self._watchers.tell((Change(key, None),))
        return record

    def _expire(self) -> None:
        """Remove what has ended."""
        ends, now = self._ends, self._clock.now()
        while ends and ends[0][0] <= now:
            expires_at, key = heapq.heappop(ends)
            record = self._records.get(key)
            if record is not None and record.expires_at == expires_at:
                self._remove(key)
        if len(ends) > 2 * len(self._records) + 1024:
            # A record that is prolonged again and again must not leave a trail for ever.
            self._ends = [(r.expires_at, k) for k, r in self._records.items() if r.expires_at is not None]
            heapq.heapify(self._ends)

    def _nap(self) -> None:
        """See to it that expiry is told even when nobody asks."""
        if self._timer is None and self._ends:
            pause = min(max(self._ends[0][0] - self._clock.now(), 0.01), _LONGEST_NAP)
            self._timer = asyncio.get_running_loop().call_later(pause, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._expire()
        self._nap()
