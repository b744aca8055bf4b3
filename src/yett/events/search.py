"""Looking through everything that is stored, in constant memory.

A file is read in blocks. Whole blocks are searched for bytes that every match holds; only lines
that hold them are looked at, and only what passes is decoded. The order inside a file lets the
range of time be found by bisecting.
"""

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from yett.events import scanning
from yett.events.outside import OutsideFile
from yett.events.query import Query
from yett.events.segments import decoded, listed

Entry = dict[str, Any]

_STREAMS = ("audit", "records")
_OFTEN = 256
"""After so many lines it is asked again whether to stop."""


def _never() -> bool:
    return False


class Search:
    """One search; iterate over it, once, for the entries.

    `also` are files of native lines from elsewhere, or directories of another log, that are looked
    through together with the directory. `should_stop` is asked every millisecond or so, also while
    nothing matches; when it says yes the search ends, and `is_cut` tells that it was not the end.
    Looking through an outside file for its order counts as searching, so it may stop there, too.
    """

    def __init__(
        self,
        directory: Path | None,
        query: Query,
        *,
        also: Sequence[Path] = (),
        should_stop: Callable[[], bool] = _never,
    ) -> None:
        self._directories = [each for each in (directory, *also) if each is not None and each.is_dir()]
        self._files = [each for each in also if not each.is_dir()]
        self._query = query
        self._select = scanning.prefilter(query)
        self._ask = should_stop
        self.outside: list[OutsideFile] = []
        """The files from elsewhere, once the search has begun."""
        self.is_cut = False
        self._damaged = 0
        self._bytes_read = 0

    def __iter__(self) -> Iterator[Entry]:
        streams = _STREAMS[:1] if self._query.is_audit else _STREAMS
        sources = [[self._stream(directory, stream) for stream in streams] for directory in self._directories]
        for path in self._files:
            file = OutsideFile(path, self._should_stop)
            self.outside.append(file)
            sources.append([file.entries(self._query, self._select)])
        left = self._query.limit
        for entry in self._merged(sources):
            yield entry
            left -= 1
            if not left:
                return

    def _merged(self, sources: Sequence[Sequence[Iterator[Entry]]]) -> Iterator[Entry]:
        """All streams of all sources in order; what several sources hold is told once."""
        is_backwards = self._query.is_newest_first
        if len(sources) == 1:
            yield from heapq.merge(*sources[0], key=_time, reverse=is_backwards)
            return
        tagged = [_tagged(stream, number) for number, streams in enumerate(sources) for stream in streams]
        merged = heapq.merge(*tagged, key=lambda each: _time(each[0]), reverse=is_backwards)
        for _, group in itertools.groupby(merged, key=lambda each: _time(each[0])):
            # An export stands beside the log that it was taken from. A file may well say something twice.
            told: Counter[bytes] = Counter()
            held: Counter[tuple[int, bytes]] = Counter()
            for entry, number in group:
                said = msgspec.json.encode(entry)
                held[number, said] += 1
                if held[number, said] > told[said]:
                    told[said] += 1
                    yield entry

    @property
    def damaged(self) -> int:
        """Lines that could not be read, among those that were looked at."""
        return self._damaged + sum(file.damaged for file in self.outside)

    @property
    def bytes_read(self) -> int:
        """How far it has come."""
        return self._bytes_read + sum(file.bytes_read for file in self.outside)

    def size(self) -> int:
        """How many bytes there are to be searched at the most."""
        streams = _STREAMS[:1] if self._query.is_audit else _STREAMS
        every = [
            *(
                each
                for directory in self._directories
                for stream in streams
                for each in listed(directory, stream)
            ),
            *self._files,
        ]
        size = 0
        for each in every:
            with suppress(OSError):
                size += each.stat().st_size
        return size

    def _should_stop(self) -> bool:
        self.is_cut = self.is_cut or self._ask()
        return self.is_cut

    def _stream(self, directory: Path, stream: str) -> Iterator[Entry]:
        segments = listed(directory, stream)
        if self._query.is_newest_first:
            segments.reverse()
        for segment in segments:
            if self._should_stop():
                return
            # Retention may have removed the file since the directory was read.
            with suppress(FileNotFoundError), segment.open("rb") as file:
                yield from self._segment(file)

    def _segment(self, file: BinaryIO) -> Iterator[Entry]:
        begin, end = scanning.range_of(file, self._query)
        is_backwards = self._query.is_newest_first
        for block in scanning.blocks(file, begin, end, is_backwards=is_backwards):
            self._bytes_read += len(block)
            lines = self._select(block)
            yield from self._decoded(reversed(list(lines)) if is_backwards else lines)
            if self._should_stop():
                return

    def _decoded(self, lines: Iterator[bytes]) -> Iterator[Entry]:
        for number, line in enumerate(lines, 1):
            entry = decoded(line)
            if entry is None:
                self._damaged += 1
            elif self._query.matches(entry):
                yield entry
            if not number % _OFTEN and self._should_stop():
                return


def _time(entry: Entry) -> str:
    return str(entry["time"])


def _tagged(entries: Iterator[Entry], number: int) -> Iterator[tuple[Entry, int]]:
    return ((entry, number) for entry in entries)


def follow(directory: Path, query: Query, stop: threading.Event) -> Iterator[Entry]:
    """Entries that match, as they are written, until `stop` is set; from any process.

    The query's range of time, order and limit do not matter here.
    """
    select = scanning.prefilter(query)
    places: dict[Path, int] = {}
    for stream in _STREAMS:
        for segment in listed(directory, stream):
            with suppress(FileNotFoundError):
                places[segment] = segment.stat().st_size
    pause = 0.02
    while not stop.is_set():
        found: list[Entry] = []
        for stream in _STREAMS:
            for segment in listed(directory, stream):
                with suppress(FileNotFoundError):
                    if segment.stat().st_size > places.get(segment, 0):
                        found += _added(segment, places, select, query)
        if found:
            found.sort(key=_time)
            yield from found
            pause = 0.02
        else:
            stop.wait(pause)
            pause = min(pause * 1.5, 0.5)


def _added(segment: Path, places: dict[Path, int], select: scanning.Select, query: Query) -> list[Entry]:
    """What matches of the whole lines written since the last look."""
    place = places.get(segment, 0)
    with segment.open("rb") as file:
        file.seek(place)
        block = file.read()
    block = block[: block.rfind(b"\n") + 1]
    places[segment] = place + len(block)
    entries = (decoded(line) for line in select(block))
    return [entry for entry in entries if entry is not None and query.matches(entry)]
