"""Heads of HTTP/2 (RFC 9113, section 8), both ways, without I/O.

A request's fields become a request line and header lines, which the parser of HTTP/1.1 then reads
as it reads any: what is decided on, dropped and forwarded is decided in one place. What only
HTTP/2 can get wrong is found here first.

What must stay true:
  nothing that comes out contains CR, LF or NUL, or a name that is not in lower case;
  a field that HTTP/1.1 would take for framing comes from here only, never from a peer.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from yett.net.http.answers import status_line
from yett.net.http.h2.hpack import Field, encode_field
from yett.net.http.response import ResponseHead, comparable

_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")
_VALUE: Final = re.compile(rb"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
_STATUS: Final = re.compile(rb"[1-5][0-9][0-9]")
_CONNECTION_SPECIFIC: Final = frozenset(
    {b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"}
)
_SECRET: Final = frozenset({b"authorization", b"set-cookie"})
"""Cookies are taken apart anyway. None of these is remembered."""
_HAS_BODY: Final = frozenset({b"POST", b"PUT", b"PATCH"})
_MOST_REMEMBERED: Final = 2048
_REMEMBERED_SIZE: Final = 256


@dataclass(frozen=True, slots=True)
class Malformed:
    """A head that breaks HTTP/2's own rules: its stream is reset (RFC 9113, 8.1.1)."""

    detail: str


@dataclass(slots=True)
class RequestHead:
    """What a request's fields say, in the words of HTTP/1.1."""

    line: bytes
    """The request line."""
    lines: tuple[bytes, ...]
    """The header lines, Host first. Equal ones are equal tuples, to be remembered by."""
    is_websocket: bool = False
    """Whether the stream is to become a tunnel (RFC 8441)."""


class FieldReader:
    """Turns fields into lines; one per server, for the sake of what it remembers."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: dict[Field, bytes] = {}

    def request(self, fields: list[Field], *, end: bool) -> RequestHead | Malformed:  # noqa: C901, PLR0912 - the rules of one head, in the order they are checked
        """Read a request's head; `end` if no body follows."""
        remembered = self._lines
        pseudo: dict[bytes, bytes] = {}
        lines: list[bytes] = [b""]
        cookie = b""
        for field in fields:
            line = remembered.get(field)
            if line is not None:
                lines.append(line)
                continue
            name, value = field
            if name[:1] == b":":
                if len(lines) > 1 or cookie or name in pseudo or not _VALUE.fullmatch(value):
                    return Malformed("a pseudo-header field out of place")
                pseudo[name] = value
                continue
            line = self._line(name, value)
            if line is None:
                return Malformed("an invalid field")
            if name == b"cookie":
                # Crumbs are one cookie again for whoever does not speak HTTP/2 (8.2.3).
                cookie = cookie + b"; " + value if cookie else line
            elif name == b"host":
                if pseudo.setdefault(b":authority", value).lower() != value.lower():
                    return Malformed("Host differs from :authority")
            else:
                lines.append(line)
        method = pseudo.pop(b":method", b"")
        scheme = pseudo.pop(b":scheme", b"")
        path = pseudo.pop(b":path", b"")
        authority = pseudo.pop(b":authority", None)
        protocol = pseudo.pop(b":protocol", None)
        if pseudo:
            return Malformed("an unknown pseudo-header field")
        if cookie:
            lines.append(cookie)
        if authority is None:
            del lines[0]
        else:
            lines[0] = b"host: " + authority
        if method == b"CONNECT" or protocol is not None:
            return _connect(method, scheme, path, authority, protocol, lines, end=end)
        if not method or scheme not in (b"https", b"http"):
            return Malformed("a pseudo-header field is missing")
        if path[:1] != b"/" and not (path == b"*" and method == b"OPTIONS"):
            return Malformed("an invalid :path")
        if end:
            if method in _HAS_BODY and not _states_length(lines):
                lines.append(b"content-length: 0")
        elif not _states_length(lines):
            lines.append(b"transfer-encoding: chunked")
        return RequestHead(b"%b %b HTTP/1.1" % (method, path), tuple(lines))

    def _line(self, name: bytes, value: bytes) -> bytes | None:
        """A field as a header line; None when it is none, or one that HTTP/2 has no place for."""
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            return None
        if name in _CONNECTION_SPECIFIC or (name == b"te" and value.lower() != b"trailers"):
            return None
        line = b"%b: %b" % (name, value)
        if name not in (b"cookie", b"host") and name not in _SECRET and len(line) <= _REMEMBERED_SIZE:
            if len(self._lines) >= _MOST_REMEMBERED:
                self._lines.clear()
            self._lines[name, value] = line
        return line

    def response(self, fields: list[Field]) -> bytes | Malformed:
        """Read a response's head: its status line and header lines, as a block of HTTP/1.1."""
        if not fields or fields[0][0] != b":status" or not _STATUS.fullmatch(fields[0][1]):
            return Malformed("no valid :status")
        lines = self._plain(fields, 1)
        if lines is None:
            return Malformed("an invalid field")
        return b"\r\n".join((status_line(int(fields[0][1]))[:-2], *lines))

    def trailers(self, fields: list[Field]) -> list[bytes] | Malformed:
        """Read trailers; they know no pseudo-header fields (8.1)."""
        lines = self._plain(fields, 0)
        return Malformed("invalid trailers") if lines is None else lines

    def _plain(self, fields: list[Field], skip: int) -> list[bytes] | None:
        lines = []
        for at in range(skip, len(fields)):
            field = fields[at]
            line = self._lines.get(field)
            if line is None:
                line = self._line(*field)
                if line is None:
                    return None
            lines.append(line)
        return lines


