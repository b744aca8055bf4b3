"""What HTTP/2 can say that HTTP/1.1 would read as something else (RFC 9113, 8.2 and 10.3; RFC 7541).

Each row is frames after the client's preface and settings. A head that HTTP/2 calls malformed ends
its stream; bytes that break the connection's rules end the connection; the rest reaches the upstream as exactly
the bytes that the row says.
"""

from dataclasses import dataclass
from typing import Final

from tests.strictness.case import SMUGGLED
from tests.strictness.frames import (
    ACK,
    BASE,
    COMPRESSION_ERROR,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PRIORITISED,
    PRIORITY,
    PROTOCOL_ERROR,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    STREAM_CLOSED,
    WINDOW_UPDATE,
    Field,
    block,
    data,
    frame,
    headers,
    literal,
    request,
    string,
)


@dataclass(frozen=True)
class Downgrade:
    """One row."""

    name: str
    rfc: str
    sent: bytes
    upstream: tuple[bytes, ...] = ()
    """Requests as the upstream has to see them, but for the lines that the gateway adds."""
    statuses: tuple[int, ...] = ()
    """Answers to the row's streams."""
    at_most: tuple[bytes, ...] = ()
    """Requests that the upstream may have got before the stream turned out to be wrong."""
    reset: int = -1
    """The code that ends the row's stream, with or without an answer before it."""
    goaway: int = -1
    """The code that ends the connection."""
    is_either: bool = False
    """Whether it depends on what was answered by then if only the stream ends, or the connection."""


def _sent_on(
    *lines: bytes, first: bytes = b"GET / HTTP/1.1", host: bytes = b"a.example", body: bytes = b""
) -> bytes:
    return b"\r\n".join([first, *([b"Host: " + host] if host else []), *lines]) + b"\r\n\r\n" + body


_PLAIN: Final = _sent_on()


def _passes(name: str, rfc: str, sent: bytes, *upstream: bytes) -> Downgrade:
    return Downgrade(name, rfc, sent, upstream, (204,) * len(upstream))


def _reset(name: str, rfc: str, sent: bytes, code: int = PROTOCOL_ERROR) -> Downgrade:
    return Downgrade(name, rfc, sent, reset=code)


def _bad(name: str, *fields: Field, rfc: str = "9113 8.2.1") -> Downgrade:
    """A request with fields that end its stream."""
    return _reset(name, rfc, request(*fields))


def _pseudo(name: str, rfc: str = "9113 8.3.1", **pseudo: bytes | None) -> Downgrade:
    return _reset(name, rfc, request(**pseudo))


def _answered(name: str, rfc: str, sent: bytes, status: int = 400) -> Downgrade:
    return Downgrade(name, rfc, sent, statuses=(status,))


def _ended(name: str, rfc: str, sent: bytes, code: int = PROTOCOL_ERROR) -> Downgrade:
    return Downgrade(name, rfc, sent, goaway=code)


def _length(value: bytes) -> Field:
    return b"content-length", value


_POST: Final = {"method": b"POST"}

