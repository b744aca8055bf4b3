"""A filter for bodies that come in gzip and go on in gzip.

What comes out of a few bytes can be a thousand times as much (a "bomb"), so it is taken out in
small pieces, and a body that swells beyond all reason is broken off.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from yett.net.http import BodyFilter, BrokenBody
from yett.proxy.compression import GzipEncoder

_PIECE: Final = 64 * 1024
_UNSUSPICIOUS: Final = 4 * 1024 * 1024
"""Bytes that nobody counts."""
_MOST_SWELLING: Final = 100
"""Pages of text swell five to thirty times; the most that gzip can do is 1032 times."""
_LEVEL: Final = 4
_MAGIC: Final = b"\x1f\x8b"


class Gunzip:
    """Takes gzip (RFC 1952) in pieces; members that follow one another are one body."""

    __slots__ = ("_bytes_in", "_bytes_out", "_is_padding", "_state", "_waiting")

    def __init__(self) -> None:
        self._state = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._bytes_in = 0
        self._bytes_out = 0
        self._waiting = b""
        """What came behind a member and is too short to tell whether another one follows."""
        self._is_padding = False
        """Whether the last member is over: what follows it is padding, and everybody leaves it out."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What is in the data, in pieces. BrokenBody when it is no gzip, or a bomb."""
        self._bytes_in += len(data)
        while data and not self._is_padding:
            if self._state.eof:
                data, self._waiting = self._waiting + data, b""
                if not data.startswith(_MAGIC[: len(data)]):
                    self._is_padding = True
                    return
                if len(data) < len(_MAGIC):
                    self._waiting = data
                    return
                self._state = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                piece = self._state.decompress(data, _PIECE)
            except zlib.error as problem:
                raise BrokenBody("the gzip stream cannot be read") from problem
            data = self._state.unused_data if self._state.eof else self._state.unconsumed_tail
            self._bytes_out += len(piece)
            if self._bytes_out > max(_UNSUSPICIOUS, _MOST_SWELLING * self._bytes_in):
                raise BrokenBody("the gzip stream swells beyond reason")
            if piece:
                yield piece

    def check_end(self) -> None:
        """BrokenBody when more should have come."""
        if self._bytes_in and not self._state.eof:
            raise BrokenBody("the gzip stream ends early")


class Gzipped:
    """Has a body that is in gzip go through a filter that reads it, and puts it into gzip again."""

    __slots__ = ("_decoder", "_encoder", "_filter", "_flush")

    def __init__(self, inner: BodyFilter, *, flush: bool) -> None:
        self._decoder = Gunzip()
        self._encoder = GzipEncoder(_LEVEL)
        self._filter = inner
        self._flush = flush

    def feed(self, data: bytes) -> bytes:
        encode, change = self._encoder.encode, self._filter.feed
        encoded = b"".join([encode(change(piece), flush=False) for piece in self._decoder.pieces(data)])
        return encoded + encode(b"", flush=True) if self._flush else encoded

    def end(self) -> bytes:
        self._decoder.check_end()
        return self._encoder.encode(self._filter.end(), flush=False) + self._encoder.finish()
