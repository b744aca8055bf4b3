"""Starting in order, stopping in the reverse order, and knowing when all is well.

A part that fails to start stops those already started, so nothing half-started is left behind.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from yett.kernel import events


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
        """Start every part; on a failure stop what had started and raise the failure."""
        for part in self._parts:
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
        """Stop every started part; one that fails or hangs does not keep the others from stopping."""
        while self._started:
            part = self._started.pop()
            began = time.monotonic()
            try:
                async with asyncio.timeout(part.stop_within):
                    await part.stop()
            except TimeoutError:
                events.part_stuck(part=part.name, seconds=part.stop_within)
            except Exception as problem:  # noqa: BLE001 - stopping goes on whatever one part does
                events.part_failed(part=part.name, error=events.describe(problem))
            else:
                events.part_stopped(part=part.name, seconds=round(time.monotonic() - began, 4))


class Readiness:
    """Named checks; ready when all pass. The first time and each loss are recorded."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[], bool]] = {}
        self._was_ready = False

    def add(self, name: str, check: Callable[[], bool]) -> None:
        self._checks[name] = check

    def missing(self) -> tuple[str, ...]:
        """The names of the checks that do not pass now."""
        return tuple(name for name, check in self._checks.items() if not check())

    def states(self) -> dict[str, bool]:
        """Each check and whether it passes."""
        return {name: check() for name, check in self._checks.items()}

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