INJECTION: Final = [
    _bad("CRLF in a value", (b"x-a", b"b\r\nx-yett-user: root")),
    _bad("CR in a value", (b"x-a", b"b\rx-yett-user: root")),
    _bad("LF in a value", (b"x-a", b"b\nx-yett-user: root")),
    _bad("NUL in a value", (b"x-a", b"b\x00")),
    _bad("a request in a value", (b"x-a", b"b\r\n\r\n" + SMUGGLED)),
    _bad("a coding in a value", (b"x-a", b"b\r\ntransfer-encoding: chunked")),
    _bad("a control in a value", (b"x-a", b"\x01")),
    _bad("DEL in a value", (b"x-a", b"\x7f")),
    _bad("CRLF at the end of a value", (b"x-a", b"b\r\n")),
    _bad("a value that begins with a space", (b"x-a", b" b")),
    _bad("a value that ends with a space", (b"x-a", b"b ")),
    _bad("a value that begins with a tab", (b"x-a", b"\tb")),
    _bad("CRLF in a name", (b"x-a: b\r\nx-yett-user", b"root")),
    _bad("LF in a name", (b"x-a\nx-yett-user", b"root")),
    _bad("a colon in a name", (b"x-a: b", b"c")),
    _bad("a colon at the end of a name", (b"x-a:", b"c")),
    _bad("a space in a name", (b"transfer-encoding ", b"chunked")),
    _bad("NUL in a name", (b"x-a\x00", b"b")),
    _bad("a name in capitals", (b"X-A", b"b")),
    _bad("a coding's name in capitals", (b"Transfer-Encoding", b"chunked")),
    _bad("a name outside ASCII", (b"x-\xc3\xa9", b"b")),
    _bad("an empty name", (b"", b"b")),
    _bad("CRLF in a cookie", (b"cookie", b"a=1\r\nx-yett-user: root")),
    _bad("CRLF in Host", (b"host", b"a.example\r\nx-yett-user: root")),
    _bad("CRLF in a length", _length(b"0\r\n\r\nGET /smuggled HTTP/1.1")),
    _pseudo("CRLF in the path", path=b"/ HTTP/1.1\r\nx-yett-user: root\r\nx: "),
    _pseudo("LF in the path", path=b"/\nx"),
    _pseudo("NUL in the path", path=b"/\x00"),
    _pseudo("CRLF in the method", method=b"GET / HTTP/1.1\r\nhost: b\r\n\r\nGET"),
    _pseudo("CRLF in the authority", authority=b"a.example\r\nx-yett-user: root"),
    _pseudo("CRLF in the scheme", scheme=b"http\r\nx: y"),
    _passes("a value outside ASCII", "9110 5.5", request((b"x-a", b"\xe9\xff")), _sent_on(b"x-a: \xe9\xff")),
    _passes("an empty value", "9110 5.5", request((b"x-a", b"")), _sent_on(b"x-a: ")),
    _passes("a value with a tab inside", "9110 5.5", request((b"x-a", b"b\tc")), _sent_on(b"x-a: b\tc")),
]

PSEUDO: Final = [
    _pseudo("no method", method=None),
    _pseudo("no scheme", scheme=None),
    _pseudo("no path", path=None),
    _pseudo("an empty path", path=b""),
    _pseudo("an empty method", method=b""),
    _pseudo("a path without a slash", path=b"a"),
    _pseudo("a path that is absolute", path=b"http://b.example/"),
    _pseudo("a path that is an authority", path=b"b.example:80"),
    _pseudo("GET for the whole server", path=b"*"),
    _pseudo("a scheme nobody serves", scheme=b"ftp"),
    _pseudo("a scheme that hides a host", scheme=b"http://b.example/x?"),
    _answered("a space in the path", "9113 8.3.1", request(path=b"/ HTTP/1.1")),
    _answered("a request line in the path", "9113 8.3.1", request(path=b"/smuggled HTTP/1.1 x")),
    _answered("a path outside ASCII", "9112 3.2", request(path=b"/\xc3\xa9")),
    _answered("a path with a fragment", "9112 3.2", request(path=b"/a#b")),
    _answered("a path with a backslash", "9112 3.2", request(path=b"/a\\..\\b")),
    _answered("a path of 9 KB", "9110 15.5.15", request(path=b"/" + b"a" * 9000), 414),
    _answered("a space in the method", "9113 8.3.1", request(method=b"GET /smuggled")),
    _answered("a request line in the method", "9113 8.3.1", request(method=b"GET /smuggled HTTP/1.1 x")),
    _answered("a method with a colon", "9110 9.1", request(method=b"GET:")),
    _answered("TRACE", "9110 9.3.8", request(method=b"TRACE"), 405),
    _answered(
        "CONNECT",
        "9113 8.5",
        headers(1, block((b":method", b"CONNECT"), (b":authority", b"a.example:443"))),
        405,
    ),
    _reset("CONNECT with a path", "9113 8.5", request(method=b"CONNECT")),
    _reset("the method twice", "9113 8.3", headers(1, block((b":method", b"POST"), *BASE))),
    _reset("the path twice", "9113 8.3", headers(1, block((b":path", b"/a"), *BASE))),
    _reset("the scheme twice", "9113 8.3", headers(1, block((b":scheme", b"http"), *BASE))),
    _reset("the authority twice", "9113 8.3", headers(1, block((b":authority", b"b.example"), *BASE))),
    _reset("an unknown pseudo-header field", "9113 8.3", headers(1, block((b":x", b"y"), *BASE))),
    _reset("a response's pseudo-header field", "9113 8.3", headers(1, block((b":status", b"200"), *BASE))),
    _reset("a pseudo-header field in capitals", "9113 8.3", headers(1, block((b":Path", b"/a"), *BASE))),
    _reset("a pseudo-header field with an empty name", "9113 8.3", headers(1, block((b":", b"y"), *BASE))),
    _bad("a pseudo-header field after another field", (b"x-a", b"b"), (b":path", b"/a"), rfc="9113 8.3"),
    _reset(
        "the authority after another field",
        "9113 8.3",
        request((b"x-a", b"b"), (b":authority", b"a.example"), authority=None),
    ),
    _reset("no fields at all", "9113 8.3.1", headers(1, b"")),
    _passes(
        "OPTIONS for the whole server",
        "9113 8.3.1",
        request(method=b"OPTIONS", path=b"*"),
        _sent_on(first=b"OPTIONS * HTTP/1.1"),
    ),
    _passes(
        "a method in small letters", "9110 9.1", request(method=b"get"), _sent_on(first=b"get / HTTP/1.1")
    ),
    _passes(
        "a path of two slashes",
        "9112 3.2.1",
        request(path=b"//b.example/"),
        _sent_on(first=b"GET //b.example/ HTTP/1.1"),
    ),
    _passes(
        "a path of escapes",
        "9112 3.2.1",
        request(path=b"/%0d%0a?%00"),
        _sent_on(first=b"GET /%0d%0a?%00 HTTP/1.1"),
    ),
]

