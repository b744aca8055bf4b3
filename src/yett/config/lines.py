"""Where in a TOML file a key stands.

`tomllib` forgets lines. This scan finds them again, for files that have a mistake; it needs to be
right only for text that `tomllib` has accepted, and a key it misses merely has no line.
"""

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_KEY = rf"(?:{_PART})(?:\s*\.\s*(?:{_PART}))*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_KEY})\s*\]")
_ASSIGNMENT = re.compile(rf"\s*({_KEY})\s*=")
_TOKEN = re.compile(r"\"\"\"|'''|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[\[\]{}#]")


def scan(text: str) -> Mapping[Path, int]:
    """The line of each header and each key, counted from 1; items of arrays by position from 0."""
    found: dict[Path, int] = {}
    lengths: dict[Path, int] = {}
    prefix: Path = ()
    inside = _Inside()
    for number, line in enumerate(text.split("\n"), start=1):
        if inside.is_open:
            inside.feed(line)
        elif header := _HEADER.match(line):
            prefix = _resolve(_parts(header.group(2)), lengths)
            if header.group(1) == "[[":
                lengths[prefix] = lengths.get(prefix, 0) + 1
                found.setdefault(prefix, number)
                prefix = (*prefix, lengths[prefix] - 1)
            found.setdefault(prefix, number)
        elif assignment := _ASSIGNMENT.match(line):
            parts = _parts(assignment.group(1))
            for depth in range(1, len(parts) + 1):
                found.setdefault((*prefix, *parts[:depth]), number)
            inside.feed(line[assignment.end() :])
    return found


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """The line of a key, or of the nearest table around it."""
    for length in range(len(path), 0, -1):
        if (line := lines.get(path[:length])) is not None:
            return line
    return None


class _Inside:
    """Whether a value goes on at the end of a line."""

    def __init__(self) -> None:
        self._quotes = ""
        self._depth = 0

    @property
    def is_open(self) -> bool:
        return bool(self._quotes) or self._depth > 0

    def feed(self, line: str) -> None:
        position = 0
        while True:
            if self._quotes:
                position = self._end_of_string(line, position)
                if position < 0:
                    return
            token = _TOKEN.search(line, position)
            if token is None or token.group() == "#":
                return
            position = token.end()
            match token.group():
                case '"""' | "'''":
                    self._quotes = token.group()
                case "[" | "{":
                    self._depth += 1
                case "]" | "}":
                    self._depth -= 1

    def _end_of_string(self, line: str, position: int) -> int:
        while True:
            end = line.find(self._quotes, position)
            if end < 0:
                return -1
            backslashes = len(line[:end]) - len(line[:end].rstrip("\\"))
            if self._quotes == '"""' and backslashes % 2:
                position = end + 1
                continue
            quote, end = self._quotes[0], end + 3
            # Up to two quotes may stand right before the closing three.
            while line[end : end + 1] == quote:
                end += 1
            self._quotes = ""
            return end


def _parts(key: str) -> tuple[str, ...]:
    return tuple(_unquoted(part) for part in re.findall(_PART, key))


def _unquoted(part: str) -> str:
    if part[0] == '"' and "\\" in part:
        return str(tomllib.loads(f"key = {part}")["key"])
    return part[1:-1] if part[0] in "\"'" else part


def _resolve(parts: tuple[str, ...], lengths: Mapping[Path, int]) -> Path:
    """The path of a header: a part that names an array stands for its newest item, except at the end."""
    path: Path = ()
    for position, part in enumerate(parts, start=1):
        path = (*path, part)
        if position < len(parts) and path in lengths:
            path = (*path, lengths[path] - 1)
    return path
