"""In turn, as often as the weights say: earliest deadline first.

Each pick moves the picked one's deadline by the inverse of its weight, which spreads the turns
of a heavy backend evenly between those of the light ones.
"""

from collections.abc import Sequence
from operator import attrgetter

from yett.proxy.balancing.strategies.candidate import Candidate

_deadline = attrgetter("deadline")


class Weighted:
    """Earliest deadline first."""

    __slots__ = ("_time",)

    def __init__(self) -> None:
        self._time = 0.0

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:  # noqa: ARG002 - no affinity
        if not candidates:
            return None
        chosen = min(candidates, key=_deadline)
        # One that was away does not catch up on the turns it missed.
        self._time = max(chosen.deadline, self._time)
        chosen.deadline = self._time + 1.0 / chosen.weight
        return chosen
