"""Looking through everything that is stored, in constant memory.

A file is read in blocks. Whole blocks are searched for bytes that every match holds; only lines
that hold them are looked at, and only what passes is decoded. The order inside a file lets the
range of time be found by bisecting.
"""

import heapq
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from yett.events.dialects.native import TIME_AT
from yett.events.query import Query, stamp
from yett.events.segments import decoded, listed

_BLOCK = 1 << 20
_SLACK = 2.0
"""How far (in seconds) a line may stand from its place in the order of time."""

_TIME = re.compile(rb'\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"')

Entry = dict[str, Any]


class Search:
    """One search; iterate over it for the entries. `damaged` counts lines that could not be read."""

    def __init__(self, directory: Path, query: Query) -> None:
        self._directory = directory
        self._query = query
        self._is_candidate = _prefilter(query)
        self.damaged = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[Entry]:
        streams = ("audit",) if self._query.is_audit else ("audit", "records")
        merged = heapq.merge(
            *(self._stream(stream) for stream in streams),
            key=lambda entry: str(entry["time"]),
            reverse=self._query.is_newest_first,
        )
        left = self._query.limit
        for entry in merged:
            yield entry
            left -= 1
            if not left:
                return

    def _stream(self, stream: str) -> Iterator[Entry]:
        segments = listed(self._directory, stream)
        if self._query.is_newest_first:
            segments.reverse()
        for segment in segments:
            # Retention may have removed the file since the directory was read.
            with suppress(FileNotFoundError), segment.open("rb") as file:
                yield from self._segment(file)

    def _segment(self, file: BinaryIO) -> Iterator[Entry]:
        begin, end = _range(file, self._query)
        blocks = _backwards if self._query.is_newest_first else _forwards
        for block in blocks(file, begin, end):
            self.bytes_read += len(block)
            lines = self._is_candidate(block)
            for line in reversed(list(lines)) if self._query.is_newest_first else lines:
                entry = decoded(line)
                if entry is None:
                    self.damaged += 1
                elif self._query.matches(entry):
                    yield entry


def follow(directory: Path, query: Query, stop: threading.Event) -> Iterator[Entry]:
    """Entries that match, as they are written, until `stop` is set; from any process.

    The query's range of time, order and limit do not matter here.
    """
    select = _prefilter(query)
    places: dict[Path, int] = {}
    for stream in ("audit", "records"):
        for segment in listed(directory, stream):
            with suppress(FileNotFoundError):
                places[segment] = segment.stat().st_size
    pause = 0.02
    while not stop.is_set():
        found: list[Entry] = []
        for stream in ("audit", "records"):
            for segment in listed(directory, stream):
                with suppress(FileNotFoundError):
                    if segment.stat().st_size > places.get(segment, 0):
                        found += _added(segment, places, select, query)
        if found:
            found.sort(key=lambda entry: str(entry["time"]))
            yield from found
            pause = 0.02
        else:
            stop.wait(pause)
            pause = min(pause * 1.5, 0.5)


def _added(
    segment: Path, places: dict[Path, int], select: Callable[[bytes], Iterator[bytes]], query: Query
) -> list[Entry]:
    """What matches of the whole lines written since the last look."""
    place = places.get(segment, 0)
    with segment.open("rb") as file:
        file.seek(place)
        block = file.read()
    block = block[: block.rfind(b"\n") + 1]
    places[segment] = place + len(block)
    entries = (decoded(line) for line in select(block))
    return [entry for entry in entries if entry is not None and query.matches(entry)]


# Which lines of a block are worth decoding.


def _prefilter(query: Query) -> Callable[[bytes], Iterator[bytes]]:
    needles, word = query.needles(), query.word()
    if needles:
        first, others = needles[0], needles[1:]
        return lambda block: _holding(block, block, first, others, word)
    if word:
        return lambda block: _holding(block.lower(), block, word, (), b"")
    if query.levels:
        marks = tuple(b'"level":"%b"' % level.encode() for level in query.levels)
        return lambda block: _at_level(block, marks)
    return lambda block: iter(block.splitlines())


def _holding(
    haystack: bytes, block: bytes, needle: bytes, others: tuple[bytes, ...], word: bytes
) -> Iterator[bytes]:
    """The lines of a block that hold the needle, found without looking at the others one by one."""
    at = haystack.find(needle)
    while at >= 0:
        start = haystack.rfind(b"\n", 0, at) + 1
        stop = haystack.find(b"\n", at)
        if stop < 0:
            stop = len(block)
        line = block[start:stop]
        if all(other in line for other in others) and (not word or word in line.lower()):
            yield line
        at = haystack.find(needle, stop)


def _at_level(block: bytes, marks: tuple[bytes, ...]) -> Iterator[bytes]:
    """The lines at one of several levels. A search for each is faster than one pattern for all."""
    starts: set[int] = set()
    for mark in marks:
        at = block.find(mark)
        while at >= 0:
            starts.add(block.rfind(b"\n", 0, at) + 1)
            at = block.find(mark, at + len(mark))
    for start in sorted(starts):
        stop = block.find(b"\n", start)
        yield block[start : stop if stop >= 0 else len(block)]


# Blocks of whole lines.


def _forwards(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    file.seek(begin)
    rest = b""
    left = end - begin
    while left > 0:
        block = file.read(min(_BLOCK, left))
        if not block:
            break
        left -= len(block)
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest += block
            continue
        yield rest + block[:cut]
        rest = block[cut:]
    # What is left at the very end is a line that is just being written.


def _backwards(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    rest = b""
    place = end
    is_last = True
    while place > begin:
        size = min(_BLOCK, place - begin)
        place -= size
        file.seek(place)
        block = file.read(size) + rest
        if is_last:
            block = block[: block.rfind(b"\n") + 1]
            is_last = not block
        if place > begin:
            # The first line may have begun in the block before.
            cut = block.find(b"\n") + 1
            rest, block = (block[:cut], block[cut:]) if cut else (block, b"")
        if block:
            yield block


# Finding a range of time.


def _range(file: BinaryIO, query: Query) -> tuple[int, int]:
    """The part of a file that may hold what is looked for."""
    size = file.seek(0, os.SEEK_END)
    begin = 0 if query.since is None else _first_at(file, size, stamp(query.since - _SLACK).encode())
    end = size if query.until is None else _first_at(file, size, stamp(query.until + _SLACK).encode())
    return begin, max(begin, end)


def _first_at(file: BinaryIO, size: int, moment: bytes) -> int:
    """The offset of the first line that is not before the moment, in the order of the file."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        start, time = _line_after(file, middle, high)
        if time is None or time >= moment:
            high = middle
        else:
            low = start + 1
    return _start_of_line(file, low, size)


def _line_after(file: BinaryIO, offset: int, end: int) -> tuple[int, bytes | None]:
    """Where the first readable line that begins at or behind the offset begins, and its time."""
    place = _start_of_line(file, offset, end)
    while place < end:
        file.seek(place)
        line = file.readline()
        if _TIME.match(line):
            return place, line[TIME_AT]
        place += len(line) or 1
    return end, None


def _start_of_line(file: BinaryIO, offset: int, size: int) -> int:
    """The offset itself when a line begins there, else that of the next line."""
    if offset <= 0 or offset >= size:
        return max(offset, 0)
    file.seek(offset - 1)
    return offset - 1 + len(file.readline())
