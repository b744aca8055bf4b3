"""Header compression (RFC 7541), both ways, without I/O.

Reading keeps the whole of the RFC. Writing never uses a dynamic table: what equal response heads
become is then equal too, and can be remembered whole by whoever writes them.

What must stay true:
  a block is read to its end even when its fields are too many, or the two tables would part;
  what a block costs in memory and work is bounded by its own length.
"""

from collections import deque
from typing import Final

from yett.net.http.h2 import huffman

Field = tuple[bytes, bytes]
"""A name and a value."""

STATIC: Final[tuple[Field, ...]] = (
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
)
"""Appendix A; its first entry has index 1."""

_OVERHEAD: Final = 32
"""What an entry counts besides its bytes (RFC 7541, 4.1)."""
_INDEX_OF: Final = {field: at for at, field in reversed(list(enumerate(STATIC, 1)))}
_NAME_OF: Final = {name: at for at, (name, _) in reversed(list(enumerate(STATIC, 1)))}
_MOST_REMEMBERED: Final = 1024
_SECRET: Final = frozenset({b"cookie", b"authorization", b"set-cookie", b"proxy-authorization"})
"""Fields whose values are neither remembered here nor to be indexed by anybody on the way."""
FORGET: Final = b"\x20"
"""A dynamic table of no size: sent once, before the first block of a connection."""


class BadBlock(Exception):
    """A block that nobody can read on from: the connection is over (RFC 9113, 4.3)."""


class Decoder:
    """Reads the blocks of one direction of one connection, in order."""

    __slots__ = ("_entries", "_limit", "_most", "_size", "_strings", "max_list")

    def __init__(self, table: int = 4096, *, max_list: int = 64 * 1024) -> None:
        self.max_list = max_list
        """Bytes of fields, counted as the table counts, of one block; more are read but not kept."""
        self._most = table
        self._limit = table
        self._size = 0
        self._entries: deque[Field] = deque()
        self._strings: dict[bytes, bytes] = {}

    def decode(self, block: bytes) -> list[Field] | None:  # noqa: C901, PLR0912, PLR0915 - a call per field would cost more than the field
        """The fields of a block; None when they are more than `max_list`. BadBlock when it is broken."""
        fields: list[Field] = []
        entries = self._entries
        left = self.max_list
        at, end = 0, len(block)
        while at < end:
            byte = block[at]
            at += 1
            if byte & 0x80:  # an entry of a table (6.1)
                index = byte & 0x7F
                if index == 0x7F:
                    index, at = _integer(block, at, 0x7F)
                if index < 62:
                    if not index:
                        raise BadBlock("index 0")
                    field = STATIC[index - 1]
                elif index - 62 < len(entries):
                    field = entries[index - 62]
                else:
                    raise BadBlock("an index beyond the table")
            elif byte & 0xE0 == 0x20:  # another size of the table (6.3)
                if fields:
                    raise BadBlock("a change of the table's size after a field")
                size, at = _integer(block, at, 0x1F) if byte == 0x3F else (byte & 0x1F, at)
                if size > self._most:
                    raise BadBlock("a table larger than was agreed")
                self._limit = size
                self._evict()
                continue
            else:  # a literal (6.2)
                prefix = 0x3F if byte & 0x40 else 0x0F
                index = byte & prefix
                if index == prefix:
                    index, at = _integer(block, at, prefix)
                if not index:
                    name, at = self._string(block, at, is_secret=False)
                elif index < 62:
                    name = STATIC[index - 1][0]
                elif index - 62 < len(entries):
                    name = entries[index - 62][0]
                else:
                    raise BadBlock("an index beyond the table")
                value, at = self._string(block, at, is_secret=name in _SECRET)
                field = (name, value)
                if byte & 0x40:
                    self._size += len(name) + len(value) + _OVERHEAD
                    entries.appendleft(field)
                    if self._size > self._limit:
                        self._evict()
            if left >= 0:
                left -= len(field[0]) + len(field[1]) + _OVERHEAD
                fields.append(field)
        return fields if left >= 0 else None

    def _evict(self) -> None:
        """Drop the oldest entries until the rest fits; one that never fits empties the table (4.4)."""
        entries = self._entries
        while self._size > self._limit:
            name, value = entries.pop()
            self._size -= len(name) + len(value) + _OVERHEAD

    def _string(self, block: bytes, at: int, *, is_secret: bool) -> tuple[bytes, int]:
        if at >= len(block):
            raise BadBlock("a string is missing")
        first = block[at]
        at += 1
        size = first & 0x7F
        if size == 0x7F:
            size, at = _integer(block, at, 0x7F)
        stop = at + size
        if stop > len(block):
            raise BadBlock("a string longer than its block")
        raw = block[at:stop]
        if not first & 0x80:
            return raw, stop
        known = self._strings.get(raw)
        if known is None:
            known = huffman.decode(raw)
            if known is None:
                raise BadBlock("a string that is not in the code")
            if size <= 128 and not is_secret:
                if len(self._strings) >= _MOST_REMEMBERED:
                    self._strings.clear()
                self._strings[raw] = known
        return known, stop


def _integer(block: bytes, at: int, prefix: int) -> tuple[int, int]:
    """The rest of an integer whose first byte was all ones (5.1); more than 28 further bits is nonsense."""
    value = prefix
    for shift in (0, 7, 14, 21):
        if at >= len(block):
            raise BadBlock("an integer without an end")
        byte = block[at]
        at += 1
        value += (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise BadBlock("an integer too large")


def integer(value: int, prefix: int, flags: int) -> bytes:
    """An integer in the low bits that `prefix` masks, after `flags` (5.1)."""
    if value < prefix:
        return bytes((flags | value,))
    out = bytearray((flags | prefix,))
    value -= prefix
    while value >= 128:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_field(name: bytes, value: bytes) -> bytes:
    """One field, without any dynamic table. Secrets are marked as never to be put into one (6.2.3)."""
    index = _INDEX_OF.get((name, value), 0)
    if index:
        return bytes((0x80 | index,))
    flags = 0x10 if name in _SECRET else 0
    size = len(value)
    length = bytes((size,)) if size < 127 else integer(size, 127, 0)
    index = _NAME_OF.get(name, 0)
    if index:
        return integer(index, 15, flags) + length + value
    return bytes((flags,)) + integer(len(name), 127, 0) + name + length + value
