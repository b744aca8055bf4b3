"""What saying something costs at the place where it is said."""

import enum
import statistics
import tempfile
import timeit
import uuid
from pathlib import Path

from yett.events import DEBUG, INFO, Journal, Limits, event, pipeline
from yett.events import fields as f
from yett.kernel import new_id


class _Why(enum.Enum):
    SOME = "some"


@event("bench.log", DEBUG, "Said at DEBUG")
def disabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


@event("bench.log", INFO, "Said at INFO")
def enabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


def measure() -> dict[str, dict[str, object]]:
    """Nanoseconds per call: of a disabled and of an enabled event, with a journal behind it, and of a request id."""
    pipeline.set_level(INFO)
    nothing = _per_call(lambda: None, 1_000_000)
    off = _per_call(lambda: disabled(user="ada", reason=_Why.SOME, count=1), 1_000_000) - nothing
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder), Limits())
        journal.open()
        # Without a running pipeline a record would be made and go nowhere.
        pipeline.start((journal.records,), journal.audit)
        on = (
            _per_call(lambda: enabled(user="ada", reason=_Why.SOME, count=1), 10_000, pipeline.flush)
            - nothing
        )
        lost = pipeline.dropped
        pipeline.stop()
        journal.close()
    if lost:
        raise RuntimeError(f"{lost} records were dropped, and dropping is cheaper than keeping")
    made = _per_call(new_id, 100_000)
    usual = _per_call(lambda: str(uuid.uuid4()), 100_000)
    print(f"\nper call: event disabled {off:.0f} ns, event enabled {on:.0f} ns")
    print(f"          request id {made:.0f} ns, str(uuid4()) {usual:.0f} ns")
    return {
        "event disabled": {"ours": round(off), "peer": 200, "ratio": round(off / 200, 3), "unit": "ns"},
        "event enabled": {"ours": round(on), "peer": 10_000, "ratio": round(on / 10_000, 3), "unit": "ns"},
        "request id": {
            "ours": round(made),
            "peer": round(usual),
            "ratio": round(made / usual, 3),
            "unit": "ns",
        },
    }


def _per_call(work, number: int, settle=lambda: None) -> float:
    times = []
    for _ in range(5):
        times.append(timeit.timeit(work, number=number))
        settle()
    return statistics.median(times) / number * 1e9
