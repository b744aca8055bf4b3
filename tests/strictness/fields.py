"""Header lines, what is meant for the next hop only, expectations, upgrades and sizes (RFC 9110, 5, 7 and 10)."""

from typing import Final

from tests.strictness.case import (
    EMPTY_CHUNKED,
    HELLO,
    HELLO_CHUNKED,
    HOST,
    SMUGGLED,
    Case,
    chunked,
    cut,
    get,
    head,
    passes,
    post,
    refused,
)


def _bad(name: str, *lines: bytes, rfc: str = "9112 5") -> Case:
    return refused(name, rfc, get(*lines, b"X-Last: 1"))


def _same(name: str, *lines: bytes, rfc: str = "9110 5.5") -> Case:
    return passes(name, rfc, get(*lines), get(*lines))


def _gone(name: str, *lines: bytes, rfc: str = "9110 7.6.1") -> Case:
    """Does not reach an upstream; what is beside it does."""
    return passes(name, rfc, get(b"X-First: 1", *lines, b"X-Last: 1"), get(b"X-First: 1", b"X-Last: 1"))


LINES: Final = [
    _bad("a line without a colon", b"X-Field"),
    _bad("a line without a name", b": value"),
    _bad("a space before the colon", b"X-Field : value", rfc="9112 5.1"),
    _bad("a tab before the colon", b"X-Field\t: value", rfc="9112 5.1"),
    _bad("a space inside the name", b"X Field: value"),
    _bad("a first header line that begins with a space", b" X-Field: value", rfc="9112 2.2"),
    _bad("a folded line", b"X-Field: a", b" b", rfc="9112 5.2"),
    _bad("a line folded with a tab", b"X-Field: a", b"\tb", rfc="9112 5.2"),
    _bad("a folded line that is empty", b"X-Field: a", b" ", rfc="9112 5.2"),
    _bad("a name with NUL", b"X-\x00Field: value"),
    _bad("a name with a letter outside ASCII", b"X-Fi\xc3\xa9ld: value"),
    _bad("a name with brackets", b"X(Field): value"),
    _bad("a name in quotes", b'"X-Field": value'),
    _bad("a name with a slash", b"X/Field: value"),
    _bad("a name with an equals sign", b"X=Field: value"),
    _bad("a name with an at sign", b"X@Field: value"),
    _bad("a name with DEL", b"X\x7f: value"),
    _bad("a name with CR", b"X\r-Field: value"),
    _bad("a value with NUL", b"X-Field: a\x00b", rfc="9110 5.5"),
    _bad("a value with CR", b"X-Field: a\rb", rfc="9110 5.5"),
    _bad("a value with LF", b"X-Field: a\nb", rfc="9110 5.5"),
    _bad("a value that hides a field behind LF", b"X-Field: a\nX-Yett-User: root", rfc="9112 2.2"),
    _bad("a value that hides a field behind CR", b"X-Field: a\rX-Yett-User: root", rfc="9112 2.2"),
    _bad("a value that ends with CR", b"X-Field: a\r", rfc="9112 2.2"),
    _bad("a value with a bell", b"X-Field: \x07", rfc="9110 5.5"),
    _bad("a value with DEL", b"X-Field: \x7f", rfc="9110 5.5"),
    _bad("a value with a vertical tab", b"X-Field: \x0b", rfc="9110 5.5"),
    _bad("a value with an escape character", b"X-Field: \x1b[2J", rfc="9110 5.5"),
    refused(
        "a value that ends the head with LF LF",
        "9112 2.2",
        get(b"X-Field: a\n\nGET /smuggled HTTP/1.1", HOST),
    ),
    refused(
        "a head that ends with CR LF CR CR LF",
        "9112 2.2",
        b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\r\n" + SMUGGLED,
    ),
    _same("a value of nothing", b"X-Field:"),
    _same("a value between spaces", b"X-Field:  \t a \t "),
    _same("a value without a space before", b"X-Field:a"),
    _same("a value with a tab", b"X-Field: a\tb"),
    _same("a value outside ASCII", b"X-Field: \xe9\xff\x80"),
    _same("a value with colons", b"X-Field: a: b: c"),
    _same("a name of every sign that is allowed", b"!#$%&'*+-.^_`|~09azAZ: value", rfc="9110 5.6.2"),
    _same("one name in several lines", b"X-Field: a", b"x-field: b", b"X-FIELD: c", rfc="9110 5.3"),
    _same("an escaped line end in a value", b"X-Field: %0d%0aX-Yett-User: root"),
    _same("an escaped line end of another kind in a value", b"X-Field: \xe5\x98\x8a\xe5\x98\x8d"),
    _same("a name with an underscore", b"X_Field: 1"),
    _bad(
        "two Authorization lines", b"Authorization: Bearer a", b"Authorization: Bearer b", rfc="9110 11.6.2"
    ),
    passes(
        "cookies in several lines become one line",
        "9113 8.2.3",
        get(b"Cookie: a=1", b"X-Field: 1", b"cookie: b=2"),
        get(b"X-Field: 1", b"Cookie: a=1; b=2"),
    ),
    passes(
        "an alias of Cookie goes nowhere",
        "9110 5.1",
        get(b"_Cookie: x", b"Cookie: a=1"),
        get(b"_Cookie: x", b"Cookie: a=1"),
    ),
]

