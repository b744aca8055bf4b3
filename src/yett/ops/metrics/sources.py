"""What is read from the rooms when somebody asks: gauges, and counters that are kept anyway.

Everything here runs in the event loop between two requests, so it looks at numbers and lists of
what the configuration names, never at each session or each person.
"""

import gc
import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from yett import __version__
from yett.guard import events as guard
from yett.identity.access import events as access
from yett.kernel import Readiness
from yett.kernel.metrics import Metric, Registry, Sample, Tally, counter, gauge
from yett.net.http import HTTPServer
from yett.ops.metrics.said import EventCounts
from yett.pki import Certificates
from yett.proxy import Meter, ProxyGate, in_flight
from yett.proxy.balancing import Balancer
from yett.proxy.balancing.circuit import CircuitState
from yett.sessions import Sessions

# The gateway.
RUNNING = gauge("yett_running", "Always 1; the label tells the version.", "version")
READY = gauge("yett_ready", "1 while the check passes, else 0.", "check")
CONNECTIONS = gauge("yett_client_connections", "Open connections of clients.")
UPSTREAMS = gauge("yett_upstream_connections", "Connections to upstreams.", "state")
ROUTES = gauge("yett_routes", "Routes in force.")
REMEMBERED = gauge("yett_remembered", "What is remembered to decide faster; all of it is bounded.", "memo")
SESSIONS = gauge("yett_sessions", "Sessions that this node knows.")
CERTIFICATE_ENDS = gauge(
    "yett_certificate_expiry_timestamp_seconds",
    'When the certificate shown for a name ends; the default certificate is called "default".',
    "name",
    "source",
)
# Refusals.
GUARDS = counter("yett_guard_refusals_total", "Requests that a guard turned away, by guard.", "guard")
DENIED = counter(
    "yett_access_denied_total", "Requests of signed-in people that a rule refused.", "app", "reason"
)
# Delivery.
RESENT = counter(
    "yett_http_resent_total", "Requests sent once more, because of a failure or besides.", "app", "kind"
)
SHADOWS = counter("yett_shadow_copies_total", "What became of copies for shadows.", "shadow_name", "result")
# Pools.
UP = gauge(
    "yett_backend_up",
    "1 while nothing but a circuit speaks against sending requests, else 0.",
    "pool",
    "backend",
)
ACTIVE = gauge("yett_backend_requests_in_flight", "Requests in progress at a backend.", "pool", "backend")
EJECTED = gauge(
    "yett_backend_ejected", "1 while a backend is ejected as an outlier, else 0.", "pool", "backend"
)
DRAINING = gauge("yett_backend_draining", "1 while a backend drains, else 0.", "pool", "backend")
CIRCUIT = gauge(
    "yett_backend_circuit_state",
    "A backend's circuit: 0 closed, 1 on trial, 2 open.",
    "pool",
    "backend",
    "protocol",
)
SELECTED = counter("yett_backend_selections_total", "How often a backend was chosen.", "pool", "backend")
UNSERVED = counter("yett_pool_selection_failures_total", "Requests for which a pool had no backend.", "pool")
# Spans.
SPANS = counter("yett_trace_spans_total", "Spans by what became of them.", "result")
SPANS_WAITING = gauge("yett_trace_spans_waiting", "Spans that wait for the collector.")
# The process.
CPU = counter("process_cpu_seconds_total", "User and system time.")
RESIDENT = gauge("process_resident_memory_bytes", "Memory in use.")
OPEN_FILES = gauge("process_open_fds", "Open files and sockets.")
MOST_FILES = gauge("process_max_fds", "Files and sockets that may be open at a time.")
STARTED = gauge("process_start_time_seconds", "When the process started.")
COLLECTIONS = counter("python_gc_collections_total", "Rounds of garbage collection.", "generation")

_CIRCUIT_VALUES = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}
_GUARD_EVENTS = (
    ("origin", guard.cors_rejected),
    ("geo", guard.geo_blocked),
    ("time", guard.time_blocked),
    ("rate", guard.rate_blocked),
    ("rate_breaker", guard.breaker_open),
    ("size", guard.size_blocked),
)
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Shadows(Protocol):
    """Whoever sends copies."""

    @property
    def done(self) -> Tally[tuple[str, str]]: ...


