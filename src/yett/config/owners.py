"""Telling the parts that own sockets, pools or compiled rules that settings have changed.

A part takes the new settings over in a coroutine, which is cancelled when it takes too long, or
in a plain function, which runs in a thread and can only be left behind.
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from yett.config import events
from yett.config.snapshot import Snapshot

Apply = Callable[[Snapshot, Snapshot], Awaitable[None]]
ApplyBlocking = Callable[[Snapshot, Snapshot], None]

_GRACE = timedelta(seconds=1)


class Tasks(Protocol):
    """The part of the supervisor that reloading needs."""

    def run(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[None]: ...
    def keep(self, work: Callable[[], Awaitable[None]], *, name: str) -> asyncio.Task[None]: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody to tell."""

    name: str
    apply: Apply
    sections: frozenset[type[Any]]
    """Told only when one of these differs; always, when empty."""
    timeout: timedelta
    is_blocking: bool

    def concerns(self, old: Snapshot, new: Snapshot) -> bool:
        """Whether anything this owner reads is different."""
        before, after = old.sections(), new.sections()
        return not self.sections or any(before.get(each) != after.get(each) for each in self.sections)


class Owners:
    """Everybody to tell, in order."""

    def __init__(self, tasks: Tasks, *, grace: timedelta = _GRACE) -> None:
        self._tasks = tasks
        self._grace = grace
        self._owners: list[Owner] = []

    def add(
        self,
        name: str,
        apply: Apply,
        sections: tuple[type[Any], ...],
        timeout: timedelta,
        *,
        is_blocking: bool = False,
    ) -> None:
        self._owners.append(Owner(name, apply, frozenset(sections), timeout, is_blocking))

    async def tell(self, old: Snapshot, new: Snapshot) -> tuple[str, ...]:
        """Tell one after the other; the answer names those who failed. Never raises."""
        concerned = [owner for owner in self._owners if owner.concerns(old, new)]
        return tuple([owner.name for owner in concerned if not await self._tell(owner, old, new)])

    async def _tell(self, owner: Owner, old: Snapshot, new: Snapshot) -> bool:
        problems: list[str] = []
        task = self._tasks.run(_guarded(owner, old, new, problems), name=f"config.apply.{owner.name}")
        done, _ = await asyncio.wait({task}, timeout=owner.timeout.total_seconds())
        if not done:
            await self._give_up(owner, task)
            return False
        for problem in problems:
            events.owner_raised()
            events.owner_failed(owner.name, problem)
        return not problems and not task.cancelled()

    async def _give_up(self, owner: Owner, task: asyncio.Task[None]) -> None:
        overdue = f"took longer than {owner.timeout.total_seconds():g} s"
        if owner.is_blocking:
            events.blocking_owner_overdue()
            events.owner_failed(owner.name, overdue)
            return
        task.cancel()
        events.owner_overdue()
        events.owner_failed(owner.name, overdue)
        done, _ = await asyncio.wait({task}, timeout=self._grace.total_seconds())
        if not done:
            events.owner_stuck()
            events.owner_failed(owner.name, "goes on although it was cancelled")


async def _guarded(owner: Owner, old: Snapshot, new: Snapshot, problems: list[str]) -> None:
    try:
        await owner.apply(old, new)
    except Exception as problem:  # noqa: BLE001 - one part's fault must not keep the others from being told
        problems.append(f"{type(problem).__name__}: {problem}")


def in_thread(apply: ApplyBlocking) -> Apply:
    """Run a plain function beside the event loop.

    A thread of its own, and one that the interpreter does not wait for: a function that never
    returns must hold up neither the pool that others use nor the end of the process.
    """

    async def run(old: Snapshot, new: Snapshot) -> None:
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[None] = loop.create_future()

        def settle(problem: Exception | None) -> None:
            if outcome.done():
                return
            if problem is None:
                outcome.set_result(None)
            else:
                outcome.set_exception(problem)

        def work() -> None:
            problem: Exception | None = None
            try:
                apply(old, new)
            except Exception as caught:  # noqa: BLE001 - raised again where somebody waits
                problem = caught
            # The loop may have ended long ago.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, problem)

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(work,), name="config-apply", daemon=True).start()
        await outcome

    return run
