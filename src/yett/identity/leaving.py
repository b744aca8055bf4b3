"""What has to happen elsewhere when the directory changes.

Ending the sessions and tokens of somebody who is out is tried again until it has worked: the
directory itself refuses the person at once, but an open session is not to depend on that alone.
"""

import asyncio
from collections.abc import Awaitable, Callable

from yett.events import describe
from yett.identity import events
from yett.identity.model import PersonChanged
from yett.kernel import Supervisor

Step = Callable[[str], Awaitable[object]]
Complaint = Callable[[str, str], None]

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0


class Leaving:
    """Callbacks by name, and the tasks that carry them out."""

    def __init__(self, tasks: Supervisor) -> None:
        self._tasks = tasks
        self._updated: dict[str, Step] = {}
        self._disabled: dict[str, Step] = {}
        self._sessions: Step | None = None
        self._tokens: Step | None = None

    def add_updated(self, name: str, callback: Step) -> None:
        self._updated[name] = callback
        events.updated_callback_registered(name=name)

    def add_disabled(self, name: str, callback: Step) -> None:
        self._disabled[name] = callback
        events.disabled_callback_registered(name=name)

    def revoke_with(self, *, sessions: Step | None, tokens: Step | None) -> None:
        self._sessions = sessions or self._sessions
        self._tokens = tokens or self._tokens

    def tell(self, change: PersonChanged, *, is_new: bool) -> None:
        """React to a change; what takes time runs in the background."""
        if self._updated:
            self._tasks.run(self._call_updated(change.name), name=f"directory.updated.{change.name}")
        is_out = change.is_out and not change.was_disabled and not is_new
        if not is_out and not change.is_another:
            return
        if change.is_another:
            events.replaced(user=change.name)
        elif change.person is None:
            events.removed(user=change.name)
        else:
            events.disabled(user=change.name)
        self._tasks.run(self._end(change.name), name=f"directory.disabled.{change.name}")

    async def _call_updated(self, user: str) -> None:
        for name, callback in self._updated.items():
            try:
                await callback(user)
            except Exception as problem:  # noqa: BLE001 - the other callbacks are called whatever one does
                events.updated_callback_failed(user=user, name=name, error=describe(problem))

    async def _end(self, user: str) -> None:
        """Every step, each until it has worked, also when the person is back meanwhile: what was open ends."""
        pending = self._steps()
        pause = _FIRST_PAUSE
        while True:
            # Side by side: a store that is slow with one thing must not keep another open.
            done = await asyncio.gather(*(self._try(user, step) for step in pending))
            pending = [step for step, is_done in zip(pending, done, strict=True) if not is_done]
            if not pending:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _try(self, user: str, step: tuple[Step, Complaint]) -> bool:
        work, complain = step
        try:
            await work(user)
        except Exception as problem:  # noqa: BLE001 - the other steps run whatever one does
            complain(user, describe(problem))
            return False
        return True

    def _steps(self) -> list[tuple[Step, Complaint]]:
        steps: list[tuple[Step, Complaint]] = []
        if self._sessions is not None:
            steps.append((self._sessions, _session_complaint))
        if self._tokens is not None:
            steps.append((self._tokens, _token_complaint))
        steps += [
            (_announced(name, callback), _complaint_about(name)) for name, callback in self._disabled.items()
        ]
        return steps


def _session_complaint(user: str, error: str) -> None:
    events.session_revocation_failed(user=user, error=error)


def _token_complaint(user: str, error: str) -> None:
    events.token_revocation_failed(user=user, error=error)


def _announced(name: str, callback: Step) -> Step:
    async def call(user: str) -> None:
        events.calling_disabled_callback(user=user, name=name)
        await callback(user)

    return call


def _complaint_about(name: str) -> Complaint:
    return lambda user, error: events.disabled_callback_failed(user=user, name=name, error=error)
