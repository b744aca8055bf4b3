"""What saying something costs at the place where it is said, beside structlog with orjson."""

import enum
import os
import statistics
import tempfile
import time
import timeit
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import structlog

from yett.events import (
    DEBUG,
    INFO,
    Journal,
    Limits,
    Native,
    Scope,
    enter_scope,
    event,
    leave_scope,
    pipeline,
)
from yett.events import fields as f
from yett.events.outputs import DescriptorCarrier, Output, Outputs, Pace
from yett.kernel import new_id

PEER = "structlog + orjson"
_SCOPE = Scope(
    "0199d8f2-7c1e-7000-8000-000000000000", "4bf92f3577b34da6a3ce929d0e0e4736", "ab12cd34", "", "::1"
)
_ROUNDS = 7
_OFF, _ON = 1_000_000, 10_000
"""Calls of one round. All that are enabled find room in the queue: dropping is cheaper than keeping."""


class _Why(enum.Enum):
    SOME = "some"


@event("bench.log", DEBUG, "Said at DEBUG")
def disabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


@event("bench.log", INFO, "Said at INFO")
def enabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


def measure() -> dict[str, dict[str, object]]:
    """Nanoseconds per call of a disabled and an enabled event, beside the peer's; and of a request id.

    Both write the same members to /dev/null as JSON: ours from a thread of its own, whose work is in
    the processor time; the peer's while the caller waits.
    """
    pipeline.set_level(INFO)
    token = enter_scope(_SCOPE)
    try:
        off = _beside(
            lambda: disabled(user="ada", reason=_Why.SOME, count=1),
            lambda log: lambda: log.debug("Said at DEBUG", user="ada", reason=_Why.SOME, count=1),
            _OFF,
        )
        on = _beside(
            lambda: enabled(user="ada", reason=_Why.SOME, count=1),
            lambda log: lambda: log.info("Said at INFO", user="ada", reason=_Why.SOME, count=1),
            _ON,
        )
        kept = _kept()
    finally:
        leave_scope(token)
    made = _per_call(new_id, 100_000)
    usual = _per_call(lambda: str(uuid.uuid4()), 100_000)
    print(f"\nper call{'Yett':>30}{PEER:>22}")
    print(f"{'event disabled':<26}{off[0]:>9.0f} ns{off[1]:>19.0f} ns")
    print(f"{'event enabled':<26}{on[0]:>9.0f} ns{on[1]:>19.0f} ns")
    print(f"{'  processor time, whole':<26}{on[2]:>9.0f} ns{on[3]:>19.0f} ns")
    print(f"{'event kept in the journal':<26}{kept:>9.0f} ns")
    print(f"{'request id':<26}{made:>9.0f} ns{usual:>19.0f} ns (str(uuid4()))")
    return {
        "event disabled": _entry(off[0], off[1], goal=200),
        "event enabled": _entry(on[0], on[1], goal=10_000),
        "event enabled, processor time with writing": _entry(on[2], on[3]),
        "event enabled, with the journal": {"ours": round(kept), "unit": "ns", "goal": 10_000, "bound": "≤"},
        "request id": _entry(made, usual),
    }


def _entry(ours: float, peer: float, goal: int = 0) -> dict[str, object]:
    entry: dict[str, object] = {
        "ours": round(ours),
        "peer": round(peer),
        "ratio": round(ours / peer, 3),
        "unit": "ns",
    }
    return entry | {"goal": goal, "bound": "≤"} if goal else entry


@contextmanager
def _ours() -> Iterator[None]:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    sink = Outputs(Native())
    stdout = Output(
        "stdout", DescriptorCarrier(nowhere, "stdout", list), pace=Pace(queue=20_000), is_there=True
    )
    sink.use([stdout])
    stdout.start()
    pipeline.start((sink,), None)
    try:
        yield
        if pipeline.dropped:
            raise RuntimeError(
                f"{pipeline.dropped} records were dropped, and dropping is cheaper than keeping"
            )
    finally:
        pipeline.stop()
        os.close(nowhere)


@contextmanager
def _peer():
    """Set up as structlog's own chapter on performance says."""
    structlog.contextvars.bind_contextvars(
        **{
            "server.request.id": _SCOPE.request_id,
            "trace.id": _SCOPE.trace_id,
            "session.ref": _SCOPE.session,
            "server.request.client_ip": _SCOPE.client_address,
            "component": "bench.log",
            "code": "bench.log.enabled",
        }
    )
    with Path(os.devnull).open("wb") as nowhere:
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            logger_factory=structlog.BytesLoggerFactory(file=nowhere),
            cache_logger_on_first_use=True,
        )
        yield structlog.get_logger().bind()
    structlog.contextvars.clear_contextvars()


def _beside(ours, theirs, number: int) -> tuple[float, float, float, float]:
    """Nanoseconds at the call site, ours and theirs, and of processor time. Round by round in turn."""
    times: list[list[float]] = [[], [], [], []]
    nothing = _per_call(lambda: None, number)
    with _ours(), _peer() as log:
        call = theirs(log)
        for _ in range(_ROUNDS):
            for place, (work, settle) in enumerate(((ours, pipeline.flush), (call, lambda: None))):
                before = time.process_time_ns()
                times[place].append(timeit.timeit(work, number=number) * 1e9)
                settle()
                times[place + 2].append(time.process_time_ns() - before)
    site, peer, whole, peer_whole = (statistics.median(each) / number - nothing for each in times)
    return site, peer, whole, peer_whole


def _kept() -> float:
    """At the call site, with the journal behind it instead of /dev/null."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), Limits())
        journal.open()
        pipeline.start((journal.records,), journal.audit)
        work = lambda: enabled(user="ada", reason=_Why.SOME, count=1)  # noqa: E731 - as the others are
        kept = _per_call(work, _ON, pipeline.flush)
        lost = pipeline.dropped
        pipeline.stop()
        journal.close()
    if lost:
        raise RuntimeError(f"{lost} records were dropped, and dropping is cheaper than keeping")
    return kept


def _per_call(work, number: int, settle=lambda: None) -> float:
    times = []
    for _ in range(5):
        times.append(timeit.timeit(work, number=number))
        settle()
    return statistics.median(times) / number * 1e9
