"""The less busy one of two drawn by lot.

Comparing two is nearly as good as comparing all (Mitzenmacher, "The Power of Two Choices in
Randomized Load Balancing", 1996), and nodes that do not know of each other's newest requests do
not all run to the same backend.
"""

from collections.abc import Sequence

from yett.proxy.balancing.strategies.candidate import Candidate
from yett.proxy.balancing.strategies.model import Draw


class LeastConnections:
    """Power of two choices; load counts in proportion to weight."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:  # noqa: ARG002 - no affinity
        count = len(candidates)
        if count < 2:
            return candidates[0] if count else None
        first = int(self._draw() * count)
        second = int(self._draw() * (count - 1))
        one, other = candidates[first], candidates[second + (second >= first)]
        return other if other.load < one.load else one
