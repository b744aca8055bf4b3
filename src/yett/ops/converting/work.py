"""What happens to a line: unwrapped, read, given a time if it has none, written; or kept aside."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from yett.events.dialects import DIALECTS, Entry, Unreadable, Unwritable, detect
from yett.ops.converting.lines import Damaged, lines
from yett.ops.converting.outcome import Outcome
from yett.ops.converting.wrapping import Unwrapper

AUTO = "auto"
SOURCE = "time.source"
PARTIAL = frozenset({"apache"})
"""Dialects that hold one kind of record and leave out the others, as their readers expect."""
_LOOK = 4096
"""Lines between two looks at the progress."""


class Aside(Protocol):
    """Where lines go that cannot be read."""

    def keep(self, raw: bytes) -> None:
        """Keep the bytes as they came."""


class Converter:
    """Converts streams, one after the other, in constant memory.

    `put` takes a time and a line without its break. A line's own dialect is looked for when `source` is
    `auto`. What the last line said of the time is the time of a line that has none, if nothing better is known.
    """

    def __init__(
        self,
        put: Callable[[str, bytes], None],
        *,
        source: str = AUTO,
        target: str = "native",
        on_progress: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._put = put
        self._write = DIALECTS[target].write
        self._is_partial = target in PARTIAL
        self._source = source
        self._read = detect.read if source == AUTO else self._read_as
        self._on_progress = on_progress

    def convert(self, stream: BinaryIO, name: str, aside: Aside, *, otherwise: str) -> None:
        """Convert one stream; `otherwise` is the time of lines before the first that has one.

        What can be read of a damaged stream is converted, and the damage is in the outcome.
        """
        unwrapper = Unwrapper()
        outcome, newest = self.outcome, ""

        def on_piece(piece: bytes, is_last: bool) -> None:
            aside.keep(piece)
            if is_last:
                outcome.lines += 1
                self._reject("too long")
                if not piece.endswith(b"\n"):
                    aside.keep(b"\n")

        try:
            for raw in lines(stream, on_piece):
                if raw.isspace():
                    continue
                outcome.lines += 1
                if self._on_progress is not None and not outcome.lines % _LOOK:
                    self._on_progress(outcome)
                found = unwrapper.take(raw)
                if found is None or not found.line.strip():
                    # A part counts when the rest is there, a blank line not at all.
                    outcome.lines -= 1
                    continue
                try:
                    dialect, entry = self._read(found.line)
                except Unreadable as problem:
                    self._reject(str(problem))
                    aside.keep(found.raw if found.raw.endswith(b"\n") else found.raw + b"\n")
                    continue
                if entry["time"]:
                    newest = entry["time"]
                else:
                    entry = self._timed(entry, found.time, newest, otherwise)
                    newest = found.time or newest
                if not self._convert(dialect, entry):
                    aside.keep(found.raw if found.raw.endswith(b"\n") else found.raw + b"\n")
        except Damaged as problem:
            outcome.damaged.append(f"{name} is damaged from here on: {problem}")
        for raw in unwrapper.left():
            outcome.lines += 1
            self._reject("a line whose end is missing")
            aside.keep(raw)

    def _read_as(self, line: bytes) -> tuple[str, Entry]:
        return self._source, DIALECTS[self._source].read(line)

    def _convert(self, dialect: str, entry: Entry) -> bool:
        """Write the entry. The answer is no when nothing holds it, and the line has to be kept."""
        try:
            line = self._write(entry)
        except Unwritable as problem:
            if self._is_partial:
                self.outcome.without_form += 1
                return True
            self._reject(f"cannot be written: {problem}")
            return False
        self._put(entry["time"], line)
        self.outcome.written += 1
        self.outcome.dialects[dialect] += 1
        return True

    def _timed(self, entry: Entry, container: str, newest: str, otherwise: str) -> Entry:
        """The entry with a time, and with a word on where that is from: it must not pass for one that was said."""
        self.outcome.timeless += 1
        time, source = next(
            pair
            for pair in ((container, "container"), (newest, "line before"), (otherwise, "file"))
            if pair[0]
        )
        return entry | {"time": time, SOURCE: source}

    def _reject(self, reason: str) -> None:
        self.outcome.rejected += 1
        self.outcome.reasons[reason] += 1
