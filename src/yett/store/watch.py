"""Telling watchers what changed, without ever waiting for one.

Each watcher has a queue with a limit. One that falls behind loses the queue and gets
`WatchOverrun` instead, once; it lists again and goes on with the same watch. Everything here
runs on the event loop's thread.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterable

from yett.store import events
from yett.store.records import Change

LIMIT = 8192


class WatchOverrun(Exception):
    """The watcher fell behind and changes were dropped: list again, then go on with the same watch."""


class Watch(AsyncIterator[Change]):
    """Changes under a prefix, from its making on. Whoever made it closes it."""

    def __init__(self, prefix: str, limit: int) -> None:
        self.prefix = prefix
        self._limit = limit
        self._queue: deque[Change] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_overrun = False
        self._is_closed = False

    def feed(self, change: Change) -> None:
        """Queue one change, or give up on the queue when it is full."""
        if self._is_closed or self._is_overrun:
            return
        if len(self._queue) >= self._limit:
            self._queue.clear()
            self._is_overrun = True
            events.watch_overrun(prefix=self.prefix, limit=self._limit)
        else:
            self._queue.append(change)
        self._wake()

    async def __anext__(self) -> Change:
        while True:
            if self._is_overrun:
                self._is_overrun = False
                raise WatchOverrun(f"more than {self._limit} changes under {self.prefix!r} were waiting")
            if self._queue:
                return self._queue.popleft()
            if self._is_closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def aclose(self) -> None:
        """End the watch; whoever waits on it is let go."""
        self.close()

    def close(self) -> None:
        """The same, for the store that goes away. What is queued can still be read."""
        self._is_closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Watchers:
    """Every watch of one store. A watch that nobody holds any more is forgotten."""

    def __init__(self) -> None:
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()

    def add(self, prefix: str) -> Watch:
        """A new watch."""
        watch = Watch(prefix, LIMIT)
        self._watches.add(watch)
        return watch

    def tell(self, changes: Iterable[Change]) -> None:
        """Queue changes, in their order, for whoever watches their keys."""
        watches = list(self._watches)
        if not watches:
            return
        for change in changes:
            for watch in watches:
                if change.key.startswith(watch.prefix):
                    watch.feed(change)

    def close(self) -> None:
        """End every watch."""
        for watch in list(self._watches):
            watch.close()
        self._watches.clear()
