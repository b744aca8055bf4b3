"""Time as a collaborator, so that tests can hold it still."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where instants come from."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The machine's clocks."""

    __slots__ = ()

    # The functions themselves: every request asks several times.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


class FrozenClock:
    """A clock that moves when told to; for tests and for working out what will be."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on (or, with a negative number, step back)."""
        self._now += seconds
