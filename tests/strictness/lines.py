"""Request lines, targets and authorities (RFC 9112, 3; RFC 9110, 4 and 7.2)."""

from typing import Final

from tests.strictness.case import HOST, SMUGGLED, Case, get, head, passes, refused


def _line(name: str, line: bytes, status: int = 400, rfc: str = "9112 3") -> Case:
    return refused(name, rfc, head(line, HOST), status)


def _same(name: str, line: bytes, rfc: str = "9112 3.2.1") -> Case:
    """Goes on to the byte."""
    return passes(name, rfc, head(line, HOST), head(line, HOST))


def _host(name: str, value: bytes) -> Case:
    return refused(name, "9110 7.2", head(b"GET / HTTP/1.1", b"Host: " + value))


def _kept(name: str, value: bytes) -> Case:
    request = head(b"GET / HTTP/1.1", b"Host: " + value)
    return passes(name, "9110 7.2", request, request)


WORDS: Final = [
    _line("no version", b"GET /"),
    _line("nothing but a method", b"GET"),
    _line("a fourth word", b"GET / HTTP/1.1 HTTP/1.1"),
    _line("two spaces before the target", b"GET  / HTTP/1.1"),
    _line("two spaces before the version", b"GET /  HTTP/1.1"),
    _line("tab before the target", b"GET\t/ HTTP/1.1"),
    _line("tab before the version", b"GET /\tHTTP/1.1"),
    _line("vertical tab before the version", b"GET /\x0bHTTP/1.1"),
    _line("space before the method", b" GET / HTTP/1.1"),
    _line("space after the version", b"GET / HTTP/1.1 "),
    _line("tab after the version", b"GET / HTTP/1.1\t"),
    _line("CR after the version", b"GET / HTTP/1.1\r"),
    _line("NUL after the version", b"GET / HTTP/1.1\x00"),
    _line("NUL before the method", b"\x00GET / HTTP/1.1"),
    _line("a byte order mark before the method", b"\xef\xbb\xbfGET / HTTP/1.1"),
    _line("CR between the words", b"GET\r/ HTTP/1.1"),
    refused("LF after the request line", "9112 2.2", b"GET / HTTP/1.1\nHost: a.example\r\n\r\n"),
    refused("LF in the target of a later version", "9112 2.2", head(b"GET /\n HTTP/2.0", HOST)),
    refused("LF in the method of a later version", "9112 2.2", head(b"GET\n / HTTP/2.0", HOST)),
    refused("LF before a later version", "9112 2.2", head(b"GET / \nHTTP/2.0", HOST)),
    refused("CR after the request line", "9112 2.2", b"GET / HTTP/1.1\rHost: a.example\r\n\r\n"),
    refused("LF everywhere", "9112 2.2", b"GET / HTTP/1.1\nHost: a.example\n\n"),
    refused("a head ended by LF LF", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a.example\n\n" + SMUGGLED),
    refused("a head ended by LF CRLF", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a.example\n\r\n" + SMUGGLED),
    refused("a head ended by CRLF LF", "9112 2.2", b"GET / HTTP/1.1\r\nHost: a.example\r\n\n" + SMUGGLED),
    refused("LF before the request line", "9112 2.2", b"\n" + get()),
    refused("CR before the request line", "9112 2.2", b"\r" + get()),
    refused("CR CR LF before the request line", "9112 2.2", b"\r\r\n" + get()),
    passes("an empty line before the request line", "9112 2.2", b"\r\n" + get(), get()),
    refused("two empty lines before the request line", "9112 2.2", b"\r\n\r\n" + get()),
    refused("a header line before the request line", "9112 2.2", HOST + b"\r\n" + get()),
    refused(
        "a space line between request line and fields",
        "9112 2.2",
        b"GET / HTTP/1.1\r\n \r\nHost: a.example\r\n\r\n",
    ),
    refused(
        "a folded line between request line and fields",
        "9112 2.2",
        b"GET / HTTP/1.1\r\n X: y\r\nHost: a.example\r\n\r\n",
    ),
]

VERSIONS: Final = [
    _line("HTTP/0.9 in words", b"GET / HTTP/0.9", 505, "9110 2.5"),
    _line("HTTP/1.2", b"GET / HTTP/1.2", 505, "9110 2.5"),
    _line("HTTP/1.9", b"GET / HTTP/1.9", 505, "9110 2.5"),
    _line("HTTP/2.0", b"GET / HTTP/2.0", 505, "9110 2.5"),
    _line("HTTP/3.0", b"GET / HTTP/3.0", 505, "9110 2.5"),
    _line("HTTP/9.9", b"GET / HTTP/9.9", 505, "9110 2.5"),
    _line("HTTP/1.10", b"GET / HTTP/1.10", 400, "9112 2.3"),
    _line("HTTP/1.01", b"GET / HTTP/1.01", 400, "9112 2.3"),
    _line("HTTP/01.1", b"GET / HTTP/01.1", 400, "9112 2.3"),
    _line("HTTP/11", b"GET / HTTP/11", 400, "9112 2.3"),
    _line("HTTP/1", b"GET / HTTP/1", 400, "9112 2.3"),
    _line("HTTP/1.", b"GET / HTTP/1.", 400, "9112 2.3"),
    _line("HTTP/1,1", b"GET / HTTP/1,1", 400, "9112 2.3"),
    _line("HTTP/+1.1", b"GET / HTTP/+1.1", 400, "9112 2.3"),
    _line("http/1.1 in small letters", b"GET / http/1.1", 400, "9112 2.3"),
    _line("HTTPS/1.1", b"GET / HTTPS/1.1", 400, "9112 2.3"),
    _line("HTP/1.1", b"GET / HTP/1.1", 400, "9112 2.3"),
    _line("HTTP 1.1", b"GET / HTTP 1.1", 400, "9112 2.3"),
    _line("ICAP/1.0", b"GET / ICAP/1.0", 400, "9112 2.3"),
    refused("HTTP/0.9 by its form", "9110 2.5", b"GET /\r\n\r\n"),
    passes(
        "HTTP/1.0 is sent on as HTTP/1.1",
        "9110 2.5",
        head(b"GET / HTTP/1.0", HOST, b"Connection: keep-alive"),
        get(),
    ),
]

METHODS: Final = [
    _line("CONNECT with an authority", b"CONNECT a.example:443 HTTP/1.1", 405, "9110 9.3.6"),
    _line("CONNECT with a path", b"CONNECT / HTTP/1.1", 405, "9110 9.3.6"),
    _line("TRACE", b"TRACE / HTTP/1.1", 405, "9110 9.3.8"),
    _line("a method with NUL", b"GE\x00T / HTTP/1.1", rfc="9110 9.1"),
    _line("a method with a colon", b"GET: / HTTP/1.1", rfc="9110 9.1"),
    _line("a method with a slash", b"GET/ / HTTP/1.1", rfc="9110 9.1"),
    _line("a method with brackets", b"G(E)T / HTTP/1.1", rfc="9110 9.1"),
    _line("a method with a letter outside ASCII", b"G\xc3\x89T / HTTP/1.1", rfc="9110 9.1"),
    _line("a method in quotes", b'"GET" / HTTP/1.1', rfc="9110 9.1"),
    _line("a method with DEL", b"GET\x7f / HTTP/1.1", rfc="9110 9.1"),
    _line("a method of 33 letters", b"A" * 33 + b" / HTTP/1.1", rfc="9110 9.1"),
    _line("no method", b"/ HTTP/1.1", rfc="9110 9.1"),
    _same("a method of 32 letters", b"A" * 32 + b" / HTTP/1.1", "9110 9.1"),
    _same("a method in small letters is another method", b"get / HTTP/1.1", "9110 9.1"),
    _same("connect in small letters is not CONNECT", b"connect / HTTP/1.1", "9110 9.1"),
    _same("a method with a hyphen", b"M-SEARCH / HTTP/1.1", "9110 9.1"),
    _same("PROPFIND", b"PROPFIND / HTTP/1.1", "4918 9.1"),
    _same("OPTIONS for the whole server", b"OPTIONS * HTTP/1.1", "9112 3.2.4"),
    _line("GET for the whole server", b"GET * HTTP/1.1", rfc="9112 3.2.4"),
    _line("the method of HTTP/2's preface", b"PRI * HTTP/1.1", rfc="9113 3.4"),
    _line("almost the preface of HTTP/2", b"PRI / HTTP/2.0", 505, "9113 3.4"),
]

TARGETS: Final = [
    _line("target with NUL", b"GET /\x00 HTTP/1.1", rfc="9112 3.2"),
    _line("target with LF", b"GET /a\nb HTTP/1.1", rfc="9112 3.2"),
    _line("target with CR", b"GET /a\rb HTTP/1.1", rfc="9112 3.2"),
    _line("target with a space", b"GET /a b HTTP/1.1", rfc="9112 3.2"),
    _line("target with a tab", b"GET /a\tb HTTP/1.1", rfc="9112 3.2"),
    _line("target with DEL", b"GET /\x7f HTTP/1.1", rfc="9112 3.2"),
    _line("target with an escape character", b"GET /\x1b[2J HTTP/1.1", rfc="9112 3.2"),
    _line("target in UTF-8", b"GET /\xc3\xa9 HTTP/1.1", rfc="9112 3.2"),
    _line("query in UTF-8", b"GET /?\xc3\xa9 HTTP/1.1", rfc="9112 3.2"),
    _line("target with a fragment", b"GET /a#b HTTP/1.1", rfc="9112 3.2"),
    _line("query with a fragment", b"GET /a?b#c HTTP/1.1", rfc="9112 3.2"),
    _line("path with a backslash", b"GET /a\\..\\b HTTP/1.1", rfc="9112 3.2"),
    _line("target without a slash", b"GET a HTTP/1.1", rfc="9112 3.2"),
    _line("target of a query only", b"GET ?a HTTP/1.1", rfc="9112 3.2"),
    _line("target of dots", b"GET ../a HTTP/1.1", rfc="9112 3.2"),
    _line("target that is an authority", b"GET a.example:80 HTTP/1.1", rfc="9112 3.2.3"),
    _line("target that is an address of mail", b"GET @a.example HTTP/1.1", rfc="9112 3.2"),
    _line("target of 9 KB", b"GET /" + b"a" * 9000 + b" HTTP/1.1", 414, "9110 15.5.15"),
    _line("query of 9 KB", b"GET /?" + b"a" * 9000 + b" HTTP/1.1", 414, "9110 15.5.15"),
    _same("target of 8 KB", b"GET /" + b"a" * 8191 + b" HTTP/1.1"),
    _same("target of two slashes", b"GET //evil.example/ HTTP/1.1"),
    _same("dots are the decider's business", b"GET /a/../../b HTTP/1.1"),
    _same("escapes stay escapes", b"GET /%2e%2e/%00/%0d%0a/%2F/%5c/%ff/%c0%ae HTTP/1.1"),
    _same("escapes that are none stay as they are", b"GET /%/%z/%u0041/%1 HTTP/1.1"),
    _same("query with everything that is printable", b'GET /?a[]={}|\\^`<>"&?/=;%00 HTTP/1.1'),
    _same("path with a semicolon", b"GET /a;jsessionid=1/b HTTP/1.1"),
    _same("an empty query", b"GET /? HTTP/1.1"),
]

ABSOLUTE: Final = [
    passes(
        "absolute form",
        "9112 3.2.2",
        head(b"GET http://a.example/p?q HTTP/1.1", HOST),
        head(b"GET /p?q HTTP/1.1", HOST),
    ),
    passes("absolute form without a path", "9112 3.2.2", head(b"GET http://a.example HTTP/1.1", HOST), get()),
    passes(
        "absolute form of a query only",
        "9112 3.2.2",
        head(b"GET http://a.example?q HTTP/1.1", HOST),
        head(b"GET /?q HTTP/1.1", HOST),
    ),
    passes(
        "absolute form that differs from Host wins",
        "9112 3.2.2",
        head(b"GET http://b.example/ HTTP/1.1", HOST),
        head(b"GET / HTTP/1.1", b"Host: b.example"),
    ),
    passes(
        "absolute form with a port that Host does not name",
        "9112 3.2.2",
        head(b"GET http://a.example:81/ HTTP/1.1", HOST),
        head(b"GET / HTTP/1.1", b"Host: a.example:81"),
    ),
    passes("absolute form in capitals", "9110 4.2.3", head(b"GET HTTP://a.example/ HTTP/1.1", HOST), get()),
    _line("absolute form with a user", b"GET http://user@a.example/ HTTP/1.1", rfc="9110 4.2.4"),
    _line("absolute form with a password", b"GET http://u:p@a.example/ HTTP/1.1", rfc="9110 4.2.4"),
    _line("absolute form without an authority", b"GET http:///p HTTP/1.1", rfc="9110 4.2.1"),
    _line("absolute form of one slash", b"GET http:/a.example/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form without slashes", b"GET http:a.example HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form with a backslash", b"GET http://a.example\\@b.example/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form with a fragment", b"GET http://a.example/#b HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form with an escape in the host", b"GET http://a%2eexample/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form with port 99999", b"GET http://a.example:99999/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form with an empty port", b"GET http://a.example:/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form of another scheme", b"GET ftp://a.example/ HTTP/1.1", rfc="9112 3.2.2"),
    _line("absolute form of a file", b"GET file:///etc/passwd HTTP/1.1", rfc="9112 3.2.2"),
    refused(
        "absolute form does not excuse a missing Host", "9112 3.2", head(b"GET http://a.example/ HTTP/1.1")
    ),
    refused(
        "absolute form does not excuse two Hosts",
        "9112 3.2",
        head(b"GET http://a.example/ HTTP/1.1", HOST, HOST),
    ),
    refused(
        "absolute form does not excuse a bad Host",
        "9112 3.2",
        head(b"GET http://a.example/ HTTP/1.1", b"Host: a b"),
    ),
]

HOSTS: Final = [
    refused("no Host", "9112 3.2", head(b"GET / HTTP/1.1", b"X: y")),
    refused("no fields at all", "9112 3.2", b"GET / HTTP/1.1\r\n\r\n"),
    refused("two Hosts, equal", "9112 3.2", get(HOST)),
    refused("two Hosts, differing", "9112 3.2", get(b"Host: b.example")),
    refused("two Hosts, apart and in other letters", "9112 3.2", get(b"X: y", b"hOST: b.example")),
    refused("a second Host that is folded", "9112 5.2", get(b"X: y", b" Host: b.example")),
    refused("space before Host's colon", "9112 5.1", head(b"GET / HTTP/1.1", b"Host : a.example")),
    refused("Host folded", "9112 5.2", head(b"GET / HTTP/1.1", b"Host:", b" a.example")),
    _host("Host empty", b""),
    _host("Host of two names", b"a.example b.example"),
    _host("Host as a list", b"a.example, b.example"),
    _host("Host with a path", b"a.example/b"),
    _host("Host with a query", b"a.example?b"),
    _host("Host with a fragment", b"a.example#b"),
    _host("Host with a user", b"u@a.example"),
    _host("Host with a scheme", b"http://a.example"),
    _host("Host with a backslash", b"a.example\\b"),
    _host("Host with a port that is no number", b"a.example:http"),
    _host("Host with an empty port", b"a.example:"),
    _host("Host with port 65536", b"a.example:65536"),
    _host("Host with a signed port", b"a.example:+80"),
    _host("Host with two ports", b"a.example:80:80"),
    _host("Host with an escape", b"a%2eexample"),
    _host("Host with an escaped NUL", b"a.example%00.b"),
    _host("Host in UTF-8", b"b\xc3\xbccher.example"),
    _host("Host with NUL", b"a.example\x00"),
    _host("Host with two dots", b"a..example"),
    _host("Host with a dot before", b".a.example"),
    _host("Host of a label of 64 letters", b"a" * 64 + b".example"),
    _host("Host of an address without its brackets", b"::1"),
    _host("Host of an address that does not end", b"[::1"),
    _host("Host of an address with a zone", b"[fe80::1%25eth0]"),
    _host("Host of an address with text after it", b"[::1]a"),
    _host("Host in quotes", b'"a.example"'),
    _host("Host with a semicolon", b"a.example;b"),
    _host("Host with a star", b"*.example"),
    _kept("Host with a port", b"a.example:8443"),
    _kept("Host in capitals", b"A.EXAMPLE"),
    _kept("Host with a dot at the end", b"a.example."),
    _kept("Host of an address", b"127.0.0.1"),
    _kept("Host of an address in brackets", b"[::1]:80"),
    passes("Host between spaces", "9110 5.5", head(b"GET / HTTP/1.1", b"host:\t a.example \t"), get()),
    passes(
        "HTTP/1.0 without Host",
        "9112 3.2",
        head(b"GET / HTTP/1.0", b"Connection: keep-alive"),
        head(b"GET / HTTP/1.1"),
    ),
    passes(
        "an alias of Host goes nowhere",
        "9110 7.2",
        head(b"GET / HTTP/1.1", HOST, b"X-Host: b"),
        get(b"X-Host: b"),
    ),
]

CASES: Final = [*WORDS, *VERSIONS, *METHODS, *TARGETS, *ABSOLUTE, *HOSTS]
