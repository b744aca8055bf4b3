"""An upstream of HTTP/2 that writes down each request it gets, field by field.

It reads on its own (RFC 9113, RFC 7541), as strictly as a recipient may be: what breaks a rule is no request for it,
but `broken`. Of header compression it knows what needs no memory; whoever sends more is told that it is none.
"""

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from tests.strictness.frames import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITISED,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Field,
    frame,
    headers,
)
from tests.strictness.recorder import TAG

_TABLE: Final = """\
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,~deflate
accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
content-disposition content-encoding content-language content-length content-location content-range content-type
cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after
server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate"""
STATIC: Final[list[Field]] = [
    (name.encode(), value.replace("~", " ").encode())
    for name, _, value in (entry.partition("=") for entry in _TABLE.split())
]
_PSEUDO: Final = {b":method", b":scheme", b":path", b":authority"}
_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_VALUE: Final = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_NOT_HERE: Final = {
    b"connection",
    b"proxy-connection",
    b"keep-alive",
    b"transfer-encoding",
    b"upgrade",
    b"host",
}
NO_CONTENT: Final = b"\x89"
"""`:status: 204`."""


@dataclass
class Heard:
    """One request as the upstream read it."""

    pseudo: dict[bytes, bytes]
    fields: list[Field]
    body: bytes = b""
    trailers: list[Field] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The client that it came from."""
        return int(dict(self.fields).get(TAG.lower(), b"0"))


class StreamRecorder:
    """All connections of one upstream that speaks HTTP/2."""

    def __init__(self) -> None:
        self.by_port: dict[int, list[Heard]] = defaultdict(list)
        self.broken: list[str] = []
        self.cut: list[int] = []
        """The codes of requests that were reset before they were whole."""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    async def start(self) -> "StreamRecorder":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, self._open), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._open):
            connection.transport.abort()
        await self._server.wait_closed()

    @property
    def begun(self) -> int:
        """Requests that are not whole yet."""
        return sum(len(connection.streams) for connection in self._open)

    def taken(self, port: int) -> list[Heard]:
        """What came from the client with that port; then it is forgotten, for ports are used again."""
        return self.by_port.pop(port, [])


class _Connection(asyncio.Protocol):
    def __init__(self, recorder: StreamRecorder, opened: set["_Connection"]) -> None:
        self._recorder = recorder
        self._open = opened
        self._buffer = b""
        self._preface = PREFACE
        self._last = 0
        self._block = b""
        self._ends = False
        self.streams: dict[int, Heard] = {}
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._open.add(self)
        self.transport.write(frame(SETTINGS, 0, 0))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            self._read()
        except (ValueError, IndexError) as problem:
            self._recorder.broken.append(f"{problem}: {self._buffer!r}")
            self.transport.abort()

    def _read(self) -> None:
        if self._preface:
            if len(self._buffer) < len(self._preface):
                return
            _insist(self._buffer.startswith(self._preface), "no preface")
            self._buffer, self._preface = self._buffer[len(self._preface) :], b""
        while len(self._buffer) >= 9:
            size = int.from_bytes(self._buffer[:3])
            _insist(size <= 16_384, "a frame that is too large")
            if len(self._buffer) < 9 + size:
                return
            kind, flags, number = self._buffer[3], self._buffer[4], int.from_bytes(self._buffer[5:9])
            self._frame(kind, flags, number, self._buffer[9 : 9 + size])
            self._buffer = self._buffer[9 + size :]

    def _frame(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        _insist(kind == CONTINUATION or not self._block, "a frame inside a head")
        if kind in {HEADERS, CONTINUATION}:
            _insist(not flags & (PADDED | PRIORITISED) or kind == CONTINUATION, "flags nobody needs")
            self._ends = bool(flags & END_STREAM) if kind == HEADERS else self._ends
            self._block += payload
            if flags & END_HEADERS:
                block, self._block = self._block, b""
                self._head(number, fields_of(block))
        elif kind == DATA:
            heard = self.streams[number]
            heard.body += payload
            if payload:
                self.transport.write(frame(WINDOW_UPDATE, 0, 0, len(payload).to_bytes(4)))
            if flags & END_STREAM:
                self._whole(number)
        elif kind == RST_STREAM:
            self._recorder.cut.append(int.from_bytes(payload))
            self.streams.pop(number, None)
        elif kind == SETTINGS and not flags & ACK:
            self.transport.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.transport.write(frame(PING, ACK, 0, payload))
        else:
            _insist(kind in {SETTINGS, PING, WINDOW_UPDATE, GOAWAY}, "a frame of a strange kind")

    def _head(self, number: int, fields: list[Field]) -> None:
        for name, value in fields:
            _insist(_VALUE.fullmatch(value) is not None, "an invalid value")
            _insist(name in _PSEUDO or _NAME.fullmatch(name) is not None, "an invalid name")
            _insist(name not in _NOT_HERE and (name != b"te" or value == b"trailers"), "a field of HTTP/1.1")
        pseudo = [(name, value) for name, value in fields if name in _PSEUDO]
        others = [(name, value) for name, value in fields if name not in _PSEUDO]
        heard = self.streams.get(number)
        if heard is not None:
            _insist(self._ends and not pseudo, "trailers that are none")
            heard.trailers = fields
            self._whole(number)
            return
        _insist(number % 2 == 1 and number > self._last, "a stream out of order")
        self._last = number
        _insist(
            fields == pseudo + others and len(dict(pseudo)) == len(pseudo),
            "pseudo-header fields out of place",
        )
        _insist({b":method", b":scheme", b":path"} <= set(dict(pseudo)), "a pseudo-header field is missing")
        _insist(dict(pseudo)[b":path"] != b"", "an empty path")
        self.streams[number] = Heard(dict(pseudo), others)
        if self._ends:
            self._whole(number)

    def _whole(self, number: int) -> None:
        heard = self.streams.pop(number)
        lengths = [value for name, value in heard.fields if name == b"content-length"]
        _insist(len(lengths) < 2, "two lengths")
        _insist(not lengths or int(lengths[0]) == len(heard.body), "a body of another length")
        self._recorder.by_port[heard.port].append(heard)
        self.transport.write(headers(number, NO_CONTENT))


def _insist(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ValueError(otherwise)


def fields_of(block: bytes) -> list[Field]:
    """The fields of a block that uses neither Huffman code nor a dynamic table."""
    fields: list[Field] = []
    at = 0
    while at < len(block):
        first = block[at]
        if first & 0x80:
            index, at = _integer(block, at, 7)
            fields.append(STATIC[index - 1])
        elif first & 0xE0 == 0x20:
            size, at = _integer(block, at, 5)
            _insist(not fields and not size, "a table")
        else:
            _insist(first & 0xC0 == 0, "a field for a table")
            index, at = _integer(block, at, 4)
            if index:
                name = STATIC[index - 1][0]
            else:
                name, at = _string(block, at)
            value, at = _string(block, at)
            fields.append((name, value))
    return fields


def _integer(block: bytes, at: int, bits: int) -> tuple[int, int]:
    most = (1 << bits) - 1
    value, at = block[at] & most, at + 1
    if value < most:
        return value, at
    shift = 0
    while True:
        value += (block[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not block[at - 1] & 0x80:
            return value, at


def _string(block: bytes, at: int) -> tuple[bytes, int]:
    _insist(not block[at] & 0x80, "Huffman code")
    size, at = _integer(block, at, 7)
    _insist(at + size <= len(block), "a string that is cut off")
    return block[at : at + size], at + size
