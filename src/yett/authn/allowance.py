"""So many of something in a while, for each of whoever asks: mails to an address, requests from a network.

Each key has one number, the instant at which all that it used up will have come back (the generic cell
rate algorithm). The memory is bounded and of this process: with more nodes, more is let through.
"""

from collections import OrderedDict


class Allowance:
    """`most` at once, which come back one by one within `period` seconds. Times are monotonic."""

    def __init__(self, most: int, period: float, *, remembered: int = 100_000) -> None:
        self._instants: OrderedDict[str, float] = OrderedDict()
        self._remembered = remembered
        self.use(most, period)

    def __len__(self) -> int:
        return len(self._instants)

    def use(self, most: int, period: float) -> None:
        """Other numbers from now on; what was used up stays so."""
        self._interval = period / most
        self._period = period

    def take(self, key: str, now: float) -> float:
        """Use one up. 0 when there was one; else how many seconds it takes until there is, and none is used."""
        at = max(self._instants.get(key, now), now)
        wait = at + self._interval - now - self._period
        # What comes back is added up in fractions, and a millionth of a second is nobody's.
        if wait > 1e-6:
            return wait
        self._instants[key] = at + self._interval
        self._instants.move_to_end(key)
        self._make_room(now)
        return 0.0

    def give_back(self, key: str) -> None:
        """Take nothing for the last one after all."""
        at = self._instants.get(key)
        if at is not None:
            self._instants[key] = at - self._interval

    def _make_room(self, now: float) -> None:
        """Forget what says nothing more, and beyond the bound what was used longest ago."""
        while self._instants:
            key, at = next(iter(self._instants.items()))
            if at > now and len(self._instants) <= self._remembered:
                return
            del self._instants[key]
