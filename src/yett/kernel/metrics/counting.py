"""What counts. Counting is on the path of requests: no lock, no call that could be saved."""

from bisect import bisect_left
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Distribution:
    """How often values fell into each bucket. A value on a bound belongs to the bucket below it."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """By bucket, not cumulative; the last one is for values above every bound."""
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def total(self) -> int:
        """How many values there were."""
        return sum(self.counts)

    def copy(self) -> "Distribution":
        """As it stands now."""
        made = Distribution(self.bounds)
        made.counts = self.counts.copy()
        made.sum = self.sum
        return made


class Tally(dict[K, int], Generic[K]):
    """How often each thing happened; at most `most` things, whatever else is not told apart.

    One thread counts. Any other may `copy` it meanwhile, which is one step of the interpreter.
    """

    def __init__(self, most: int = 1000) -> None:
        super().__init__()
        self._most = most
        self.left_out = 0
        """Counts of what found no place."""

    def add(self, what: K, count: int = 1) -> None:
        """Count something."""
        if what in self:
            self[what] += count
        elif len(self) < self._most:
            self[what] = count
        else:
            self.left_out += count
