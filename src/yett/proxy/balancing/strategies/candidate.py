"""A backend as a strategy sees it."""

import hashlib

_NEWEST = 0.2
"""How much the newest answer counts in the moving averages."""
_PENALTY = 10.0
"""A backend that always fails is taken for this much slower, plus one."""
_SHORTEST = 1e-4
"""Seconds below which differences are noise of our own making."""


class Candidate:
    """What is known about one backend, kept up to date by the pool it belongs to.

    `score` is what a request sent there is expected to cost: smoothed latency, raised by errors,
    times the requests already there. It is worked out when something changes, not when somebody asks.
    """

    __slots__ = (
        "active",
        "cost",
        "deadline",
        "elsewhere",
        "errors",
        "id",
        "latency",
        "load",
        "score",
        "seed",
        "seen",
        "weight",
    )

    def __init__(self, id: str, weight: int = 1, latency: float = _SHORTEST) -> None:  # noqa: A002 - it is its id
        self.id = id
        self.weight = weight
        self.active = 0
        """Requests of this node that are there now."""
        self.elsewhere = 0
        """The same, of all other nodes."""
        self.seen = 0
        self.deadline = 0.0
        self.seed = number_of(id)
        self.expect(latency)

    def expect(self, latency: float) -> None:
        """Begin anew, from a guess."""
        self.latency = max(latency, _SHORTEST)
        self.errors = 0.0
        self._weigh()

    def observe(self, latency: float | None, *, is_error: bool) -> None:
        """Take in how one request went."""
        if latency is not None:
            newest = max(latency, _SHORTEST)
            self.latency += _NEWEST * (newest - self.latency) if self.seen else newest - self.latency
            self.seen += 1
        self.errors += _NEWEST * (is_error - self.errors)
        self._weigh()

    def moved(self, by: int) -> None:
        """Requests began or ended there."""
        self.active += by
        self._load()

    def hear(self, elsewhere: int) -> None:
        """Other nodes say how many requests they have there."""
        self.elsewhere = elsewhere
        self._load()

    def _weigh(self) -> None:
        self.cost = self.latency * (1.0 + _PENALTY * self.errors)
        self._load()

    def _load(self) -> None:
        self.load = (self.active + self.elsewhere) / self.weight
        self.score = self.cost * (1.0 / self.weight + self.load)


def number_of(text: str) -> int:
    """A number that every node works out alike, spread evenly over 64 bits."""
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )
