"""What is said to each kind of backend, and how its answer is read.

Every exchange ends in None when the backend is well, or in a sentence that says what is wrong. What
comes back is read with limits and never trusted: a server that says something else, too much or
nothing has failed its check.
"""

import asyncio
import re

from yett.proxy.balancing.health.model import HealthRules

_LONGEST_HEAD = 16 * 1024
_LONGEST_PACKET = 64 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")


class Unexpected(Exception):
    """The backend said something that has no place here."""


# HTTP/1.1 (RFC 9112).


async def http(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rules: HealthRules, host: str
) -> str | None:
    """One GET, of whose answer the first line counts."""
    writer.write(
        f"GET {rules.path} HTTP/1.1\r\nHost: {rules.host or host}\r\n"
        "User-Agent: yett-health\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
    )
    for _ in range(8):
        line = await reader.readline()
        found = _STATUS_LINE.fullmatch(line)
        if found is None:
            raise Unexpected("no HTTP/1 response")
        status = int(found[1])
        if status >= 200:
            break
        # An interim response; the next one may be final (RFC 9110, section 15.2).
        await _skip_fields(reader)
    else:
        raise Unexpected("too many interim responses")
    return None if passes(status, rules) else f"status {status}"


def passes(status: int, rules: HealthRules) -> bool:
    """Whether a status code is one of a backend that is well."""
    return any(low <= status <= high for low, high in rules.expect)


async def _skip_fields(reader: asyncio.StreamReader) -> None:
    size = 0
    while (line := await reader.readline()).strip():
        size += len(line)
        if size > _LONGEST_HEAD:
            raise Unexpected("response head too large")


# gRPC health checking (grpc.health.v1) over HTTP/2 with prior knowledge (RFC 9113, section 3.3).

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GO_AWAY = 0, 1, 3, 4, 6, 7
_END_STREAM, _END_HEADERS, _ACK, _PADDED = 0x1, 0x4, 0x1, 0x8
_SERVING = 1


