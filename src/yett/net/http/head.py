"""Request heads: bytes in, facts or a refusal out (RFC 9110, RFC 9112). No I/O.

Every byte of a head is checked. Checking is made cheap by remembering: a header line once seen
is looked up, not parsed again. Lines that carry credentials are never remembered here, nor are
long ones, and the memory is emptied when it is full.

What must stay true:
  a line is forwarded only if `is_field_line` said so: no CR, LF or NUL can hide in it;
  how long the body is has exactly one reading, or the request is refused;
  a name is compared with "_" read as "-", because many upstreams cannot tell the two apart.
"""

import re
from dataclasses import dataclass
from typing import Final

from yett.net.http.charset import Charset, Offset, cut
from yett.net.http.limits import Limits
from yett.net.http.model import Forward, Refusal

_TCHAR: Final = rb"!#$%&'*+\-.^_`|~0-9A-Za-z"
TOKEN: Final = b"[" + _TCHAR + b"]+"
_TOKEN: Final = Charset(_TCHAR)
_VALUE: Final = Charset(rb"\t\x20-\x7e\x80-\xff")
# Path and query of printable ASCII without "#"; "\" has no place in a path, where some upstreams take it for "/".
_EVEN: Final = Charset(rb"a-z0-9/._~\-")
_PATH: Final = Charset(rb'!"$->@-\[\]-~')
_QUERY: Final = Charset(rb'!"$-~')
_SPACE: Final = 32
_SLASH: Final = 47
_COLON: Final = 58
_QUESTION_MARK: Final = 63
_LONGEST_METHOD: Final = 32
AROUND_ORDINARY: Final = 10
"""How much longer an ordinary request line is than its method and its target."""
_HTTP_1_1: Final = b" HTTP/1.1"
_HTTP_1_0: Final = b" HTTP/1.0"
_ABSOLUTE: Final = re.compile(rb'https?://([^/?]*)((?:/[!"$->@-\[\]-~]*)?(?:\?[!"$-~]*)?)', re.IGNORECASE)
_VERSION: Final = re.compile(rb"HTTP/[0-9]\.[0-9]")
_AUTHORITY: Final = re.compile(
    rb"((?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?"
)
_LENGTH: Final = re.compile(rb"[0-9]{1,19}")
_NAME: Final = re.compile(TOKEN)

REFUSED_METHODS: Final = frozenset({b"CONNECT", b"TRACE"})
"""CONNECT is for forward proxies; TRACE would show a page the cookies it must not see."""

HOP_BY_HOP: Final = frozenset(
    {
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"http2-settings",
    }
)
_SPOOFABLE: Final = frozenset({b"forwarded", b"x-real-ip"})
_UNDROPPABLE: Final = frozenset(
    {b"host", b"content-length", b"transfer-encoding", b"cookie", b"authorization"}
)

_AROUND_TARGET: Final = 64
"""More than a request line has besides its target."""

PLAIN, DROPPED, HOST, COOKIE, AUTHORIZATION, LENGTH, CODING, CONNECTION, UPGRADE, EXPECT = range(10)
_KINDS: Final = {
    b"host": HOST,
    b"cookie": COOKIE,
    b"authorization": AUTHORIZATION,
    b"content-length": LENGTH,
    b"transfer-encoding": CODING,
    b"connection": CONNECTION,
    b"upgrade": UPGRADE,
    b"expect": EXPECT,
}

Line = tuple[int, bytes, bytes]
"""What is known about one header line: its kind, its comparable name, its value."""

