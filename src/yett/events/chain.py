"""The audit chain: each line carries a value computed from the line and the value before it.

A line that was changed, added, removed or put elsewhere afterwards no longer fits. What cannot be
seen is that lines are missing at the very end; other outputs have those.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yett.events.segments import decoded, listed

START = "0" * 64
"""The value before the first line there ever was."""

_TAIL = re.compile(rb',"chain":"([0-9a-f]{64})"\}\Z')
_TAIL_SIZE = 76


def link(previous: str, line: bytes) -> str:
    """The value of a line (as it is without the value) behind the value before it."""
    return hashlib.sha256(previous.encode() + line).hexdigest()


def chained(line: bytes, value: str) -> bytes:
    """The line with its value."""
    return b'%b,"chain":"%b"}' % (line[:-1], value.encode())


def split(line: bytes) -> tuple[bytes, str] | None:
    """The line without its value, and the value; None when it carries none."""
    found = _TAIL.search(line, max(len(line) - _TAIL_SIZE, 0))
    if found is None:
        return None
    return line[: found.start()] + b"}", found.group(1).decode()


def is_chained(line: bytes) -> bool:
    """Whether a line is whole and carries a value."""
    return split(line) is not None and decoded(line) is not None


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the chain does not hold."""

    segment: str
    line: int
    what: str


@dataclass(slots=True)
class Verification:
    """What came of checking all audit files."""

    lines: int = 0
    segments: int = 0
    first: str = ""
    last: str = ""
    """The times of the first and the last line."""
    is_from_start: bool = False
    """Whether the first line there ever was is still there; retention removes it one day."""
    breaks: list[Break] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every line is as it was written."""
        return not self.breaks


def verify(directory: Path) -> Verification:
    """Check every audit line in a directory. The file being written may end in an unfinished line."""
    result = Verification()
    previous: str | None = None
    segments = listed(directory, "audit")
    for segment in segments:
        result.segments += 1
        for number, line in _lines(segment, is_newest=segment == segments[-1]):
            previous = _check(result, segment.name, number, line, previous)
    return result


def _check(result: Verification, segment: str, number: int, line: bytes, previous: str | None) -> str | None:
    parts = split(line)
    entry = decoded(line)
    if parts is None or entry is None:
        result.breaks.append(Break(segment, number, "the line is damaged"))
        return previous
    bare, value = parts
    if number == 1:
        after = str(entry.get("after", ""))
        if previous is None:
            previous = after
            result.is_from_start = after == START
        elif after != previous:
            result.breaks.append(Break(segment, number, "the file does not follow the one before it"))
            previous = after
    if link(previous or "", bare) != value:
        result.breaks.append(Break(segment, number, "the line is not what was written here"))
    result.lines += 1
    result.first = result.first or entry["time"]
    result.last = entry["time"]
    return value


def _lines(segment: Path, *, is_newest: bool) -> Iterator[tuple[int, bytes]]:
    with segment.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield number, line[:-1]
            elif not is_newest:
                yield number, line
