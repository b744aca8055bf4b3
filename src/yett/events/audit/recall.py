"""Reading again what an earlier run has written, to go on behind it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from yett.events.audit import seals
from yett.events.audit.checkpoints import HEAD, Head, read_head
from yett.events.audit.model import Report
from yett.events.audit.seals import Tally
from yett.events.audit.verifier import LONGEST
from yett.events.audit.verify import read_small
from yett.events.audit.walk import Line, Walk
from yett.events.chain import START, is_chained, split
from yett.events.segments import decoded, last_good_line, listed, open_plain

_MOST = 10**15
"""More records than anybody has."""
_CHECKPOINT = b'"code":"telemetry.audit.audit_checkpoint"'


@dataclass(slots=True)
class Recalled:
    """Where the log stands."""

    tally: Tally
    """Of the newest segment, which is written on."""
    finished: list[Tally]
    """Of segments that are finished and not sealed."""
    seq: int
    value: str
    head: Head | None
    is_cut: bool
    """Whether the head file tells of lines that are not there, or is missing itself."""


def recall(directory: Path) -> Recalled:
    """Read what is needed to go on. Raises OSError."""
    segments = listed(directory, "audit")
    finished = [
        _read_again(path, 0)[0]
        for path in segments[:-1]
        if not (directory / seals.name_of(path.name)).exists()
    ]
    data = read_small(directory / HEAD, seals.LARGEST)
    head = read_head(data) if data is not None else None
    tally, met, has_checkpoint = (
        _read_again(segments[-1], head.seq if head is not None else 0) if segments else (Tally(), "", False)
    )
    seq, value = tally.last, tally.head
    if not tally.size:
        # A file that was made just before a crash, or none at all.
        seq, value = _end_before(directory, [path.name for path in segments])
        tally = Tally(segment=tally.segment, first=seq + 1, after=value)
    if seq > _MOST:
        # Somebody has put in a line with such a number; counting on would end where no number fits any more.
        seq, tally.findings = head.seq if head is not None and head.seq <= _MOST else 0, tally.findings + 1
    if head is not None and len(segments) == 1 and not has_checkpoint and _is_early(head, seq, value):
        head, data = None, None
    if head is None:
        is_cut = has_checkpoint or data is not None
    else:
        is_cut = head.seq > seq or (head.seq >= tally.first and met != head.value)
    return Recalled(tally, [each for each in finished if each.size], seq, value, head, is_cut)


def _is_early(head: Head, seq: int, value: str) -> bool:
    """Whether it tells of the very next line: the first head is written before its checkpoint, and has all of it."""
    return head.seq == seq + 1 and head.checkpoint.head == value


def _end_before(directory: Path, segments: list[str]) -> tuple[int, str]:
    """The number and the value of the last line of the segment before, be it only by its seal."""
    sealed = [seals.segment_of(path.name) for path in directory.glob(f"audit-*{seals.SUFFIX}")]
    for name in sorted({*segments[:-1], *sealed}, reverse=True):
        path = directory / name
        parts = split(last_good_line(path, is_chained)[0]) if path.is_file() else None
        if parts is not None:
            return parts.seq, parts.value
        seal = seals.find(directory, name)
        if seal is not None:
            return seal.last, seal.head
    return 0, START


def _read_again(path: Path, wanted: int) -> tuple[Tally, str, bool]:
    """A segment's tally, the value of the wanted line, and whether there is a checkpoint."""
    tally = Tally(segment=path.name)
    report = Report()
    met = ""
    has_checkpoint = False
    last = b""

    def hear(line: Line, _previous: str | None) -> None:
        nonlocal met, last, has_checkpoint
        last = line.bare
        if line.seq == wanted:
            met = line.value
        has_checkpoint = has_checkpoint or _CHECKPOINT in line.bare

    walk = Walk(report, hear)
    with open_plain(path) as plain, open(plain.fileno(), "rb", closefd=False) as file:
        for number, raw in enumerate(iter(partial(file.readline, LONGEST), b""), 1):
            tally.digest.update(raw)
            tally.size += len(raw)
            line = raw.removesuffix(b"\n")
            if number == 1:
                parts, entry = split(line), decoded(line) or {}
                tally.since = str(entry.get("time", ""))
                if parts is not None:
                    tally.first, tally.after = parts.seq, str(entry.get("after", ""))
                    walk.begin(tally.first, tally.after)
            walk.feed(path.name, number, line)
    walk.pause(walk.awaited)
    walk.finish()
    tally.findings = len(report.findings) + report.more
    tally.last, tally.head = walk.awaited - 1, walk.value or START
    tally.until = str((decoded(last) or {}).get("time", ""))
    return tally, met, has_checkpoint
