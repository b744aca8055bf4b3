"""Distinguished names (RFC 4514): making one of parts, and telling whether two mean the same entry."""

import re

_SPECIAL = re.compile(r'[",+;<>\\=\x00-\x1f\x7f]')
_PLAIN = re.compile(r'[^"+;<>\\#]*')
_KIND = re.compile(r"[a-z0-9.-]+")
_SPACES = re.compile(r" {2,}")
_HEX = re.compile(r"[0-9a-fA-F]{2}")
_LONGEST = 4096


def escape_value(value: str) -> str:
    """A value as it stands in a name, whatever it holds (RFC 4514, section 2.4)."""
    escaped = _SPECIAL.sub(lambda found: f"\\{ord(found[0]):02x}", value)
    if escaped[:1] in {" ", "#"}:
        escaped = f"\\{ord(escaped[0]):02x}{escaped[1:]}"
    if escaped[-1:] == " ":
        escaped = f"{escaped[:-1]}\\20"
    return escaped


def name_key(name: str) -> str | None:
    """What two spellings of one name have in common; None for what is no name.

    Case and needless spaces do not count, as they do not for the attributes that names are made of. Letters
    are only made small and not folded further: servers tell "straße" from "strasse".
    """
    if not name or len(name) > _LONGEST:
        return None
    if _PLAIN.fullmatch(name):
        parts = []
        for part in name.split(","):
            kind, equals, value = part.partition("=")
            kind = kind.strip(" ").lower()
            if not equals or not _KIND.fullmatch(kind):
                return None
            parts.append(f"{kind}={_folded(value)}")
        return ",".join(parts)
    return _thorough_key(name)


def _folded(value: str) -> str:
    return escape_value(_SPACES.sub(" ", value.strip(" ")).lower())


def _thorough_key(name: str) -> str | None:
    """The same, by reading character by character."""
    relative: list[list[str]] = [[]]
    at = 0
    while True:
        equals = name.find("=", at)
        if equals < 0:
            return None
        kind = name[at:equals].strip(" ").lower()
        if not _KIND.fullmatch(kind):
            return None
        read = _value(name, equals + 1)
        if read is None:
            return None
        value, at = read
        relative[-1].append(f"{kind}={_folded(value)}")
        if at >= len(name):
            break
        if name[at] in ",;":
            relative.append([])
        elif name[at] != "+":
            return None
        at += 1
    # The parts of one relative name have no order (RFC 4514, section 2.2).
    return ",".join("+".join(sorted(each)) for each in relative)


def _value(name: str, at: int) -> tuple[str, int] | None:
    """A value up to its unescaped end, as text; bytes that are no UTF-8 make it no name."""
    found = bytearray()
    kept = 0
    while at < len(name) and name[at] == " ":
        at += 1
    if name[at : at + 1] == '"':
        return None  # The quoted form of RFC 2253's forebears: nobody sends it, and it reads in two ways.
    while at < len(name) and name[at] not in ",;+":
        if name[at] == "\\":
            if _HEX.fullmatch(name[at + 1 : at + 3]):
                found.append(int(name[at + 1 : at + 3], 16))
                at += 3
            elif at + 1 < len(name):
                found += name[at + 1].encode("utf-8", "replace")
                at += 2
            else:
                return None
            kept = len(found)
            continue
        if name[at] in '"<>':
            return None
        found += name[at].encode("utf-8", "replace")
        at += 1
        if found[-1:] != b" ":
            kept = len(found)
    try:
        return bytes(found[:kept]).decode(), at
    except UnicodeDecodeError:
        return None
