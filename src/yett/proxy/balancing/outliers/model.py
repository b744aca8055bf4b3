"""The nouns of outlier detection."""

import enum
from dataclasses import dataclass


class EjectReason(enum.Enum):
    """Which detector found a backend wanting."""

    CONSECUTIVE = "consecutive_failures"
    SUCCESS_RATE = "success_rate"
    FAILURE_PERCENTAGE = "failure_percentage"


@dataclass(frozen=True, slots=True)
class OutlierRules:
    """When a backend is taken out for a while. A detector whose number is 0 is off."""

    interval: float = 10.0
    base_ejection: float = 30.0
    max_ejection: float = 300.0
    max_ejected_percent: float = 10.0
    consecutive: int = 5
    stdev_factor: float = 1.9
    failure_percentage: float = 85.0
    minimum_backends: int = 5
    """Backends with enough requests that the success rate needs."""
    minimum_requests: int = 100
    """Requests in an interval below which a backend is not compared."""


@dataclass(slots=True)
class Standing:
    """What one backend did lately, and what came of it."""

    requests: int = 0
    failures: int = 0
    in_a_row: int = 0
    """Failures since the last success."""
    ejected_until: float = 0.0
    """Monotonic seconds; 0 when it is in."""
    ejections: int = 0
    """How long the next ejection will be, in steps; falls by one with each interval of good conduct."""
    total: int = 0
    """Ejections ever."""

    def begin_interval(self) -> bool:
        """Forget the interval's figures; whether there was anything to forget."""
        had_any = bool(self.requests)
        self.requests = self.failures = 0
        if self.ejections and not self.ejected_until:
            self.ejections -= 1
            return True
        return had_any


@dataclass(frozen=True, slots=True)
class SuccessRates:
    """What comparing success rates came to. Rates are shares between 0 and 1."""

    eligible: int
    average: float
    stdev: float
    threshold: float
    outliers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailurePercentages:
    """What looking at failure percentages came to."""

    eligible: int
    outliers: tuple[str, ...]