HOPS: Final = [
    _gone("Connection", b"Connection: keep-alive"),
    _gone("what Connection names", b"X-Secret: 1", b"Connection: x-secret"),
    _gone(
        "what Connection names, before it and after it",
        b"X-Secret: 1",
        b"Connection: x-secret",
        b"x-secret: 2",
    ),
    _gone(
        "what Connection names in one of several lines",
        b"Connection: a",
        b"Connection: x-secret, ,b",
        b"X-Secret: 1",
    ),
    _gone("what Connection names under an alias", b"X_Secret: 1", b"Connection: x-secret"),
    _gone("Keep-Alive", b"Keep-Alive: timeout=5"),
    _gone("Proxy-Connection", b"Proxy-Connection: keep-alive"),
    _gone("Proxy-Authorization", b"Proxy-Authorization: Basic eDp5"),
    _gone("TE", b"TE: trailers, chunked"),
    _gone("Trailer", b"Trailer: Content-Length"),
    _gone("Upgrade without Connection", b"Upgrade: websocket"),
    _bad("Connection that is no list of names", b"Connection: a b", rfc="9110 7.6.1"),
    _bad("Connection in quotes", b'Connection: "close"', rfc="9110 7.6.1"),
    _bad("Connection that names Host", b"Connection: Host", rfc="9110 7.6.1"),
    _bad("Connection that names Cookie", b"Connection: close, Cookie", rfc="9110 7.6.1"),
    _bad("Connection that names Authorization", b"Connection: authorization", rfc="9110 7.6.1"),
    _bad("Connection that names Content-Length", b"Connection: Content-Length", rfc="9110 7.6.1"),
    _bad("Connection that names Transfer-Encoding", b"Connection: transfer-encoding", rfc="9110 7.6.1"),
    _bad("Connection that names Host as one of many", b"Connection: keep-alive, x,HOST", rfc="9110 7.6.1"),
    _bad(
        "Connection that names an alias of Content-Length", b"Connection: x, CONTENT_length", rfc="9110 7.6.1"
    ),
    refused(
        "an alias of Transfer-Encoding named by Connection",
        "9110 7.6.1",
        post(
            b"Connection: transfer_encoding", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"
        ),
    ),
    _gone("a field in the gateway's voice", b"X-Yett-User: root"),
    _gone("a field in the gateway's voice, under an alias", b"X_Yett_User: root"),
    _gone("a field in the gateway's voice, under a mixed alias", b"x-yett_USER: root"),
    _gone("X-Forwarded-For", b"X-Forwarded-For: 10.0.0.1", rfc="7239 8.1"),
    _gone("X_Forwarded_For", b"X_Forwarded_For: 10.0.0.1", rfc="7239 8.1"),
    _gone("X-Forwarded-Host", b"X-Forwarded-Host: evil.example", rfc="7239 8.1"),
    _gone("X-Forwarded-Proto", b"X-Forwarded-Proto: https", rfc="7239 8.1"),
    _gone("X-Forwarded with any ending", b"X-Forwarded-Prefix: /evil", rfc="7239 8.1"),
    _gone("Forwarded", b"Forwarded: for=10.0.0.1", rfc="7239 8.1"),
    _gone("X-Real-IP", b"X-Real-IP: 10.0.0.1", rfc="7239 8.1"),
]

