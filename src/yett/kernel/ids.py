"""Identifiers: UUID version 7 (RFC 9562, section 5.7), so that they sort by time."""

import os
import secrets
import threading
import time
import uuid
from collections.abc import Callable

Offset = int
"""A whole number of the machine's, where this is compiled."""

_COUNTS = tuple(f"{count:03x}" for count in range(0x1000))


class IdMaker:
    """Makes ids cheaply, for one thread: what does not change from id to id is written out once.

    Within one millisecond the 12 bits after the version count up, so that ids of one maker
    never go back (RFC 9562, section 6.2, method 1). The random bits behind them are drawn anew
    each millisecond: they tell makers apart, the count tells the ids of one.
    """

    __slots__ = ("_counter", "_millisecond", "_next_ns", "_now_ns", "_stamp", "_tail", "_tails")

    def __init__(self, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._now_ns = now_ns
        self._millisecond: Offset = 0
        self._next_ns: Offset = 0
        self._counter: Offset = 0
        self._stamp = ""
        self._tail = ""
        self._tails: list[str] = []
        self.forget()

    def forget(self) -> None:
        """Draw new random bits: a forked child must not go on with those of its parent."""
        self._tails = []
        self._tail = self._draw()

    def next(self) -> str:
        """A new id in canonical text form."""
        now: Offset = self._now_ns()
        if now >= self._next_ns:
            self._begin(now // 1_000_000)
        else:
            # The clock stands, or went back: count on, into milliseconds to come if need be.
            self._counter += 1
            if self._counter > 0xFFF:
                self._begin(self._millisecond + 1)
        return self._stamp + _COUNTS[self._counter] + self._tail

    def _begin(self, millisecond: Offset) -> None:
        self._millisecond = millisecond
        self._next_ns = (millisecond + 1) * 1_000_000
        self._counter = 0
        stamp = f"{millisecond:012x}"
        self._stamp = f"{stamp[:8]}-{stamp[8:]}-7"
        self._tail = self._draw()

    def _draw(self) -> str:
        if not self._tails:
            self._tails = _tails()
        return self._tails.pop()


class SharedIds:
    """Ids that any thread may ask for."""

    __slots__ = ("_lock", "_maker")

    def __init__(self, maker: IdMaker) -> None:
        self._maker = maker
        self._lock = threading.Lock()

    def forget(self) -> None:
        """In a forked child: as for one maker; nobody holds the lock that was held at the fork."""
        self._lock = threading.Lock()
        self._maker.forget()

    def next(self) -> str:
        """A new id in canonical text form."""
        with self._lock:
            return self._maker.next()


def _tails() -> list[str]:
    """The ends of the next 256 ids: the variant's two bits "10", then 62 random ones."""
    bits = os.urandom(8 * 256).hex()
    pieces = (bits[place : place + 16] for place in range(0, len(bits), 16))
    return [f"-{'89ab'[int(piece[0], 16) & 3]}{piece[1:4]}-{piece[4:]}" for piece in pieces]


_shared = SharedIds(IdMaker())
os.register_at_fork(after_in_child=_shared.forget)

new_id = _shared.next
"""A new time-ordered id. It names things; it is not a secret."""


def new_secret(size: int = 32) -> str:
    """A new unguessable value of `size` random bytes, URL-safe."""
    return secrets.token_urlsafe(size)


def time_of(identifier: str) -> float | None:
    """When a version 7 id was made, in seconds since the epoch; None for anything else."""
    try:
        value = uuid.UUID(identifier)
    except ValueError:
        return None
    if value.version != 7 or str(value) != identifier:
        return None
    return (value.int >> 80) / 1000.0
