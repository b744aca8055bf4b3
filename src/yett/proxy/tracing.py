"""The spans of a request, made around the gate.

    request (server)
      ├ decide      what the gate took to say what to do
      └ upstream    each attempt at an upstream, by its own id, which the upstream is told as its parent

A gateway without tracing has no `TracedGate`, and nothing of this is asked. What must stay true:
  a client's own traceparent and tracestate never reach an upstream as they came;
  a request that is over is forgotten, however it ended.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from yett.events import Scope
from yett.kernel.tracing import Span, SpanKind, Trace, Tracer, Value, new_span_id
from yett.net.http import (
    Again,
    Answer,
    Attempt,
    Decision,
    Failure,
    Forward,
    Gate,
    Outcome,
    Plan,
    Refusal,
    Reply,
    Request,
    Serve,
    Upstream,
)
from yett.proxy.pooled import Pooled
from yett.proxy.routes import Route

_FIELDS = frozenset({b"traceparent", b"tracestate"})
_METHODS = frozenset(
    {b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT"}
)


class Journey:
    """One request on its way, as its trace sees it."""

    __slots__ = ("clock", "decided_at", "sent", "spans", "trace", "upstream", "upstream_span")

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.clock = time.time_ns() - time.monotonic_ns()
        """Nanoseconds from the clock that the engine measures with to that of the world."""
        self.decided_at = 0.0
        self.upstream: Upstream | None = None
        """Where it went; None for what has a plan, or is answered here."""
        self.upstream_span = ""
        self.sent: list[tuple[Forward, str]] = []
        """What a plan had sent, and the span of each."""
        self.spans: list[Span] = []

    def instant(self, monotonic: float) -> int:
        """A moment that the engine measured, in the world's time."""
        return int(monotonic * 1e9) + self.clock

    def send(self, forward: Forward) -> None:
        """An attempt begins: tell the upstream whose child it is."""
        if any(known is forward for known, _ in self.sent):
            return
        span_id = new_span_id()
        self.sent.append((forward, span_id))
        forward.add += self.trace.lines(span_id)

    def attempt_ended(self, attempt: Attempt) -> None:
        """An attempt is over."""
        span_id = next((each for known, each in self.sent if known is attempt.forward), "")
        if not span_id or not self.trace.is_sampled:
            return
        attributes = _place(attempt.forward.upstream)
        if attempt.number > 1:
            attributes["http.request.resend_count"] = attempt.number - 1
        if attempt.is_hedge:
            attributes["yett.hedge"] = True
        if attempt.is_cancelled:
            attributes["yett.cancelled"] = True
        began = attempt.started_at or self.decided_at
        self.spans.append(
            self.span(
                "upstream",
                SpanKind.CLIENT,
                span_id,
                (began, attempt.ended_at or began),
                attributes | _result(attempt.status, attempt.failure),
                is_error=attempt.failure is not None or attempt.status >= 400,
            )
        )

    def span(
        self,
        name: str,
        kind: SpanKind,
        span_id: str,
        lasted: tuple[float, float],
        attributes: dict[str, Value],
        *,
        is_error: bool = False,
    ) -> Span:
        """A span below that of the request."""
        trace = self.trace
        began, ended = lasted
        return Span(
            trace.trace_id,
            span_id,
            trace.span_id,
            name,
            kind,
            self.instant(began),
            self.instant(ended),
            attributes,
            is_error,
            trace.state,
        )


class TracedGate:
    """A gate that is asked in place of `gate`, and whose requests are traced."""

    def __init__(self, gate: Gate, tracer: Tracer, offer: Callable[[Sequence[Span]], None]) -> None:
        self._gate = gate
        self._tracer = tracer
        self._offer = offer
        self._open: dict[str, Journey] = {}

    def __len__(self) -> int:
        return len(self._open)

    def decide(self, request: Request) -> Decision | Awaitable[Decision]:
        trace = self._tracer.begin(request.lines, is_proxied=request.connection.is_believed)
        request.scope.trace_id = trace.trace_id
        journey = self._open[request.scope.request_id] = Journey(trace)
        decision = self._gate.decide(request)
        if isinstance(decision, Forward | Answer | Serve):
            return _decided(journey, decision)
        return _decided_later(journey, decision)

    def failed(self, request: Request, failure: Failure, detail: str) -> Answer:
        return self._gate.failed(request, failure, detail)

    def refused(self, request: Request | None, scope: Scope, refusal: Refusal, detail: str) -> Answer:
        return self._gate.refused(request, scope, refusal, detail)

    def finished(self, request: Request, outcome: Outcome) -> None:
        journey = self._open.pop(request.scope.request_id, None)
        if journey is None or not journey.trace.is_sampled:
            self._gate.finished(request, outcome)
            return
        # The gate forgets what it noted when it is told.
        note = request.note
        self._gate.finished(request, outcome)
        self._offer(_spans(journey, request, note, outcome))


def _decided(journey: Journey, decision: Decision) -> Decision:
    journey.decided_at = time.monotonic()
    if not isinstance(decision, Forward):
        return decision
    drop = decision.drop | _FIELDS
    if decision.plan is not None:
        return replace(decision, drop=drop, plan=TracedPlan(decision.plan, journey))
    journey.upstream = decision.upstream
    journey.upstream_span = span_id = new_span_id()
    return replace(decision, drop=drop, add=decision.add + journey.trace.lines(span_id))


