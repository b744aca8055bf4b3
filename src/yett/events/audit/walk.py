"""Following the chain line by line, and telling what happened to lines that do not fit.

A line knows its number and its value. One that has the next number and fits is accepted. One with
another number is held back (the suspect) until the line behind it tells what it is:

  the next line is the one that was awaited      the suspect was put in
  the next line is the one behind that           the suspect is the awaited line, changed
  the next line continues the suspect            lines are missing before the suspect

What was put in and what is missing is compared at the end: a line that is both was moved.
"""

import bisect
from collections.abc import Callable
from typing import NamedTuple

from yett.events.audit.model import Kind, Report
from yett.events.chain import START, link, split

_MOST = 100_000


class Line(NamedTuple):
    """One stored line and where it stands."""

    file: str
    number: int
    bare: bytes
    seq: int
    value: str


class Missing(NamedTuple):
    """Numbers that do not come, and where they were missed."""

    first: int
    last: int
    file: str
    number: int


class Walk:
    """One walk along the chain, from the first line there ever was.

    `hear` is called with each line that fits, and the value before it (None when it is not known).
    """

    def __init__(self, report: Report, hear: Callable[[Line, str | None], None]) -> None:
        self.awaited = 1
        self.value: str | None = START
        """The value of the line before; None when it cannot be known."""
        self._report = report
        self._hear = hear
        self._other: str | None = None
        self._suspect: Line | None = None
        self._damaged: list[tuple[str, int]] = []
        self._strays: list[Line] = []
        self._missing: list[Missing] = []

    def begin(self, awaited: int, value: str) -> None:
        """Go on as if everything up to here had been seen: behind a sealed segment that is gone."""
        self.pause(awaited)
        self.awaited, self.value, self._other = awaited, value, None

    def feed(self, file: str, number: int, raw: bytes) -> None:
        """The next line, without its line break."""
        parts = split(raw)
        if parts is None:
            if len(self._damaged) < _MOST:
                self._damaged.append((file, number))
            else:
                self._report.find(file, number, Kind.INSERTED, "the line is none of the log's")
            return
        line = Line(file, number, *parts)
        if self._damaged:
            self._tell_damaged(line.seq - self.awaited)
        if self._suspect is not None:
            self._tell_suspect(self._suspect, line)
        if line.seq == self.awaited:
            self._accept(line)
        else:
            self._suspect = line

    def skip(self, last: int, file: str, number: int) -> None:
        """Lines up to this number are missing here."""
        if last >= self.awaited:
            self._missing.append(Missing(self.awaited, last, file, number))
            self.awaited, self.value, self._other = last + 1, None, None

    def pause(self, following: int) -> None:
        """Decide what is still open: the next line, if there is one, would have the number `following`."""
        if self._damaged:
            self._tell_damaged(following - self.awaited)
        suspect, self._suspect = self._suspect, None
        if suspect is None:
            return
        if suspect.seq > self.awaited:
            self._jump(suspect)
        else:
            self._put_in(suspect)

    def finish(self) -> None:
        """Put down what is missing, what was put in and what was moved; after the last `pause`."""
        taken = dict.fromkeys(self._missing, 0)
        ordered = sorted(self._missing)
        run: list[tuple[Line, Kind]] = []
        for stray in self._strays:
            place = bisect.bisect_right(ordered, (stray.seq, _MOST_NUMBER)) - 1
            is_moved = place >= 0 and ordered[place].first <= stray.seq <= ordered[place].last
            if is_moved:
                taken[ordered[place]] += 1
            kind = Kind.REORDERED if is_moved else Kind.INSERTED
            if run and not (run[-1][1] is kind and _follows(run[-1][0], stray)):
                self._tell_run(run)
                run = []
            run.append((stray, kind))
        self._tell_run(run)
        for gap in self._missing:
            if (count := gap.last - gap.first + 1 - taken[gap]) > 0:
                what = f"{count} lines before it are missing, of the numbers {gap.first} to {gap.last}"
                if gap.first == gap.last:
                    what = f"the line number {gap.first} before it is missing"
                self._report.find(gap.file, gap.number, Kind.REMOVED, what)

    def _accept(self, line: Line) -> None:
        computed = fits = None
        if self.value is not None:
            computed = link(self.value, line.bare)
            # The line before may be whole but for its value; then this one continues what it should have been.
            fits = computed == line.value or (
                self._other is not None and link(self._other, line.bare) == line.value
            )
        if fits is False:
            self._report.find(line.file, line.number, Kind.CHANGED, "the line is not what was written here")
        else:
            self._hear(line, self.value if computed == line.value else self._other)
        self._other = computed if computed != line.value else None
        self.value, self.awaited = line.value, line.seq + 1
        self._report.lines += 1

    def _tell_suspect(self, suspect: Line, after: Line) -> None:
        self._suspect = None
        is_continued = link(suspect.value, after.bare) == after.value
        if after.seq == self.awaited + 1 and is_continued:
            what = f"the line number {self.awaited} is not what was written here"
            self._report.find(suspect.file, suspect.number, Kind.CHANGED, what)
            self._report.lines += 1
            self.awaited, self.value, self._other = self.awaited + 1, suspect.value, None
        elif after.seq > suspect.seq > self.awaited and (is_continued or after.seq > suspect.seq + 1):
            self._jump(suspect)
        else:
            self._put_in(suspect)

    def _tell_damaged(self, gap: int) -> None:
        """Lines that are none of ours stand before one that comes `gap` numbers later than awaited."""
        damaged, self._damaged = self._damaged, []
        changed = max(0, min(gap, len(damaged)))
        for place, (file, number) in enumerate(damaged):
            if place < changed:
                self._report.find(file, number, Kind.CHANGED, "the line is damaged")
            else:
                self._report.find(file, number, Kind.INSERTED, "the line is none of the log's")
        if changed:
            self.awaited, self.value, self._other = self.awaited + changed, None, None

    def _jump(self, line: Line) -> None:
        self.skip(line.seq - 1, line.file, line.number)
        self._accept(line)

    def _put_in(self, line: Line) -> None:
        if len(self._strays) < _MOST:
            self._strays.append(line)
        else:
            self._report.find(line.file, line.number, Kind.INSERTED, "the line does not belong here")

    def _tell_run(self, run: list[tuple[Line, Kind]]) -> None:
        """One finding for lines that were put in or moved together."""
        if not run:
            return
        (first, kind), (last, _) = run[0], run[-1]
        numbers = f"{first.seq}" if len(run) == 1 else f"{first.seq} to {last.seq}"
        verb = "stands" if len(run) == 1 else "stand"
        what = {
            Kind.REORDERED: f"number {numbers} {verb} in the wrong place",
            Kind.INSERTED: f"number {numbers} {verb} here once too often",
        }[kind]
        self._report.find(first.file, first.number, kind, what)


_MOST_NUMBER = 10**19


def _follows(one: Line, other: Line) -> bool:
    return one.file == other.file and (other.number, other.seq) == (one.number + 1, one.seq + 1)
