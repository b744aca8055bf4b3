"""Response heads from upstreams: as strict as request heads, with one difference in kind.

An upstream is ours, so a response that cannot be read is not an attack but a defect, and the
person gets 502. It is still refused: a response with two readings is how one client is handed
the answer meant for another.
"""

import re
from typing import Final

from yett.net.http.head import (
    CODING,
    CONNECTION,
    DROPPED,
    HOP_BY_HOP,
    LENGTH,
    PLAIN,
    REMEMBERED_LENGTH,
    REMEMBERED_LINES,
    UPGRADE,
    Line,
    Refused,
    connection_names,
    is_field_line,
    malformed,
)
from yett.net.http.limits import Limits

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_ORDINARY_OPTIONS: Final = frozenset({b"close", b"keep-alive", b"upgrade"})
"""Connection options that name no field that could still be there."""
_KINDS: Final = {
    b"content-length": LENGTH,
    b"transfer-encoding": CODING,
    b"connection": CONNECTION,
    b"upgrade": UPGRADE,
} | dict.fromkeys(HOP_BY_HOP - {b"proxy-authenticate"}, DROPPED)


def comparable(name: bytes) -> bytes:
    """A field name as it is compared."""
    return name.lower().replace(b"_", b"-")


def _name(line: bytes) -> bytes:
    return comparable(line.partition(b":")[0])


class ResponseHead:
    """One response head, understood; responses with equal heads on one connection share it."""

    __slots__ = (
        "_add",
        "_composed",
        "_connection",
        "_drop",
        "_framing",
        "close",
        "content_length",
        "encoded",
        "is_chunked",
        "kept",
        "length_line",
        "status",
        "status_line",
        "upgrade",
    )

    def __init__(self, status: int, status_line: bytes) -> None:
        self.status = status
        self.status_line = status_line
        self.kept: list[bytes] = []
        self.content_length = -1
        """-1 when the head does not say."""
        self.length_line = b""
        """Content-Length as it is passed on."""
        self.is_chunked = False
        self.close = False
        """Whether the upstream ends the connection after this response."""
        self.upgrade: bytes = b""
        self.encoded: tuple[bytes, frozenset[bytes], bytes] | None = None
        """What was added, what was dropped, and the block of HTTP/2 that this head became then."""
        self._composed: bytes = b""
        self._add: bytes = b""
        self._drop: frozenset[bytes] = frozenset()
        self._framing: bytes = b""
        self._connection: bytes = b""

    def compose(self, add: bytes, drop: frozenset[bytes], framing: bytes, connection: bytes) -> bytes:
        """The head for the client, with the empty line; remembered while the arguments repeat."""
        if (
            self._composed
            and add == self._add
            and framing == self._framing
            and connection == self._connection
            and (drop is self._drop or drop == self._drop)
        ):
            return self._composed
        kept = self.kept
        if drop:
            unwanted = {comparable(name) for name in drop}
            kept = [line for line in kept if _name(line) not in unwanted]
        self._add, self._drop, self._framing, self._connection = add, drop, framing, connection
        self._composed = b"".join(
            (b"\r\n".join((self.status_line, *kept, b"")), framing, connection, add, b"\r\n")
        )
        return self._composed

    def value(self, name: bytes) -> bytes | None:
        """The value of the first kept field of that name."""
        for line in self.kept:
            if _name(line) == name:
                return line.partition(b":")[2].strip(b" \t")
        return None


class ResponseParser:
    """Understands response heads; one per server, for the sake of what it remembers."""

    def __init__(self, limits: Limits) -> None:
        self._max_fields = limits.max_response_fields
        self._private_cookie = limits.private_cookie
        self._lines: dict[bytes, Line] = {}
        self._status_lines: dict[bytes, tuple[bool, int, bytes]] = {}

    def head(self, block: bytes) -> ResponseHead | Refused:
        """Understand a head; `block` ends before the empty line's CRLF."""
        lines = block.split(b"\r\n")
        first = self._status_lines.get(lines[0]) or self._status_line(lines[0])
        if first is None:
            return malformed("invalid status line")
        if len(lines) > self._max_fields:
            return malformed("too many header fields")
        is_old, status, status_line = first
        del lines[0]
        head = ResponseHead(status, status_line)
        options: set[bytes] = set()
        kept = head.kept
        remembered = self._lines
        for line in lines:
            known = remembered.get(line) or self._classify(line)
            if known is None:
                return malformed("invalid header line")
            kind = known[0]
            if kind == PLAIN:
                kept.append(line)
            elif kind != DROPPED:
                problem = _special(head, options, kind, known[2])
                if problem:
                    return malformed(problem)
        if head.is_chunked and (is_old or head.content_length >= 0):
            return malformed("more than one reading of the body's length")
        head.close = b"close" in options or (is_old and b"keep-alive" not in options)
        if b"upgrade" not in options:
            head.upgrade = b""
        named = options - _ORDINARY_OPTIONS
        if named:
            # What Connection names was meant for us (RFC 9110, 7.6.1).
            named = {comparable(option) for option in named}
            head.kept = [line for line in kept if _name(line) not in named]
        return head

    def _status_line(self, line: bytes) -> tuple[bool, int, bytes] | None:
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            return None
        minor, status, reason = match.groups()
        known = (minor == b"0", int(status), b"HTTP/1.1 %b %b" % (status, reason or b""))
        if len(self._status_lines) >= REMEMBERED_LINES:
            self._status_lines.clear()
        if len(line) <= REMEMBERED_LENGTH:
            self._status_lines[line] = known
        return known

    def _classify(self, line: bytes) -> Line | None:
        if not is_field_line(line, 0, len(line)):
            return None
        raw, _, value = line.partition(b":")
        lower = raw.lower()
        value = value.strip(b" \t")
        kind = _KINDS.get(lower, PLAIN)
        if lower == b"set-cookie" and value.lstrip(b"= \t").startswith(self._private_cookie):
            # An application must not be able to hand a browser a session of the gateway. A cookie without
            # a name ("=name=value") is sent back as if its value named it.
            kind = DROPPED
        known = (kind, comparable(lower), value)
        if len(line) <= REMEMBERED_LENGTH and lower != b"set-cookie":
            if len(self._lines) >= REMEMBERED_LINES:
                self._lines.clear()
            self._lines[line] = known
        return known


def _special(head: ResponseHead, options: set[bytes], kind: int, value: bytes) -> str:
    """Take in a field that is not simply passed on; says what is wrong with it, if anything."""
    if kind == LENGTH:
        if head.content_length >= 0 or not value.isdigit() or len(value) > 19:
            return "invalid or repeated Content-Length"
        head.content_length = int(value)
        head.length_line = b"Content-Length: %d\r\n" % head.content_length
    elif kind == CODING:
        if head.is_chunked or value.lower() != b"chunked":
            return "a transfer coding other than chunked"
        head.is_chunked = True
    elif kind == CONNECTION:
        if value == b"keep-alive":  # by far the most common
            options.add(value)
            return ""
        names = connection_names(value)
        if names is None:
            return "invalid Connection"
        options |= names
    else:
        head.upgrade = value.lower()
    return ""
