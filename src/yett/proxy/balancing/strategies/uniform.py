"""Anybody, by lot."""

from collections.abc import Sequence

from yett.proxy.balancing.strategies.candidate import Candidate
from yett.proxy.balancing.strategies.model import Draw


class Uniform:
    """Each with the same chance."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Draw) -> None:
        self._draw = draw

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:  # noqa: ARG002 - no affinity
        return candidates[int(self._draw() * len(candidates))] if candidates else None
