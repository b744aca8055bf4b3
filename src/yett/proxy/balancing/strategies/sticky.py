"""Whoever was sent somewhere is sent there again."""

from collections.abc import Callable, Sequence

from yett.proxy.balancing.strategies.candidate import Candidate
from yett.proxy.balancing.strategies.model import Strategy

_MOST = 65_536


class Sticky:
    """Remembers each key's backend for `lifetime` seconds after its last use; others are left to `inner`.

    Keys are kept as numbers, so that whoever sends long ones costs no more than others. This node's
    memory is its own: strategies that need none (`hash`, `maglev`) agree between nodes.
    """

    __slots__ = ("_candidates", "_inner", "_known", "_lifetime", "_now", "_usable")

    def __init__(self, inner: Strategy, lifetime: float, now: Callable[[], float]) -> None:
        self._inner = inner
        self._lifetime = lifetime
        self._now = now
        self._known: dict[int, tuple[str, float]] = {}
        self._candidates: Sequence[Candidate] = ()
        self._usable: dict[str, Candidate] = {}

    def pick(self, candidates: Sequence[Candidate], key: str) -> Candidate | None:
        if not key:
            return self._inner.pick(candidates, key)
        if candidates is not self._candidates:
            self._candidates = candidates
            self._usable = {candidate.id: candidate for candidate in candidates}
        number, now = hash(key), self._now()
        # Taken out and put back: the one used least lately is always the first.
        known = self._known.pop(number, None)
        chosen = self._usable.get(known[0]) if known is not None and known[1] > now else None
        if chosen is None:
            chosen = self._inner.pick(candidates, key)
            if chosen is None:
                return None
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
        self._known[number] = (chosen.id, now + self._lifetime)
        return chosen
