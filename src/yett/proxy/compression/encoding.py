"""Encoders for a body in pieces, all alike.

How far back an encoder looks decides what each response costs in memory while it is on its way. With
these windows and the default levels that is 230 KiB (gzip), 760 KiB (Brotli) or 930 KiB (Zstandard);
larger windows win little on a page.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # it has no type hints

from yett.proxy.compression.model import Coding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOW = 18
"""As a power of two. Clients need not take more than 23 (RFC 9659, 3)."""
_GZIP = 16 + zlib.MAX_WBITS


class Encoder(Protocol):
    """Takes a body in pieces and gives it back encoded."""

    def encode(self, data: bytes, *, flush: bool) -> bytes:
        """More of the body; with `flush`, the client can read all of it from what has come out so far."""
        ...

    def finish(self) -> bytes:
        """The last of it."""
        ...


class GzipEncoder:
    """gzip (RFC 1952)."""

    __slots__ = ("_state",)

    def __init__(self, level: int) -> None:
        self._state = zlib.compressobj(level, zlib.DEFLATED, _GZIP)

    def encode(self, data: bytes, *, flush: bool) -> bytes:
        encoded = self._state.compress(data)
        return encoded + self._state.flush(zlib.Z_SYNC_FLUSH) if flush else encoded

    def finish(self) -> bytes:
        return self._state.flush()


class BrotliEncoder:
    """Brotli (RFC 7932)."""

    __slots__ = ("_state",)

    def __init__(self, level: int) -> None:
        self._state = brotli.Compressor(quality=level, lgwin=_WINDOW)

    def encode(self, data: bytes, *, flush: bool) -> bytes:
        encoded: bytes = self._state.process(data)
        return encoded + self._state.flush() if flush else encoded

    def finish(self) -> bytes:
        last: bytes = self._state.finish()
        return last


class ZstdEncoder:
    """Zstandard (RFC 8878)."""

    __slots__ = ("_state",)

    def __init__(self, level: int) -> None:
        parameter = zstd.CompressionParameter
        self._state = zstd.ZstdCompressor(
            options={parameter.compression_level: level, parameter.window_log: _WINDOW}
        )

    def encode(self, data: bytes, *, flush: bool) -> bytes:
        if flush:
            return self._state.compress(data, zstd.ZstdCompressor.FLUSH_BLOCK)
        return self._state.compress(data)

    def finish(self) -> bytes:
        return self._state.flush()


ENCODERS: dict[Coding, Callable[[int], Encoder]] = {
    Coding.GZIP: GzipEncoder,
    Coding.BROTLI: BrotliEncoder,
    Coding.ZSTD: ZstdEncoder,
}
