"""The attributes of HTML that hold addresses, and how each holds them."""

import re
from collections.abc import Callable, Iterator

from yett.proxy.rewriting.translation import Translation

_SPACE = rb"[\t\n\f\r ]"
_NAME = rb"[^\t\n\f\r />][^\t\n\f\r />=]*+"
_BARE = rb"[^\t\n\f\r >\"'][^\t\n\f\r >]*+"

ATTRIBUTE = (
    _NAME
    + rb"(?:" + _SPACE + rb"*+=" + _SPACE + rb"*+(?:\"[^\"]*+\"|'[^']*+'|(?=>)|" + _BARE + rb")"
    + rb"|(?!" + _SPACE + rb"*+=))"
)  # fmt: skip
"""One attribute as a browser takes it (HTML standard, 13.2.5.32 to 39). It never matches a part of one:
where more bytes could make it another one, it does not match."""

_ATTRIBUTE = re.compile(
    rb"(?P<name>" + _NAME + rb")(?:" + _SPACE + rb"*+=" + _SPACE + rb"*+"
    rb"(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>" + _BARE + rb")|)|(?!" + _SPACE + rb"*+=))"
)  # fmt: skip

_URL = frozenset(
    {
        b"action",
        b"background",
        b"cite",
        b"codebase",
        b"data",
        b"formaction",
        b"href",
        b"icon",
        b"itemid",
        b"longdesc",
        b"manifest",
        b"poster",
        b"profile",
        b"src",
        b"usemap",
        b"xlink:href",
    }
)
_URLS = frozenset({b"archive", b"imagesrcset", b"itemtype", b"ping", b"srcset"})


class Attributes:
    """Finds what to replace in the attributes of a tag."""

    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self._needle = translation.patterns.needle
        self._rules: dict[bytes, Callable[[bytes], bytes]] = {
            b"style": translation.attribute_style,
            **dict.fromkeys(_URL, translation.attribute),
            **dict.fromkeys(_URLS, translation.attribute_list),
        }

    def edits(
        self, text: bytes, start: int, end: int, *, is_meta: bool, can_style: bool
    ) -> Iterator[tuple[int, int, bytes]]:
        """What to replace in the attributes that `text[start:end]` holds, as (start, end, new), in order."""
        if self._needle.search(text, start, end) is None:
            return
        for match in _ATTRIBUTE.finditer(text, start, end):
            group = match.lastgroup or "name"
            if group == "name":
                continue
            rule = self._rule(match["name"].lower(), is_meta=is_meta, can_style=can_style)
            if rule is None:
                continue
            value = match[group]
            new = rule(value)
            if new != value:
                yield match.start(group), match.end(group), new

    def _rule(self, name: bytes, *, is_meta: bool, can_style: bool) -> Callable[[bytes], bytes] | None:
        if name == b"content":
            return self.translation.attribute_content if is_meta else None
        if name == b"style" and not can_style:
            return None
        return self.translation.attribute if name.startswith(b"data-") else self._rules.get(name)
