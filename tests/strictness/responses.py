"""Responses that can be read in two ways (RFC 9112, 6 and 9): one person's answer must never become another's.

Each row is what an upstream sends for the first request on its connection. What the client gets for it is exactly
one of: the response, 502, or the end of its connection. The request after it gets its own answer.
"""

from dataclasses import dataclass
from typing import Final

POISON: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
"""A second response that nobody asked for."""


@dataclass(frozen=True)
class Reply:
    """One row."""

    name: str
    rfc: str
    sent: bytes
    status: int
    """What the client gets; 0 for a connection that ends inside the response."""
    body: bytes = b""
    method: bytes = b"GET"
    closes: bool = False
    """Whether the upstream ends its connection after this."""


def _passes(  # a row has that many columns
    name: str,
    rfc: str,
    sent: bytes,
    status: int = 200,
    body: bytes = b"hello",
    method: bytes = b"GET",
    *,
    closes: bool = False,
) -> Reply:
    return Reply(name, rfc, sent, status, body, method, closes)


def _bad(name: str, rfc: str, sent: bytes, *, closes: bool = False, method: bytes = b"GET") -> Reply:
    return Reply(name, rfc, sent, 502, b"", method, closes)


def _cut(name: str, rfc: str, sent: bytes, *, closes: bool = False) -> Reply:
    return Reply(name, rfc, sent, 0, b"", b"GET", closes)


def _head(*lines: bytes, first: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n"


_FIVE: Final = b"Content-Length: 5"
_CHUNKED: Final = b"Transfer-Encoding: chunked"
_CHUNKS: Final = b"5\r\nhello\r\n0\r\n\r\n"

CASES: Final = [
    _passes("a length", "9112 6.2", _head(_FIVE) + b"hello"),
    _passes("chunks", "9112 7.1", _head(_CHUNKED) + _CHUNKS),
    _passes(
        "chunks with trailers that nobody asked for",
        "9112 7.1.2",
        _head(_CHUNKED) + b"5\r\nhello\r\n0\r\nX: y\r\n\r\n",
    ),
    _passes("until the end", "9112 6.3", _head() + b"hello", closes=True),
    _passes("HTTP/1.0", "9112 6.3", _head(first=b"HTTP/1.0 200 OK") + b"hello", closes=True),
    _passes("no body at all", "9110 15.3.5", _head(first=b"HTTP/1.1 204 No Content"), 204, b""),
    _passes("nothing new", "9110 15.4.5", _head(_FIVE, first=b"HTTP/1.1 304 Not Modified"), 304, b""),
    _passes("HEAD with a length", "9110 9.3.2", _head(_FIVE), body=b"", method=b"HEAD"),
    _passes("HEAD with chunks", "9110 9.3.2", _head(_CHUNKED), body=b"", method=b"HEAD"),
    _passes(
        "an interim response before it",
        "9110 15.2",
        _head(first=b"HTTP/1.1 103 Early Hints") + _head(_FIVE) + b"hello",
    ),
    _passes(
        "100 without being asked",
        "9110 15.2.1",
        _head(first=b"HTTP/1.1 100 Continue") + _head(_FIVE) + b"hello",
    ),
    _passes("a status line without words", "9112 4", _head(_FIVE, first=b"HTTP/1.1 200 ") + b"hello"),
    _passes("a second response behind a length", "9112 9.2", _head(_FIVE) + b"hello" + POISON),
    _passes("a second response behind chunks", "9112 9.2", _head(_CHUNKED) + _CHUNKS + POISON),
    _passes(
        "a second response behind 204", "9112 9.2", _head(first=b"HTTP/1.1 204 No Content") + POISON, 204, b""
    ),
    _passes(
        "a second response behind 304",
        "9112 9.2",
        _head(first=b"HTTP/1.1 304 Not Modified") + POISON,
        304,
        b"",
    ),
    _passes("a second response behind HEAD", "9112 9.2", _head(_FIVE) + POISON, body=b"", method=b"HEAD"),
    _passes(
        "a body where none may be, 204",
        "9110 15.3.5",
        _head(_FIVE, first=b"HTTP/1.1 204 No Content") + b"hello",
        204,
        b"",
    ),
    _passes(
        "a body where none may be, HEAD", "9110 9.3.2", _head(_FIVE) + b"hello", body=b"", method=b"HEAD"
    ),
    _passes(
        "chunks where none may be, 304",
        "9110 15.4.5",
        _head(_CHUNKED, first=b"HTTP/1.1 304 Not Modified") + _CHUNKS,
        304,
        b"",
    ),
    _passes("one byte too many", "9112 9.2", _head(_FIVE) + b"hello!"),
    _passes("a length with zeros before", "9110 8.6", _head(b"Content-Length: 005") + b"hello"),
    _passes("Connection names a field", "9110 7.6.1", _head(_FIVE, b"Connection: x-a", b"X-A: b") + b"hello"),
    _bad("a length and chunks", "9112 6.3", _head(_FIVE, _CHUNKED) + _CHUNKS),
    _bad("chunks and a length", "9112 6.3", _head(_CHUNKED, _FIVE) + _CHUNKS),
    _bad("two lengths, equal", "9112 6.3", _head(_FIVE, _FIVE) + b"hello"),
    _bad("two lengths, differing", "9112 6.3", _head(_FIVE, b"Content-Length: 6") + b"hello!"),
    _bad("a length as a list", "9112 6.3", _head(b"Content-Length: 5, 5") + b"hello"),
    _bad("a length with a plus", "9110 8.6", _head(b"Content-Length: +5") + b"hello"),
    _bad("a length with a minus", "9110 8.6", _head(b"Content-Length: -5") + b"hello"),
    _bad("an empty length", "9110 8.6", _head(b"Content-Length:") + b"hello"),
    _bad("a length of other digits", "9110 8.6", _head(b"Content-Length: \xb2") + b"hello"),
    _bad("a coding nobody knows", "9112 6.1", _head(b"Transfer-Encoding: x") + b"hello", closes=True),
    _bad("compressed and chunked", "9112 6.1", _head(b"Transfer-Encoding: gzip, chunked") + _CHUNKS),
    _bad("identity", "9112 6.1", _head(b"Transfer-Encoding: identity") + b"hello", closes=True),
    _bad("chunks twice", "9112 6.1", _head(_CHUNKED, _CHUNKED) + _CHUNKS),
    _bad("chunks in HTTP/1.0", "9112 6.1", _head(_CHUNKED, first=b"HTTP/1.0 200 OK") + _CHUNKS),
    _bad(
        "a length and a folded coding",
        "9112 5.2",
        _head(_FIVE, b"X: y", b" Transfer-Encoding: chunked") + b"hello",
    ),
    _bad("a space before the colon", "9112 5.1", _head(b"Content-Length : 5") + b"hello"),
    _bad("LF inside a value", "9110 5.5", _head(_FIVE, b"X: a\nSet-Cookie: b=c") + b"hello"),
    _bad("CR inside a value", "9110 5.5", _head(_FIVE, b"X: a\rSet-Cookie: b=c") + b"hello"),
    _bad("NUL inside a value", "9110 5.5", _head(_FIVE, b"X: \x00") + b"hello"),
    _bad("a line without a colon", "9112 5", _head(_FIVE, b"Bad") + b"hello"),
    _bad("a name in UTF-8", "9110 5.1", _head(_FIVE, b"X-\xc3\xa9: y") + b"hello"),
    _bad("a status of two digits", "9112 4", _head(_FIVE, first=b"HTTP/1.1 20 OK") + b"hello"),
    _bad("a status of four digits", "9112 4", _head(_FIVE, first=b"HTTP/1.1 2000 OK") + b"hello"),
    _bad("a status beyond all", "9112 4", _head(_FIVE, first=b"HTTP/1.1 999 OK") + b"hello"),
    _bad("another protocol", "9112 4", _head(_FIVE, first=b"HTTP/2 200 OK") + b"hello"),
    _bad("no protocol", "9112 4", b"hello, this is no answer\r\n\r\n"),
    _bad("two spaces before the status", "9112 4", _head(_FIVE, first=b"HTTP/1.1  200 OK") + b"hello"),
    _bad(
        "an upgrade that nobody asked for",
        "9110 15.2.2",
        _head(b"Connection: upgrade", b"Upgrade: websocket", first=b"HTTP/1.1 101 Switching Protocols")
        + POISON,
    ),
    _bad(
        "an upgrade to another protocol",
        "9110 15.2.2",
        _head(b"Connection: upgrade", b"Upgrade: h2c", first=b"HTTP/1.1 101 Switching Protocols"),
    ),
    _bad("a chunk size that is none", "9112 7.1", _head(_CHUNKED) + b"5 \r\nhello\r\n0\r\n\r\n"),
    _bad("a chunk size with LF", "9112 7.1", _head(_CHUNKED) + b"5\nhello\r\n0\r\n\r\n"),
    _bad("a chunk without its end", "9112 7.1", _head(_CHUNKED) + b"4\r\nhello\r\n0\r\n\r\n"),
    _bad(
        "a chunk size beyond 64 bits",
        "9112 7.1",
        _head(_CHUNKED) + b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    ),
    _bad("a head that does not end", "9112 8", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", closes=True),
    _bad("nothing at all", "9112 8", b"", closes=True),
    _bad("interim responses without end", "9110 15.2", _head(first=b"HTTP/1.1 102 Processing") * 1000),
    _bad("a head of 70 KB", "6585 5", _head(_FIVE, *[b"X: " + b"a" * 1000] * 70) + b"hello"),
    _bad("three hundred fields", "6585 5", _head(_FIVE, *[b"X: a"] * 300) + b"hello"),
    _cut("a body that is too short", "9112 8", _head(b"Content-Length: 9") + b"hello", closes=True),
    _cut("chunks that do not end", "9112 8", _head(_CHUNKED) + b"5\r\nhello\r\n", closes=True),
    _cut("chunks without the last line", "9112 8", _head(_CHUNKED) + b"5\r\nhello\r\n0\r\n", closes=True),
]
