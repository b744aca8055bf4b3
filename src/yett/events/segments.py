"""Append-only files of lines: one is written at a time, older ones are only read.

`records-<time>.jsonl` and `audit-<time>.jsonl` sort by name in the order they were written.

What must stay true:
  a file holds whole lines only; what a crash left of a line is moved aside before anything is added;
  lines of one file are in the order of time but for a second or two, which search relies on;
  a write that fails leaves the file as it was before.
"""

import contextlib
import datetime
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_SUFFIX = ".jsonl"
_NAME_FORMAT = "%Y%m%dT%H%M%S-%f"
_BLOCK = 1 << 20

STEP = 1_000_000_000
"""How far (in nanoseconds) the clock may go back inside one file."""


@dataclass(frozen=True, slots=True)
class Torn:
    """What was found behind the last whole line of a file, and where it is kept."""

    segment: Path
    kept_in: Path
    size: int


def listed(directory: Path, stream: str) -> list[Path]:
    """The segments of a stream in the order they were written."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 - most names need no path
    except FileNotFoundError:
        return []
    return [
        directory / name for name in sorted(names) if name.startswith(f"{stream}-") and name.endswith(_SUFFIX)
    ]


def decoded(line: bytes) -> dict[str, Any] | None:
    """A stored line as an entry; None when it is damaged."""
    try:
        entry = msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("time"), str) else None


def _name(stream: str, at: int, newest: str) -> str:
    """A name for a segment that begins now, and that sorts behind the newest one even if the clock went back."""
    moment = datetime.datetime.fromtimestamp(at // 1000 / 1_000_000, datetime.UTC)
    name = f"{stream}-{moment.strftime(_NAME_FORMAT)}{_SUFFIX}"
    if name > newest:
        return name
    stamp = newest.removeprefix(f"{stream}-").removesuffix(_SUFFIX)
    moment = datetime.datetime.strptime(stamp, _NAME_FORMAT).replace(tzinfo=datetime.UTC)
    moment += datetime.timedelta(microseconds=1)
    return f"{stream}-{moment.strftime(_NAME_FORMAT)}{_SUFFIX}"


class Appender:
    """Writes the newest segment of one stream."""

    def __init__(self, directory: Path, stream: str, *, segment_size: int) -> None:
        self.segment_size = segment_size
        self.last_line = b""
        """The last line that was there on opening."""
        self._directory = directory
        self._stream = stream
        self._path: Path | None = None
        self._descriptor = -1
        self._size = 0
        self._is_untidy = False
        self._is_unsynced = False
        self._lock = threading.Lock()
        """Held while the descriptor changes: syncing happens in another thread than appending."""

    def open(self, is_good: Callable[[bytes], bool]) -> Torn | None:
        """Go on in the newest segment, if there is one; what was torn there is moved aside."""
        segments = listed(self._directory, self._stream)
        if not segments:
            return None
        self.last_line, torn = _mend(segments[-1], is_good)
        self._take(segments[-1], 0)
        return torn

    @property
    def name(self) -> str:
        """The name of the newest segment."""
        return self._path.name if self._path is not None else ""

    @property
    def size(self) -> int:
        """How many bytes the newest segment has; 0 also when there is none."""
        return self._size

    def needs_new(self, at: int, last_at: int, extra: int) -> bool:
        """Whether the next line has to go to a new segment."""
        if self._descriptor < 0:
            return True
        return self._size > 0 and (self._size + extra > self.segment_size or at < last_at - STEP)

    def begin(self, at: int) -> None:
        """Start a new segment. Raises OSError, and then the old one is still in use."""
        name = _name(self._stream, at, self.name)
        self._take(self._directory / name, os.O_CREAT | os.O_EXCL)

    def append(self, data: bytes, *, is_sure: bool = False) -> None:
        """Add whole lines; `is_sure` waits until the disk has them. On OSError nothing was added."""
        if self._is_untidy:
            self._tidy()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            if is_sure:
                os.fdatasync(self._descriptor)
            else:
                self._is_unsynced = True
        except OSError:
            self._is_untidy = True
            with contextlib.suppress(OSError):
                self._tidy()
            raise
        self._size += len(data)

    def sync(self) -> None:
        """Wait until the disk has everything appended so far. From any thread; appending goes on meanwhile."""
        with self._lock:
            if not self._is_unsynced or self._descriptor < 0:
                return
            self._is_unsynced = False
            copy = os.dup(self._descriptor)
        try:
            os.fdatasync(copy)
        except OSError:
            self._is_unsynced = True
            raise
        finally:
            os.close(copy)

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _tidy(self) -> None:
        """Cut off what a failed write left."""
        os.ftruncate(self._descriptor, self._size)
        self._is_untidy = False

    def _take(self, path: Path, how: int) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | how
        descriptor = os.open(path, flags, 0o600)
        with self._lock:
            old, self._descriptor = self._descriptor, descriptor
            self._path, self._size = path, os.fstat(descriptor).st_size
            self._is_untidy = False
            was_unsynced, self._is_unsynced = self._is_unsynced, False
        if old >= 0:
            try:
                if was_unsynced:
                    os.fdatasync(old)
            finally:
                os.close(old)
        if how:
            _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_good_line(path: Path, is_good: Callable[[bytes], bool]) -> tuple[bytes, int]:
    """The last whole line that is good, and the offset behind it; an empty line and 0 when there is none."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        size = min(end, _BLOCK)
        while True:
            file.seek(end - size)
            block = file.read(size)
            # The first line of a block may be the rest of one that began before it.
            begin = 0 if size == end else block.find(b"\n") + 1
            stop = block.rfind(b"\n")
            while stop >= begin and stop >= 0:
                start = max(block.rfind(b"\n", 0, stop) + 1, begin)
                if is_good(block[start:stop]):
                    return block[start:stop], end - size + stop + 1
                stop = start - 1
            if size == end:
                return b"", 0
            size = min(end, size * 4)


def _mend(path: Path, is_good: Callable[[bytes], bool]) -> tuple[bytes, Torn | None]:
    """The last good line; what stands behind it is moved into a file of its own."""
    line, keep = last_good_line(path, is_good)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        if keep == size:
            return line, None
        tail = os.pread(descriptor, size - keep, keep)
        kept_in = path.with_suffix(".torn")
        # Written down before it is cut off: dying in between leaves it twice, never nowhere.
        with open(kept_in, "ab", opener=_private) as copy:
            copy.write(tail + b"\n")
            copy.flush()
            os.fsync(copy.fileno())
        os.ftruncate(descriptor, keep)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return line, Torn(path, kept_in, size - keep)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