AUTHORITY: Final = [
    _answered("neither authority nor Host", "9113 8.3.1", request(authority=None)),
    _answered("an empty authority", "9113 8.3.1", request(authority=b"")),
    _answered("an authority with a user", "9113 8.3.1", request(authority=b"u@a.example")),
    _answered("an authority with a path", "9113 8.3.1", request(authority=b"a.example/b")),
    _answered("an authority of two names", "9113 8.3.1", request(authority=b"a.example, b.example")),
    _answered("an authority with port 65536", "9113 8.3.1", request(authority=b"a.example:65536")),
    _bad("Host that differs from the authority", (b"host", b"b.example"), rfc="9113 8.3.1"),
    _bad(
        "two Hosts beside the authority", (b"host", b"a.example"), (b"host", b"b.example"), rfc="9113 8.3.1"
    ),
    _reset(
        "two Hosts that differ",
        "9113 8.3.1",
        request((b"host", b"a.example"), (b"host", b"b.example"), authority=None),
    ),
    _passes("Host that repeats the authority", "9113 8.3.1", request((b"host", b"a.example")), _PLAIN),
    _passes("Host alone", "9113 8.3.1", request((b"host", b"a.example"), authority=None), _PLAIN),
]

CONNECTION: Final = [
    _bad("Connection", (b"connection", b"close"), rfc="9113 8.2.2"),
    _bad("Connection that names a field", (b"connection", b"x-a"), (b"x-a", b"b"), rfc="9113 8.2.2"),
    _bad("Keep-Alive", (b"keep-alive", b"timeout=5"), rfc="9113 8.2.2"),
    _bad("Proxy-Connection", (b"proxy-connection", b"keep-alive"), rfc="9113 8.2.2"),
    _bad("Upgrade", (b"upgrade", b"h2c"), rfc="9113 8.2.2"),
    _bad("Transfer-Encoding", (b"transfer-encoding", b"chunked"), rfc="9113 8.2.2"),
    _reset(
        "Transfer-Encoding with a body, H2.TE",
        "9113 8.2.2",
        request((b"transfer-encoding", b"chunked"), end=False, **_POST) + data(b"0\r\n\r\n" + SMUGGLED),
    ),
    _bad(
        "Transfer-Encoding beside a length",
        _length(b"0"),
        (b"transfer-encoding", b"chunked"),
        rfc="9113 8.2.2",
    ),
    _bad("Transfer-Encoding that says identity", (b"transfer-encoding", b"identity"), rfc="9113 8.2.2"),
    _bad("TE with anything but trailers", (b"te", b"gzip"), rfc="9113 8.2.2"),
    _bad("TE with trailers and more", (b"te", b"trailers, gzip"), rfc="9113 8.2.2"),
    _passes(
        "TE with trailers",
        "9113 8.2.2",
        request((b"te", b"trailers"), (b"x-a", b"b")),
        _sent_on(b"x-a: b", b"TE: trailers", b"Connection: TE"),
    ),
    _passes("HTTP2-Settings", "9113 3.1", request((b"http2-settings", b"AAMAAABk")), _PLAIN),
    _passes(
        "an alias of Transfer-Encoding", "9113 8.2.2", request((b"transfer_encoding", b"chunked")), _PLAIN
    ),
    _passes(
        "an alias of Connection", "9113 8.2.2", request((b"connection_", b"x")), _sent_on(b"connection_: x")
    ),
    _passes("a field in the gateway's voice", "9110 7.6.1", request((b"x-yett-user", b"root")), _PLAIN),
    _passes("the same under an alias", "9110 7.6.1", request((b"x_yett_user", b"root")), _PLAIN),
    _passes("X-Forwarded-For", "7239 8.1", request((b"x-forwarded-for", b"10.0.0.1")), _PLAIN),
    _passes("Forwarded", "7239 8.1", request((b"forwarded", b"for=10.0.0.1")), _PLAIN),
    _passes("Proxy-Authorization", "9110 11.7.2", request((b"proxy-authorization", b"Basic eDp5")), _PLAIN),
    _passes(
        "crumbs of a cookie",
        "9113 8.2.3",
        request((b"cookie", b"a=1"), (b"x-a", b"b"), (b"cookie", b"c=2")),
        _sent_on(b"x-a: b", b"Cookie: a=1; c=2"),
    ),
    _answered(
        "two Authorization fields", "9110 11.6.2", request((b"authorization", b"a"), (b"authorization", b"b"))
    ),
    _answered("an expectation nobody knows", "9110 10.1.1", request((b"expect", b"x")), 417),
]