async def _decided_later(journey: Journey, pending: Awaitable[Decision]) -> Decision:
    return _decided(journey, await pending)


class TracedPlan:
    """A plan whose attempts are spans."""

    __slots__ = ("_journey", "_plan", "hedge_after", "keep_body", "whole_body")

    def __init__(self, plan: Plan, journey: Journey) -> None:
        self._plan = plan
        self._journey = journey
        self.whole_body = plan.whole_body
        self.keep_body = plan.keep_body
        self.hedge_after = plan.hedge_after

    def prepare(
        self, request: Request, forward: Forward, body: bytes | None
    ) -> Forward | Answer | Awaitable[Forward | Answer]:
        made = self._plan.prepare(request, forward, body)
        if isinstance(made, Forward | Answer):
            return self._marked(made)
        return self._prepare_later(made)

    async def _prepare_later(self, pending: Awaitable[Forward | Answer]) -> Forward | Answer:
        return self._marked(await pending)

    def _marked(self, made: Forward | Answer) -> Forward | Answer:
        # Marked in place: a plan knows what it had sent by its identity.
        if isinstance(made, Forward):
            self._journey.send(made)
        return made

    def sent(self, request: Request, body: bytes | None) -> None:
        self._plan.sent(request, body)

    def again(self, request: Request, attempt: Attempt, *, can_repeat: bool) -> Again | None:
        again = self._plan.again(request, attempt, can_repeat=can_repeat)
        if again is not None and again.forward is not None:
            self._journey.send(again.forward)
        return again

    def hedge(self, request: Request, attempts: list[Attempt], *, can_repeat: bool) -> Forward | None:
        copy = self._plan.hedge(request, attempts, can_repeat=can_repeat)
        if copy is not None:
            self._journey.send(copy)
        return copy

    def reply(self, request: Request, attempt: Attempt, reply: Reply) -> None:
        self._plan.reply(request, attempt, reply)

    def ended(self, request: Request, attempt: Attempt) -> None:
        self._journey.attempt_ended(attempt)
        self._plan.ended(request, attempt)


# Spans, from what is known when a request is over.


def _spans(journey: Journey, request: Request, note: object, outcome: Outcome) -> list[Span]:
    trace, began = journey.trace, request.started_at
    ended = began + outcome.duration
    spans = journey.spans
    decided_at = journey.decided_at or ended
    spans.append(journey.span("decide", SpanKind.INTERNAL, new_span_id(), (began, decided_at), {}))
    if journey.upstream is not None:
        attributes = _place(journey.upstream) | _result(
            outcome.status if outcome.answered else 0, outcome.failure
        )
        if outcome.answered:
            attributes["yett.answered_after"] = round(outcome.answered, 6)
        is_error = outcome.failure is not None or outcome.status >= 400
        lasted = (decided_at, ended)
        spans.append(
            journey.span(
                "upstream", SpanKind.CLIENT, journey.upstream_span, lasted, attributes, is_error=is_error
            )
        )
    own = journey.span("", SpanKind.SERVER, trace.span_id, (began, ended), _facts(request, note, outcome))
    own.name = _name(request, note)
    own.parent_id = trace.parent_id
    own.is_remote = bool(trace.parent_id)
    # To a server, what the client did wrong is no error (semantic conventions for HTTP spans).
    own.is_error = outcome.status >= 500 or outcome.failure is not None
    spans.append(own)
    return spans


def _route(note: object) -> Route | None:
    if isinstance(note, Pooled):
        return note.route
    return note if isinstance(note, Route) else None


def _name(request: Request, note: object) -> str:
    """Few names for many requests: the method, and the mapping's path."""
    route = _route(note)
    method = request.method.decode("ascii") if request.method in _METHODS else "HTTP"
    return f"{method} {route.path}" if route is not None else method


def _facts(request: Request, note: object, outcome: Outcome) -> dict[str, Value]:
    """No query, cookie, person or client address: a collector is not the audit log. The request id leads there."""
    known = request.method in _METHODS
    facts: dict[str, Value] = {
        "http.request.method": request.method.decode("ascii") if known else "_OTHER",
        "url.scheme": "https" if request.connection.is_tls else "http",
        "url.path": request.path,
        "server.address": request.host,
        "network.protocol.version": "2"
        if request.connection.protocol == "h2"
        else f"1.{request.minor_version}",
        "yett.request.id": request.scope.request_id,
    }
    route = _route(note)
    if route is not None:
        facts["http.route"] = route.path
        facts["yett.app"] = route.app
    elif isinstance(note, str):
        facts["yett.app"] = note
    if outcome.client_left:
        facts["yett.client_left"] = True
    if outcome.refusal is not None:
        facts["yett.refusal"] = outcome.refusal.value
    return facts | _result(outcome.status, outcome.failure)


def _result(status: int, failure: Failure | None) -> dict[str, Value]:
    result: dict[str, Value] = {"http.response.status_code": status} if status else {}
    if failure is not None:
        result["error.type"] = failure.value
    elif status >= 500:
        result["error.type"] = str(status)
    return result


def _place(upstream: Upstream) -> dict[str, Value]:
    if upstream.unix_path:
        return {"server.address": upstream.unix_path}
    return {"server.address": upstream.host, "server.port": upstream.port}
