"""How many extra requests a pool or service can take.

When everything fails, each request would become as many as there are attempts, and what is
overloaded would stay so. Extra requests, again or besides, are therefore held to a share of all.
"""

_SECONDS = 10


class Budget:
    """Counts requests and extra ones of the last ten seconds. `now` is in monotonic seconds."""

    __slots__ = ("_extra", "_extras", "_newest", "_requests", "_total")

    def __init__(self) -> None:
        self._requests = [0] * _SECONDS
        self._extra = [0] * _SECONDS
        self._total = 0
        self._extras = 0
        self._newest = 0

    def count(self, now: float) -> None:
        """A request came from a client."""
        self._turn(now)
        self._requests[self._newest % _SECONDS] += 1
        self._total += 1

    def spend(self, share: float, per_second: float, now: float) -> bool:
        """Take one extra request, if it is within `share` of all, or within `per_second`."""
        self._turn(now)
        if self._extras + 1 > max(share * self._total, per_second * _SECONDS):
            return False
        self._extra[self._newest % _SECONDS] += 1
        self._extras += 1
        return True

    def _turn(self, now: float) -> None:
        second = int(now)
        if second <= self._newest:
            return
        for number in range(max(self._newest + 1, second - _SECONDS + 1), second + 1):
            place = number % _SECONDS
            self._total -= self._requests[place]
            self._extras -= self._extra[place]
            self._requests[place] = self._extra[place] = 0
        self._newest = second
