"""The same key to the same backend: highest random weight.

Each backend gets a number from the key and its own name, and the highest wins (Thaler and
Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998). When one goes, only its own
keys move, and every node agrees without talking.
"""

from collections.abc import Sequence
from math import log

from yett.proxy.balancing.strategies.candidate import Candidate, number_of
from yett.proxy.balancing.strategies.model import Draw

_MASK = 0xFFFFFFFF
_REMEMBERED = 4096


class Hashed:
    """Rendezvous hashing, in proportion to weight. A request without a key goes anywhere."""

    __slots__ = ("_candidates", "_draw", "_found")

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._candidates: Sequence[Candidate] = ()
        self._found: dict[str, Candidate] = {}

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:
        if not candidates:
            return None
        if not key:
            return candidates[int(self._draw() * len(candidates))]
        if candidates is not self._candidates or len(self._found) >= _REMEMBERED:
            self._candidates = candidates
            self._found.clear()
        found = self._found.get(key)
        if found is None:
            found = _highest(candidates, number_of(key))
            if len(key) <= 128:
                self._found[key] = found
        return found


def _highest(candidates: Sequence[Candidate], key: int) -> Candidate:
    return max(candidates, key=lambda candidate: _draw_for(candidate, key))


def _draw_for(candidate: Candidate, key: int) -> tuple[float, int]:
    mixed = key ^ candidate.seed
    mixed = (mixed ^ mixed >> 32) & _MASK
    # Without mixing, the winner would hang on the highest bit in which two names differ.
    mixed = ((mixed ^ mixed >> 16) * 0x45D9F3B) & _MASK
    mixed = ((mixed ^ mixed >> 16) * 0x45D9F3B) & _MASK
    mixed ^= mixed >> 16
    # Weighted: -w / ln(u) for a uniform u is highest with a chance in proportion to w.
    return -candidate.weight / log((mixed + 0.5) / 2**32), candidate.seed
