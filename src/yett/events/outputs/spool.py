"""Lines that wait on disk for a destination that is away: first in, first out, within a limit.

A spool is a folder of numbered files of lines and a file called `cursor`, which says how far the
first of them was sent. Whoever owns the spool calls it from one thread at a time.

What must stay true:
  a file holds whole lines only; what a crash left of a line is cut off before anything is added;
  a line is forgotten only after it was sent: a crash in between sends it again, never loses it;
  all files together stay below the limit (but for what is just being sent), the oldest lines go first.
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_NAME = re.compile(r"([0-9]{12})\.lines")
_CURSOR = re.compile(rb"([0-9]{12}) ([0-9]{16})\n")
_FIRST = 500_000_000_000
"""Files can be put before the first one, too."""
_LARGEST_FILE = 4 << 20
_SMALLEST_FILE = 4 << 10
_BEGINNING = b'{"time":"'
_AUDIT = b',"audit":true,"component":'
_AUDIT_WITHIN = 90
"""Time and level stand before the mark, at most so many bytes."""


@dataclass(slots=True)
class Lost:
    """Lines that were dropped."""

    lines: int = 0
    audit: int = 0

    def add(self, lines: Sequence[bytes]) -> None:
        """Count these, too."""
        self.lines += len(lines)
        self.audit += sum(map(is_audit, lines))


@dataclass(slots=True)
class _File:
    """One file: what is left of it to be sent."""

    number: int
    size: int
    lines: int
    audit: int


@dataclass(slots=True)
class _Handed:
    """A line that was read: where what goes with it ends, and how many lines that are no records go with it."""

    end: int
    is_audit: bool
    spoilt: int = 0


class SpoolInUse(OSError):
    """Another process uses the spool."""


class Spool:
    """The lines of one output. `limit` is in bytes."""

    def __init__(self, directory: Path, limit: int) -> None:
        self.limit = limit
        self.waiting = 0
        """Lines that are not sent yet."""
        self.size = 0
        """Bytes on disk."""
        self._directory = directory
        self._files: list[_File] = []
        self._offset = 0
        """Where the first line that is not sent begins in the first file."""
        self._handed: list[_Handed] = []
        """The lines read last, which are not forgotten yet."""
        self._spoilt = Lost()
        self._next = _FIRST
        self._tail = -1
        self._cursor = -1
        self._lock = -1

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self._lock >= 0

    def open(self) -> int:
        """Go on where the last run stopped; how many lines wait. Raises SpoolInUse or another OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self._directory / ".lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._cursor = os.open(self._directory / "cursor", flags, 0o600)
            self._find()
        except OSError as problem:
            os.close(lock)
            self.close()
            if isinstance(problem, BlockingIOError):
                raise SpoolInUse(f"another process uses {self._directory}") from None
            raise
        self._lock = lock
        return self.waiting

    def append(self, lines: Sequence[bytes]) -> Lost:
        """Add lines at the end; what had to go for them is the answer. On OSError nothing was added."""
        lost, done = Lost(), 0
        for part in self._parts(lines):
            try:
                self._append(part, lost)
            except OSError:
                if not done:
                    raise
                # Those before stay; as a whole it neither failed nor succeeded.
                lost.add(lines[done:])
                break
            done += len(part)
        return lost

    def _append(self, lines: Sequence[bytes], lost: Lost) -> None:
        data = _joined(lines)
        self._make_room(len(data), lost)
        if self.size + len(data) > self.limit and not self._handed:
            lost.add(lines)
            return
        if self._tail < 0 or self._files[-1].size + len(data) > self._file_size:
            self._begin(self._next)
            self._next += 1
        file = self._files[-1]
        try:
            _write_all(self._tail, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._tail, file.size)
            if not file.size:
                self._remove(len(self._files) - 1)
            raise
        self._grow(file, data, lines)

    def prepend(self, lines: Sequence[bytes]) -> Lost:
        """Put lines before all others, of which none may have been sent yet. On OSError nothing was added."""
        if not self._files:
            return self.append(lines)
        if self._offset or self._handed:
            raise ValueError("some of the first file is sent already")
        before = len(self._files)
        try:
            for part in reversed(list(self._parts(lines))):
                self._prepend(part)
        except OSError:
            while len(self._files) > before:
                self._remove(0)
            raise
        lost = Lost()
        self._make_room(0, lost)
        return lost

    def _prepend(self, lines: Sequence[bytes]) -> None:
        data = _joined(lines)
        number = self._files[0].number - 1
        # Before the file is there: what stands before the cursor counts as sent.
        self._point(number, 0)
        path = self._path(number)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            _write_all(descriptor, data)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        self._files.insert(0, _File(number, 0, 0, 0))
        self._grow(self._files[0], data, lines)

    def _parts(self, lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
        """The lines in parts that fit into a file."""
        begin = size = 0
        for place, line in enumerate(lines):
            if size and size + len(line) + 1 > self._file_size:
                yield lines[begin:place]
                begin, size = place, 0
            size += len(line) + 1
        if begin < len(lines):
            yield lines[begin:]

    def _grow(self, file: _File, data: bytes, lines: Sequence[bytes]) -> None:
        file.size += len(data)
        file.lines += len(lines)
        file.audit += sum(map(is_audit, lines))
        self.size += len(data)
        self.waiting += len(lines)

    def read(self, most: int, most_bytes: int) -> list[bytes]:
        """The first lines, whole and as many as asked for; the same again until they are forgotten."""
        self._handed = []
        while self._files:
            lines = self._read(most, most_bytes)
            if lines:
                return lines
        return []

    def forget(self, count: int) -> None:
        """The first `count` of the lines read last, and not forgotten yet, were sent."""
        done, self._handed = self._handed[:count], self._handed[count:]
        if not done:
            return
        file = self._files[0]
        self._offset = done[-1].end
        spoilt = sum(each.spoilt for each in done)
        self._spoilt.lines += spoilt
        file.lines -= len(done) + spoilt
        file.audit -= sum(each.is_audit for each in done)
        self.waiting -= len(done) + spoilt
        if self._offset >= file.size:
            self._remove(0)
        else:
            self._point(file.number, self._offset)

    def spoilt(self) -> Lost:
        """What was on disk and cannot be sent, since this was last asked: no records, or files that were taken away."""
        found, self._spoilt = self._spoilt, Lost()
        return found

    def close(self) -> None:
        """Let go of the files; what waits is found by the next `open`."""
        for descriptor in (self._tail, self._cursor, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._tail = self._cursor = self._lock = -1
        self._files, self._handed = [], []
        self._offset = self.waiting = self.size = 0

    # Files.

    @property
    def _file_size(self) -> int:
        return max(min(_LARGEST_FILE, self.limit // 8), _SMALLEST_FILE)

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:012d}.lines"

    def _find(self) -> None:
        """Look at what is there."""
        names = os.listdir(self._directory)  # noqa: PTH208 - most names need no path
        numbers = sorted(int(found[1]) for found in map(_NAME.fullmatch, names) if found)
        match = _CURSOR.fullmatch(os.pread(self._cursor, 64, 0))
        number, offset = (int(match[1]), int(match[2])) if match else (0, 0)
        for each in numbers:
            path = self._path(each)
            if each < number:
                path.unlink()
                continue
            file = _looked_through(path, each, offset if each == number else 0)
            if each == number and file.lines:
                self._offset = offset if _is_boundary(path, offset) else 0
            if file.lines:
                self._files.append(file)
                self.waiting += file.lines
                self.size += file.size
            else:
                path.unlink()
        self._next = max(numbers[-1] + 1 if numbers else 0, number + 1, _FIRST)
        if not self._files or self._files[0].number != number:
            self._offset = 0

    def _begin(self, number: int) -> None:
        """Go on in a new file."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path(number), flags, 0o600)
        if self._tail >= 0:
            os.close(self._tail)
        self._tail = descriptor
        self._files.append(_File(number, 0, 0, 0))

    def _remove(self, position: int) -> None:
        """Take a file away with all that is in it."""
        file = self._files.pop(position)
        if position == len(self._files) and self._tail >= 0:
            os.close(self._tail)
            self._tail = -1
        self._path(file.number).unlink(missing_ok=True)
        self.size -= file.size
        self.waiting -= file.lines
        if position == 0:
            self._offset = 0
            # A cursor that names a file which is gone says nothing of those behind it.
            with contextlib.suppress(OSError):
                self._point(self._files[0].number if self._files else self._next, 0)

    def _make_room(self, extra: int, lost: Lost) -> None:
        """Drop the oldest files until as many bytes find room; never the one that is just being sent."""
        first = 1 if self._handed else 0
        while len(self._files) > first and self.size + extra > self.limit:
            file = self._files[first]
            lost.lines += file.lines
            lost.audit += file.audit
            self._remove(first)

    def _point(self, number: int, offset: int) -> None:
        os.pwrite(self._cursor, b"%012d %016d\n" % (number, offset), 0)

    def _read(self, most: int, most_bytes: int) -> list[bytes]:
        """Lines of the first file. Empty only if it had none that is a record: then it is gone."""
        file = self._files[0]
        data = self._bytes(file, most_bytes)
        whole, at = data[: data.rfind(b"\n") + 1], self._offset
        lines: list[bytes] = []
        for line in whole.split(b"\n")[:-1][:most]:
            at += len(line) + 1
            if line.startswith(_BEGINNING):
                lines.append(line)
                self._handed.append(_Handed(at, is_audit(line)))
            elif self._handed:
                # It is counted once, when the line before it is forgotten.
                self._handed[-1].end = at
                self._handed[-1].spoilt += 1
            else:
                self._offset = at
                self._spoilt.lines += 1
                file.lines -= 1
                self.waiting -= 1
        if not lines and (not whole or self._offset >= file.size):
            self._spoilt.lines += file.lines
            self._spoilt.audit += file.audit
            self._remove(0)
        return lines

    def _bytes(self, file: _File, most: int) -> bytes:
        """What the first file has, one whole line at least; less if somebody else has cut it, or taken it away."""
        try:
            descriptor = os.open(self._path(file.number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return b""
        try:
            data = os.pread(descriptor, most, self._offset)
            while b"\n" not in data and self._offset + len(data) < file.size:
                more = os.pread(descriptor, max(most, 1 << 16), self._offset + len(data))
                if not more:
                    break
                data += more
        finally:
            os.close(descriptor)
        return data


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def is_audit(line: bytes) -> bool:
    """Whether a native line is that of an audit record."""
    return _AUDIT in line[:_AUDIT_WITHIN]


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _is_boundary(path: Path, offset: int) -> bool:
    """Whether a line begins there."""
    with path.open("rb") as file:
        file.seek(max(offset - 1, 0))
        return offset == 0 or file.read(1) == b"\n"


def _looked_through(path: Path, number: int, offset: int) -> _File:
    """What a file holds behind an offset; a torn end is cut off."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read()
        keep = data.rfind(b"\n") + 1
        if keep < len(data):
            os.ftruncate(descriptor, keep)
        start = offset if 0 < offset <= keep and data[offset - 1 : offset] == b"\n" else 0
        left = data[start:keep].split(b"\n")[:-1]
        return _File(number, keep, len(left), sum(map(is_audit, left)))
    finally:
        os.close(descriptor)
