"""Putting more lines into the order of time than memory holds.

Lines are collected up to a size, sorted and put aside in a file without a name; in the end all these
files are merged. Lines of the same instant stay in the order they came in.
"""

import heapq
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import IO, Self

_AT_ONCE = 64 << 20
_MOST_FILES = 64
_BUFFER = 1 << 18
_BREAK = b"\n"
_LENGTH = 27
"""Characters of an instant as records write it."""

Line = tuple[bytes, bytes]


class Sorter:
    """Lines go in with their time, and come out in order. Holds files: to be closed."""

    def __init__(self, directory: Path | None = None, *, at_once: int = _AT_ONCE) -> None:
        self._directory = directory
        self._at_once = at_once
        self._lines: list[Line] = []
        self._size = 0
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, time: str, line: bytes) -> None:
        """Take a line. Raises OSError when there is no room for it."""
        self._lines.append((time.encode(), line))
        # What Python needs for the two besides their bytes.
        self._size += len(line) + 200
        if self._size >= self._at_once:
            self._put_aside()

    def __iter__(self) -> Iterator[bytes]:
        self._lines.sort(key=itemgetter(0))
        sources = [*map(_read, self._files), iter(self._lines)]
        return (line for _, line in heapq.merge(*sources, key=itemgetter(0)))

    def close(self) -> None:
        """Give the files back."""
        for file in self._files:
            with suppress(OSError):
                file.close()
        self._files.clear()

    def _put_aside(self) -> None:
        self._lines.sort(key=itemgetter(0))
        self._files.append(self._written(iter(self._lines)))
        self._lines, self._size = [], 0
        if len(self._files) >= _MOST_FILES:
            # Each open file takes a descriptor and a buffer; many become one.
            merged = self._written(heapq.merge(*map(_read, self._files), key=itemgetter(0)))
            self.close()
            self._files.append(merged)

    def _written(self, lines: Iterator[Line]) -> IO[bytes]:
        file = tempfile.TemporaryFile(dir=self._directory, buffering=_BUFFER)  # noqa: SIM115 - see `close`
        try:
            file.writelines(time + line + _BREAK for time, line in lines)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file


def _read(file: IO[bytes]) -> Iterator[Line]:
    return ((line[:_LENGTH], line[_LENGTH:-1]) for line in file)
