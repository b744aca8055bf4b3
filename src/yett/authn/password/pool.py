"""A few threads for work that fills a core, and a short line in front of them."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class PoolFull(Exception):
    """The line is as long as it may get."""


class Pool:
    """At most `threads` pieces of work at a time and `waiting` in line."""

    def __init__(self, threads: int, waiting: int, *, name: str = "password") -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._count = threads
        self.waiting = waiting
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def has_line(self) -> bool:
        """Whether new work would have to wait."""
        return self._taken >= self._count

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Do the work in a thread; PoolFull at once when too many wait already.

        A place is given back when the work ends, not when the caller loses patience: callers
        who hang up must not make room for more work than the threads can do.
        """
        with self._lock:
            if self._taken >= self._count + self.waiting:
                raise PoolFull
            self._taken += 1
        try:
            future = self._threads.submit(function, *arguments)
        except RuntimeError:
            self._give_back()
            raise
        future.add_done_callback(self._give_back)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Take no more work; what runs now ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _give_back(self, _: Future[Any] | None = None) -> None:
        with self._lock:
            self._taken -= 1