_FIVE: Final = _sent_on(b"Content-Length: 5", first=b"POST / HTTP/1.1", body=b"hello")
_FIVE_CHUNKED: Final = _sent_on(
    b"Transfer-Encoding: chunked", first=b"POST / HTTP/1.1", body=b"5\r\nhello\r\n0\r\n\r\n"
)

LENGTHS: Final = [
    _passes(
        "a length that is right",
        "9113 8.1.1",
        request(_length(b"5"), end=False, **_POST) + data(b"hello"),
        _FIVE,
    ),
    _passes(
        "a length that is right, in several frames",
        "9113 8.1.1",
        request(_length(b"5"), end=False, **_POST)
        + data(b"he", end=False)
        + data(b"", end=False)
        + data(b"llo"),
        _FIVE,
    ),
    _passes(
        "a length with zeros before",
        "9110 8.6",
        request(_length(b"005"), end=False, **_POST) + data(b"hello"),
        _FIVE,
    ),
    _passes("no length", "9113 8.1", request(end=False, **_POST) + data(b"hello"), _FIVE_CHUNKED),
    _passes(
        "no length, and a body that looks like the end of one",
        "9113 8.1",
        request(end=False, **_POST) + data(b"0\r\n\r\n" + SMUGGLED),
        _sent_on(
            b"Transfer-Encoding: chunked",
            first=b"POST / HTTP/1.1",
            body=b"%x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (5 + len(SMUGGLED), SMUGGLED),
        ),
    ),
    _passes(
        "POST without a body",
        "9110 8.6",
        request(**_POST),
        _sent_on(b"Content-Length: 0", first=b"POST / HTTP/1.1"),
    ),
    _passes(
        "no body, in an empty frame",
        "9113 8.1",
        request(end=False, **_POST) + data(b""),
        _sent_on(b"Transfer-Encoding: chunked", first=b"POST / HTTP/1.1", body=b"0\r\n\r\n"),
    ),
    Downgrade(
        "a length that is too small, H2.CL",
        "9113 8.1.1",
        request(_length(b"0"), end=False, **_POST) + data(SMUGGLED),
        at_most=(_sent_on(b"Content-Length: 0", first=b"POST / HTTP/1.1"),),
        reset=PROTOCOL_ERROR,
    ),
    _reset(
        "a length one too small", "9113 8.1.1", request(_length(b"4"), end=False, **_POST) + data(b"hello")
    ),
    _reset(
        "a length one too large", "9113 8.1.1", request(_length(b"6"), end=False, **_POST) + data(b"hello")
    ),
    _reset("a length without a body", "9113 8.1.1", request(_length(b"5"), **_POST)),
    _answered("two lengths, equal", "9110 8.6", request(_length(b"0"), _length(b"0"))),
    _answered("two lengths, differing", "9110 8.6", request(_length(b"0"), _length(b"5"))),
    _answered("a length as a list", "9110 8.6", request(_length(b"0, 0"))),
    _answered("a length with a plus", "9110 8.6", request(_length(b"+0"))),
    _answered("an empty length", "9110 8.6", request(_length(b""))),
    _passes("an alias of the length", "9110 8.6", request((b"content_length", b"5")), _PLAIN),
]

