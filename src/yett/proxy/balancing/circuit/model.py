"""The nouns of circuit breaking."""

import enum
from dataclasses import dataclass


class CircuitState(enum.Enum):
    """Whether requests may pass."""

    CLOSED = "closed"
    """All do."""
    OPEN = "open"
    """None do."""
    HALF_OPEN = "half_open"
    """A few do, on trial."""


class Combine(enum.Enum):
    """How many of the conditions have to be met."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CircuitRules:
    """When a circuit opens, and how it closes again. A threshold of 0 switches its condition off."""

    window: float = 10.0
    """Seconds looked back."""
    minimum_requests: int = 20
    """Requests in the window below which nothing is concluded."""
    error_threshold: float = 0.5
    latency_threshold: float = 0.0
    """Seconds that the 95th percentile may take."""
    network_threshold: float = 0.0
    combine: Combine = Combine.ANY
    expression: str = ""
    """A trip rule in place of the thresholds, which stay for when it cannot be used."""
    open_for: float = 30.0
    trials: int = 3
    """Requests that have to succeed before the circuit closes."""
    is_per_protocol: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """What one finished request says about its backend."""

    is_error: bool
    is_network_error: bool = False
    latency: float | None = None
    """Seconds; None where there was no answer to measure."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the conditions came to."""

    is_tripped: bool
    conditions_met: int
    error_ratio: float
    network_ratio: float
    p95: float
    """Seconds; 0 when latency is not looked at or nothing was measured."""
    expression_problem: str = ""
    """Why the expression gave no answer, where it gave none."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of state."""

    before: CircuitState
    after: CircuitState
    error_ratio: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What a sample led to, when it led to something."""

    evaluation: Evaluation | None
    transition: Transition | None
