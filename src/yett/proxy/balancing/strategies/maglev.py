"""The same key to the same backend, by one look into a table.

The table of a prime size is filled in turns, each backend along a permutation of its own
(Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016, section
3.4). It is made for all backends of a pool; one that may not be used now is stepped over, so that
a failing check costs no new table and moves no other keys.
"""

from collections.abc import Mapping, Sequence

from yett.proxy.balancing.strategies.candidate import Candidate, number_of
from yett.proxy.balancing.strategies.model import Draw

SIZE = 65537
_STEPS = 64


class Maglev:
    """Making one takes about a tenth of a second: do so in a thread."""

    __slots__ = ("_candidates", "_draw", "_names", "_table", "_usable")

    def __init__(self, weights: Mapping[str, int], draw: Draw) -> None:
        self._draw = draw
        self._names = tuple(sorted(weights))
        self._table = _fill([(name, weights[name]) for name in self._names])
        self._candidates: Sequence[Candidate] = ()
        self._usable: list[Candidate | None] = []

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:
        if not candidates:
            return None
        if not key:
            return candidates[int(self._draw() * len(candidates))]
        if candidates is not self._candidates:
            self._candidates = candidates
            known = {candidate.id: candidate for candidate in candidates}
            self._usable = [known.get(name) for name in self._names]
        number = number_of(key)
        step = number // SIZE % (SIZE - 1) + 1
        place = number % SIZE
        for _ in range(_STEPS):
            candidate = self._usable[self._table[place]] if self._table else None
            if candidate is not None:
                return candidate
            place = (place + step) % SIZE
        # So few are left that the table hardly names them.
        return candidates[number % len(candidates)]


def _fill(weights: list[tuple[str, int]]) -> list[int]:
    if not weights:
        return []
    heaviest = max(weight for _, weight in weights)
    places, steps, shares = [], [], []
    for name, weight in weights:
        number = number_of(name)
        places.append(number % SIZE)
        steps.append(number // SIZE % (SIZE - 1) + 1)
        shares.append(weight / heaviest)
    table = [-1] * SIZE
    due = [0.0] * len(weights)
    left = SIZE
    while True:
        for index, share in enumerate(shares):
            due[index] += share
            if due[index] < 1.0:
                continue
            due[index] -= 1.0
            place, step = places[index], steps[index]
            while table[place] >= 0:
                place += step
                if place >= SIZE:
                    place -= SIZE
            table[place] = index
            places[index] = place
            left -= 1
            if not left:
                return table