REMEMBERED_LINES: Final = 4096
REMEMBERED_LENGTH: Final = 256


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a head was not taken."""

    refusal: Refusal
    detail: str


def malformed(detail: str) -> Refused:
    """A head that breaks the grammar."""
    return Refused(Refusal.MALFORMED, detail)


class Fields:
    """One block of header lines, understood. Requests with equal blocks share it."""

    __slots__ = (
        "_after",
        "_before",
        "_behind",
        "_block",
        "_changed",
        "_changed_place",
        "_cookie_line",
        "_drop",
        "_drop_cookies",
        "_forwarded",
        "_host",
        "_named",
        "_places",
        "_starts_at",
        "authority",
        "authorization",
        "connection_names",
        "content_length",
        "cookie",
        "expectation",
        "framing",
        "host",
        "is_chunked",
        "keep_alive",
        "kept",
        "lines",
        "names",
        "port",
        "takes_trailers",
        "upgrade",
        "wants_close",
    )

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.kept: list[bytes] = []
        """Lines to forward as they are; `names` are their comparable names."""
        self.names: list[bytes] = []
        self.authority: bytes | None = None
        self.host = ""
        self.port = 0
        self.cookie: bytes = b""
        self.authorization: bytes = b""
        self.content_length = 0
        self.is_chunked = False
        self.framing: bytes = b""
        """The header line that says how long the body is."""
        self.upgrade: bytes = b""
        self.expectation: bytes = b""
        self.wants_close = False
        self.keep_alive = False
        self.connection_names: set[bytes] = set()
        self.takes_trailers = False
        """Whether the client asked for trailers; then `block` asks the upstream for them, too."""
        self._block: bytes | None = None
        self._drop: frozenset[bytes] = frozenset()
        self._drop_cookies: frozenset[bytes] = frozenset()
        self._cookie_line: bytes | None = None
        self._places: list[int] | None = None
        # The one line that the newest block changed, and everything around its value.
        self._changed: Offset = 0
        self._changed_place: Offset = 0
        self._starts_at: Offset = 0
        self._named = b""
        self._behind = b""
        # What stands around it in the newest block; nothing while that is not known.
        self._before = b""
        self._after = b""
        self._host: bytes = b""
        self._forwarded: bytes = b""

    def block(self, forward: Forward, forwarded: bytes) -> bytes:
        """The lines for the upstream, each with its CRLF, without what `forward` adds.

        The answer is kept: a client whose lines repeat, under a decision that repeats, costs nothing.
        """
        if (
            # Mostly the very same objects, which to ask is cheaper than whether they are equal.
            (forward.drop is self._drop or forward.drop == self._drop)
            and (forward.drop_cookies is self._drop_cookies or forward.drop_cookies == self._drop_cookies)
            and forward.host == self._host
            and forwarded == self._forwarded
        ):
            if self._block is not None:
                return self._block
        else:
            self._drop, self._drop_cookies = forward.drop, forward.drop_cookies
            self._host, self._forwarded = forward.host, forwarded
            self._cookie_line = None
        self._block = block = self._compose(forward, forwarded)
        self._look_around(block)
        return block

    def _look_around(self, block: bytes) -> None:
        """Note what stands around the line that is expected to change, if it stands there once."""
        self._before = b""
        if self._named:
            line = b"\r\n" + self.kept[self._changed_place] + b"\r\n"
            before, found, after = block.partition(line)
            # Two equal lines in a row share the line end between them.
            if found and line not in b"\r\n" + after:
                self._before, self._after = before + b"\r\n", b"\r\n" + after

    def _compose(self, forward: Forward, forwarded: bytes) -> bytes:
        host = forward.host or self.authority
        lines = [b"Host: " + host] if host else []
        if self._cookie_line is None:
            cookie = cut_cookies(self.cookie, forward.drop_cookies) if self.cookie else b""
            self._cookie_line = b"Cookie: " + cookie if cookie else b""
        cookie_line = self._cookie_line
        if forward.drop:
            drop = {name.lower().replace(b"_", b"-") for name in forward.drop}
            lines += (line for line, name in zip(self.kept, self.names, strict=True) if name not in drop)
            if b"cookie" in drop:
                cookie_line = b""
        else:
            lines += self.kept
        if cookie_line:
            lines.append(cookie_line)
        if self.framing:
            lines.append(self.framing)
        if self.takes_trailers and not self.upgrade:
            lines += (b"TE: trailers", b"Connection: TE")
        lines.append(forwarded)
        return b"\r\n".join(lines)

    def follow(self, block: bytes) -> bool:
        """Become what the lines of `block` say, if they differ from these in ordinary values only.

        The next request of a client mostly repeats its lines but for one or two, such as a
        trace id. Such a line needs to be well formed and to keep its name; then everything else
        that is known stays true. Earlier lists are left alone: an earlier request still holds them.
        """
        if self.follow_in(block, 0, len(block)):
            return True
        old = self.lines
        kept = self.kept
        lines = block.split(b"\r\n")
        if len(lines) != len(old):
            return False
        changed = -1
        for index, before in enumerate(old):
            line = lines[index]
            if line == before:
                continue
            place = self._place(index)
            named = before[: before.find(b":") + 1]
            if place < 0 or not line.startswith(named) or not is_field_line(line, 0, len(line)):
                return False
            changed = index if kept is self.kept else -1
            if kept is self.kept:
                kept = kept.copy()
            kept[place] = line
        self.lines = lines
        self.kept = kept
        self._block = None
        self._expect(changed)
        return True

    def follow_in(self, data: bytes, start: Offset, end: Offset) -> bool:
        """The same for the lines `data[start:end]`, if they differ in the very line in which the last ones did."""
        named: bytes = self._named
        behind: bytes = self._behind
        if not named or not data.startswith(named, start) or not data.endswith(behind, start, end):
            return False
        value: Offset = start + len(named)
        line_start: Offset = start + self._starts_at
        line_end: Offset = end - len(behind)
        # No line end fits into a line, so there is one line between what is as it was.
        if line_end < value or not is_field_line(data, line_start, line_end):
            return False
        line = cut(data, line_start, line_end)
        self.lines = lines = self.lines.copy()
        lines[self._changed] = line
        self.kept = kept = self.kept.copy()
        kept[self._changed_place] = line
        self._block = self._before + line + self._after if self._before else None
        return True

    def _expect(self, changed: int) -> None:
        """Take it that the next request differs in the same line as this one did; -1 for more lines than one."""
        self._before = b""
        if changed < 0:
            self._named = b""
            return
        lines = self.lines
        line = lines[changed]
        before, behind = lines[:changed], lines[changed + 1 :]
        self._changed, self._changed_place = changed, self._place(changed)
        self._named = b"\r\n".join([*before, line[: line.find(b":") + 1]])
        self._behind = b"\r\n".join([b"", *behind]) if behind else b""
        self._starts_at = len(self._named) - line.find(b":") - 1

    def _place(self, index: int) -> int:
        """Where the line at `index` stands among those that are kept and may change; -1 for any other."""
        places = self._places
        if places is None:
            # By identity: of two equal lines each has its own place. Credentials are read anew each time.
            found = {
                id(line): place
                for place, (line, name) in enumerate(zip(self.kept, self.names, strict=True))
                if name != b"authorization"
            }
            places = self._places = [found.get(id(line), -1) for line in self.lines]
        return places[index]


def is_field_line(data: bytes, start: Offset, end: Offset) -> bool:
    """Whether `data[start:end]` is a well-formed header line (RFC 9112, section 5), without its line end."""
    colon: Offset = _TOKEN.skip(data, start, end)
    return start < colon < end and data[colon] == _COLON and _VALUE.skip(data, colon + 1, end) == end


def cut_cookies(value: bytes, names: frozenset[bytes]) -> bytes:
    """A Cookie value without the cookies of those names."""
    kept = [
        pair
        for pair in (part.strip(b" \t") for part in value.split(b";"))
        if pair and pair.partition(b"=")[0].rstrip(b" \t") not in names
    ]
    return b"; ".join(kept)


Target = tuple[bytes, bytes, str, int, bytes | None, bool]
"""A request line, understood: method, target, path, minor version, the authority that a target in
absolute form names, and whether the path is known to hold only characters that everybody reads
alike: small letters, digits and "/._~-". A plain tuple, because one is made for each request.
"""


class RequestParser:
    """Understands request heads; one per server, for the sake of what it remembers."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._max_target = limits.max_target
        prefix = limits.private_prefix.lower().replace(b"_", b"-")
        self._private = (prefix, b"x-forwarded-") if prefix else (b"x-forwarded-",)
        self._spoofable = _SPOOFABLE | limits.private_fields
        self._lines: dict[bytes, Line] = {}

    def line(self, data: bytes, end: Offset) -> Target | Refused:
        """Understand the request line `data[:end]`, whatever form its target has."""
        found: Target | Refused | None = self.beginning(data, end)
        if type(found) is tuple and len(found[0]) + len(found[1]) + AROUND_ORDINARY == end:
            return found
        return self._unusual_line(data[:end])

    def beginning(self, data: bytes, end: Offset) -> Target | None:
        """Understand an ordinary request line that `data` begins with; it ends at `end` at the latest.

        Whether a line ends there is not looked at. None for whatever is not ordinary: `line` knows more.
        """
        space: Offset = _TOKEN.skip(data, 0, end)
        start: Offset = space + 1
        if not (0 < space <= _LONGEST_METHOD and start < end):
            return None
        if data[space] != _SPACE or data[start] != _SLASH:
            return None
        odd: Offset = _EVEN.skip(data, start, end)
        # From the first character on that not everybody reads alike; there may be none.
        path_end: Offset = _PATH.skip(data, odd, end)
        target_end: Offset = path_end
        if path_end < end and data[path_end] == _QUESTION_MARK:
            target_end = _QUERY.skip(data, path_end, end)
        version = cut(data, target_end, target_end + len(_HTTP_1_1))
        minor = 1
        if version != _HTTP_1_1:
            if version != _HTTP_1_0:
                return None
            minor = 0
        method = cut(data, 0, space)
        if target_end - start > self._max_target or method in REFUSED_METHODS:
            return None
        return (
            method,
            cut(data, start, target_end),
            cut(data, start, path_end).decode("ascii"),
            minor,
            None,
            odd == path_end,
        )

    def is_too_long(self, size: int) -> bool:
        """Whether so many bytes of a request line are more than any good one has."""
        return size > self._limits.max_target + _AROUND_TARGET

    def _unusual_line(self, line: bytes) -> Target | Refused:
        # First what is found out while the line is still on its way: the answer depends on the bytes only,
        # and not on how they come.
        feed = line.find(b"\n")
        if self.is_too_long(feed if feed >= 0 else len(line)):
            return Refused(Refusal.TARGET_TOO_LONG, "request line too long")
        if feed >= 0:
            return malformed("a line ends without CR")
        parts = line.split(b" ")
        if len(parts) != 3:
            return malformed("request line is not three words")
        method, target, version = parts
        if not _NAME.fullmatch(method) or len(method) > _LONGEST_METHOD:
            return malformed("invalid method")
        if not _VERSION.fullmatch(version):
            return malformed("no HTTP version in the request line")
        if version not in (b"HTTP/1.1", b"HTTP/1.0"):
            return Refused(Refusal.VERSION, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        if method in REFUSED_METHODS:
            return Refused(Refusal.METHOD, "method not allowed")
        if len(target) > self._limits.max_target:
            return Refused(Refusal.TARGET_TOO_LONG, "target too long")
        minor = int(version[-1:])
        if target == b"*" and method == b"OPTIONS":
            return method, target, "*", minor, None, False
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            return malformed("invalid request target")
        authority, rest = absolute.groups()
        if not _valid_authority(authority):
            return malformed("invalid authority in the request target")
        if not rest.startswith(b"/"):
            rest = b"/" + rest
        return method, rest, rest.partition(b"?")[0].decode("ascii"), minor, authority, False

    def fields(self, block: bytes, minor: int, authority: bytes | None = None) -> Fields | Refused:
        """Understand the header lines of a request of HTTP/1.`minor`; `block` has no final CRLF."""
        lines = block.split(b"\r\n") if block else []
        if len(lines) > self._limits.max_fields:
            return Refused(Refusal.TOO_MANY_FIELDS, "too many header fields")
        fields = Fields(lines)
        remembered = self._lines
        for line in lines:
            known = remembered.get(line) or self._classify(line)
            if known is None:
                return malformed("invalid header line")
            kind, name, value = known
            if kind == PLAIN:
                fields.kept.append(line)
                fields.names.append(name)
            elif kind != DROPPED:
                problem = _special(fields, kind, line, value)
                if problem:
                    return malformed(problem)
        problem = _conclude(fields, minor, authority)
        return malformed(problem) if problem else fields

    def _classify(self, line: bytes) -> Line | None:
        if not is_field_line(line, 0, len(line)):
            return None
        raw, _, value = line.partition(b":")
        name = raw.lower().replace(b"_", b"-")
        kind = _KINDS.get(name, PLAIN)
        if kind and b"_" in raw:
            # An alias of a field that matters, for upstreams that cannot tell "_" from "-".
            kind = DROPPED
        elif name in HOP_BY_HOP or name in self._spoofable or name.startswith(self._private):
            kind = DROPPED
        known = (kind, name, value.strip(b" \t"))
        if len(line) <= REMEMBERED_LENGTH and kind not in (COOKIE, AUTHORIZATION):
            if len(self._lines) >= REMEMBERED_LINES:
                self._lines.clear()
            self._lines[line] = known
        return known

    def is_private(self, line: bytes) -> bool:
        """Whether a (valid) line speaks in the gateway's own voice, or a proxy's, and must not be believed."""
        known = self._lines.get(line) or self._classify(line)
        return known is None or (known[0] == DROPPED and known[1] not in HOP_BY_HOP)


def _valid_authority(value: bytes) -> bool:
    match = _AUTHORITY.fullmatch(value)
    return match is not None and (match[2] is None or int(match[2]) <= 65535)


def _special(fields: Fields, kind: int, line: bytes, value: bytes) -> str:
    """Take in one of the fields the engine looks inside; says what is wrong with it, if anything."""
    if kind == COOKIE:
        if value:
            fields.cookie = fields.cookie + b"; " + value if fields.cookie else value
    elif kind == HOST:
        if fields.authority is not None:
            return "more than one Host"
        if not _valid_authority(value):
            return "invalid Host"
        fields.authority = value
    elif kind == CONNECTION:
        return _connection(fields, value)
    elif kind == AUTHORIZATION:
        if fields.authorization:
            return "more than one Authorization"
        fields.authorization = value
        fields.kept.append(line)
        fields.names.append(b"authorization")
    elif kind in (LENGTH, CODING):
        return _framing(fields, kind, value)
    elif kind == UPGRADE:
        fields.upgrade = fields.upgrade + b"," + value.lower() if fields.upgrade else value.lower()
    elif kind == EXPECT:
        fields.expectation = value.lower() if not fields.expectation else b"several"
    return ""


def _framing(fields: Fields, kind: int, value: bytes) -> str:
    """How long the body is may be said once, in one way."""
    if fields.framing:
        return "more than one statement of the body's length"
    if kind == LENGTH:
        if not _LENGTH.fullmatch(value):
            return "invalid Content-Length"
        fields.content_length = int(value)
        fields.framing = b"Content-Length: %d" % fields.content_length
        return ""
    if value.lower() != b"chunked":
        return "a transfer coding other than chunked"
    fields.is_chunked = True
    fields.framing = b"Transfer-Encoding: chunked"
    return ""


def _connection(fields: Fields, value: bytes) -> str:
    names = connection_names(value)
    if names is None:
        return "invalid Connection"
    # An upstream that cannot tell "_" from "-" would drop what an alias names, too.
    if _UNDROPPABLE & ({name.replace(b"_", b"-") for name in names} if b"_" in value else names):
        return "Connection names a field that is for everybody"
    fields.connection_names |= names
    return ""


def connection_names(value: bytes) -> set[bytes] | None:
    """The (lower case) options of a Connection field; None when it is no list of tokens."""
    names = {part.strip(b" \t").lower() for part in value.split(b",")} - {b""}
    if all(_NAME.fullmatch(name) for name in names):
        return names
    return None


def _conclude(fields: Fields, minor: int, authority: bytes | None) -> str:
    """What only all lines together say; the answer is what is wrong."""
    if minor == 0:
        if fields.is_chunked:
            return "Transfer-Encoding in HTTP/1.0"
        fields.expectation = b""  # RFC 9110, 10.1.1
    elif fields.authority is None:
        return "no Host"
    if authority is not None:
        # RFC 9112, 3.2.2: the target wins, and what is passed on says so.
        fields.authority = authority
        fields.lines = [line for line in fields.lines if line[:5].lower() != b"host:"]
        fields.lines.insert(0, b"Host: " + authority)
    if fields.authority is not None:
        match = _AUTHORITY.fullmatch(fields.authority)
        if match is None or (match[2] and int(match[2]) > 65535):
            return "invalid Host"
        fields.host = match[1].decode("ascii").lower()
        fields.port = int(match[2] or 0)
    names = fields.connection_names
    fields.wants_close = b"close" in names
    fields.keep_alive = b"keep-alive" in names
    if b"upgrade" not in names or minor == 0:
        fields.upgrade = b""
    if b"te" in names and minor:
        fields.takes_trailers = _takes_trailers(fields.lines)
    for option in names:
        canonical = option.replace(b"_", b"-")
        while canonical in fields.names:
            place = fields.names.index(canonical)
            del fields.names[place], fields.kept[place]
    return ""


def _takes_trailers(lines: list[bytes]) -> bool:
    """Whether a TE field, which was meant for us (RFC 9110, 10.1.4), asks for trailers."""
    return any(
        option.strip(b" \t").lower() == b"trailers"
        for line in lines
        if line[:3].lower() == b"te:"
        for option in line[3:].split(b",")
    )
