"""The subset of BER that LDAP uses (RFC 4511, section 5.1): definite lengths, tags of one byte.

What must stay true: nothing outside `BadBER` comes out of reading, whatever the bytes are.
"""

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31

_LONGEST_LENGTH = 4
"""Bytes that say how long something is: four reach to 4 GiB, far over every limit of ours."""


class BadBER(ValueError):
    """The bytes are not what the protocol allows."""


# Writing.


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number in the fewest bytes."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    """True is all ones (RFC 4511, section 5.1)."""
    return tlv(tag, b"\xff" if value else b"\x00")


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    """Bytes, or text as UTF-8."""
    return tlv(tag, value.encode() if isinstance(value, str) else value)


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """Parts in their order."""
    return tlv(tag, b"".join(parts))


# Reading.


def head(data: bytes | bytearray, at: int, end: int) -> tuple[int, int, int] | None:
    """Tag, and where the content begins and ends; None when the head is not all there."""
    if end - at < 2:
        return None
    tag, size = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise BadBER("a tag of more than one byte")
    if size < 0x80:
        return tag, at + 2, at + 2 + size
    count = size & 0x7F
    if not 0 < count <= _LONGEST_LENGTH:
        raise BadBER("a length that is indefinite or too long")
    if end - at < 2 + count:
        return None
    begin = at + 2 + count
    return tag, begin, begin + int.from_bytes(data[at + 2 : begin], "big")


def items(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
    """Tag, begin and end of each item between two places; the last has to end where the place does."""
    stop = len(data) if end is None else end
    while begin < stop:
        # The common short form is read here: a large answer has a hundred thousand of them.
        if stop - begin >= 2 and data[begin + 1] < 0x80 and data[begin] & 0x1F != 0x1F:
            found: tuple[int, int, int] | None = (data[begin], begin + 2, begin + 2 + data[begin + 1])
        else:
            found = head(data, begin, stop)
        if found is None or found[2] > stop:
            raise BadBER("something ends too early")
        yield found
        begin = found[2]


class Reader:
    """Items one after the other, each of the tag that is due."""

    def __init__(self, data: bytes, begin: int = 0, end: int | None = None) -> None:
        self.data = data
        self._items = items(data, begin, end)
        self._next: tuple[int, int, int] | None = next(self._items, None)

    @property
    def tag(self) -> int | None:
        """The tag of what comes next; None at the end."""
        return None if self._next is None else self._next[0]

    def take(self, tag: int) -> tuple[int, int]:
        """Begin and end of the next item."""
        if self._next is None or self._next[0] != tag:
            raise BadBER("something else than was due")
        _, begin, end = self._next
        self._next = next(self._items, None)
        return begin, end

    def octets(self, tag: int = OCTETS) -> bytes:
        begin, end = self.take(tag)
        return bytes(self.data[begin:end])

    def text(self, tag: int = OCTETS) -> str:
        try:
            return self.octets(tag).decode()
        except UnicodeDecodeError as problem:
            raise BadBER("text that is no UTF-8") from problem

    def integer(self, tag: int = INTEGER) -> int:
        content = self.octets(tag)
        if not 0 < len(content) <= 8:
            raise BadBER("a number of no or too many bytes")
        return int.from_bytes(content, "big", signed=True)

    def inside(self, tag: int = SEQUENCE) -> "Reader":
        """What the next item is made of."""
        begin, end = self.take(tag)
        return Reader(self.data, begin, end)
