"""HTTP/2 as bytes (RFC 9113, 4; RFC 7541), with every liberty to get it wrong.

Written for the tests alone: it shares nothing with the code that it tries.
"""

from dataclasses import dataclass
from typing import Final

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED = range(6)
FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = range(6, 10)
ENHANCE_YOUR_CALM: Final = 11

Field = tuple[bytes, bytes]
BASE: Final[tuple[Field, ...]] = (
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":path", b"/"),
    (b":authority", b"a.example"),
)
_STATUSES: Final = (200, 204, 206, 304, 400, 404, 500)
"""The static table's entries from 8 on."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _integer(value: int, bits: int, first: int = 0) -> bytes:
    most = (1 << bits) - 1
    if value < most:
        return bytes((first | value,))
    out = bytearray((first | most,))
    value -= most
    while value >= 128:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(data: bytes, *, huffman: bool = False) -> bytes:
    """A string literal; `huffman` says that `data` is in that code already."""
    return _integer(len(data), 7, 0x80 if huffman else 0) + data


def literal(name: bytes, value: bytes, *, indexed: bool = False) -> bytes:
    """A field without compression; `indexed` has it put into the dynamic table."""
    return (b"\x40" if indexed else b"\x00") + string(name) + string(value)


def block(*fields: Field) -> bytes:
    """A header block of literals."""
    return b"".join(literal(name, value) for name, value in fields)


def headers(stream: int, payload: bytes, *, end: bool = True, done: bool = True) -> bytes:
    """HEADERS with a ready block."""
    return frame(HEADERS, (END_STREAM if end else 0) | (END_HEADERS if done else 0), stream, payload)


def data(payload: bytes, *, end: bool = True, stream: int = 1) -> bytes:
    """DATA."""
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def changed(*more: Field, **pseudo: bytes | None) -> tuple[Field, ...]:
    """The base fields with other pseudo-header fields (None leaves one out), and more fields."""
    base = []
    for name, value in BASE:
        other = pseudo.get(name[1:].decode(), value)
        if other is not None:
            base.append((name, other))
    return (*base, *more)


def request(*more: Field, end: bool = True, stream: int = 1, **pseudo: bytes | None) -> bytes:
    """A request's HEADERS: the base fields, changed, and more fields."""
    return headers(stream, block(*changed(*more, **pseudo)), end=end)


@dataclass
class Ending:
    """How a stream ended."""

    status: int = 0
    reset: int = -1
    is_over: bool = False


class Reader:
    """Reads what a server sends."""

    def __init__(self) -> None:
        self.streams: dict[int, Ending] = {}
        self.goaway = -1
        self._buffer = b""

    def feed(self, received: bytes) -> None:
        """More bytes."""
        self._buffer += received
        while len(self._buffer) >= 9:
            size = int.from_bytes(self._buffer[:3])
            if len(self._buffer) < 9 + size:
                return
            kind, flags = self._buffer[3], self._buffer[4]
            stream = int.from_bytes(self._buffer[5:9])
            payload, self._buffer = self._buffer[9 : 9 + size], self._buffer[9 + size :]
            self._frame(kind, flags, stream, payload)

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == GOAWAY:
            self.goaway = int.from_bytes(payload[4:8])
        elif kind in {HEADERS, DATA, RST_STREAM}:
            ending = self.streams.setdefault(stream, Ending())
            if kind == RST_STREAM:
                ending.reset = int.from_bytes(payload)
                ending.is_over = True
            elif kind == HEADERS and not ending.status:
                status = _status(payload)
                ending.status = status if status >= 200 else 0
            if kind != RST_STREAM and flags & END_STREAM:
                ending.is_over = True


def _status(payload: bytes) -> int:
    while payload[0] & 0xE0 == 0x20:  # a change of the table's size
        payload = payload[1:]
    if payload[0] & 0x80:
        return _STATUSES[(payload[0] & 0x7F) - 8]
    assert payload[0] & 0x0F == 8
    return int(payload[2 : 2 + payload[1]])
