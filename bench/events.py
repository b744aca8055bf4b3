"""What saying something costs at the place where it is said."""

import enum
import statistics
import timeit

from yett.events import DEBUG, INFO, event, pipeline
from yett.events import fields as f


class _Why(enum.Enum):
    SOME = "some"


@event("bench.log", DEBUG, "Said at DEBUG")
def disabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


@event("bench.log", INFO, "Said at INFO")
def enabled(user: f.User, reason: _Why, count: int) -> None:
    """Only the benchmark says this."""


def measure() -> dict[str, dict[str, object]]:
    """Nanoseconds per call of a disabled and of an enabled event."""
    pipeline.set_level(INFO)
    nothing = _per_call(lambda: None, 1_000_000)
    off = _per_call(lambda: disabled(user="ada", reason=_Why.SOME, count=1), 1_000_000) - nothing
    on = _per_call(lambda: enabled(user="ada", reason=_Why.SOME, count=1), 10_000) - nothing
    print(f"\nevent, disabled: {off:.0f} ns a call      event, enabled: {on:.0f} ns a call")
    return {
        "event disabled": {"ours": round(off), "peer": 200, "ratio": round(off / 200, 3), "unit": "ns"},
        "event enabled": {"ours": round(on), "peer": 10_000, "ratio": round(on / 10_000, 3), "unit": "ns"},
    }


def _per_call(work, number: int) -> float:
    return statistics.median(timeit.repeat(work, number=number, repeat=5)) / number * 1e9
