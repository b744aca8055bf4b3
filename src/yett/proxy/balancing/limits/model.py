"""The nouns of a pool's rate limit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LimitRules:
    """A token bucket: `rate` a second flow in, `burst` fit."""

    rate: float
    burst: float
    is_per_user: bool = False


@dataclass(frozen=True, slots=True)
class Exceeded:
    """There was not enough left."""

    current: float
    """What was used of the bucket."""
    retry_after: float
    """Seconds until there would be enough; infinite for a cost that never fits."""
