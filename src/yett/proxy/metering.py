"""Counting requests, around the gate.

A gateway whose metrics nobody reads has no `MeteredGate`, and nothing is counted. Labels come from
the configuration and from fixed sets, never from clients: whoever invents methods or statuses
changes a number and makes no series.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import product

from yett.events import Scope
from yett.kernel.metrics import Distribution, Sample, Tally, counter, gauge, histogram
from yett.net.http import Answer, Failure, Gate, Outcome, Refusal, Request
from yett.proxy.pooled import Pooled
from yett.proxy.routes import Route

_MOST_APPS = 1000
"""Names come from the settings, so that takes very many reloads."""
OTHER = "other"

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER)
_STATUSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_CELLS = tuple(product(_METHODS, _STATUSES))
_WIDTH = len(_STATUSES)
_ROW = {method.encode("ascii"): number * _WIDTH for number, method in enumerate(_METHODS)}
_LAST_ROW = _WIDTH * (len(_METHODS) - 1)

REQUESTS = counter(
    "yett_http_requests_total",
    'Requests that are over, by application, method and class of status ("none": the client left before it got one).',
    "app",
    "method",
    "status",
)
DURATION = histogram(
    "yett_http_request_duration_seconds",
    "From the complete request head to the last byte of the response; tunnels are not counted.",
    "app",
)
ANSWERED = histogram(
    "yett_http_upstream_response_seconds",
    "From the complete request head until the upstream's response head was there; tunnels are not counted.",
    "app",
)
RECEIVED = counter("yett_http_received_bytes_total", "Body bytes taken from clients.", "app")
SENT = counter("yett_http_sent_bytes_total", "Body bytes sent to clients.", "app")
TUNNELS = counter("yett_http_tunnels_total", "Tunnels (WebSocket and the like) that have ended.", "app")
FAILURES = counter(
    "yett_http_upstream_failures_total",
    "Requests whose upstream gave no (whole) answer, by reason.",
    "app",
    "failure",
)
REFUSALS = counter(
    "yett_http_refusals_total", "Requests that the HTTP engine turned away by itself, by reason.", "reason"
)
IN_FLIGHT = gauge("yett_http_requests_in_flight", "Requests in progress, tunnels included.", "app")


class AppCounts:
    """What is counted for one application."""

    __slots__ = ("answered", "duration", "failures", "received", "requests", "sent", "tunnels")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.requests = [0] * (_LAST_ROW + _WIDTH)
        self.duration = Distribution(bounds)
        self.answered = Distribution(bounds)
        self.received = 0
        self.sent = 0
        self.tunnels = 0
        self.failures: Tally[Failure] = Tally()


class Meter:
    """The counts of every application; those of requests for none are under an empty name."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.apps: dict[str, AppCounts] = {}
        self.refusals: Tally[Refusal] = Tally()
        self._bounds = bounds

    def begin(self, app: str) -> AppCounts:
        """The counts of an application that there were none of."""
        if len(self.apps) >= _MOST_APPS:
            app = OTHER
        found = self.apps.get(app)
        if found is None:
            found = self.apps[app] = AppCounts(self._bounds)
        return found

    @property
    def total(self) -> int:
        """All requests that are over."""
        return sum(sum(counts.requests) for counts in self.apps.values())

    def samples(self) -> Iterator[Sample]:
        """Everything counted so far."""
        for app, counts in self.apps.items():
            own = (app,)
            for (method, status), count in zip(_CELLS, counts.requests, strict=True):
                if count:
                    yield Sample(REQUESTS, count, (app, method, status))
            yield Sample(DURATION, counts.duration.copy(), own)
            if counts.answered.total:
                yield Sample(ANSWERED, counts.answered.copy(), own)
            yield Sample(RECEIVED, counts.received, own)
            yield Sample(SENT, counts.sent, own)
            yield Sample(TUNNELS, counts.tunnels, own)
            for failure, count in counts.failures.items():
                yield Sample(FAILURES, count, (app, failure.value))
        for refusal, count in self.refusals.items():
            yield Sample(REFUSALS, count, (refusal.value,))


class MeteredGate:
    """A gate that is asked in place of `gate`, and whose requests are counted."""

    __slots__ = ("_apps", "_begin", "_finished", "_gate", "_meter", "decide")

    def __init__(self, gate: Gate, meter: Meter) -> None:
        self._gate = gate
        self._meter = meter
        self._finished = gate.finished
        self._apps = meter.apps
        self._begin = meter.begin
        # The gate's own: nothing is counted when a request begins, so nothing is called in between.
        self.decide = gate.decide

    def failed(self, request: Request, failure: Failure, detail: str) -> Answer:
        return self._gate.failed(request, failure, detail)

    def refused(self, request: Request | None, scope: Scope, refusal: Refusal, detail: str) -> Answer:
        self._meter.refusals.add(refusal)
        return self._gate.refused(request, scope, refusal, detail)

    def finished(self, request: Request, outcome: Outcome) -> None:
        # The gate forgets what it noted when it is told.
        note = request.note
        self._finished(request, outcome)
        app = note.app if note.__class__ is Route else _app_of(note)
        counts = self._apps.get(app) or self._begin(app)
        status = outcome.status
        column = status // 100 if status < 600 else 5
        counts.requests[_ROW.get(request.method, _LAST_ROW) + column] += 1
        counts.received += outcome.bytes_in
        counts.sent += outcome.bytes_out
        if status == 101:
            counts.tunnels += 1
        else:
            # As `Distribution.observe` does it, without the calls.
            spread = counts.duration
            spread.counts[bisect_left(spread.bounds, outcome.duration)] += 1
            spread.sum += outcome.duration
            if outcome.answered:
                spread = counts.answered
                spread.counts[bisect_left(spread.bounds, outcome.answered)] += 1
                spread.sum += outcome.answered
        if outcome.failure is not None:
            counts.failures.add(outcome.failure)


def in_flight(requests: Iterable[Request]) -> Iterator[Sample]:
    """How many requests in progress each application has."""
    found: Tally[str] = Tally(_MOST_APPS)
    for request in requests:
        found.add(_app_of(request.note))
    return (Sample(IN_FLIGHT, count, (app,)) for app, count in found.items())


def _app_of(note: object) -> str:
    """The application of a request, from what the gate noted; empty for those that belong to none."""
    if isinstance(note, str):
        return note
    return note.app if isinstance(note, Route | Pooled) else ""
