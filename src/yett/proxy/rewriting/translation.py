"""From the addresses an application knows itself by to the one that people open.

Only whole origins are replaced, and by text that is made of letters, digits, dots, dashes, colons
and brackets alone: whatever is misread on the way, nothing can be broken out of.
"""

import re
from collections.abc import Callable, Iterable
from html import unescape
from typing import Final

from yett.proxy.rewriting.model import Place

_DEFAULT_PORTS: Final = frozenset({80, 443})
_END: Final = rb"(?![A-Za-z0-9.:@_%-])"
"""What would make it another host or port."""
_END_WRITTEN: Final = (
    rb"(?!&(?:colon|period|commat|lowbar|percnt|hyphen|dash"
    rb"|#0{0,5}(?:3[79]|4[56]|58|64|95)|#x0{0,5}(?:2[5de]|3a|40|5f)))"
)
"""The same, written as references."""
_ENTITIES: Final = {
    ":": rb":|&colon;|&#0{0,5}58;?|&#x0{0,5}3a;?",
    "/": rb"/|&sol;|&#0{0,5}47;?|&#x0{0,5}2f;?",
    ".": rb"\.|&period;|&#0{0,5}46;?|&#x0{0,5}2e;?",
    "-": rb"-|&#0{0,5}45;?|&#x0{0,5}2d;?",
    "[": rb"\[|&lsqb;|&lbrack;|&#0{0,5}91;?|&#x0{0,5}5b;?",
    "]": rb"\]|&rsqb;|&rbrack;|&#0{0,5}93;?|&#x0{0,5}5d;?",
}
"""Characters that template engines like to write as references."""
_QUOTE: Final = rb"""(?:["']|&quot;|&apos;|&#0{0,5}3[49];?|&#x0{0,5}2[27];?)?"""
_LONGEST_LABEL: Final = 63
_MARGIN: Final = 64
"""Longer than what stands around an origin in a style sheet, so that a piece can be cut there."""


class Patterns:
    """What the addresses of one application look like. Making them takes milliseconds, so it is done once."""

    def __init__(self, places: Iterable[Place], host: str, public_port: int) -> None:
        """`host` is the public one, or "*." and what all of them end with.

        Links to it are mended as well, should scheme or port be missing or wrong.
        """
        places = tuple(places)
        self.hosts = frozenset(place.host.encode("ascii") for place in places)
        """What the application calls itself, without ports."""
        self.has_wildcard = host.startswith("*.")
        known = dict.fromkeys([*places, *(Place(host, port) for port in (80, 443, public_port))])
        plain, escaped = _origins(known, {}), _origins(known, _ENTITIES)
        self.reach: int = _MARGIN + _LONGEST_LABEL + max(len(place.host) for place in known)
        """No match of `sheet` is longer."""
        self.needle = _compiled(b"|".join(sorted({_longest_word(place.host) for place in known})))
        """What stands in every value that has something to replace."""
        space, quote = rb"[\t\n\f\r ]", rb"[\"']?"
        style = rb"(?:url\(" + space + rb"{0,8}|@import" + space + rb"{1,8})"
        seconds = rb"[0-9]{1,10}(?:\.[0-9]{0,10})?[ \t]{0,8}[;,][ \t]{0,8}(?:url[ \t]{0,8}=[ \t]{0,8})?"
        self.header = _compiled(plain)
        self.link = _compiled(rb"(?<=<)" + plain)
        self.token = _compiled(rb"(?<![^\s;,])" + plain)
        self.refresh_header = _compiled(seconds + quote + plain)
        self.sheet = _compiled(style + quote + plain)
        self.url = _compiled(space + rb"*+" + escaped)
        self.urls = _compiled(rb"(?<![^\t\n\f\r ,])" + escaped)
        self.style = _compiled(style + _QUOTE + escaped)
        self.content = _compiled(
            space + rb"*+(?:[0-9.]{1,20}" + space + rb"{0,8}[;,]?" + space + rb"{0,8}(?:url" + space
            + rb"{0,8}=" + space + rb"{0,8})?)?" + _QUOTE + escaped
        )  # fmt: skip


class Translation:
    """What stands in for the addresses of an application in answers to one host."""

    def __init__(self, patterns: Patterns, host: str, public_port: int) -> None:
        self.patterns = patterns
        self._host = host
        self._to = b"//" + host.encode("ascii") + (b"" if public_port == 443 else b":%d" % public_port)

    def url(self, value: bytes) -> bytes | None:
        """A header's URL made public; None for one that leads elsewhere."""
        match = self.patterns.header.match(value)
        return None if match is None else self._replaced(match) + value[match.end() :]

    def origin(self, value: bytes) -> bytes | None:
        """The same for a bare origin (RFC 6454, 7)."""
        match = self.patterns.header.fullmatch(value)
        return self._replaced(match) if match is not None and match["scheme"] else None

    def links(self, value: bytes) -> bytes:
        """A Link field with its targets made public."""
        return self.patterns.link.sub(self._replaced, value)

    def sources(self, value: bytes) -> bytes:
        """A Content-Security-Policy with its sources made public."""
        return self.patterns.token.sub(self._replaced, value)

    def refresh_header(self, value: bytes) -> bytes:
        """A Refresh field with its URL made public."""
        return _anchored(self.patterns.refresh_header, self._replaced, value)

    # Attributes of HTML, in which characters may be written as references.

    def attribute(self, value: bytes) -> bytes:
        """An attribute that is one URL, or begins with one."""
        return _anchored(self.patterns.url, self._replaced, value)

    def attribute_list(self, value: bytes) -> bytes:
        """An attribute with URLs behind spaces and commas: srcset, ping, imagesrcset."""
        return self.patterns.urls.sub(self._replaced, value)

    def attribute_style(self, value: bytes) -> bytes:
        """A style attribute."""
        return self.patterns.style.sub(self._replaced, value)

    def attribute_content(self, value: bytes) -> bytes:
        """The content of a meta element: a URL, or one behind seconds to wait."""
        return _anchored(self.patterns.content, self._replaced, value)

    def style_sheet(self, text: bytes, start: int, end: int, before: int) -> list[tuple[int, int, bytes]]:
        """What to replace in `text[start:end]`, as (start, end, new); only what begins ahead of `before`."""
        return [
            (match.start(), match.end(), self._replaced(match))
            for match in self.patterns.sheet.finditer(text, start, end)
            if match.start() < before
        ]

    def _replaced(self, match: re.Match[bytes]) -> bytes:
        if (
            self.patterns.has_wildcard
            and match["own"]
            and unescape(match["own"].decode()).lower() != self._host
        ):
            # Another host of the same wildcard is somebody else's.
            return match[0]
        scheme = match["scheme"]
        start = match.start("scheme") if scheme else match.start("slashes")
        kept = match.string[match.start() : start]
        if not scheme:
            return kept + self._to
        return kept + (b"wss:" if scheme[:1] in b"wW" else b"https:") + self._to


def _anchored(
    pattern: re.Pattern[bytes], replaced: Callable[[re.Match[bytes]], bytes], value: bytes
) -> bytes:
    match = pattern.match(value)
    return value if match is None else replaced(match) + value[match.end() :]


def _origins(places: Iterable[Place], entities: dict[str, bytes]) -> bytes:
    """A pattern for the origins of all places, whatever the scheme."""
    colon, slash = entities.get(":", b":"), entities.get("/", b"/")
    scheme = rb"(?:(?P<scheme>https?|wss?)(?:" + colon + rb"))?(?P<slashes>(?:" + slash + rb"){2})"
    hosts: dict[str, list[int]] = {}
    for place in places:
        hosts.setdefault(place.host, []).append(place.port)
    each = []
    for host, ports in hosts.items():
        numbers = b"|".join(str(port).encode() for port in sorted(set(ports)))
        optional = b"?" if _DEFAULT_PORTS & set(ports) else b""
        each.append(
            _spelt(host, entities) + rb"(?:(?:" + colon + rb")(?:" + numbers + rb"))" + optional + _END
        )
    return scheme + rb"(?:" + b"|".join(each) + rb")" + (_END_WRITTEN if entities else b"")


def _spelt(text: str, entities: dict[str, bytes]) -> bytes:
    if text.startswith("*."):
        return rb"(?P<own>[a-z0-9_-]{1,63}" + _spelt(text[1:], entities) + rb")"
    return b"".join(
        b"(?:" + entities[character] + b")" if character in entities else re.escape(character).encode()
        for character in text
    )


def _longest_word(host: str) -> bytes:
    words: list[str] = re.findall(r"[a-z0-9]+", host)
    return max(words, key=len).encode("ascii")


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.IGNORECASE)