def _connect(
    method: bytes,
    scheme: bytes,
    path: bytes,
    authority: bytes | None,
    protocol: bytes | None,
    lines: list[bytes],
    *,
    end: bool,
) -> RequestHead | Malformed:
    """A request for a tunnel: a WebSocket (RFC 8441, 4), or CONNECT of the old kind (RFC 9113, 8.5)."""
    if protocol is None:
        if scheme or path:
            return Malformed("CONNECT with :scheme or :path")
        # To be refused as a method, by whoever refuses methods.
        return RequestHead(b"CONNECT %b HTTP/1.1" % (authority or b"-"), tuple(lines))
    if method != b"CONNECT" or protocol != b"websocket" or end or _states_length(lines):
        return Malformed("an unknown or misplaced :protocol")
    if scheme not in (b"https", b"http") or path[:1] != b"/":
        return Malformed("a pseudo-header field is missing")
    kept = [line for line in lines if not line.startswith(b"sec-websocket-key:")]
    return RequestHead(b"GET %b HTTP/1.1" % path, tuple(kept), is_websocket=True)


def _states_length(lines: Iterable[bytes]) -> bool:
    return any(line.startswith(b"content-length:") for line in lines)


# What we say.


def encode_lines(lines: Iterable[bytes]) -> bytes:
    """Header lines of HTTP/1.1, without line ends, as part of a block."""
    parts = []
    for line in lines:
        name, _, value = line.partition(b":")
        parts.append(encode_field(name.lower(), value.strip(b" \t")))
    return b"".join(parts)


def encode_status(status: int) -> bytes:
    """The beginning of a response's block."""
    return encode_field(b":status", b"%d" % status)


def encode_response(head: ResponseHead, add: bytes, drop: frozenset[bytes], *, status: int = 0) -> bytes:
    """A response's head, with `add` and without `drop`; `status` in place of its own."""
    kept: Sequence[bytes] = head.kept
    if drop:
        unwanted = {comparable(name) for name in drop}
        kept = [line for line in kept if comparable(line.partition(b":")[0]) not in unwanted]
    block = encode_status(status or head.status) + encode_lines(kept)
    if head.length_line and head.status != 204 and not status:
        block += encode_lines((head.length_line[:-2],))
    if add:
        block += encode_lines(add[:-2].split(b"\r\n"))
    return block


def encode_target(method: bytes, target: bytes, *, is_tls: bool) -> bytes:
    """The beginning of a request's block."""
    return (
        encode_field(b":method", method)
        + encode_field(b":scheme", b"https" if is_tls else b"http")
        + encode_field(b":path", target)
    )


def encode_request(block: bytes, add: bytes) -> bytes:
    """The rest of a request's block, from the lines that an upstream of HTTP/1.1 would get."""
    authority, kept = _split(block + add)
    first = encode_field(b":authority", authority) if authority else b""
    # Trailers are passed on to whoever may have them (RFC 9110, 10.1.4).
    return first + encode_field(b"te", b"trailers") + encode_lines(kept)


def _split(block: bytes) -> tuple[bytes, list[bytes]]:
    """The authority that a request names, and the lines that have a place outside of HTTP/1.1."""
    authority = b""
    kept = []
    for line in block.split(b"\r\n"):
        lower = line[:18].lower()
        if lower.startswith(b"host:"):
            authority = line[5:].strip(b" \t")
        elif line and not lower.startswith((b"transfer-encoding:", b"connection:", b"upgrade:", b"te:")):
            kept.append(line)
    return authority, kept


# The same before it is encoded, for HTTP/3.


def fields_of_lines(lines: Iterable[bytes]) -> list[Field]:
    """Header lines of HTTP/1.1, without line ends, as fields."""
    return [
        (name.lower(), value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)
    ]


def fields_of_request(block: bytes, add: bytes) -> list[Field]:
    """A request's fields behind :method, :scheme and :path, from the lines that HTTP/1.1 would send."""
    authority, kept = _split(block + add)
    first: list[Field] = [(b":authority", authority)] if authority else []
    return [*first, (b"te", b"trailers"), *fields_of_lines(kept)]
