"""How requests fared during the last seconds.

The window moves in ten steps. Latencies are counted in classes that grow by a twelfth part
each (2^(1/8)), so a percentile costs no sample kept and is right to within five per cent.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from yett.proxy.balancing.circuit.model import Sample

_STEPS = 10
_CLASSES = 8
"""Latency classes per doubling."""
_SHORTEST = 1e-6
_LOWEST, _HIGHEST = 0, 27 * _CLASSES
"""From a microsecond to more than two minutes."""


@dataclass(slots=True)
class _Step:
    number: int
    requests: int = 0
    errors: int = 0
    network_errors: int = 0
    latencies: dict[int, int] = field(default_factory=dict)


class Window:
    """A rolling count. `now` never goes back."""

    __slots__ = ("_latencies", "_steps", "_width", "errors", "network_errors", "requests")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / _STEPS
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._steps: deque[_Step] = deque()
        self._latencies: dict[int, int] = {}
        self.requests = 0
        self.errors = 0
        self.network_errors = 0

    def add(self, sample: Sample, now: float) -> None:
        """Count one request."""
        step = self._turn(now)
        step.requests += 1
        self.requests += 1
        if sample.is_error:
            step.errors += 1
            self.errors += 1
        if sample.is_network_error:
            step.network_errors += 1
            self.network_errors += 1
        if sample.latency is not None:
            place = _class_of(sample.latency)
            step.latencies[place] = step.latencies.get(place, 0) + 1
            self._latencies[place] = self._latencies.get(place, 0) + 1

    def turn(self, now: float) -> None:
        """Let go of what is too old."""
        oldest = int(now / self._width) - _STEPS
        steps = self._steps
        while steps and steps[0].number <= oldest:
            gone = steps.popleft()
            self.requests -= gone.requests
            self.errors -= gone.errors
            self.network_errors -= gone.network_errors
            for place, count in gone.latencies.items():
                left = self._latencies[place] - count
                if left:
                    self._latencies[place] = left
                else:
                    del self._latencies[place]

    @property
    def error_ratio(self) -> float:
        """The share of requests that failed."""
        return self.errors / self.requests if self.requests else 0.0

    @property
    def network_ratio(self) -> float:
        """The share of requests that failed on the network."""
        return self.network_errors / self.requests if self.requests else 0.0

    def quantile(self, share: float) -> float | None:
        """The latency that `share` of the answers kept to, in seconds; None without answers."""
        total = sum(self._latencies.values())
        if not total:
            return None
        wanted = share * total
        seen = 0
        for place in sorted(self._latencies):
            seen += self._latencies[place]
            if seen >= wanted:
                break
        return float(_SHORTEST * 2 ** ((place + 0.5) / _CLASSES))

    def _turn(self, now: float) -> _Step:
        number = int(now / self._width)
        if self._steps and self._steps[-1].number >= number:
            return self._steps[-1]
        self.turn(now)
        step = _Step(number)
        self._steps.append(step)
        return step


def _class_of(latency: float) -> int:
    if latency <= _SHORTEST:
        return _LOWEST
    return min(int(math.log2(latency / _SHORTEST) * _CLASSES), _HIGHEST)
