"""What HTTP/1.1 says, in the frames that an upstream of HTTP/2 gets (RFC 9113, 8).

Each row is bytes of a client, and the only requests that they are. Bytes that are refused on the way to an upstream of
HTTP/1.1 are refused here as well: those tables are `framing`, `chunks`, `lines` and `fields`.
"""

from dataclasses import dataclass
from typing import Final

from tests.strictness.case import HOST, SMUGGLED, chunked, get, head, post
from tests.strictness.frames import Field

A: Final = (b":authority", b"a.example")


@dataclass(frozen=True)
class Sent:
    """A request as the upstream has to read it, but for the fields that the gateway adds."""

    pseudo: tuple[Field, ...]
    fields: tuple[Field, ...] = ()
    body: bytes = b""
    trailers: tuple[Field, ...] = ()


@dataclass(frozen=True)
class Translation:
    """One row."""

    name: str
    rfc: str
    sent: bytes
    upstream: tuple[Sent, ...]


def _sent(
    *fields: Field,
    method: bytes = b"GET",
    path: bytes = b"/",
    host: bytes = b"a.example",
    body: bytes = b"",
    trailers: tuple[Field, ...] = (),
) -> Sent:
    pseudo = [(b":method", method), (b":scheme", b"http"), (b":path", path)]
    if host:
        pseudo.append((b":authority", host))
    return Sent(tuple(sorted(pseudo)), fields, body, trailers)


def _is(name: str, rfc: str, sent: bytes, *upstream: Sent) -> Translation:
    return Translation(name, rfc, sent, upstream)


def _same(name: str, line: bytes, *fields: Field, rfc: str = "9113 8.2.1") -> Translation:
    """GET with one more line."""
    return _is(name, rfc, get(line), _sent(*fields))


def _gone(name: str, *lines: bytes, rfc: str = "9113 8.2.2") -> Translation:
    """Does not reach the upstream; what is beside it does."""
    rest = ((b"x-first", b"1"), (b"x-last", b"1"))
    return _is(name, rfc, get(b"X-First: 1", *lines, b"X-Last: 1"), _sent(*rest))


def _line(name: str, line: bytes, rfc: str = "9113 8.3.1", **pseudo: bytes) -> Translation:
    return _is(name, rfc, head(line, HOST), _sent(**pseudo))  # type: ignore[arg-type]


LINES: Final = [
    _line("GET", b"GET / HTTP/1.1"),
    _line("a query", b"GET /a?b=c&d HTTP/1.1", path=b"/a?b=c&d"),
    _line("two slashes", b"GET //b.example/ HTTP/1.1", path=b"//b.example/"),
    _line("escapes of a line end", b"GET /%0d%0a:path:%20/x HTTP/1.1", path=b"/%0d%0a:path:%20/x"),
    _line(
        "a path that looks like a field", b"GET /:authority:b.example HTTP/1.1", path=b"/:authority:b.example"
    ),
    _line("the whole server", b"OPTIONS * HTTP/1.1", method=b"OPTIONS", path=b"*"),
    _line("HEAD", b"HEAD / HTTP/1.1", method=b"HEAD"),
    _line("DELETE", b"DELETE /a HTTP/1.1", method=b"DELETE", path=b"/a"),
    _line("a method in small letters", b"get / HTTP/1.1", method=b"get"),
    _line("a method that looks like a field's name", b"TE / HTTP/1.1", method=b"TE"),
    _line("absolute form", b"GET http://b.example/x HTTP/1.1", path=b"/x", host=b"b.example"),
    _line(
        "absolute form with nothing behind",
        b"GET http://b.example?q HTTP/1.1",
        path=b"/?q",
        host=b"b.example",
    ),
    _line("absolute form of https", b"GET https://b.example:8443/ HTTP/1.1", host=b"b.example:8443"),
    _is(
        "Host in capitals", "9110 7.2", head(b"GET / HTTP/1.1", b"HOST: A.Example"), _sent(host=b"A.Example")
    ),
    _is(
        "Host with a port",
        "9110 7.2",
        head(b"GET / HTTP/1.1", b"Host: a.example:80"),
        _sent(host=b"a.example:80"),
    ),
    _is("Host between spaces", "9110 5.5", head(b"GET / HTTP/1.1", b"Host: \t a.example \t"), _sent()),
    _is(
        "Host of an address", "9110 7.2", head(b"GET / HTTP/1.1", b"Host: [::1]:80"), _sent(host=b"[::1]:80")
    ),
    _is(
        "HTTP/1.0 without Host",
        "9113 8.3.1",
        head(b"GET / HTTP/1.0", b"Connection: keep-alive"),
        _sent(host=b""),
    ),
    _is(
        "a path of 8 KB",
        "9113 8.3.1",
        head(b"GET /" + b"a" * 8000 + b" HTTP/1.1", HOST),
        _sent(path=b"/" + b"a" * 8000),
    ),
]

