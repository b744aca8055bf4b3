"""How far a long search is, for somebody who waits at a terminal."""

import time
from typing import Protocol, TextIO

_FIRST, _EVERY = 1.0, 0.3


class Searched(Protocol):
    """What the search knows of itself."""

    @property
    def bytes_read(self) -> int: ...

    def size(self) -> int: ...


class Progress:
    """Writes one line over and over. Asked by a search whether to stop, it says no."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out if out is not None and out.isatty() else None
        self._search: Searched | None = None
        self._size = 0
        self._next = time.monotonic() + _FIRST
        self._has_written = False

    def follow(self, search: Searched) -> None:
        """Tell of this search."""
        self._search = search

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._out is not None and self._search is not None and now >= self._next:
            self._next = now + _EVERY
            self._size = self._size or self._search.size()
            share = f"{self._search.bytes_read >> 20} of at most {self._size >> 20} MiB"
            self._out.write(f"\r\033[Ksearched {share}")
            self._out.flush()
            self._has_written = True
        return False

    def end(self) -> None:
        """Leave no trace."""
        if self._has_written and self._out is not None:
            self._out.write("\r\033[K")
            self._out.flush()
