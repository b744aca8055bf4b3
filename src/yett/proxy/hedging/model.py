"""The nouns of hedging."""

import enum
from dataclasses import dataclass

from yett.proxy.hedging.config import HedgeSettings


class Skip(enum.Enum):
    """Why no copy of a request is sent."""

    METHOD = "method"
    """It may change something, and two of it might do so twice."""
    UPGRADE = "upgrade"
    """A tunnel cannot be doubled."""
    BODY_TOO_LARGE = "body_too_large"
    """Its body is still coming, or was too long to be kept."""
    SINGLE_BACKEND = "single_backend"
    """There is no backend besides those that have it already."""
    BUDGET = "budget"
    """The pool has had its share of extra requests."""
    PACE_UNKNOWN = "pace_unknown"
    """Nobody knows yet how long an answer takes."""


@dataclass(frozen=True, slots=True)
class HedgeRules:
    """When a route's requests are doubled. Spans are in seconds."""

    delay: float = 0.0
    """0 to measure it."""
    min_delay: float = 0.01
    copies: int = 1
    methods: frozenset[bytes] = frozenset({b"GET", b"HEAD", b"OPTIONS"})
    max_body: int = 64 * 1024
    budget: float = 0.1
    """Extra requests as a share of all."""
    min_per_second: float = 1.0


def compile_hedge(settings: HedgeSettings) -> HedgeRules:
    """The rules that the settings describe."""
    return HedgeRules(
        delay=settings.delay.total_seconds(),
        min_delay=settings.min_delay.total_seconds(),
        copies=settings.copies,
        methods=frozenset(method.encode("ascii") for method in settings.methods),
        max_body=settings.max_body,
        budget=settings.budget / 100.0,
        min_per_second=settings.min_per_second,
    )
