"""Append-only files of lines: one is written at a time, older ones are only read.

`records-<time>.jsonl` and `audit-<time>.jsonl` sort by name in the order they were written.

What must stay true:
  a file holds whole lines only; what a crash left of a line is moved aside before anything is added;
  lines of one file are in the order of time but for a second or two, which search relies on;
  a write that fails leaves the file as it was before.
"""

import contextlib
import datetime
import hashlib
import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

_SUFFIX = ".jsonl"
_NAME_FORMAT = "%Y%m%dT%H%M%S-%f"
_BLOCK = 1 << 20
_NEW = ".new"

STEP = 1_000_000_000
"""How far (in nanoseconds) the clock may go back inside one file."""


@dataclass(frozen=True, slots=True)
class Torn:
    """What was found behind the last whole line of a file, and where it is kept."""

    segment: str
    path: Path
    """Where it is until it was reported."""
    size: int
    sha256: str

    @property
    def kept_in(self) -> Path:
        """Where it is kept afterwards."""
        return self.path.with_suffix("")


def listed(directory: Path, stream: str) -> list[Path]:
    """The segments of a stream in the order they were written."""
    try:
        names = os.listdir(directory)  # noqa: PTH208 - most names need no path
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(names) if is_segment(name, stream)]


def is_segment(name: str, stream: str) -> bool:
    """Whether this is the name of a segment of the stream."""
    return name.startswith(f"{stream}-") and name.endswith(_SUFFIX) and "/" not in name


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
    try:
        moment = datetime.datetime.strptime(stamp, _NAME_FORMAT).replace(tzinfo=datetime.UTC)
        moment += datetime.timedelta(microseconds=1)
    except (ValueError, OverflowError):
        # Somebody has put a file there that sorts behind all of ours.
        return f"{stream}-{stamp}0{_SUFFIX}"
    return f"{stream}-{moment.strftime(_NAME_FORMAT)}{_SUFFIX}"


class Appender:
    """Writes the newest segment of one stream."""

    def __init__(self, directory: Path, stream: str, *, segment_size: int) -> None:
        self.segment_size = segment_size
        self.is_lasting = True
        """Whether the disk has to have a finished segment before anything is written to the next one."""
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

    def open(self, is_good: Callable[[bytes], bool]) -> None:
        """Go on in the newest segment, if there is one; what was torn there is moved aside."""
        segments = listed(self._directory, self._stream)
        if segments:
            self.last_line = _mend(segments[-1], is_good)
            self._take(segments[-1], 0)

    @property
    def name(self) -> str:
        """The name of the newest segment."""
        return self._path.name if self._path is not None else ""

    @property
    def size(self) -> int:
        """How many bytes the newest segment has; 0 also when there is none."""
        return self._size

    def is_as_left(self) -> bool:
        """Whether the newest segment is still where it was, and as long as what was written to it."""
        if self._is_untidy or self._path is None:
            return True
        ours = os.fstat(self._descriptor)
        try:
            there = self._path.lstat()
        except FileNotFoundError:
            return False
        return ours.st_size == self._size and (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)

    def needs_new(self, at: int, last_at: int, extra: int) -> bool:
        """Whether the next line has to go to a new segment."""
        if self._descriptor < 0:
            return True
        return self._size > 0 and (self._size + extra > self.segment_size or at < last_at - STEP)

    def begin(self, at: int) -> None:
        """Start a new segment. Raises OSError, and then the old one is still in use."""
        if self._is_untidy:
            self._tidy()
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
        try:
            if self.is_lasting:
                # A hole between two files is worse than a lost end: the old file first, then the new name.
                self.sync()
            if how:
                _sync_directory(path.parent)
        except OSError:
            os.close(descriptor)
            if how:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise
        with self._lock:
            old, self._descriptor = self._descriptor, descriptor
            self._path, self._size = path, os.fstat(descriptor).st_size
            self._is_untidy = self._is_unsynced = False
        if old >= 0:
            os.close(old)


class NotPlain(OSError):
    """Something stands in the place of a file of the log that is no regular file."""


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file; a link or a pipe could lead elsewhere, or nowhere for ever."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as problem:
        if path.is_symlink():
            raise NotPlain(f"{path} is a link") from problem
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotPlain(f"{path} is no regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_good_line(path: Path, is_good: Callable[[bytes], bool]) -> tuple[bytes, int]:
    """The last whole line that is good, and the offset behind it; an empty line and 0 when there is none."""
    with open_plain(path) as file:
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


def unreported(directory: Path) -> list[Torn]:
    """The torn ends that were moved aside and not reported yet; by this run, or by one that died before."""
    found: list[Torn] = []
    for path in sorted(directory.glob(f"*.torn{_NEW}")):
        segment, _, digest = path.name.removesuffix(f".torn{_NEW}").rpartition(".")
        if segment:
            found.append(Torn(f"{segment}{_SUFFIX}", path, path.stat().st_size, digest))
    return found


def torn_ends_of(segment: Path) -> list[Path]:
    """What was torn off a segment in all the crashes it has seen."""
    return sorted(
        [*segment.parent.glob(f"{segment.stem}.*.torn"), *segment.parent.glob(f"{segment.stem}.*.torn{_NEW}")]
    )


def _mend(path: Path, is_good: Callable[[bytes], bool]) -> bytes:
    """The last good line; what stands behind it is moved into a file of its own, named by its digest."""
    line, keep = last_good_line(path, is_good)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        size = os.fstat(descriptor).st_size
        if keep == size:
            return line
        tail = os.pread(descriptor, size - keep, keep)
        kept_in = path.with_suffix(f".{hashlib.sha256(tail).hexdigest()}.torn{_NEW}")
        # Written down before it is cut off: dying in between leaves it twice, never nowhere.
        with open(kept_in, "wb", opener=_private) as copy:
            copy.write(tail)
            copy.flush()
            os.fsync(copy.fileno())
        os.ftruncate(descriptor, keep)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return line


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