EXPECTATIONS: Final = [
    refused(
        "an expectation nobody knows",
        "9110 10.1.1",
        post(b"Expect: 200-maybe", b"Content-Length: 5", body=b"hello"),
        417,
    ),
    refused("two expectations in one line", "9110 10.1.1", get(b"Expect: 100-continue, x"), 417),
    refused(
        "two expectations in two lines",
        "9110 10.1.1",
        get(b"Expect: 100-continue", b"Expect: 100-continue"),
        417,
    ),
    refused("an expectation with a parameter", "9110 10.1.1", get(b"Expect: 100-continue;a"), 417),
    passes(
        "an expectation whose body comes at once",
        "9110 10.1.1",
        post(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),
        HELLO,
    ),
    passes(
        "an expectation in capitals, with chunks",
        "9110 10.1.1",
        post(b"EXPECT: 100-CONTINUE", b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n"),
        HELLO_CHUNKED,
    ),
    _gone("an expectation without a body", b"Expect: 100-continue", rfc="9110 10.1.1"),
    passes(
        "an expectation in HTTP/1.0 is none",
        "9110 10.1.1",
        head(b"POST / HTTP/1.0", HOST, b"Connection: keep-alive", b"Expect: x", b"Content-Length: 5")
        + b"hello",
        HELLO,
    ),
]

UPGRADES: Final = [
    _gone("h2c without the rest", b"Connection: Upgrade", b"Upgrade: h2c", rfc="9113 3.1"),
    _gone(
        "h2c with its settings",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        rfc="9113 3.1",
    ),
    _gone("settings of h2c alone", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA", rfc="9113 3.1"),
    _gone("h2c among others", b"Connection: Upgrade", b"Upgrade: websocket, h2c", rfc="9110 7.8"),
    _gone("TLS by upgrade", b"Connection: Upgrade", b"Upgrade: TLS/1.0", rfc="9110 7.8"),
    _gone("a protocol nobody knows", b"Connection: Upgrade", b"Upgrade: x/1", rfc="9110 7.8"),
    _gone(
        "several Upgrade lines",
        b"Connection: Upgrade",
        b"Upgrade: h2c",
        b"Upgrade: websocket",
        rfc="9110 7.8",
    ),
    passes(
        "websocket on POST with a body is a request like any other",
        "6455 4.1",
        post(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 5", body=b"hello"),
        HELLO,
    ),
    passes(
        "websocket on GET with a body is a request like any other",
        "6455 4.1",
        get(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED,
        get(b"Content-Length: %d" % len(SMUGGLED)) + SMUGGLED,
    ),
    passes(
        "websocket that the upstream does not take up leaves a plain connection",
        "6455 4.1",
        get(
            b"Connection: Upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Version: 777",
            b"Sec-WebSocket-Key: nf6dB8Pb/BLinZ7UexUXHg==",
        ),
        get(
            b"Sec-WebSocket-Version: 777",
            b"Sec-WebSocket-Key: nf6dB8Pb/BLinZ7UexUXHg==",
            b"Connection: Upgrade",
            b"Upgrade: websocket",
        ),
    ),
    passes(
        "an upgrade in HTTP/1.0 is none",
        "9110 7.8",
        head(b"GET / HTTP/1.0", HOST, b"Connection: Upgrade, keep-alive", b"Upgrade: websocket"),
        get(),
    ),
]

PIPELINES: Final = [
    passes("two requests in one piece", "9112 9.3.2", get() + HELLO, get(), HELLO),
    passes(
        "bodies of every kind in one piece",
        "9112 9.3.2",
        HELLO + chunked(b"5\r\nhello\r\n0\r\nA: 1\r\n\r\n") + get() + chunked(b"0\r\n\r\n") + HELLO,
        HELLO,
        HELLO_CHUNKED,
        get(),
        EMPTY_CHUNKED,
        HELLO,
    ),
    passes(
        "one client's lines change from request to request",
        "9112 9.3.2",
        get(b"X: 1") + get(b"X: 2") + get(b"Y: 2") + get(b"X: 3"),
        get(b"X: 1"),
        get(b"X: 2"),
        get(b"Y: 2"),
        get(b"X: 3"),
    ),
    refused(
        "equal lines, of which the second has an LF",
        "9112 2.2",
        get(b"X: 1") + get(b"X: \n"),
        before=(get(b"X: 1"),),
    ),
    refused(
        "equal lines, of which the second has a length too many",
        "9112 6.3",
        post(b"X: 1", b"Content-Length: 0") + post(b"Content-Length: 0", b"Content-Length: 0"),
        before=(post(b"X: 1", b"Content-Length: 0"),),
    ),
    passes(
        "a line that becomes the gateway's own is dropped the second time",
        "9112 9.3.2",
        get(b"X-Year-U: 1") + get(b"X-Yett-U: 1"),
        get(b"X-Year-U: 1"),
        get(),
    ),
    refused("a good request, then a bad one", "9112 9.3.2", get() + get(b"Bad"), before=(get(),)),
    refused(
        "a good request, then bytes", "9112 9.3.2", get() + b"\x16\x03\x01\x02\x00\r\n\r\n", before=(get(),)
    ),
    passes(
        "what follows Connection: close is not read", "9112 9.6", get() + get(b"Connection: close")[:0], get()
    ),
    passes("an empty line between requests", "9112 2.2", get() + b"\r\n" + get(), get(), get()),
    cut("a request line that does not end", "9112 8", b"GET / HT"),
    cut("a head that does not end", "9112 8", b"GET / HTTP/1.1\r\nHost: a.example\r\n"),
]

SIZES: Final = [
    refused("a head of 40 KB", "6585 5", get(*[b"X-%d: " % n + b"a" * 1000 for n in range(40)]), 431),
    refused("one line of 40 KB", "6585 5", get(b"X: " + b"a" * 40_000), 431),
    refused("a hundred and one fields", "6585 5", get(*[b"X-%d: 1" % n for n in range(100)]), 431),
    refused("a method of 40 KB", "9112 3", b"A" * 40_000 + b" / HTTP/1.1\r\n" + HOST, 414),
    refused("a method of 9 KB", "9112 3", head(b"A" * 9000 + b" / HTTP/1.1", HOST), 414),
    refused("a target of 40 KB", "9112 3", b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + HOST, 414),
    refused(
        "a target of 9 KB behind an empty line", "9112 3", b"\r\n" + head(b"GET /" + b"a" * 9000, HOST), 414
    ),
    refused(
        "a request line of 9 KB with an LF near its end",
        "9112 3",
        head(b"A" * 9000 + b"\n / HTTP/2.0", HOST),
        414,
    ),
    _same("a hundred fields", *[b"X-%d: 1" % n for n in range(99)], rfc="6585 5"),
    _same("one line of 16 KB", b"X: " + b"a" * 16_000, rfc="6585 5"),
]

CASES: Final = [*LINES, *HOPS, *EXPECTATIONS, *UPGRADES, *PIPELINES, *SIZES]
