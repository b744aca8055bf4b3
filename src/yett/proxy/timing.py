"""How long each part of a request takes, for routes that ask for it."""

from time import monotonic

from yett.events import DEBUG, enter_scope, event, leave_scope
from yett.events.fields import Address, App
from yett.net.http import Answer, Attempt, Forward, Reply
from yett.proxy.steps import Call, Step

_NAME = "timing"


@event("proxy.debug_timing", DEBUG, "Full proxy roundtrip timing summary")
def timed(
    app: App,
    backend: Address,
    attempt: int,
    status: int,
    decide_ms: float,
    connect_ms: float,
    wait_ms: float,
    body_ms: float,
    total_ms: float,
) -> None:
    """Where the time of one round trip went: deciding, connecting, waiting for the response's head, its body.

    Waiting for a request body that is looked at whole counts as deciding. A request that was sent several
    times has a record for each time; `total_ms` counts from its beginning.
    """


class TimingStep(Step):
    """Takes down when each part was over. It has to be the last one asked before a request is sent."""

    def prepare(
        self,
        call: Call,
        forward: Forward,
        body: bytes | None,  # noqa: ARG002 - the hook's signature
    ) -> Forward | Answer:
        call.notes[_NAME] = monotonic()
        return forward

    def reply(self, call: Call, attempt: Attempt, reply: Reply) -> None:
        # Lines of the application's own are left beside it (Server Timing, 3).
        reply.lines.append(
            b"Server-Timing: decide;dur=%.1f, connect;dur=%.1f, wait;dur=%.1f" % _until_head(call, attempt)
        )

    def ended(self, call: Call, attempt: Attempt) -> None:
        if attempt.is_cancelled or not timed.declaration.enabled:
            return
        decide, connect, wait = _until_head(call, attempt)
        upstream = attempt.forward.upstream
        token = enter_scope(call.request.scope)
        timed(
            app=call.app,
            backend=upstream.unix_path or f"{upstream.host}:{upstream.port}",
            attempt=attempt.number,
            status=attempt.status,
            decide_ms=decide,
            connect_ms=connect,
            wait_ms=wait,
            body_ms=_between(attempt.answered_at, attempt.ended_at),
            total_ms=_between(call.request.started_at, attempt.ended_at),
        )
        leave_scope(token)


def _until_head(call: Call, attempt: Attempt) -> tuple[float, float, float]:
    decided_at = call.notes.get(_NAME, 0.0)
    begun_at = attempt.connected_at or attempt.started_at
    return (
        _between(call.request.started_at, decided_at),
        _between(attempt.started_at, attempt.connected_at),
        _between(begun_at, attempt.answered_at),
    )


def _between(start: float, end: float) -> float:
    """Milliseconds; 0 when one of the two never happened."""
    return round((end - start) * 1000, 3) if start and end > start else 0.0
