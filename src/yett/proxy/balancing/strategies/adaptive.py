"""Learn which backend answers best, send most there, and keep trying the others.

Epsilon-greedy: with a small chance everybody gets a turn, otherwise the one with the lowest score
does. The chance falls during a warm-up, which begins again whenever who may be chosen changes.
"""

from collections.abc import Sequence
from operator import attrgetter

from yett.proxy.balancing.strategies.candidate import Candidate
from yett.proxy.balancing.strategies.model import Draw

_AT_FIRST = 0.3
_LATER = 0.05
_WARM_UP = 100
"""Picks per backend until the chance has fallen to its lowest."""
_score = attrgetter("score")


class Adaptive:
    """Needs no settings."""

    __slots__ = ("_candidates", "_chance", "_draw", "_fall", "_turn")

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._candidates: Sequence[Candidate] = ()
        self._chance = _AT_FIRST
        self._fall = 0.0
        self._turn = -1

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:  # noqa: ARG002 - no affinity
        if not candidates:
            return None
        if candidates is not self._candidates:
            self._begin(candidates)
        chance = self._chance
        if chance > _LATER:
            self._chance = chance - self._fall
        if self._draw() < chance:
            # In turn, so that nobody is left out by bad luck.
            self._turn = (self._turn + 1) % len(candidates)
            return candidates[self._turn]
        return min(candidates, key=_score)

    def _begin(self, candidates: Sequence[Candidate]) -> None:
        if len(candidates) > len(self._candidates):
            self._chance = _AT_FIRST
        self._candidates = candidates
        self._fall = (_AT_FIRST - _LATER) / (_WARM_UP * len(candidates))
