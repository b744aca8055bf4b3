"""The little of Protocol Buffers that Envoy's question and its answer need (the wire format, version 3).

Reading is strict and bounded: what is not exactly a message is refused as a whole. Fields that
nobody here reads are skipped, as the format wants it.
"""

from collections.abc import Iterable, Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_FIELDS = 2000


class Undecodable(ValueError):
    """Bytes that are no message."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Undecodable("a number that does not end")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7


def fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Each field of a message: its number and its value, bytes or a number. Raises Undecodable."""
    at = count = 0
    while at < len(data):
        count += 1
        if count > _MOST_FIELDS:
            raise Undecodable("too many fields")
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise Undecodable("a field without a number")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind == _FIXED64:
            size = 8
        elif kind == _FIXED32:
            size = 4
        else:
            raise Undecodable("a field of a kind that nobody uses")
        if size > len(data) - at:
            raise Undecodable("a field that is cut off")
        yield number, data[at : at + size]
        at += size


def sub_message(data: bytes, *path: int) -> bytes:
    """The message at a path of field numbers; empty where there is none. Of several, all joined count as one."""
    for number in path:
        data = b"".join(_bytes(value) for found, value in fields(data) if found == number)
    return data


def text_of(value: bytes | int) -> str:
    """A string field, which has to be UTF-8."""
    try:
        return _bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable("text that is no UTF-8") from None


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise Undecodable("a number in place of bytes")
    return value


def entry_of(value: bytes | int) -> tuple[str, str]:
    """An entry of a map of strings."""
    key = text = ""
    for number, inner in fields(_bytes(value)):
        if number == 1:
            key = text_of(inner)
        elif number == 2:
            text = text_of(inner)
    return key, text


# Writing.


def number_field(number: int, value: int) -> bytes:
    """A number; the one that means nothing is left out."""
    return _written(number << 3 | _VARINT) + _written(value) if value else b""


def bytes_field(number: int, value: bytes) -> bytes:
    """A message, a text or bytes. An empty one is written: it may be one of several that can be there."""
    return _written(number << 3 | _BYTES) + _written(len(value)) + value


def repeated(number: int, values: Iterable[bytes]) -> bytes:
    """Several of them."""
    return b"".join(bytes_field(number, value) for value in values)


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
