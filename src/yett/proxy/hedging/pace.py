"""How fast a pool answers."""

from yett.proxy.balancing.circuit import Sample
from yett.proxy.balancing.circuit.window import Window

_SECONDS = 60.0
_SHARE = 0.95
_ENOUGH = 20
"""Answers from which a percentile can be told."""
_LOOK_EVERY = 1.0


class Pace:
    """The times to answer of the last minute. `now` is in monotonic seconds."""

    __slots__ = ("_look_at", "_p95", "_window")

    def __init__(self) -> None:
        self._window = Window(_SECONDS)
        self._look_at = 0.0
        self._p95 = 0.0

    def observe(self, latency: float, now: float) -> None:
        """Take in how long one answer took."""
        self._window.add(Sample(is_error=False, latency=latency), now)

    def p95(self, now: float) -> float:
        """Seconds that 95 of 100 answers kept to; 0 while there are too few to tell."""
        if now >= self._look_at:
            # Sorting the classes for each request would cost more than it tells.
            self._look_at = now + _LOOK_EVERY
            self._window.turn(now)
            known = self._window.quantile(_SHARE) if self._window.requests >= _ENOUGH else None
            self._p95 = known or 0.0
        return self._p95