TRAILERS: Final = [
    _passes(
        "trailers that nobody announced",
        "9113 8.1",
        request(end=False, **_POST) + data(b"hello", end=False) + headers(1, block((b"x-sum", b"1"))),
        _FIVE_CHUNKED[:-2] + b"x-sum: 1\r\n\r\n",
    ),
    _passes(
        "trailers behind a stated length",
        "9113 8.1",
        request(_length(b"5"), end=False, **_POST)
        + data(b"hello", end=False)
        + headers(1, block((b"x-sum", b"1"))),
        _FIVE,
    ),
    _passes(
        "trailers that say what the head should have said",
        "9110 6.5.1",
        request(end=False, **_POST)
        + data(b"hello", end=False)
        + headers(
            1,
            block(
                (b"content-length", b"9"),
                (b"host", b"b"),
                (b"cookie", b"a"),
                (b"authorization", b"b"),
                (b"x-yett-user", b"root"),
                (b"x_yett_user", b"root"),
                (b"x-forwarded-for", b"::1"),
            ),
        ),
        _FIVE_CHUNKED,
    ),
    _reset(
        "trailers with a pseudo-header field",
        "9113 8.1",
        request(end=False, **_POST) + headers(1, block((b":path", b"/a"))),
    ),
    _reset(
        "trailers with CRLF", "9113 8.2.1", request(end=False, **_POST) + headers(1, block((b"x", b"a\r\nb")))
    ),
    _reset(
        "trailers with Transfer-Encoding",
        "9113 8.2.2",
        request(end=False, **_POST) + headers(1, block((b"transfer-encoding", b"chunked"))),
    ),
    _reset(
        "trailers in capitals", "9113 8.2.1", request(end=False, **_POST) + headers(1, block((b"X-A", b"b")))
    ),
    _reset(
        "trailers that do not end the stream",
        "9113 8.1",
        request(end=False, **_POST) + headers(1, block((b"x", b"y")), end=False),
    ),
    _reset(
        "trailers before the stated length is reached",
        "9113 8.1.1",
        request(_length(b"6"), end=False, **_POST)
        + data(b"hello", end=False)
        + headers(1, block((b"x", b"y"))),
    ),
]

_SOCKET: Final = (
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"http"),
    (b":path", b"/"),
    (b":authority", b"a.example"),
    (b"sec-websocket-version", b"13"),
)

DECLINED: Final = {
    "a tunnel": headers(1, block(*_SOCKET), end=False),
    "what was meant for the tunnel": headers(1, block(*_SOCKET), end=False) + data(SMUGGLED, end=False),
    "an alias of a length": headers(1, block(*_SOCKET, (b"content_length", b"%d" % len(SMUGGLED))), end=False)
    + data(SMUGGLED, end=False),
    "a key of the client's": headers(1, block(*_SOCKET, (b"sec-websocket-key", b"AAAA")), end=False),
}
"""Requests for a tunnel that the upstream answers like any other."""

