"""The threads that look through the log for the console.

A search is work for a processor, and shares the interpreter with the requests that the gateway serves. So it lets
go of it every millisecond (without that, half of all requests waited 5 ms meanwhile and some 100; with it, half wait
0.2 ms and few 10), ends at a deadline, ends when whoever asked has gone, and there are only so many at once. What
was found until then counts.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from yett.events import Query, Search
from yett.events.dialects import Entry
from yett.ops.console.bars import bucket_of
from yett.ops.console.config import ConsoleSettings
from yett.ops.console.form import seconds_of
from yett.ops.console.model import Ending, Found

PAGE_SIZE = 50
_MOST_OF_ONE_INSTANT = 400
"""Entries of the very same instant that a page may have besides, so that none falls between two pages."""
_MOST_COUNTED = 50_000
_MOST_OF_A_STORY = 100_000
_STINT = 0.001
_BREATH = 0.0005
_PATIENCE = 5.0
S = TypeVar("S")
Run = Callable[[Callable[[], Any]], "asyncio.Future[Any]"]
"""Does something in a thread of those that search."""


class Busy(Exception):
    """All places are taken, and none became free for a while."""


class Stop:
    """Says when a search has to end, and lets others have the interpreter meanwhile. Asked by its thread."""

    def __init__(self, seconds: float) -> None:
        self._gone = threading.Event()
        self._until = time.monotonic() + seconds
        self._rest_at = 0.0
        self.is_late = False

    def __call__(self) -> bool:
        now = time.monotonic()
        if now >= self._rest_at:
            # Waiting gives the interpreter away; merely asking for the time does not.
            self._gone.wait(_BREATH)
            self._rest_at = time.monotonic() + _STINT
        self.is_late = self.is_late or now >= self._until
        return self.is_late or self._gone.is_set()

    def leave(self) -> None:
        """Nobody waits for the outcome any more. From any thread."""
        self._gone.set()


@dataclass(frozen=True, slots=True)
class Job:
    """One page of a search, and the counts that go with it."""

    query: Query
    width: int
    """Seconds that each count stands for."""
    keep: Callable[[Entry], Entry | None]
    """What the reader may see of an entry; None when it is no hit in that case."""


class Searches:
    """Runs them. `directory` is that of the log, None where nothing is stored."""

    def __init__(self, directory: Path | None, settings: ConsoleSettings) -> None:
        self.settings = settings
        self._directory = directory
        self._threads = ThreadPoolExecutor(settings.searches + 1, thread_name_prefix="console")
        self._places = asyncio.Semaphore(settings.searches)
        self._downloads = asyncio.Semaphore(1)
        self._running: set[Stop] = set()

    @property
    def has_log(self) -> bool:
        """Whether there is anything to look through."""
        return self._directory is not None

    async def stop(self) -> None:
        """End all that run."""
        for stop in self._running:
            stop.leave()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def page(self, job: Job) -> Found:
        """One page. Raises Busy."""
        async with self.place() as (run, stop):
            found: Found = await run(partial(self._page, job, stop))
            return found

    async def tell(self, story: Callable[["Look"], S], keep: Callable[[Entry], Entry]) -> tuple[S, "Look"]:
        """A story, told from what it looks for by the look that it is handed. Raises Busy."""
        async with self.place() as (run, stop):
            look = Look(self, stop, keep)
            found: S = await run(partial(story, look))
            return found, look

    def place(self) -> "AbstractAsyncContextManager[tuple[Run, Stop]]":
        """A place among those that search. Raises Busy."""
        return self._place(self._places, self.settings.deadline.total_seconds())

    def download(self, seconds: float) -> "AbstractAsyncContextManager[tuple[Run, Stop]]":
        """The one place for a download: whoever reads one slowly keeps nobody from searching. Raises Busy."""
        return self._place(self._downloads, seconds)

    @asynccontextmanager
    async def _place(self, places: asyncio.Semaphore, seconds: float) -> AsyncIterator[tuple[Run, Stop]]:
        """Whoever leaves it ends their search."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await places.acquire()
        except TimeoutError:
            raise Busy from None
        stop = Stop(seconds)
        self._running.add(stop)
        last: asyncio.Future[Any] | None = None

        def run(work: Callable[[], Any]) -> asyncio.Future[Any]:
            nonlocal last
            last = asyncio.wrap_future(self._threads.submit(work))
            return asyncio.shield(last)

        def done(_: object = None) -> None:
            self._running.discard(stop)
            places.release()

        try:
            yield run, stop
        finally:
            stop.leave()
            # The place is free when the thread is, not when the caller lost patience.
            if last is not None and not last.done():
                last.add_done_callback(done)
            else:
                done()

    def entries(self, query: Query, stop: Stop) -> Iterator[Entry]:
        """What matches, in a thread, until it has to stop."""
        if self._directory is None:
            return
        for entry in Search(self._directory, query, should_stop=stop):
            yield entry
            if stop():
                return

    def _page(self, job: Job, stop: Stop) -> Found:
        began = time.monotonic()
        entries: list[tuple[Entry, Entry]] = []
        counts: dict[int, int] = {}
        total, reached, is_more = 0, "", False
        ending = Ending.COMPLETE
        if self._directory is None:
            return Found((), False, {}, 0, "", ending, 0, 0.0)
        search = Search(self._directory, job.query, should_stop=stop)
        for entry in search:
            kept = job.keep(entry)
            if kept is not None:
                total += 1
                reached = str(entry["time"])
                moment = seconds_of(reached)
                if moment is not None:
                    bucket = bucket_of(moment, job.width)
                    counts[bucket] = counts.get(bucket, 0) + 1
                is_more = is_more or not _fits(entries, reached)
                if not is_more:
                    entries.append((kept, entry))
            if total >= _MOST_COUNTED:
                ending = Ending.ENOUGH
                break
            if stop():
                break
        if stop.is_late and ending is Ending.COMPLETE:
            ending = Ending.DEADLINE
        return Found(
            tuple(entries),
            is_more,
            counts,
            total,
            reached if ending is not Ending.COMPLETE else "",
            ending,
            search.damaged,
            time.monotonic() - began,
        )


class Look:
    """Finds what a story is told from: call it with a query. It ends with the search that it belongs to."""

    def __init__(self, searches: Searches, stop: Stop, keep: Callable[[Entry], Entry]) -> None:
        self._searches = searches
        self._stop = stop
        self._keep = keep
        self.records = 0
        self.is_cut = False
        """Whether there may be more than it found."""

    def __call__(self, query: Query) -> Iterator[Entry]:
        """What matches, as the reader may see it."""
        for entry in self._searches.entries(query, self._stop):
            if self.records >= _MOST_OF_A_STORY:
                self.is_cut = True
                break
            self.records += 1
            yield self._keep(entry)
        self.is_cut = self.is_cut or self._stop.is_late


def _fits(entries: list[tuple[Entry, Entry]], time: str) -> bool:
    """Whether an entry still belongs to the page. None of one instant falls between two pages."""
    if len(entries) < PAGE_SIZE:
        return True
    return entries[-1][0].get("time") == time and len(entries) < PAGE_SIZE + _MOST_OF_ONE_INSTANT
