"""Sending copies, a bounded number at once, with a bounded number waiting."""

from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from yett.events import Scope, enter_scope
from yett.kernel import Clock
from yett.kernel.metrics import Tally
from yett.net.http import Forward, Request, Sent
from yett.proxy.shadow import events
from yett.proxy.shadow.model import Shadow
from yett.proxy.shadow.rules import copy_of

_SAY_EVERY = 10.0
"""Seconds between two complaints about the same shadow."""
_MOST_HELD = 64 << 20
"""Bytes of bodies that all waiting copies may hold."""


class Sends(Protocol):
    """Whoever sends requests of our own."""

    async def send(
        self,
        request: Request,
        forward: Forward,
        body: bytes,
        *,
        timeout: float,  # noqa: ASYNC109 - a fact of the request
        names_client: bool,
    ) -> Sent: ...


class Runs(Protocol):
    """Whoever starts tasks."""

    def run(self, work: Coroutine[Any, Any, Any], *, name: str) -> Any: ...


@dataclass(frozen=True, slots=True)
class _Copy:
    request: Request
    forward: Forward
    body: bytes
    scope: Scope


class _Line:
    """The copies for one shadow."""

    __slots__ = ("dropped", "say_at", "waiting", "working")

    def __init__(self) -> None:
        self.waiting: deque[_Copy] = deque()
        self.working = 0
        self.dropped = 0
        self.say_at = 0.0


class Mirror:
    """Sends copies. Nothing here waits for a shadow but tasks of its own."""

    def __init__(self, sender: Sends, tasks: Runs, clock: Clock) -> None:
        self._sender = sender
        self._tasks = tasks
        self._clock = clock
        self._lines: dict[Shadow, _Line] = {}
        self._held = 0
        self.done: Tally[tuple[str, str]] = Tally()
        """What became of copies: by the shadow's name, and "ok", "status", "error" or "dropped"."""

    def copy(self, shadow: Shadow, app: str, request: Request, forward: Forward, body: bytes) -> None:
        """Have a copy sent of a request that is sent as `forward`, if there is a place for it."""
        line = self._lines.get(shadow)
        if line is None:
            line = self._lines[shadow] = _Line()
        is_free = line.working < shadow.concurrency
        if not is_free and (len(line.waiting) >= shadow.queue or self._held + len(body) > _MOST_HELD):
            line.dropped += 1
            self.done.add((shadow.name, "dropped"))
            self._complain(shadow, line)
            return
        events.dispatched(app=app, shadow_name=shadow.name, backend=shadow.address)
        self._held += len(body)
        line.waiting.append(_Copy(request, copy_of(shadow, forward), body, request.scope))
        if is_free:
            line.working += 1
            self._tasks.run(self._work(shadow, line), name="proxy.shadow")

    def _complain(self, shadow: Shadow, line: _Line) -> None:
        now = self._clock.monotonic()
        if now >= line.say_at:
            line.say_at = now + _SAY_EVERY
            events.dropped(shadow_name=shadow.name, count=line.dropped)
            line.dropped = 0

    async def _work(self, shadow: Shadow, line: _Line) -> None:
        """Send what waits, one after the other, until nothing does."""
        try:
            while line.waiting:
                copy = line.waiting.popleft()
                self._held -= len(copy.body)
                enter_scope(copy.scope)
                await self._send(shadow, copy)
        finally:
            line.working -= 1
            if not line.working and not line.waiting and not line.dropped:
                # Shadows come and go with reloads.
                self._lines.pop(shadow, None)

    async def _send(self, shadow: Shadow, copy: _Copy) -> None:
        sent = await self._sender.send(
            copy.request, copy.forward, copy.body, timeout=shadow.timeout, names_client=shadow.identity
        )
        latency_ms = round(sent.latency * 1000.0, 3)
        if sent.failure is not None:
            self.done.add((shadow.name, "error"))
            events.failed(
                shadow_name=shadow.name, error_type=sent.failure, latency_ms=latency_ms, error=sent.detail
            )
        elif sent.status >= 400:
            self.done.add((shadow.name, "status"))
            events.failed_with_status(shadow_name=shadow.name, status_code=sent.status, latency_ms=latency_ms)
        else:
            self.done.add((shadow.name, "ok"))
            events.succeeded(shadow_name=shadow.name, status_code=sent.status, latency_ms=latency_ms)