class Spans(Protocol):
    """Whoever exports spans."""

    exported: int
    dropped: int
    lost: int

    @property
    def waiting(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rooms:
    """Who is asked."""

    readiness: Readiness
    server: HTTPServer
    gate: ProxyGate
    sessions: Sessions
    certificates: Certificates
    balancer: Balancer
    shadows: Shadows


def add_sources(
    registry: Registry,
    rooms: Rooms,
    *,
    meter: Meter | None = None,
    said: EventCounts | None = None,
    spans: Spans | None = None,
) -> None:
    """Have all rooms asked. What is not counted, because nobody reads it, is None."""
    registry.add("gateway", lambda: _gateway(rooms))
    registry.add("certificates", lambda: _certificates(rooms.certificates))
    registry.add("pools", lambda: _pools(rooms.balancer))
    registry.add("delivery", lambda: _delivery(rooms))
    registry.add("requests in flight", lambda: in_flight(rooms.server.in_progress()))
    registry.add("process", _process)
    if meter is not None:
        registry.add("requests", meter.samples)
    if said is not None:
        registry.add("events", said.samples)
        registry.add("guards", lambda: _guards(said))
    if spans is not None:
        registry.add("spans", lambda: _spans(spans))


def detailed_events() -> dict[Any, tuple[Metric, Callable[[Sequence[Any]], tuple[str, ...]]]]:
    """Events of which more than the code is counted; see `EventCounts`."""
    declared = access.denied.declaration
    place = {field.parameter: number for number, field in enumerate(declared.fields)}
    app, reason = place["app"], place["reason"]
    return {declared: (DENIED, lambda values: (values[app], values[reason].value))}


def _gateway(rooms: Rooms) -> Iterator[Sample]:
    yield Sample(RUNNING, 1, (__version__,))
    for check, passes in rooms.readiness.states().items():
        yield Sample(READY, int(passes), (check,))
    yield Sample(CONNECTIONS, rooms.server.connections)
    open_now, idle = rooms.server.upstream_connections
    yield Sample(UPSTREAMS, open_now - idle, ("busy",))
    yield Sample(UPSTREAMS, idle, ("idle",))
    yield Sample(ROUTES, len(rooms.gate.table.routes))
    yield Sample(REMEMBERED, rooms.gate.remembered, ("decisions",))
    yield Sample(REMEMBERED, rooms.gate.table.remembered, ("paths",))
    yield Sample(SESSIONS, rooms.sessions.count)


def _certificates(certificates: Certificates) -> Iterator[Sample]:
    for installed in certificates.all():
        labels = (installed.name or "default", installed.source.value)
        yield Sample(CERTIFICATE_ENDS, installed.certificate.not_after, labels)


def _pools(balancer: Balancer) -> Iterator[Sample]:
    for name, live in balancer.pools.items():
        yield Sample(UNSERVED, live.failures, (name,))
        for member in live.members.values():
            labels = (name, member.backend.id)
            yield Sample(UP, int(member.is_up), labels)
            yield Sample(ACTIVE, member.candidate.active, labels)
            yield Sample(EJECTED, int(bool(member.standing.ejected_until)), labels)
            yield Sample(DRAINING, int(member.health.is_draining), labels)
            yield Sample(SELECTED, member.selects, labels)
            for way, circuit in member.circuits.items():
                protocol = "all" if way is None else way.value
                yield Sample(CIRCUIT, _CIRCUIT_VALUES[circuit.state], (*labels, protocol))


def _delivery(rooms: Rooms) -> Iterator[Sample]:
    for key, count in rooms.gate.resent.items():
        yield Sample(RESENT, count, key)
    for key, count in rooms.shadows.done.items():
        yield Sample(SHADOWS, count, key)


def _guards(said: EventCounts) -> Iterator[Sample]:
    for name, event in _GUARD_EVENTS:
        yield Sample(GUARDS, said.count(event.declaration), (name,))


def _spans(spans: Spans) -> Iterator[Sample]:
    yield Sample(SPANS, spans.exported, ("exported",))
    yield Sample(SPANS, spans.dropped, ("dropped",))
    yield Sample(SPANS, spans.lost, ("lost",))
    yield Sample(SPANS_WAITING, spans.waiting)


def _process() -> Iterator[Sample]:
    times = os.times()
    yield Sample(CPU, times.user + times.system)
    yield Sample(MOST_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    for generation, stats in enumerate(gc.get_stats()):
        yield Sample(COLLECTIONS, stats["collections"], (str(generation),))
    own = Path("/proc/self")
    if not own.is_dir():
        return
    yield Sample(RESIDENT, int((own / "statm").read_text().split()[1]) * _PAGE)
    # Since Linux 6.2 the size tells; counting twenty thousand names takes a while.
    yield Sample(OPEN_FILES, (own / "fd").stat().st_size or sum(1 for _ in (own / "fd").iterdir()))
    # The name in parentheses may hold spaces; the 22nd field counts ticks since the machine started.
    ticks = int((own / "stat").read_text().rpartition(")")[2].split()[19])
    up = time.clock_gettime(time.CLOCK_BOOTTIME)
    yield Sample(STARTED, time.time() - up + ticks / os.sysconf("SC_CLK_TCK"))