async def grpc(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rules: HealthRules, host: str, *, is_tls: bool
) -> str | None:
    """One `Check` call. The answer's message tells; its header fields need not be understood."""
    service = rules.name.encode()
    # HealthCheckRequest { string service = 1; }, with gRPC's five bytes of length before it.
    message = b"\x0a" + bytes((len(service),)) + service if service else b""
    body = b"\x00" + len(message).to_bytes(4, "big") + message
    writer.write(
        _PREFACE
        + _frame(_SETTINGS, 0, 0, b"")
        + _frame(_HEADERS, _END_HEADERS, 1, _grpc_head(rules.host or host, is_tls=is_tls))
        + _frame(_DATA, _END_STREAM, 1, body)
    )
    received = b""
    for _ in range(64):
        head = await reader.readexactly(9)
        length, kind, flags, stream = int.from_bytes(head[:3], "big"), head[3], head[4], head[5:]
        if length > _LONGEST_PACKET:
            raise Unexpected("HTTP/2 frame too large")
        payload = await reader.readexactly(length)
        if kind == _SETTINGS and not flags & _ACK:
            writer.write(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            writer.write(_frame(_PING, _ACK, 0, payload))
        elif kind in {_RESET, _GO_AWAY}:
            raise Unexpected("the call was refused")
        elif int.from_bytes(stream, "big") & 0x7FFFFFFF != 1:
            continue
        elif kind == _DATA:
            received += _unpadded(payload, flags)
            if len(received) >= 5 and len(received) >= 5 + int.from_bytes(received[1:5], "big"):
                return _serving(received)
        if kind in {_DATA, _HEADERS} and flags & _END_STREAM:
            raise Unexpected("the call ended without an answer")
    raise Unexpected("too many HTTP/2 frames")


def _grpc_head(host: str, *, is_tls: bool) -> bytes:
    """A field block of literals without indexing (RFC 7541, section 6.2.2), which needs no table."""
    fields = (
        (":method", "POST"),
        (":scheme", "https" if is_tls else "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", host),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    )
    return b"".join(b"\x00" + _literal(name) + _literal(value) for name, value in fields)


def _literal(text: str) -> bytes:
    data = text.encode()
    if len(data) < 127:
        return bytes((len(data),)) + data
    # RFC 7541, section 5.1: what does not fit into seven bits goes on in groups of seven.
    rest, size = len(data) - 127, bytearray((127,))
    while rest >= 128:
        size.append(rest & 0x7F | 0x80)
        rest >>= 7
    size.append(rest)
    return bytes(size) + data


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _unpadded(payload: bytes, flags: int) -> bytes:
    if not flags & _PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise Unexpected("bad padding in an HTTP/2 frame")
    return payload[1 : len(payload) - payload[0]]


def _serving(received: bytes) -> str | None:
    # HealthCheckResponse { ServingStatus status = 1; }; no byte at all is the default, UNKNOWN.
    message = received[5 : 5 + int.from_bytes(received[1:5], "big")]
    if received[0] or message[:1] not in {b"", b"\x08"}:
        raise Unexpected("no health message")
    status = message[1] if len(message) > 1 else 0
    return None if status == _SERVING else f"serving status {status}"


# MySQL client/server protocol (documentation: "Connection Phase", "Protocol::HandshakeV10",
# "Protocol::HandshakeResponse41").

_CLIENT_FLAGS = 0x00000200 | 0x00008000 | 0x00080000  # PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH
_NOT_WELL = {1040: "too many connections", 1129: "this host is blocked", 1053: "shutdown in progress"}
_QUIT = b"\x01\x00\x00\x00\x01"


async def mysql(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rules: HealthRules) -> str | None:
    """The greeting, and an introduction that may well be refused.

    Hanging up after the greeting would count as a broken handshake, and after a hundred of those a server
    blocks the host (`max_connect_errors`). A refused user does not count so, and shows the same.
    """
    _, greeting = await _mysql_packet(reader)
    if greeting[:1] == b"\xff":
        return _mysql_error(greeting)
    if greeting[:1] != b"\x0a":
        raise Unexpected("no MySQL greeting")
    plugin = _plugin_of(greeting)
    response = (
        _CLIENT_FLAGS.to_bytes(4, "little")
        + (1 << 24).to_bytes(4, "little")
        + b"\x21"
        + bytes(23)
        + (rules.name or "yett-health").encode()
        + b"\0\0"
        + plugin
        + b"\0"
    )
    writer.write(_mysql_frame(1, response))
    number, answer = await _mysql_packet(reader)
    if answer[:1] in {b"\xfe", b"\x01"}:
        # It wants another proof, and there is none: the answer to an empty one is the end of it.
        writer.write(_mysql_frame(number + 1, b""))
        _, answer = await _mysql_packet(reader)
    if answer[:1] == b"\x00":
        writer.write(_QUIT)
        return None
    if answer[:1] == b"\xff":
        return _mysql_error(answer)
    return None


async def _mysql_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(4)
    length = int.from_bytes(head[:3], "little")
    if not 0 < length <= _LONGEST_PACKET:
        raise Unexpected("no MySQL packet")
    return head[3], await reader.readexactly(length)


def _mysql_frame(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes((number & 0xFF,)) + payload


def _mysql_error(packet: bytes) -> str | None:
    return _NOT_WELL.get(int.from_bytes(packet[1:3], "little"))


def _plugin_of(greeting: bytes) -> bytes:
    version_end = greeting.find(b"\0", 1)
    # After the version: thread 4, data 8, filler 1, flags 2, charset 1, status 2, flags 2, length 1, reserved 10.
    start = version_end + 1 + 31
    if version_end < 0 or len(greeting) < start:
        return b"mysql_native_password"
    length = max(13, greeting[version_end + 1 + 20] - 8)
    return greeting[start + length :].split(b"\0", 1)[0] or b"mysql_native_password"


# PostgreSQL frontend/backend protocol 3.0 (documentation: "Message Formats", "Error and Notice
# Message Fields").

_NOT_READY = {b"57P03": "the server is starting up or shutting down", b"53300": "too many connections"}


async def postgresql(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rules: HealthRules
) -> str | None:
    """A startup message, of whose answer the first message counts. A refused user shows a server that is well."""
    body = (3 << 16).to_bytes(4, "big") + b"user\0" + (rules.name or "yett-health").encode() + b"\0\0"
    writer.write((len(body) + 4).to_bytes(4, "big") + body)
    head = await reader.readexactly(5)
    kind, length = head[:1], int.from_bytes(head[1:], "big")
    if kind not in {b"R", b"E", b"v"} or not 4 <= length <= _LONGEST_PACKET:
        raise Unexpected("no PostgreSQL message")
    payload = await reader.readexactly(length - 4)
    if kind != b"E":
        writer.write(b"X\x00\x00\x00\x04")
        return None
    for field in payload.split(b"\0"):
        if field[:1] == b"C":
            return _NOT_READY.get(field[1:])
    raise Unexpected("a PostgreSQL error without a code")


# Redis serialization protocol (documentation: "RESP protocol description").

_STILL_WELL = (b"-NOAUTH", b"-NOPERM", b"-WRONGPASS", b"-ERR operation not permitted")


async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str | None:
    """PING. A server that wants a password first is well."""
    writer.write(b"*1\r\n$4\r\nPING\r\n")
    line = await reader.readline()
    if line == b"+PONG\r\n" or line.startswith(_STILL_WELL):
        return None
    if line[:1] != b"-" or not line.endswith(b"\r\n"):
        raise Unexpected("no Redis reply")
    word = line[1:].split(maxsplit=1)[0].decode("ascii", "replace") if line[1:].strip() else "error"
    return f"replied {word[:40]}"