FIELDS: Final = [
    _same("a name in capitals", b"X-FIELD: A", (b"x-field", b"A")),
    _same("a value between spaces", b"X-Field:  \t a \t ", (b"x-field", b"a")),
    _same("a value of nothing", b"X-Field:", (b"x-field", b"")),
    _same("a value of spaces", b"X-Field: \t ", (b"x-field", b"")),
    _same("a value with a tab", b"X-Field: a\tb", (b"x-field", b"a\tb")),
    _same("a value outside ASCII", b"X-Field: \xe9\xff", (b"x-field", b"\xe9\xff")),
    _same("a value with colons", b"X-Field: :path: /b", (b"x-field", b":path: /b")),
    _same(
        "a name of every sign that is allowed", b"!#$%&'*+-.^_`|~09azAZ: b", (b"!#$%&'*+-.^_`|~09azaz", b"b")
    ),
    _same("a name with an underscore", b"X_Field: 1", (b"x_field", b"1")),
    _same("a name that begins like a framing one", b"Transfer-Encoding-X: 1", (b"transfer-encoding-x", b"1")),
    _same(
        "a name that begins like a hop's",
        b"Upgrade-Insecure-Requests: 1",
        (b"upgrade-insecure-requests", b"1"),
    ),
    _same("a name that begins like Connection", b"Connection-X: 1", (b"connection-x", b"1")),
    _same("a name that begins like TE", b"Tea: 1", (b"tea", b"1")),
    _same("a name that begins like Host", b"Hostess: b", (b"hostess", b"b")),
    _same("a name that ends like Host", b"X-Host: b", (b"x-host", b"b")),
    _same("a value of 20 KB", b"X-Field: " + b"a" * 20_000, (b"x-field", b"a" * 20_000), rfc="9113 6.10"),
    _same("a secret", b"Authorization: Bearer x", (b"authorization", b"Bearer x"), rfc="7541 7.1.3"),
    _is(
        "one name in several lines",
        "9110 5.3",
        get(b"X-A: 1", b"x-a: 2", b"X-A: 1"),
        _sent((b"x-a", b"1"), (b"x-a", b"2"), (b"x-a", b"1")),
    ),
    _is(
        "cookies in several lines",
        "9113 8.2.3",
        get(b"Cookie: a=1", b"X-Field: 1", b"cookie: b=2"),
        _sent((b"x-field", b"1"), (b"cookie", b"a=1; b=2")),
    ),
    _is(
        "a hundred fields",
        "6585 5",
        get(*[b"X-%d: 1" % n for n in range(99)]),
        _sent(*[(b"x-%d" % n, b"1") for n in range(99)]),
    ),
]

HOPS: Final = [
    _gone("Connection", b"Connection: keep-alive"),
    _gone("what Connection names", b"X-Secret: 1", b"Connection: x-secret", b"X_Secret: 2"),
    _gone("Keep-Alive", b"Keep-Alive: timeout=5"),
    _gone("Proxy-Connection", b"Proxy-Connection: keep-alive"),
    _gone("TE", b"TE: gzip"),
    _gone("TE that Connection names", b"TE: trailers, gzip", b"Connection: TE"),
    _gone("Upgrade", b"Upgrade: websocket"),
    _gone(
        "h2c", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"
    ),
    _gone("Trailer", b"Trailer: X-Sum"),
    _gone("an alias of Keep-Alive", b"Keep_Alive: b"),
    _gone("an alias of Transfer-Encoding", b"Transfer_Encoding: chunked"),
    _gone("an alias of Content-Length", b"Content_Length: 5"),
    _gone("an alias of Proxy-Connection", b"Proxy_Connection: close"),
    _gone("an expectation", b"Expect: 100-continue", rfc="9110 10.1.1"),
    _gone("a field in the gateway's voice", b"X-Yett-User: root", rfc="9110 7.6.1"),
    _gone("the same under an alias", b"x_yett_user: root", rfc="9110 7.6.1"),
    _gone("X-Forwarded-For", b"X-Forwarded-For: ::1", rfc="7239 8.1"),
]

