r"""Which mapping's path a request's path is, and whether an upstream could read it as another's.

A path is compared as it came, because that is how it goes to the upstream. What an upstream may
read differently (escapes, doubled slashes, backslashes, `;parameters`, capital letters) is the
classic way round a rule, so a path is refused unless every reading of it ends at the same place.
Dot segments are refused always.

Of the places of a host that match, the first of these is the one: an exact path; then whatever
is spelt out for longest before its first star; then a pattern before a prefix; then the pattern
that is longer as a whole; then the one that was configured first. A slash at the end of a path
makes no difference to any of them.

Patterns are globs, not regular expressions: `*` is any text within a segment (at least one
character where it is a whole segment), `**` any number of whole segments, none included. They are
compared piece by piece from left to right, without ever going back.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import unquote_to_bytes

from yett.proxy.config import RESERVED, PathKind

_ODD = re.compile(r"[%;\\?#]|//|/\.")
"""What makes a path worth a second reading."""
_EVEN = re.compile(r"/[a-z0-9/._~-]*")
"""A path of characters that everybody reads alike; what two slashes or a dot behind one may mean is not said."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLIMB = re.compile(r"[/\\]\.{1,2}(?:[/\\;?#]|$)")
"""A dot segment. Some servers cut parameters off first, so "..;x" climbs as well."""
_QUERY = re.compile(r"[?#]")
_PARAMETERS = re.compile(r";[^/]*")
_SLASHES = re.compile(r"//+")

MOST_SEGMENTS = 16
"""Of a pattern. With the limits below it bounds what one comparison can take."""
_LONGEST = 4096
"""Characters of a path that is compared with patterns."""
_LONGEST_ODD = 1024
"""Characters of a path whose every reading is compared with exact paths or patterns."""
_MOST_READINGS = 48


class Miss(enum.Enum):
    """Why there is no route to an application."""

    NO_HOST = "no routes for hostname"
    NO_PATH = "no path match"
    AMBIGUOUS = "ambiguous path"
    RESERVED = "reserved path"
    """One of our own pages on an application host."""
    TOO_LONG = "path too long"
    """Longer than can be compared with every place of this host in good time."""


class BadPattern(ValueError):
    """The pattern is wrong; the text says how."""


class Place:
    """One path of a host."""

    __slots__ = (
        "_folded",
        "_matches",
        "_prefix",
        "folded_path",
        "kind",
        "number",
        "parts",
        "path",
        "spelt_out",
    )

    def __init__(self, path: str, kind: PathKind, number: int = 0, parts: Iterable["Place"] = ()) -> None:
        """`path` has no slash at its end; `number` says what stands here, and tells equals apart.

        `parts` are prefixes inside this place: a path below one of them is there, if it is here
        at all. Raises BadPattern.
        """
        self.path: str = path
        self.kind = kind
        self.number = number
        self.folded_path = path.casefold()
        self.spelt_out = len(_prefix_of(path)) if kind is PathKind.PREFIX else len(path.partition("*")[0])
        self.parts = tuple(sorted(parts, key=lambda part: -part.spelt_out))
        self._prefix: str = _prefix_of(path) if kind is PathKind.PREFIX else ""
        self._matches = _matcher(path, kind)
        self._folded = self._matches if self.folded_path == path else _matcher(self.folded_path, kind)

    def find(self, path: str) -> "Place | None":
        """This place or the part of it that the path belongs to."""
        prefix: str = self._prefix
        if prefix:  # as its matcher does it, without the call in between
            if not path.startswith(prefix) and path != self.path:
                return None
        elif not self._matches(path):
            return None
        return self._part_of(path) if self.parts else self

    def _part_of(self, path: str) -> "Place":
        return next((part for part in self.parts if part.find(path)), self)

    def find_folded(self, path: str) -> "Place | None":
        """The same for a path without regard to capital letters."""
        if not self._folded(path):
            return None
        return next((part for part in self.parts if part.find_folded(path)), self)

    def is_as(self, other: "Place") -> bool:
        """Whether the two differ in capital letters at most."""
        return self is other or (self.kind is other.kind and self.folded_path == other.folded_path)


class Places:
    """The places of one host, in their order."""

    __slots__ = ("_has_patterns", "_is_plain", "_is_small", "_places")

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = tuple(sorted(places, key=_rank))
        self._has_patterns = any(place.kind is PathKind.PATTERN for place in self._places)
        self._is_plain = all(place.kind is PathKind.PREFIX for place in self._places)
        each = [part for place in self._places for part in (place, *place.parts)]
        self._is_small = not self._has_patterns and all(place.path == place.folded_path for place in each)

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places)

    def has_one_reading(self, path: str) -> bool:
        """Whether a path of ordinary characters (see `_EVEN`) has one reading here, as most have."""
        return self._is_small and "//" not in path and "/." not in path

    def find(self, path: str) -> Place | Miss:
        """Where a path belongs, if every reading of it belongs there."""
        if _EVEN.fullmatch(path) is not None and self.has_one_reading(path):
            return self.first(path)
        if self._has_patterns and len(path) > _LONGEST:
            return Miss.TOO_LONG
        found = self.first(path)
        if _ODD.search(path) is None:
            return found if self._is_folded_into(path, found) else Miss.AMBIGUOUS
        if self._is_plain:
            return self._judge_prefixes(path, found)
        if len(path) > _LONGEST_ODD:
            return Miss.TOO_LONG
        return found if self._is_every_reading(path, found) else Miss.AMBIGUOUS

    def _judge_prefixes(self, path: str, found: Place | Miss) -> Place | Miss:
        """The same verdict for prefixes only, where two readings of each decoding stand for all.

        What begins with a prefix still does so when more is cut off and joined behind it, so an
        upstream that does only some of what `_plain` does comes to the same place.
        """
        for text in _decodings(path):
            if _CONTROL.search(text) or _CLIMB.search(text) or self.first(text) is not found:
                return Miss.AMBIGUOUS
            if not self._is_folded_into(_plain(text), found):
                return Miss.AMBIGUOUS
        return found

    def _is_every_reading(self, path: str, found: Place | Miss) -> bool:
        readings = _readings(path)
        return readings is not None and all(
            not _CONTROL.search(text)
            and not _CLIMB.search(text)
            and self.first(text) is found
            and self._is_folded_into(text, found)
            for text in readings
        )

    def first(self, path: str) -> Place | Miss:
        """Where a path belongs as it stands, whatever else it could be read as."""
        if path.startswith(RESERVED):
            return Miss.RESERVED
        place: Place
        for place in self._places:
            found = place.find(path)
            if found is not None:
                return found
        return Miss.NO_PATH

    def _is_folded_into(self, path: str, found: Place | Miss) -> bool:
        """Whether an upstream that takes capital letters for small ones reads the path as we do."""
        folded = path.casefold()
        if folded.startswith(RESERVED):
            return found is Miss.RESERVED
        for place in self._places:
            other = place.find_folded(folded)
            if other is not None:
                return isinstance(found, Place) and found.is_as(other)
        return found is Miss.NO_PATH


def _rank(place: Place) -> tuple[bool, int, bool, int, int]:
    """Where a place stands among those of its host; see the head of this file."""
    is_pattern = place.kind is PathKind.PATTERN
    whole = len(place.path) if is_pattern else 0
    return place.kind is not PathKind.EXACT, -place.spelt_out, not is_pattern, -whole, place.number


# One place.


def _prefix_of(path: str) -> str:
    return path if path.endswith("/") else path + "/"


def _matcher(path: str, kind: PathKind) -> Callable[[str], bool]:
    match kind:
        case PathKind.EXACT:
            return frozenset({path, _prefix_of(path)}).__contains__
        case PathKind.PATTERN:
            return _pattern(path)
    prefix = _prefix_of(path)
    return lambda candidate: candidate.startswith(prefix) or candidate == path


def _pattern(text: str) -> Callable[[str], bool]:
    segments = text.removeprefix("/").split("/")
    if len(segments) > MOST_SEGMENTS:
        raise BadPattern(f"a pattern has at most {MOST_SEGMENTS} segments")
    groups: list[list[Callable[[str], bool]]] = [[]]
    for segment in segments:
        if segment == "**":
            groups.append([])
        elif "**" in segment:
            raise BadPattern("** stands for whole segments, so it has to be one by itself")
        else:
            groups[-1].append(_glob(segment))
    first, *others = groups
    if not others:
        return lambda path: _is_row(first, _segments(path))
    *between, last = others

    def matches(path: str) -> bool:
        found = _segments(path)
        end = len(found) - len(last)
        at = len(first)
        if at > end or not _is_row(first, found[:at]) or not _is_row(last, found[end:]):
            return False
        # The leftmost place of each group leaves most room for those behind it.
        for group in between:
            while at + len(group) <= end and not _is_row(group, found[at : at + len(group)]):
                at += 1
            at += len(group)
            if at > end:
                return False
        return True

    return matches


def _segments(path: str) -> list[str]:
    found = path.removeprefix("/").split("/")
    if not found[-1]:
        found.pop()
    return found


def _is_row(row: list[Callable[[str], bool]], segments: list[str]) -> bool:
    return len(row) == len(segments) and all(
        each(segment) for each, segment in zip(row, segments, strict=True)
    )


def _glob(text: str) -> Callable[[str], bool]:
    """A segment with stars in it. Taking each piece as early as possible never has to be undone."""
    if "*" not in text:
        return text.__eq__
    first, *between, last = text.split("*")
    least = max(len(text) - text.count("*"), 1)

    def matches(segment: str) -> bool:
        if len(segment) < least or not segment.startswith(first) or not segment.endswith(last):
            return False
        at, end = len(first), len(segment) - len(last)
        for piece in between:
            at = segment.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matches


# Readings.


def _plain(path: str) -> str:
    """The path as the most generous upstream takes it."""
    path = _QUERY.split(path, maxsplit=1)[0].replace("\\", "/")
    return _SLASHES.sub("/", _PARAMETERS.sub("", path))


def _decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("utf-8", "replace")


def _decodings(path: str) -> Iterator[str]:
    """The path as it came, decoded, and decoded twice, as happens where one proxy follows another."""
    for _ in range(3):
        yield path
        decoded = _decoded(path)
        if decoded == path:
            return
        path = decoded


def _readings(path: str) -> set[str] | None:
    """Everything that an upstream may make of a path by any of these steps, in any order.

    None when there are too many. Only a path made for that purpose has so many.
    """
    found: set[str] = set()
    ahead = [(path, 0)]
    seen = {(path, 0)}
    while ahead:
        text, decoded = ahead.pop()
        found.add(text)
        for each in _following(text, decoded):
            if each not in seen:
                seen.add(each)
                ahead.append(each)
        if len(seen) > _MOST_READINGS:
            return None
    return found


def _following(text: str, decoded: int) -> Iterator[tuple[str, int]]:
    """What one more step makes of a path that was decoded so often."""
    if "?" in text or "#" in text:
        yield _QUERY.split(text, maxsplit=1)[0], decoded
    if "\\" in text:
        yield text.replace("\\", "/"), decoded
    if ";" in text:
        yield _PARAMETERS.sub("", text), decoded
    if "//" in text:
        yield _SLASHES.sub("/", text), decoded
    if "%" in text and decoded < 2:
        yield _decoded(text), decoded + 1
