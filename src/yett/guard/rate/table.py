"""Clients and an instant each, never more than so many.

An entry whose instant has passed says nothing more and may go. There is no sweep that stops the
world: whoever adds an entry looks at a few of the oldest, so that as many go as come.
"""

from collections import OrderedDict
from collections.abc import Hashable
from itertools import islice

_LOOKS = 4
_LOOKS_WHEN_FULL = 32


class Table:
    """Instants by client. Reading is `instants.get(key, 0.0)`, without a call of ours in between."""

    __slots__ = ("_limit", "instants")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.instants: OrderedDict[Hashable, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self.instants)

    def resize(self, limit: int) -> None:
        """Another bound; what is too much by it goes as it expires."""
        self._limit = limit

    def add(self, key: Hashable, at: float, now: float) -> bool:
        """Remember a client that is not there yet; whether there was room."""
        instants = self.instants
        looks = _LOOKS if len(instants) < self._limit else _LOOKS_WHEN_FULL
        for _ in range(min(looks, len(instants))):
            oldest = next(iter(instants))
            if instants[oldest] <= now:
                del instants[oldest]
            else:
                # Still in use: it goes to the end, so that the next look meets another one.
                instants.move_to_end(oldest)
        if len(instants) >= self._limit:
            return False
        instants[key] = at
        return True

    def has_room(self, now: float) -> bool:
        """Whether a client could be added; nothing is moved for the answer."""
        if len(self.instants) < self._limit:
            return True
        return any(instant <= now for instant in islice(self.instants.values(), _LOOKS_WHEN_FULL))

    def discard(self, key: Hashable) -> bool:
        """Forget a client; whether it was there."""
        return self.instants.pop(key, None) is not None

    def clear(self) -> None:
        """Forget everybody."""
        self.instants.clear()
