"""Starting in order, stopping in the reverse order, and knowing when all is well.

A part that fails to start stops those already started, so nothing half-started is left behind.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from yett.kernel import events

_LAST_WORDS = 0.5
"""Seconds that a part which was cut off gets to clean up."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that is started before it is used and stopped afterwards."""

    name: str
    start: Callable[[], Awaitable[Any]]
    stop: Callable[[], Awaitable[Any]]
    stop_within: float = 10.0


class Lifecycle:
    """Parts in their order."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._started: list[Part] = []

    def add(
        self,
        name: str,
        start: Callable[[], Awaitable[Any]],
        stop: Callable[[], Awaitable[Any]],
        *,
        stop_within: float = 10.0,
    ) -> None:
        """Add a part after those it needs."""
        self._parts.append(Part(name, start, stop, stop_within))

    async def start(self) -> None:
        """Start every part that has not; on a failure stop what had started and raise the failure.

        It may be called again after more parts were added.
        """
        for part in self._parts[len(self._started) :]:
            began = time.monotonic()
            try:
                await part.start()
            except BaseException as problem:
                events.part_failed(part=part.name, error=events.describe(problem))
                await self.stop()
                raise
            self._started.append(part)
            events.part_started(part=part.name, seconds=round(time.monotonic() - began, 4))

    async def stop(self) -> None:
        """Stop every started part; one that fails or hangs does not keep the others from stopping.

        Neither does somebody who is tired of waiting: a cancellation cuts off the part that is
        just stopping, and takes effect at the end.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._started:
            try:
                await _stop(self._started.pop())
            except asyncio.CancelledError as problem:
                cancelled = problem
        if cancelled is not None:
            raise cancelled


async def _stop(part: Part) -> None:
    began = time.monotonic()
    work = asyncio.get_running_loop().create_task(_call(part.stop), name=f"stop {part.name}")
    try:
        # Unlike `asyncio.timeout` this goes on even when the part ignores that it was cancelled.
        await asyncio.wait({work}, timeout=part.stop_within)
    except asyncio.CancelledError:
        await _cut_off(part, work, began)
        raise
    if not work.done():
        await _cut_off(part, work, began)
    elif work.cancelled():
        events.part_failed_to_stop(part=part.name, error="it was cancelled")
    elif (problem := work.exception()) is not None:
        events.part_failed_to_stop(part=part.name, error=events.describe(problem))
    else:
        events.part_stopped(part=part.name, seconds=round(time.monotonic() - began, 4))


async def _cut_off(part: Part, work: asyncio.Task[Any], began: float) -> None:
    work.cancel()
    events.part_stuck(part=part.name, seconds=round(time.monotonic() - began, 4))
    await asyncio.wait({work}, timeout=_LAST_WORDS)
    # What it raises now is of no interest, and nobody is left to be told.
    work.add_done_callback(lambda done: done.cancelled() or done.exception())


async def _call(stop: Callable[[], Awaitable[Any]]) -> None:
    await stop()


class Readiness:
    """Named checks; ready when all pass. Becoming ready and each loss are recorded."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], bool]] = {}
        self._was_ready = False
        self._broken: set[str] = set()

    def add(self, name: str, check: Callable[[], bool]) -> None:
        self._checks[name] = check

    def missing(self) -> tuple[str, ...]:
        """The names of the checks that do not pass now."""
        return tuple(name for name, passes in self.states().items() if not passes)

    def states(self) -> dict[str, bool]:
        """Each check and whether it passes."""
        return {name: self._passes(name, check) for name, check in self._checks.items()}

    def look(self) -> bool:
        """Whether all is well now; says so when that changed."""
        missing = self.missing()
        if not missing and not self._was_ready:
            self._was_ready = True
            events.ready(checks=tuple(self._checks))
        elif missing and self._was_ready:
            self._was_ready = False
            events.not_ready(missing=missing)
        return not missing

    def _passes(self, name: str, check: Callable[[], bool]) -> bool:
        try:
            passes = check()
        except Exception as problem:  # noqa: BLE001 - whoever watches over others has to outlive their faults
            if name not in self._broken:
                self._broken.add(name)
                events.check_broken(check=name, error=events.describe(problem))
            return False
        self._broken.discard(name)
        return passes
