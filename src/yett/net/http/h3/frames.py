"""Frames of HTTP/3 (RFC 9114, 7) and the integers they are made of (RFC 9000, 16), without I/O."""

import enum
from collections.abc import Iterator
from typing import Final


class Kind(enum.IntEnum):
    """What a frame is."""

    DATA = 0x0
    HEADERS = 0x1
    CANCEL_PUSH = 0x3
    SETTINGS = 0x4
    PUSH_PROMISE = 0x5
    GOAWAY = 0x7
    MAX_PUSH_ID = 0xD


RESERVED: Final = frozenset({0x2, 0x6, 0x8, 0x9})
"""Kinds of HTTP/2 that must not appear (RFC 9114, 7.2.8)."""


class Code(enum.IntEnum):
    """Why a stream or a connection ends (RFC 9114, 8.1; RFC 9204, 6)."""

    NO_ERROR = 0x100
    GENERAL_PROTOCOL_ERROR = 0x101
    STREAM_CREATION_ERROR = 0x103
    CLOSED_CRITICAL_STREAM = 0x104
    FRAME_UNEXPECTED = 0x105
    FRAME_ERROR = 0x106
    EXCESSIVE_LOAD = 0x107
    ID_ERROR = 0x108
    SETTINGS_ERROR = 0x109
    MISSING_SETTINGS = 0x10A
    REQUEST_REJECTED = 0x10B
    REQUEST_CANCELLED = 0x10C
    MESSAGE_ERROR = 0x10E
    DECOMPRESSION_FAILED = 0x200
    ENCODER_STREAM_ERROR = 0x201


class Violation(Exception):
    """The peer broke a rule in a way that ends the connection."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def integer(value: int) -> bytes:
    """A number in as few bytes as it needs."""
    if value < 1 << 6:
        return bytes((value,))
    if value < 1 << 14:
        return (value | 0x4000).to_bytes(2, "big")
    if value < 1 << 30:
        return (value | 0x8000_0000).to_bytes(4, "big")
    return (value | 0xC000_0000_0000_0000).to_bytes(8, "big")


def read_integer(data: bytes, at: int) -> tuple[int, int] | None:
    """The number at a place and the place behind it; None when it is not there whole."""
    if at >= len(data):
        return None
    end = at + (1 << (data[at] >> 6))
    if end > len(data):
        return None
    return int.from_bytes(data[at:end], "big") & ((1 << (8 * (end - at) - 2)) - 1), end


def frame(kind: int, payload: bytes) -> bytes:
    """A frame, whole."""
    return integer(kind) + integer(len(payload)) + payload


def settings(values: dict[int, int]) -> bytes:
    """A SETTINGS frame (7.2.4)."""
    return frame(Kind.SETTINGS, b"".join(integer(name) + integer(value) for name, value in values.items()))


def read_settings(payload: bytes) -> dict[int, int]:
    """What a SETTINGS frame says. Raises Violation."""
    found: dict[int, int] = {}
    at = 0
    while at < len(payload):
        name = read_integer(payload, at)
        value = read_integer(payload, name[1]) if name else None
        if name is None or value is None:
            raise Violation(Code.FRAME_ERROR, "SETTINGS that end too early")
        if name[0] in found or name[0] in {0x0, 0x2, 0x3, 0x4, 0x5}:
            raise Violation(Code.SETTINGS_ERROR, "a setting that is reserved or came twice")
        found[name[0]] = value[0]
        at = value[1]
    return found


class Frames:
    """Cuts the bytes of one stream into frames, as they come.

    The payload of DATA is handed on in the pieces it comes in. That of the kinds in `whole` is kept until it is
    complete; a longer one than `most` is None. Of any other kind nothing is kept: it is named once, when it begins.
    """

    __slots__ = ("_head", "_is_kept", "_kept", "_kind", "_left", "_most", "_whole")

    def __init__(self, whole: frozenset[int], most: int) -> None:
        self._whole = whole
        self._most = most
        self._head = b""
        """The beginning of a frame whose kind and length are not there whole: less than 16 bytes."""
        self._kind = -1
        self._left = 0
        self._is_kept = False
        self._kept: list[bytes] = []

    @property
    def is_inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._kind >= 0 or bool(self._head)

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes | None]]:
        """The frames, or pieces of them, that these bytes complete."""
        while True:
            if self._kind < 0:
                data = self._begin(data)
                kind = self._kind
                if kind < 0:
                    return
                if kind in self._whole:
                    self._is_kept = self._left <= self._most
                    if not self._is_kept:
                        yield kind, None
                elif kind != Kind.DATA:
                    yield kind, b""
            kind = self._kind
            piece, data = data[: self._left], data[self._left :]
            self._left -= len(piece)
            if kind == Kind.DATA:
                if piece or not self._left:  # an empty frame is one, too
                    yield kind, piece
            elif self._is_kept:
                self._kept.append(piece)
            if self._left:
                return
            self._kind = -1
            if self._is_kept:
                self._is_kept = False
                whole, self._kept = b"".join(self._kept), []
                yield kind, whole

    def _begin(self, data: bytes) -> bytes:
        """Read a frame's kind and length; what is behind them."""
        data = self._head + data
        kind = read_integer(data, 0)
        length = read_integer(data, kind[1]) if kind else None
        if kind is None or length is None:
            self._head = data
            return b""
        self._head = b""
        self._kind, self._left = kind[0], length[0]
        return data[length[1] :]