TUNNELS: Final = [
    _reset(":protocol without CONNECT", "8441 4", headers(1, block((b":protocol", b"websocket"), *BASE))),
    _reset(
        "a protocol nobody knows",
        "8441 4",
        headers(1, block(*_SOCKET[:1], (b":protocol", b"x"), *_SOCKET[2:]), end=False),
    ),
    _reset("a tunnel that ends at once", "8441 5", headers(1, block(*_SOCKET))),
    _reset("a tunnel without a path", "8441 4", headers(1, block(*_SOCKET[:3], *_SOCKET[4:]), end=False)),
    _reset(
        "CRLF in :protocol",
        "8441 4",
        headers(1, block(*_SOCKET[:1], (b":protocol", b"websocket\r\nx: y"), *_SOCKET[2:]), end=False),
    ),
    _reset(
        "a tunnel with a length", "8441 5", headers(1, block(*_SOCKET, (b"content-length", b"5")), end=False)
    ),
    _reset(
        "a tunnel with a length of nothing",
        "8441 5",
        headers(1, block(*_SOCKET, (b"content-length", b"0")), end=False),
    ),
    _reset(
        "a tunnel with a length, and a body of it",
        "8441 5",
        headers(1, block(*_SOCKET, _length(b"%d" % len(SMUGGLED))), end=False) + data(SMUGGLED),
    ),
    _reset(
        "Upgrade beside :protocol",
        "9113 8.2.2",
        headers(1, block(*_SOCKET, (b"upgrade", b"websocket")), end=False),
    ),
]

