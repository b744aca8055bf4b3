"""Background work that somebody watches over.

A task that fails is recorded and started again, with pauses that grow to a minute; a task
that was only wanted once is recorded and dropped. `stop` cancels and waits for all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from yett.kernel import events

_LONGEST_PAUSE = 60.0


class Supervisor:
    """Starts tasks, keeps hold of them, notices when they die."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False

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
                await asyncio.sleep(seconds)
            while True:
                await work()
                await asyncio.sleep(seconds)

        return self.keep(loop, name=name)

    async def stop(self) -> None:
        """Cancel everything and wait for the ends."""
        self._stopping = True
        tasks = list(self._tasks)
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
            try:
                await work()
            except Exception as problem:  # noqa: BLE001 - see above
                restarts += 1
                events.task_failed(task=name, error=events.describe(problem), restarts=restarts)
                await asyncio.sleep(min(0.1 * 2 ** min(restarts, 10), _LONGEST_PAUSE))
            else:
                events.task_ended(task=name)
                return
