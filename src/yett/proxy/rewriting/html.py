"""Rewriting the links of a page while it streams.

The page is read as a browser reads it (HTML standard, 13.2.5), with one regular expression per
kind of token, and never put together anew: every byte goes on as it came except for the origins
that are replaced inside of attributes and style sheets. So a page that is broken stays exactly as
broken, and the worst that a misreading can do is to replace an origin or to leave one.

What must stay true:
  the output does not depend on how the input is cut into pieces;
  what is held back is the beginning of one tag, or a few bytes: at most `MOST_HELD`;
  no expression can go back on what it has taken (possessive), so time is linear in what is held.

Why not a library: those that stream are young (python-lolhtml calls itself alpha), the others want
the whole page and write it out in their own words.
"""

import re
from collections.abc import Callable
from typing import Final

from yett.proxy.rewriting.attributes import ATTRIBUTE, Attributes
from yett.proxy.rewriting.model import TooLarge, Untouched

MOST_HELD: Final = 1024 * 1024
"""The longest tag that is read. Images written into a page make long ones."""
_MUCH: Final = 4096
"""A tag beyond this is looked at again only when a quarter was added, so that time stays linear."""

_TAG: Final = re.compile(
    rb"<(/?)([A-Za-z][^\t\n\f\r />]*+)((?:[\t\n\f\r /]++|" + ATTRIBUTE + rb")*+)>"
)  # fmt: skip
_MARKUP: Final = re.compile(rb"<(?=[A-Za-z/!?]|\Z)")
_TAG_BEGINS: Final = re.compile(rb"</?+(?:[A-Za-z]|\Z)")
_DECLARATION_BEGINS: Final = re.compile(rb"<!(?:-?\Z|\[(?:C(?:D(?:A(?:T(?:A)?)?)?)?)?\Z|\Z)")
_CDATA: Final = b"<![CDATA["
_COMMENT_ENDS_AT_ONCE: Final = re.compile(rb"-?>")
_COMMENT_MAY_END: Final = re.compile(rb"-?\Z")
_COMMENT_END: Final = re.compile(rb"--!?>")
_ENDS: Final = {"comment": _COMMENT_END, "bogus": re.compile(rb">"), "cdata": re.compile(rb"\]\]>")}
_SCRIPT_MARK: Final = re.compile(rb"<!--|-->|<(/?)script(?=[\t\n\f\r />])", re.IGNORECASE)
_RAW: Final = frozenset(
    {b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"}
)
"""Elements whose content is text up to their end tag."""
_RAW_ENDS: Final = {
    name: re.compile(rb"</" + name + rb"(?=[\t\n\f\r />])", re.IGNORECASE) for name in _RAW
}  # fmt: skip
_FOREIGN: Final = frozenset({b"svg", b"math"})
_HTML_INSIDE: Final = frozenset({b"foreignobject", b"desc", b"title", b"mi", b"mo", b"mn", b"ms", b"mtext"})
"""Elements of SVG and MathML whose content is HTML again (HTML standard, 13.2.6)."""
_DEEPEST: Final = 512
_BREAKOUT: Final = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu "
    b"meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
"""Elements that end SVG and MathML, open tags or not (HTML standard, 13.2.6.5)."""
_ESCAPE: Final = b"\x1b"
"""Begins what only ISO-2022 has: a stretch in which "<" is half of a character."""
_WIDE: Final = (b"\xfe\xff", b"\xff\xfe")
"""Byte order marks of UTF-16; that of UTF-32 begins with one of them."""


class Rewriter:
    """A filter for the body of one page."""

    def __init__(
        self,
        attributes: Attributes,
        *,
        limit: int,
        is_xml: bool = False,
        can_style: bool = True,
        gave_up: Callable[[TooLarge | Untouched], None],
    ) -> None:
        """`gave_up` is told why, if the rest of the page goes on as it comes."""
        self._attributes = attributes
        self._translation = attributes.translation
        self._reach = attributes.translation.patterns.reach
        self._left = limit
        self._is_xml = is_xml
        self._can_style = can_style
        self._gave_up = gave_up
        self._state: Callable[[bytes, int], int] | None = self._beginning
        """Takes the text from a place on and says how far it got: no further means that more has to come."""
        self._held = b""
        self._enough = 0
        """Bytes that have to be held before it is worth looking again."""
        self._edits: list[tuple[int, int, bytes]] = []
        self._raw = b""
        self._ending = ""
        self._script = 0
        """How deep a script has hidden itself in comments: 0, 1 in one, 2 in a script inside of one."""
        self._open: list[bytes] = []
        """The open elements that lead into SVG or MathML, and out of it."""

    def feed(self, data: bytes) -> bytes:
        if self._state is None:
            return data
        size, why = self._readable(data)
        if why is None:
            return self._read(data)
        done = self._read_all(data[:size])
        if self._state is not None:
            self._give_up(why)
        return done + self._flush() + data[size:]

    def end(self) -> bytes:
        return (self._read_all(b"") if self._state is not None else b"") + self._flush()

    def _readable(self, data: bytes) -> tuple[int, TooLarge | Untouched | None]:
        """How much of the data may be read, and why no more."""
        escape = data.find(_ESCAPE)
        if 0 <= escape <= self._left:
            return escape, Untouched.CHARSET
        if len(data) > self._left:
            return self._left, TooLarge.BODY
        self._left -= len(data)
        return len(data), None

    def _give_up(self, why: TooLarge | Untouched) -> None:
        self._state = None
        self._gave_up(why)

    def _flush(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _read(self, data: bytes) -> bytes:
        if len(self._held) + len(data) < self._enough:
            self._held += data
            return b""
        return self._read_all(data)

    def _read_all(self, data: bytes) -> bytes:
        text = self._held + data if self._held else data
        size, at = len(text), 0
        while at < size and self._state is not None:
            state = self._state
            now = state(text, at)
            if now == at and state == self._state:
                break
            at = now
        if self._state is None:
            at = size
        self._held = text[at:]
        held = size - at
        self._enough = min(held + held // 4, MOST_HELD) if held > _MUCH else 0
        done = self._edited(text, at)
        if held > MOST_HELD:
            self._give_up(TooLarge.TAG)
            done += self._flush()
        return done

    def _edited(self, text: bytes, end: int) -> bytes:
        edits = self._edits
        if not edits:
            return text[:end] if end < len(text) else text
        parts: list[bytes] = []
        at = 0
        for start, stop, new in edits:
            parts += (text[at:start], new)
            at = stop
        parts.append(text[at:end])
        edits.clear()
        return b"".join(parts)

    # States. Each takes what it can from `at` on.

    def _beginning(self, text: bytes, at: int) -> int:
        if len(text) < 2 and text in {b"\xfe", b"\xff"}:
            return at
        if text.startswith(_WIDE):
            self._give_up(Untouched.CHARSET)
            return len(text)
        self._state = self._markup
        return at

    def _markup(self, text: bytes, at: int) -> int:
        """Everything between tags, up to something that is no tag."""
        size = len(text)
        while True:
            markup = _MARKUP.search(text, at)
            if markup is None:
                return size
            at = markup.start()
            tag = _TAG.match(text, at)
            if tag is not None:
                if tag.end() - at > MOST_HELD:
                    self._give_up(TooLarge.TAG)
                    return size
                at = tag.end()
                if not tag[1]:
                    self._opened(tag)
                elif self._open:
                    self._closed(tag[2].lower())
                if self._state != self._markup:
                    return at
            elif _TAG_BEGINS.match(text, at):
                return at
            else:
                after = self._declaration(text, at)
                if after == at or self._state != self._markup:
                    return after
                at = after

    def _opened(self, tag: re.Match[bytes]) -> None:
        name = tag[2].lower()
        start, end = tag.span(3)
        if start < end:
            self._edits += self._attributes.edits(
                tag.string, start, end, is_meta=name == b"meta", can_style=self._can_style
            )
        if self._is_xml:
            return
        is_foreign = self._is_foreign
        if is_foreign and name in _BREAKOUT:
            self._break_out()
        elif name in _FOREIGN or (is_foreign and name in _HTML_INSIDE):
            if not tag[3].endswith(b"/") and len(self._open) < _DEEPEST:
                self._open.append(name)
        elif is_foreign:
            return
        elif name == b"script":
            self._script, self._state = 0, self._in_script
        elif name == b"style":
            self._raw, self._state = name, self._in_style
        elif name in _RAW:
            self._raw, self._state = name, self._in_text
        elif name == b"plaintext":
            self._state = None

    @property
    def _is_foreign(self) -> bool:
        """Whether this is SVG or MathML, where scripts and titles hold tags like other elements."""
        return bool(self._open) and self._open[-1] in _FOREIGN

    def _closed(self, name: bytes) -> None:
        if name in self._open:
            while self._open.pop() != name:
                pass
        elif name in {b"p", b"br"}:
            self._break_out()

    def _break_out(self) -> None:
        while self._is_foreign:
            self._open.pop()

    def _declaration(self, text: bytes, at: int) -> int:
        """What begins with "<" and is no tag; the same place when it is not clear yet what it is."""
        following = text[at + 1 : at + 2]
        if following == b"!":
            if _DECLARATION_BEGINS.match(text, at):
                return at
            if text.startswith(b"<!--", at):
                self._state = self._comment_beginning
                return at + 4
            if (self._is_xml or self._is_foreign) and text.startswith(_CDATA, at):
                self._ending, self._state = "cdata", self._skipped
                return at + len(_CDATA)
        elif text.startswith(b"</>", at):
            return at + 3
        self._ending, self._state = "bogus", self._skipped
        return at + 2

    def _comment_beginning(self, text: bytes, at: int) -> int:
        match = _COMMENT_ENDS_AT_ONCE.match(text, at)
        if match is not None and not self._is_xml:
            self._state = self._markup
            return match.end()
        if _COMMENT_MAY_END.match(text, at):
            return at
        self._ending, self._state = "comment", self._skipped
        return at

    def _skipped(self, text: bytes, at: int) -> int:
        """A comment, or something that a browser takes for one."""
        match = _ENDS[self._ending].search(text, at)
        if match is not None:
            self._state = self._markup
            return match.end()
        return len(text) if self._ending == "bogus" else max(at, len(text) - 3)

    def _in_text(self, text: bytes, at: int) -> int:
        match = _RAW_ENDS[self._raw].search(text, at)
        if match is not None:
            self._state = self._markup
            return match.start()
        return _last_opening(text, at, len(self._raw) + 2)

    def _in_script(self, text: bytes, at: int) -> int:
        """A script; one inside of a comment inside of a script does not end it (13.2.5.20 to 31)."""
        while True:
            mark = _SCRIPT_MARK.search(text, at)
            if mark is None:
                tail = text[-2:]
                end = len(text) - len(tail) + len(tail.rstrip(b"-"))
                return max(at, min(end, _last_opening(text, at, 8)))
            at = mark.end()
            if mark[0] == b"<!--":
                self._script = self._script or 1
                at -= 2  # its dashes may be those of the end
            elif mark[0] == b"-->":
                self._script = 0
            elif not mark[1]:
                self._script = 2 if self._script else 0
            elif self._script == 2:
                self._script = 1
            else:
                self._state = self._markup
                return mark.start()

    def _in_style(self, text: bytes, at: int) -> int:
        match = _RAW_ENDS[b"style"].search(text, at)
        end = len(text) if match is None else match.start()
        # An origin that begins closer to the end may not be all there.
        safe = end if match is not None else max(at, end - self._reach)
        if self._can_style:
            for edit in self._translation.style_sheet(text, at, end, safe):
                self._edits.append(edit)
                at = edit[1]
        if match is not None:
            self._state = self._markup
        return max(at, safe)


def _last_opening(text: bytes, at: int, reach: int) -> int:
    """Where an end tag might have begun that is not complete; the end of the text if nowhere."""
    found = text.rfind(b"<", max(at, len(text) - reach))
    return len(text) if found < 0 else found
