"""Writes that nobody waits for.

Each has a name; a newer one replaces an older that was not written yet, so however fast a state
changes, the store sees only where it went. What fails is said, kept, and tried again with pauses that
grow.
"""

import asyncio
from collections.abc import Awaitable, Callable

from yett.events import describe
from yett.store import StoreUnavailable

Job = Callable[[], Awaitable[object]]
Failed = Callable[[str], None]

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_MOST = 20_000
"""Writes that wait at most; a store that is away for hours must not fill the memory."""


class Outbox:
    """Background writes, one after the other."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[Job, Failed]] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def post(self, name: str, job: Job, failed: Failed) -> None:
        """Have `job` done soon. `failed` is told each time the store does not take it."""
        if name not in self._waiting and len(self._waiting) >= _MOST:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[name] = (job, failed)
        self._wake.set()

    async def run(self) -> None:
        """Write for ever."""
        pause = _FIRST_PAUSE
        while True:
            await self._wake.wait()
            if await self.flush():
                pause = _FIRST_PAUSE
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            self._wake.set()

    async def flush(self) -> bool:
        """Try everything that waits, once; whether all of it was written."""
        self._wake.clear()
        waiting, self._waiting = self._waiting, {}
        names = list(reversed(waiting))
        try:
            while names:
                job, failed = waiting[names[-1]]
                try:
                    await job()
                except StoreUnavailable as problem:
                    failed(describe(problem))
                    self._waiting.setdefault(names[-1], (job, failed))
                names.pop()
        finally:
            # What was cut off is not lost, and does not displace anything newer.
            for name in names:
                self._waiting.setdefault(name, waiting[name])
        return not self._waiting or self._wake.is_set()