FRAMES: Final = [
    _passes(
        "padding",
        "9113 6.2",
        frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\x05" + block(*BASE) + bytes(5)),
        _PLAIN,
    ),
    _passes(
        "padded data",
        "9113 6.1",
        request(_length(b"5"), end=False, **_POST)
        + frame(DATA, END_STREAM | PADDED, 1, b"\x03hello" + bytes(3)),
        _FIVE,
    ),
    _passes(
        "a priority",
        "9113 5.3.2",
        frame(HEADERS, END_HEADERS | END_STREAM | PRIORITISED, 1, bytes(5) + block(*BASE)),
        _PLAIN,
    ),
    _passes(
        "a head in pieces",
        "9113 6.10",
        headers(1, block(*BASE[:2]), done=False)
        + frame(CONTINUATION, 0, 1, block(BASE[2]))
        + frame(CONTINUATION, END_HEADERS, 1, block(BASE[3])),
        _PLAIN,
    ),
    _passes(
        "a head cut inside a field",
        "9113 6.10",
        headers(1, block(*BASE)[:17], done=False) + frame(CONTINUATION, END_HEADERS, 1, block(*BASE)[17:]),
        _PLAIN,
    ),
    _passes(
        "a frame of a kind nobody knows",
        "9113 4.1",
        frame(0x5A, 0xFF, 1, b"GET / HTTP/1.1\r\n\r\n") + request(),
        _PLAIN,
    ),
    _passes(
        "flags nobody knows",
        "9113 4.1",
        frame(HEADERS, 0xD7 & ~PADDED & ~PRIORITISED, 1, block(*BASE)),
        _PLAIN,
    ),
    _passes(
        "a reserved bit",
        "9113 4.1",
        frame(HEADERS, END_HEADERS | END_STREAM, 0x80000001, block(*BASE)),
        _PLAIN,
    ),
    _passes("a ping", "9113 6.7", frame(PING, 0, 0, bytes(8)) + request(), _PLAIN),
    _ended(
        "padding as long as its frame",
        "9113 6.2",
        frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + block(*BASE)),
    ),
    _ended(
        "padding in an empty frame",
        "9113 6.1",
        request(end=False, **_POST) + frame(DATA, PADDED, 1),
        FRAME_SIZE_ERROR,
    ),
    _ended("data before a head", "9113 5.1", data(b"hello")),
    _ended("data on stream 0", "9113 6.1", data(b"hello", stream=0)),
    _ended("a head on stream 0", "9113 6.2", headers(0, block(*BASE))),
    _ended("a head on an even stream", "9113 5.1.1", headers(2, block(*BASE))),
    _ended("a continuation of nothing", "9113 6.10", frame(CONTINUATION, END_HEADERS, 1, block(*BASE))),
    _ended(
        "a continuation of another stream",
        "9113 6.10",
        headers(1, block(*BASE), done=False) + frame(CONTINUATION, END_HEADERS, 3),
    ),
    _ended("data inside a head", "9113 6.10", headers(1, block(*BASE), done=False, end=False) + data(b"x")),
    _ended(
        "a ping inside a head",
        "9113 6.10",
        headers(1, block(*BASE), done=False) + frame(PING, 0, 0, bytes(8)),
    ),
    _ended(
        "a kind nobody knows inside a head",
        "9113 6.10",
        headers(1, block(*BASE), done=False) + frame(0x5A, 0, 1),
    ),
    _ended(
        "a frame that is too large", "9113 4.2", frame(DATA, 0, 1, bytes(16385 + 16384 * 3)), FRAME_SIZE_ERROR
    ),
    _ended(
        "a promise from a client", "9113 8.4", frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + block(*BASE))
    ),
    _ended("a reset of an idle stream", "9113 6.4", frame(RST_STREAM, 0, 1, bytes(4))),
    _ended(
        "a reset of five bytes",
        "9113 6.4",
        request(end=False, **_POST) + frame(RST_STREAM, 0, 1, bytes(5)),
        FRAME_SIZE_ERROR,
    ),
    _ended("settings of five bytes", "9113 6.5", frame(SETTINGS, 0, 0, bytes(5)), FRAME_SIZE_ERROR),
    _ended("settings on a stream", "9113 6.5", frame(SETTINGS, 0, 1)),
    _ended(
        "an acknowledgement with settings", "9113 6.5", frame(SETTINGS, ACK, 0, bytes(6)), FRAME_SIZE_ERROR
    ),
    _ended(
        "a window that is too large",
        "9113 6.5.2",
        frame(SETTINGS, 0, 0, b"\x00\x04\x80\x00\x00\x00"),
        FLOW_CONTROL_ERROR,
    ),
    _ended(
        "a push that is neither on nor off", "9113 6.5.2", frame(SETTINGS, 0, 0, b"\x00\x02\x00\x00\x00\x02")
    ),
    _ended(
        "frames that may not be large enough",
        "9113 6.5.2",
        frame(SETTINGS, 0, 0, b"\x00\x05\x00\x00\x00\x64"),
    ),
    _ended("a ping of seven bytes", "9113 6.7", frame(PING, 0, 0, bytes(7)), FRAME_SIZE_ERROR),
    _ended("a ping on a stream", "9113 6.7", frame(PING, 0, 1, bytes(8))),
    _ended("a goodbye on a stream", "9113 6.8", frame(GOAWAY, 0, 1, bytes(8))),
    _ended("credit of nothing for the connection", "9113 6.9", frame(WINDOW_UPDATE, 0, 0, bytes(4))),
    _ended("credit of three bytes", "9113 6.9", frame(WINDOW_UPDATE, 0, 0, bytes(3)), FRAME_SIZE_ERROR),
    _ended(
        "credit beyond what there is",
        "9113 6.9.1",
        frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
        FLOW_CONTROL_ERROR,
    ),
    _reset(
        "credit of nothing for a stream",
        "9113 6.9",
        request(end=False, **_POST) + frame(WINDOW_UPDATE, 0, 1, bytes(4)),
    ),
    _reset(
        "credit beyond what a stream may have",
        "9113 6.9.1",
        request(end=False, **_POST) + frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff") * 2,
        FLOW_CONTROL_ERROR,
    ),
    _reset(
        "a priority of four bytes",
        "9113 6.3",
        request(end=False, **_POST) + frame(PRIORITY, 0, 1, bytes(4)),
        FRAME_SIZE_ERROR,
    ),
]

_BOMB: Final = literal(b"x-" + b"a" * 2000, b"b" * 2000, indexed=True)

