"""Reading gzip and zstd so that nothing is lost of what can be read of a damaged file.

The readers of the libraries fill a buffer and, when they meet damage, raise without giving what is in it.
"""

import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from backports import zstd

_BLOCK = 1 << 16
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_WITH_HEADER = 31
"""zlib's word for: a gzip header, and the largest window."""


class _Machine(Protocol):
    """Unpacks one stream. Several may follow one another in a file: `cat` and logrotate make such."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def left(self) -> bytes:
        """Input to be given again."""

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._machine = zlib.decompressobj(_WITH_HEADER)
        self.decompress = self._machine.decompress

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        # A tape's padding may follow (RFC 1952 knows none, gzip takes it).
        return self._machine.unused_data.lstrip(b"\0")

    @property
    def left(self) -> bytes:
        return self._machine.unconsumed_tail


class _Zstd:
    left = b""

    def __init__(self) -> None:
        self._machine = zstd.ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return self._machine.eof

    @property
    def unused_data(self) -> bytes:
        return self._machine.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._machine.decompress(data, max_length)


class Unpacked(io.RawIOBase):
    """A compressed stream without its compression. It ends where the damage begins, and `fault` says so."""

    def __init__(self, packed: BinaryIO, new: Callable[[], _Machine]) -> None:
        super().__init__()
        self.fault = ""
        self._packed = packed
        self._new = new
        self._machine: _Machine | None = None
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        if self.fault:
            return 0
        try:
            data = self._some(len(view))
        except (OSError, zlib.error, zstd.ZstdError, ValueError) as problem:
            self.fault = str(problem) or type(problem).__name__
            return 0
        view[: len(data)] = data
        return len(data)

    def _some(self, most: int) -> bytes:
        while True:
            is_end = False
            if not self._left:
                self._left = self._packed.read(_BLOCK)
                is_end = not self._left
            if self._machine is None:
                if is_end:
                    return b""
                self._machine = self._new()
            machine = self._machine
            # Without input it may still have output that did not fit the last time.
            data = machine.decompress(self._left, most)
            self._left = machine.left
            if machine.eof:
                self._left = machine.unused_data
                self._machine = None
            elif is_end and not data:
                self.fault = "it ends too early"
                return b""
            if data:
                return data


def unpacked(stream: BinaryIO) -> tuple[BinaryIO, Unpacked | None]:
    """The stream without gzip or zstd around it, as its first bytes say, and what knows of damage."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    start = buffered.peek(len(_ZSTD))
    new: Callable[[], _Machine]
    if start.startswith(_GZIP):
        new = _Gzip
    elif start.startswith(_ZSTD):
        new = _Zstd
    else:
        return buffered, None
    inside = Unpacked(buffered, new)
    return io.BufferedReader(inside, _BLOCK), inside
