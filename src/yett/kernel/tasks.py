"""Background work that somebody watches over.

A task that fails is recorded and started again, with pauses that grow to a minute; a task
that was only wanted once is recorded and dropped. `stop` cancels and waits for all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from yett.kernel import events
from yett.kernel.clock import Clock, SystemClock

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 60.0
_HEALTHY_AFTER = 60.0

Sleep = Callable[[float], Awaitable[Any]]


class Supervisor:
    """Starts tasks, keeps hold of them, notices when they die."""

    def __init__(self, *, sleep: Sleep = asyncio.sleep, clock: Clock | None = None) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._sleep = sleep
        self._clock = clock or SystemClock()

    def run(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[None]:
        """Do something once; a failure is recorded."""
        return self._hold(self._once(work, name), name)

    def keep(self, work: Callable[[], Awaitable[None]], *, name: str) -> asyncio.Task[None]:
        """Keep something running; it is started again when it fails."""
        return self._hold(self._again(work, name), name)

    def every(
        self, seconds: float, work: Callable[[], Awaitable[None]], *, name: str, at_once: bool = False
    ) -> asyncio.Task[None]:
        """Do something again and again, `seconds` after it last ended."""

        async def loop() -> None:
            if not at_once:
                await self._sleep(seconds)
            while True:
                await work()
                await self._sleep(seconds)

        return self.keep(loop, name=name)

    async def stop(self) -> None:
        """Cancel everything and wait for the ends, also of what starts on the way."""
        self._stopping = True
        own = asyncio.current_task()
        while tasks := [task for task in self._tasks if task is not own]:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._tasks)

    def _hold(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _once(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - a supervisor records whatever killed its task
            events.task_failed(task=name, error=events.describe(problem), restarts=0)
        else:
            events.task_ended(task=name)

    async def _again(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        restarts = 0
        while not self._stopping:
            began = self._clock.monotonic()
            try:
                await work()
            except Exception as problem:  # noqa: BLE001 - see above
                if self._clock.monotonic() - began > _HEALTHY_AFTER:
                    # It did well for a good while: this is a new trouble, not the old one.
                    restarts = 0
                restarts += 1
                events.task_failed(task=name, error=events.describe(problem), restarts=restarts)
                await self._sleep(pause_after(restarts))
            else:
                events.task_ended(task=name)
                return


def pause_after(restarts: int) -> float:
    """How long to wait before a task that failed so many times in a row is started again."""
    return float(min(_FIRST_PAUSE * 2 ** min(restarts - 1, 16), _LONGEST_PAUSE))
