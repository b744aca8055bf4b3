"""What a strategy is."""

import enum
from collections.abc import Callable, Sequence
from typing import Protocol

from yett.proxy.balancing.strategies.candidate import Candidate

Draw = Callable[[], float]
"""A random number from [0, 1)."""


class StrategyName(enum.Enum):
    """The ways to choose a backend."""

    ADAPTIVE = "adaptive"
    ROUND_ROBIN = "round_robin"
    WEIGHTED = "weighted"
    LEAST_CONN = "least_conn"
    HASH = "hash"
    MAGLEV = "maglev"
    RANDOM = "random"


class Strategy(Protocol):
    """Chooses among the backends that may be used now.

    The same sequence object is handed in until something changes, so its identity tells whether
    anything remembered about it still holds.
    """

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:
        """One of the candidates; None when there is none. `key` is what affinity hangs on, or empty."""
        ...
