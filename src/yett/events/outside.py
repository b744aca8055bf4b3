"""Files of native lines from elsewhere: an export, a converted stream, a part of another node's log.

Nothing is taken for granted: lines may be spaced or escaped in other ways than ours, times may be
written with a zone, and the order may be any. A file in the order of time is searched like a
segment; one that is not is read wholly, and what matches is put in order in memory.
"""

import datetime
import errno
import heapq
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from yett.events import scanning
from yett.events.dialects.native import TIME_AT
from yett.events.query import Query, stamp
from yett.events.segments import decoded

Entry = dict[str, Any]

_OTHERWISE = (b'": ', b'" :', b'":\t', b'"\t:', b"\\u", b"\\/", b'":{')
"""What shows that a line may say something in other bytes than ours would."""
_TAIL = 1 << 20


class OutsideFile:
    """One such file, looked through once when it is opened. Raises OSError when it cannot be read."""

    def __init__(self, path: Path, should_stop: Callable[[], bool]) -> None:
        self.path = path
        self.is_ordered = True
        self.readable = 0
        self.damaged = 0
        self.bytes_read = 0
        self._should_stop = should_stop
        self._has_our_times = True
        self._tail = b""
        """A last line without a line break: here, other than in a segment, nobody is still writing it."""
        # A device or a pipe has no end that could be found, or cannot be read twice.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.ESPIPE, "not a plain file", str(path))
        self._look_through()

    def entries(self, query: Query, select: scanning.Select) -> Iterator[Entry]:
        """What matches, in the order that the query asks for."""
        is_backwards = query.is_newest_first
        if self.is_ordered:
            yield from self._matching(query, select, is_backwards=is_backwards)
            return
        found = self._matching(query, select, is_backwards=False)
        if query.limit:
            yield from (heapq.nlargest if is_backwards else heapq.nsmallest)(query.limit, found, key=_time)
        else:
            yield from sorted(found, key=_time, reverse=is_backwards)

    def _matching(self, query: Query, select: scanning.Select, *, is_backwards: bool) -> Iterator[Entry]:
        for block in self._blocks(query, is_backwards=is_backwards):
            self.bytes_read += len(block)
            if self._should_stop():
                return
            is_like_ours = not any(each in block for each in _OTHERWISE)
            lines = select(block) if is_like_ours else iter(block.splitlines())
            for line in reversed(list(lines)) if is_backwards else lines:
                entry = self._read(line)
                if entry is not None and query.matches(entry):
                    yield entry

    def _blocks(self, query: Query, *, is_backwards: bool) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            begin, end = 0, file.seek(0, os.SEEK_END)
            if self.is_ordered and self._has_our_times:
                begin, end = scanning.range_of(file, query)
            if is_backwards and self._tail:
                yield self._tail
            yield from scanning.blocks(file, begin, end, is_backwards=is_backwards)
            if not is_backwards and self._tail:
                yield self._tail

    def _read(self, line: bytes) -> Entry | None:
        entry = decoded(line)
        if scanning.TIME.match(line):
            # It looked readable when only its time was looked at.
            self.damaged += entry is None
            return entry
        if entry is None:
            return None
        time = _stamp_of(entry["time"])
        return entry | {"time": time} if time else None

    def _look_through(self) -> None:
        """Learn in which order the lines are, and whether their times are written as ours."""
        newest = oldest = ""
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            self._tail = file.read(_TAIL)
            self._tail = self._tail[self._tail.rfind(b"\n") + 1 :]
            for block in scanning.blocks(file, 0, size, is_backwards=False):
                if self._should_stop():
                    return
                for time in map(self._time_of, block.splitlines()):
                    if time >= newest:
                        newest, oldest = time, ""
                    elif time and self.is_ordered:
                        # Made when needed: nearly every line is later than the one before.
                        oldest = oldest or _before(newest)
                        self.is_ordered = time >= oldest
            if self._tail:
                self.is_ordered &= self._time_of(self._tail) >= (_before(newest) if newest else "")

    def _time_of(self, line: bytes) -> str:
        """When a line was said; an empty text for one that cannot be read."""
        if scanning.TIME.match(line):
            self.readable += 1
            return line[TIME_AT].decode()
        self._has_our_times = False
        entry = decoded(line)
        time = _stamp_of(entry["time"]) if entry is not None else ""
        if time:
            self.readable += 1
        elif line.strip():
            self.damaged += 1
        return time


def _time(entry: Entry) -> str:
    return str(entry["time"])


def _before(time: str) -> str:
    """What a line behind one of this time may have at the least."""
    return stamp(datetime.datetime.fromisoformat(time).timestamp() - scanning.SLACK)


def _stamp_of(text: str) -> str:
    """A time as ours would be; one without a zone is taken for UTC. Empty for what is no time."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return stamp(moment.timestamp())
    except (ValueError, OverflowError, OSError):
        return ""