COMPRESSION: Final = [
    _ended("index 0", "7541 6.1", headers(1, b"\x80"), COMPRESSION_ERROR),
    _ended("an index beyond the table", "7541 2.3.3", headers(1, b"\xff\x00"), COMPRESSION_ERROR),
    _ended("a name's index beyond the table", "7541 2.3.3", headers(1, b"\x7f\x00\x01a"), COMPRESSION_ERROR),
    _ended("a string that is cut off", "7541 5.2", headers(1, b"\x00\x05ab"), COMPRESSION_ERROR),
    _ended("a field that is cut off", "7541 6.2", headers(1, block(*BASE)[:-1]), COMPRESSION_ERROR),
    _ended("an integer that is cut off", "7541 5.1", headers(1, b"\xff"), COMPRESSION_ERROR),
    _ended(
        "an integer that never ends",
        "7541 5.1",
        headers(1, b"\xff" + b"\xff" * 20 + b"\x00"),
        COMPRESSION_ERROR,
    ),
    _ended(
        "a table that is too large",
        "7541 6.3",
        headers(1, b"\x3f\xff\xff\x03" + block(*BASE)),
        COMPRESSION_ERROR,
    ),
    _ended(
        "a change of the table after a field",
        "7541 4.2",
        headers(1, block(*BASE) + b"\x20"),
        COMPRESSION_ERROR,
    ),
    _ended(
        "Huffman code that ends in zeros",
        "7541 5.2",
        headers(1, b"\x00" + string(b"\x18", huffman=True) + string(b"b")),
        COMPRESSION_ERROR,
    ),
    _ended(
        "Huffman code with a whole byte of padding",
        "7541 5.2",
        headers(1, b"\x00" + string(b"\x1f\xff", huffman=True) + string(b"b")),
        COMPRESSION_ERROR,
    ),
    _ended(
        "Huffman code with its end sign",
        "7541 5.2",
        headers(1, b"\x00" + string(b"\xff\xff\xff\xff", huffman=True) + string(b"b")),
        COMPRESSION_ERROR,
    ),
    _reset(
        "CR in Huffman code",
        "9113 8.2.1",
        headers(1, block(*BASE) + b"\x00" + string(b"x-a") + string(b"\xff\xff\xff\xf7", huffman=True)),
    ),
    _reset(
        "LF in Huffman code",
        "9113 8.2.1",
        headers(1, block(*BASE) + b"\x00" + string(b"x-a") + string(b"\xff\xff\xff\xf3", huffman=True)),
    ),
    _passes(
        "Huffman code",
        "7541 5.2",
        headers(1, block(*BASE) + b"\x00" + string(b"x-a") + string(b"\x1c\x7f", huffman=True)),
        _sent_on(b"x-a: ab"),
    ),
    _passes(
        "a field of the dynamic table",
        "7541 2.3.2",
        headers(1, block(*BASE) + literal(b"x-a", b"b", indexed=True) + b"\xbe"),
        _sent_on(b"x-a: b", b"x-a: b"),
    ),
    _passes(
        "a field too large for the table empties it",
        "7541 4.4",
        headers(1, block(*BASE) + literal(b"x-a", b"b" * 5000, indexed=True)),
        _sent_on(b"x-a: " + b"b" * 5000),
    ),
    _passes("a table of no size", "7541 4.2", headers(1, b"\x20" + block(*BASE)), _PLAIN),
    _answered("a bomb of references", "9113 10.5.1", headers(1, block(*BASE) + _BOMB + b"\xbe" * 200), 431),
    _answered(
        "a head of 40 KB",
        "6585 5",
        headers(1, block(*BASE, (b"x-a", b"b" * 12_000)), done=False)
        + frame(CONTINUATION, 0, 1, block((b"x-b", b"b" * 14_000)))
        + frame(CONTINUATION, END_HEADERS, 1, block((b"x-c", b"b" * 14_000))),
        431,
    ),
    _answered("a hundred and one fields", "6585 5", request(*[(b"x-%d" % n, b"1") for n in range(100)]), 431),
]

CLOSED: Final = [
    Downgrade(
        "a head on a stream that has ended",
        "9113 5.1",
        request() + request(),
        at_most=(_PLAIN,),
        reset=STREAM_CLOSED,
        is_either=True,
    ),
    _ended("a head on a stream that was passed over", "9113 5.1.1", request(stream=3) + request(stream=1)),
    _ended(
        "a head on a stream that was passed over later",
        "9113 5.1.1",
        request(stream=5) + request(stream=11) + request(stream=9),
    ),
    _passes(
        "streams that are passed over and never used",
        "9113 5.1.1",
        request(stream=1) + request(stream=13, path=b"/b"),
        _PLAIN,
        _sent_on(first=b"GET /b HTTP/1.1"),
    ),
]

CASES: Final = [
    *INJECTION,
    *PSEUDO,
    *AUTHORITY,
    *CONNECTION,
    *LENGTHS,
    *TRAILERS,
    *TUNNELS,
    *FRAMES,
    *COMPRESSION,
    *CLOSED,
]
