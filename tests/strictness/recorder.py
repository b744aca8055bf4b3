"""An upstream that writes down each request it gets, to the byte.

It reads on its own and as literally as can be: what two readers could take in two ways is
no request for it, but `broken`. Behind proxies that are not ours it is as patient as RFC 9112 wants a
recipient to be: trailers, HTTP/1.0 and coding names in capitals are all right there.
"""

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass

TAG = b"X-Client-Port"
"""Each proxy puts the client's port into this field, so that requests find back to who sent them.
A request without it was seen by the upstream, but not by the proxy."""

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
"""Without a body: whoever reads the answers needs no framing."""

_HEAD_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*")
_REQUEST_LINE = re.compile(rb"[^\x00-\x20\x7f-\xff]+ [^\x00-\x20\x7f-\xff]+ HTTP/1\.1")
_PATIENT_REQUEST_LINE = re.compile(rb"[^\x00-\x20\x7f]+ [^\x00-\x20\x7f]+ HTTP/1\.[01]")
_NO_TRAILERS = (
    b"host",
    b"content-",
    b"transfer-",
    b"authorization",
    b"cookie",
    b"connection",
    b"x-yett",
    b"x-forwarded",
)
_CHUNK = re.compile(rb"([0-9a-fA-F]+)\r\n")


@dataclass(frozen=True)
class Seen:
    """One request as the upstream read it."""

    head: bytes
    """With the empty line."""
    body: bytes
    """As it was framed on the wire."""
    payload: bytes
    is_tagged: bool

    @property
    def method(self) -> bytes:
        return self.head.split(b" ", 1)[0]

    @property
    def target(self) -> bytes:
        """The target in origin form: proxies differ in what they make of an absolute one."""
        target = self.head.split(b" ", 2)[1]
        return re.sub(rb"^[a-zA-Z]+://[^/?]*", b"", target) or b"/"

    def without(self, added: bytes) -> bytes:
        """Everything, but for lines that the proxy adds, which have to be there once."""
        assert self.head.count(added) == 1, (added, self.head)
        return self.head.replace(added, b"") + self.body


class Recorder:
    """All connections of one upstream."""

    def __init__(self, *, is_patient: bool = False) -> None:
        self.is_patient = is_patient
        self.by_port: dict[int, list[Seen]] = defaultdict(list)
        self.broken: dict[int, bytes] = {}
        """What was no request, by the client that it came from (0 if nobody knows)."""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    async def start(self) -> "Recorder":
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

    def taken(self, port: int) -> list[Seen]:
        """What came from the client with that port; then it is forgotten, for ports are used again."""
        return self.by_port.pop(port, [])


class _Connection(asyncio.Protocol):
    def __init__(self, recorder: Recorder, opened: set["_Connection"]) -> None:
        self._recorder = recorder
        self._open = opened
        self._buffer = b""
        self._port = 0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (seen := self._next()) is not None:
                self._recorder.by_port[self._port].append(seen)
                self.transport.write(ANSWER)
        except ValueError as problem:
            self._recorder.broken[self._port] = str(problem).encode() + b": " + self._buffer
            self.transport.abort()

    def _next(self) -> Seen | None:
        """The next request, when all of it is there. What is no request raises ValueError."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        first, *lines = self._buffer[:end].split(b"\r\n")
        is_patient = self._recorder.is_patient
        grammar = _PATIENT_REQUEST_LINE if is_patient else _REQUEST_LINE
        if grammar.fullmatch(first) is None or not all(map(_HEAD_LINE.fullmatch, lines)):
            raise ValueError("not a request head")
        table = defaultdict(list)
        for line in lines:
            name, _, value = line.partition(b":")
            name = name.lower()
            table[name if is_patient else name.replace(b"_", b"-")].append(value.strip(b" \t"))
        tag = table.get(TAG.lower())
        if tag is not None:
            self._port = int(tag[-1])
        read = _body(self._buffer[end + 4 :], table, is_patient=is_patient)
        if read is None:
            return None
        body, payload = read
        seen = Seen(self._buffer[: end + 4], body, payload, is_tagged=tag is not None)
        self._buffer = self._buffer[end + 4 + len(body) :]
        return seen


def _body(data: bytes, table: dict[bytes, list[bytes]], *, is_patient: bool) -> tuple[bytes, bytes] | None:
    """The framed body and its payload; None when it is not all there."""
    lengths, codings = table.get(b"content-length", []), table.get(b"transfer-encoding", [])
    if len(lengths) + len(codings) > 1 or len(table.get(b"host", [])) > 1:
        raise ValueError("two readings")
    if codings:
        coding = codings[0].lower().strip(b", ") if is_patient else codings[0]
        if coding != b"chunked":
            raise ValueError("an unknown coding")
        return _chunks(data, is_patient=is_patient)
    if lengths:
        if not re.fullmatch(rb"[0-9]+", lengths[0]):
            raise ValueError("no length")
        length = int(lengths[0])
        return (data[:length], data[:length]) if len(data) >= length else None
    return b"", b""


def _chunks(data: bytes, *, is_patient: bool) -> tuple[bytes, bytes] | None:
    payload, at = b"", 0
    while True:
        if b"\r\n" not in data[at:]:
            return None
        match = _CHUNK.match(data, at)
        if match is None:
            raise ValueError("no chunk")
        size = int(match[1], 16)
        if not size:
            end = data.find(b"\r\n\r\n", match.end() - 2)
            if end < 0:
                return None
            trailers = data[match.end() : end].split(b"\r\n") if end >= match.end() else []
            if not is_patient and not all(_is_trailer(line) for line in trailers):
                raise ValueError("not a trailer")
            return data[: end + 4], payload
        end = match.end() + size + 2
        if len(data) < end:
            return None
        if data[end - 2 : end] != b"\r\n":
            raise ValueError("no end of a chunk")
        payload += data[match.end() : end - 2]
        at = end


def _is_trailer(line: bytes) -> bool:
    """Whether a line may stand behind a body: it says nothing that the head should have said."""
    name = line.partition(b":")[0].lower().replace(b"_", b"-")
    return _HEAD_LINE.fullmatch(line) is not None and not name.startswith(_NO_TRAILERS)
