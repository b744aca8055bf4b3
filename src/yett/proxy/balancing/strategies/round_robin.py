"""Everybody in turn."""

from collections.abc import Sequence

from yett.proxy.balancing.strategies.candidate import Candidate


class RoundRobin:
    """One after the other, without regard to weight or load."""

    __slots__ = ("_turn",)

    def __init__(self) -> None:
        self._turn = -1

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:  # noqa: ARG002 - no affinity
        if not candidates:
            return None
        self._turn = (self._turn + 1) % len(candidates)
        return candidates[self._turn]
