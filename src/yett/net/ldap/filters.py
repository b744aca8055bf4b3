"""Search filters (RFC 4515): from text to what goes over the wire, and values made harmless.

A filter of a setting is read here once, so that a mistake is found when the settings are checked.
"""

import re

from yett.net.ldap import ber

_DEEPEST = 32
_LONGEST = 16_384
_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|[0-2](\.[0-9]+)+")
_EXTENSIBLE = re.compile(
    r"(?P<attribute>[A-Za-z][A-Za-z0-9;-]*|[0-2](\.[0-9]+)+)?(?P<dn>:dn)?(:(?P<rule>[A-Za-z0-9.-]+))?"
)
_UNSAFE = re.compile(r"[*()\\\x00]")

_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4
_AT_LEAST, _AT_MOST, _PRESENT, _ALIKE, _EXTENDED = 0xA5, 0xA6, 0x87, 0xA8, 0xA9


class BadFilter(ValueError):
    """The text is no filter; the message says what is wrong with it."""


def escape(value: str) -> str:
    """A value as it stands in a filter, whatever it holds (RFC 4515, section 3)."""
    return _UNSAFE.sub(lambda found: f"\\{ord(found[0]):02x}", value)


def all_of(*texts: str) -> str:
    """A filter that asks for everything that each of them does."""
    return "(&" + "".join(texts) + ")"


def compile_filter(text: str) -> bytes:
    """The filter as it goes over the wire. Raises BadFilter."""
    if len(text) > _LONGEST:
        raise BadFilter(f"has more than {_LONGEST} characters")
    encoded, at = _read(text, 0, 0)
    if at != len(text):
        raise BadFilter(f"goes on after its end, at character {at + 1}")
    return encoded


def _read(text: str, at: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEEPEST:
        raise BadFilter(f"has more than {_DEEPEST} levels")
    if text[at : at + 1] != "(":
        raise BadFilter(f'has no "(" at character {at + 1}')
    sign = text[at + 1 : at + 2]
    if sign in {"&", "|"}:
        parts = []
        at += 2
        while text[at : at + 1] == "(":
            part, at = _read(text, at, depth + 1)
            parts.append(part)
        return ber.sequence(*parts, tag=_AND if sign == "&" else _OR), _closed(text, at)
    if sign == "!":
        inner, at = _read(text, at + 2, depth + 1)
        return ber.sequence(inner, tag=_NOT), _closed(text, at)
    end = text.find(")", at)
    if end < 0:
        raise BadFilter('ends without a ")"')
    return _item(text[at + 1 : end]), end + 1


def _closed(text: str, at: int) -> int:
    if text[at : at + 1] != ")":
        raise BadFilter(f'has no ")" at character {at + 1}')
    return at + 1


def _item(text: str) -> bytes:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadFilter(f'has a part without "=": {text[:60]!r}')
    if "(" in value:
        raise BadFilter('has a "(" in a value; write it as \\28')
    kind = _EQUAL
    match name[-1:]:
        case ":":
            return _extended(name[:-1], value)
        case ">":
            name, kind = name[:-1], _AT_LEAST
        case "<":
            name, kind = name[:-1], _AT_MOST
        case "~":
            name, kind = name[:-1], _ALIKE
    if not _ATTRIBUTE.fullmatch(name):
        raise BadFilter(f"has no attribute's name before the sign: {name[:60]!r}")
    if kind == _EQUAL and value == "*":
        return ber.octets(name, _PRESENT)
    if kind == _EQUAL and "*" in value:
        return _substrings(name, value)
    if "*" in value:
        raise BadFilter('has a "*" where none can be; write it as \\2a')
    return ber.sequence(ber.octets(name), ber.octets(_bytes(value)), tag=kind)


def _substrings(name: str, value: str) -> bytes:
    first, *middle, last = value.split("*")
    parts = [ber.octets(_bytes(first), 0x80)] if first else []
    for piece in middle:
        if not piece:
            raise BadFilter('has two "*" side by side')
        parts.append(ber.octets(_bytes(piece), 0x81))
    if last:
        parts.append(ber.octets(_bytes(last), 0x82))
    return ber.sequence(ber.octets(name), ber.sequence(*parts), tag=_SUBSTRINGS)


def _extended(name: str, value: str) -> bytes:
    found = _EXTENSIBLE.fullmatch(name)
    if found is None or not (found["attribute"] or found["rule"]):
        raise BadFilter(f"has a matching rule that cannot be read: {name[:60]!r}")
    parts = []
    if found["rule"]:
        parts.append(ber.octets(found["rule"], 0x81))
    if found["attribute"]:
        parts.append(ber.octets(found["attribute"], 0x82))
    parts.append(ber.octets(_bytes(value), 0x83))
    if found["dn"]:
        parts.append(ber.boolean(True, 0x84))
    return ber.sequence(*parts, tag=_EXTENDED)


def _bytes(value: str) -> bytes:
    """A value with its escapes undone."""
    first, *rest = value.split("\\")
    found = first.encode()
    for piece in rest:
        if not re.fullmatch(r"[0-9a-fA-F]{2}", piece[:2]):
            raise BadFilter("has a backslash without two hexadecimal digits behind it")
        found += bytes((int(piece[:2], 16),)) + piece[2:].encode()
    return found