_POST: Final = {"method": b"POST"}

BODIES: Final = [
    _is(
        "a length",
        "9113 8.1.1",
        post(b"Content-Length: 5", body=b"hello"),
        _sent((b"content-length", b"5"), body=b"hello", **_POST),  # type: ignore[arg-type]
    ),
    _is(
        "a length with zeros before",
        "9110 8.6",
        post(b"CONTENT-LENGTH: 005", body=b"hello"),
        _sent((b"content-length", b"5"), body=b"hello", **_POST),  # type: ignore[arg-type]
    ),
    _is(
        "a length of nothing",
        "9110 8.6",
        post(b"Content-Length: 0"),
        _sent((b"content-length", b"0"), method=b"POST"),
    ),
    _is("no length", "9112 6.3", post(), _sent(method=b"POST")),
    _is(
        "a body that looks like a request",
        "9113 8.1",
        post(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        _sent((b"content-length", b"%d" % len(SMUGGLED)), method=b"POST", body=SMUGGLED),
    ),
    _is(
        "a body that looks like frames",
        "9113 8.1",
        post(b"Content-Length: 9", body=b"\x00\x00\x00\x01\x05\x00\x00\x00\x03"),
        _sent((b"content-length", b"9"), method=b"POST", body=b"\x00\x00\x00\x01\x05\x00\x00\x00\x03"),
    ),
    _is(
        "GET with a body",
        "9110 9.3.1",
        get(b"Content-Length: 2") + b"hi",
        _sent((b"content-length", b"2"), body=b"hi"),
    ),
    _is(
        "chunks",
        "9113 8.1",
        chunked(b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\n\r\n"),
        _sent(method=b"POST", body=b"hello"),
    ),
    _is("no chunks", "9113 8.1", chunked(b"0\r\n\r\n"), _sent(method=b"POST")),
    _is(
        "chunks whose data look like their end",
        "9113 8.1",
        chunked(b"5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
        _sent(method=b"POST", body=b"0\r\n\r\n"),
    ),
    _is(
        "a body larger than a frame",
        "9113 4.2",
        post(b"Content-Length: 40000", body=b"a" * 40_000),
        _sent((b"content-length", b"40000"), method=b"POST", body=b"a" * 40_000),
    ),
    _is(
        "several requests in one piece",
        "9112 9.3.2",
        get() + post(b"Content-Length: 2", body=b"hi") + chunked(b"1\r\na\r\n0\r\n\r\n") + get(b"X: 1"),
        _sent(),
        _sent((b"content-length", b"2"), method=b"POST", body=b"hi"),
        _sent(method=b"POST", body=b"a"),
        _sent((b"x", b"1")),
    ),
]


def _trailed(name: str, *trailers: bytes, kept: tuple[Field, ...] = ()) -> Translation:
    names = b", ".join(line.partition(b":")[0] for line in trailers)
    sent = post(
        b"Transfer-Encoding: chunked",
        b"Trailer: " + names,
        body=b"2\r\nhi\r\n0\r\n" + b"".join(line + b"\r\n" for line in trailers) + b"\r\n",
    )
    return _is(name, "9113 8.1", sent, _sent(method=b"POST", body=b"hi", trailers=kept))


TRAILERS: Final = [
    _trailed("trailers", b"X-Sum: 1", kept=((b"x-sum", b"1"),)),
    _trailed("trailers with spaces", b"X-SUM:  1 ", b"X-B:", kept=((b"x-sum", b"1"), (b"x-b", b""))),
    _trailed("a length in trailers", b"Content-Length: 9"),
    _trailed("a coding in trailers", b"Transfer-Encoding: chunked"),
    _trailed("Host in trailers", b"Host: b"),
    _trailed("Connection in trailers", b"Connection: x", b"Keep-Alive: 1", b"Proxy-Connection: x"),
    _trailed("Upgrade and TE in trailers", b"Upgrade: h2c", b"TE: gzip"),
    _trailed("the gateway's voice in trailers", b"X-Yett-User: root", b"X_Forwarded_For: ::1"),
    _trailed("Cookie in trailers", b"Cookie: a=1", b"Authorization: x"),
]

CASES: Final = [*LINES, *FIELDS, *HOPS, *BODIES, *TRAILERS]
