"""Steps that stand or fall together, where no transaction spans them.

Each step says how it is undone. When one fails, those before it are undone in the reverse order, and what cannot be
undone at once is tried again until it can.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from yett.events import describe
from yett.kernel import Supervisor
from yett.oidc.tokens import events
from yett.store import StoreUnavailable

T = TypeVar("T")
Undo = Callable[[], Awaitable[object]]


class StepFailed(Exception):
    """A step could not be done; those before it are undone, or being undone."""


class Saga:
    """The steps of one thing."""

    def __init__(self, client: str, tasks: Supervisor) -> None:
        self._client = client
        self._tasks = tasks
        self._done: list[tuple[str, Undo]] = []

    async def step(self, name: str, work: Awaitable[T], undo: Undo | None = None) -> T:
        """Do a step. Raises StepFailed when the store cannot; also this one is undone then, whatever became of it."""
        if undo is not None:
            self._done.append((name, undo))
        try:
            return await work
        except StoreUnavailable as problem:
            events.step_failed(client=self._client, step=name, error=describe(problem))
            await self.undo()
            raise StepFailed(name) from problem

    def add(self, name: str, undo: Undo) -> None:
        """Undo this too: what only the outcome of a step says how to."""
        self._done.append((name, undo))

    async def undo(self) -> None:
        """Take back what was done."""
        while self._done:
            name, undo = self._done.pop()
            try:
                await undo()
            except StoreUnavailable:
                self._tasks.keep(_insisting(undo), name=f"oidc.tokens.undo.{name}")


def _insisting(undo: Undo) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        await undo()

    return work
