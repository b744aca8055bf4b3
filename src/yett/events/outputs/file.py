"""Lines to a file, which may be moved away at any time: the next line then begins a new one."""

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from yett.events.fields import describe
from yett.events.outputs.model import Unreachable
from yett.events.outputs.words import Words


class FileCarrier:
    """Appends to a file, one line for each record. A batch that did not fit is taken back whole."""

    def __init__(self, path: Path, words: Words) -> None:
        self.address = str(path)
        self._path = path
        self._words = words
        self._descriptor = -1

    def carry(self, lines: Sequence[bytes]) -> None:
        try:
            self._reopen()
            data = b"".join(b"%b\n" % message for message in self._words.messages(lines))
            if data:
                self._append(data)
        except OSError as problem:
            self.close()
            raise Unreachable(describe(problem)) from problem

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _reopen(self) -> None:
        """Have the file that the path names now, and no other."""
        if self._descriptor >= 0:
            with contextlib.suppress(FileNotFoundError):
                here, there = os.fstat(self._descriptor), self._path.stat()
                if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                    return
            self.close()
        # Not waiting: opening a pipe that nobody reads would never come back.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
        self._descriptor = os.open(self._path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            self.close()
            raise OSError(errno.EINVAL, "it is no regular file")
        self._end_line()

    def _end_line(self) -> None:
        """End a line that a crash left unfinished, so that it does not spoil the next."""
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")

    def _append(self, data: bytes) -> None:
        before = os.fstat(self._descriptor).st_size
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, before)
            raise
