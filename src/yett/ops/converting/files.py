"""The files that a conversion makes. None is written over, and nobody else may read them: logs hold personal data."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from yett.kernel import CommandFailed

_PRIVATE = 0o600
_BUFFER = 1 << 18
_MOST_NAMES = 1000


class KeptAside:
    """The file with what could not be read. It is made when there is something to keep.

    One that is there already is from another conversion: the next free number is taken, or, for a name
    that was asked for, it is an error.
    """

    def __init__(self, wanted: Path, *, is_exact: bool) -> None:
        self._wanted = wanted
        self._is_exact = is_exact
        self._file: BinaryIO | None = None
        self.path: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def keep(self, raw: bytes) -> None:
        """Keep the bytes as they came."""
        if self._file is None:
            self.path, self._file = self._made()
        self._file.write(raw)

    def _made(self) -> tuple[Path, BinaryIO]:
        for number in range(1, 2 if self._is_exact else _MOST_NAMES):
            path = self._wanted if number == 1 else Path(f"{self._wanted}.{number}")
            try:
                return path, created(path)
            except FileExistsError:
                continue
            except OSError as problem:
                raise CommandFailed(
                    f"some lines cannot be read, and {path} cannot be written: {problem.strerror}; "
                    "name another file with --rejected"
                ) from problem
        raise CommandFailed(f"{self._wanted} is there already; move it away, or name another with --rejected")


def created(path: Path) -> BinaryIO:
    """A new file. Raises FileExistsError also when a link of that name leads somewhere else."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, _PRIVATE), "wb", buffering=_BUFFER)


@contextlib.contextmanager
def target(out: str) -> Iterator[BinaryIO]:
    """Where the lines go: standard output, or a file that only gets its name when all is in it."""
    if not out:
        yield sys.stdout.buffer
        return
    path, part = Path(out), Path(f"{out}.part")
    must_be_free(path, "--out")
    try:
        file = created(part)
    except OSError as problem:
        raise CommandFailed(f"cannot write {part}: {problem.strerror}") from problem
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # It may have been made meanwhile, as a file with rejected lines for one.
        must_be_free(path, "--out")
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def must_be_free(path: Path, option: str) -> None:
    """Raises CommandFailed when there is something of that name."""
    if os.path.lexists(path):
        raise CommandFailed(f"{path} is there already; move it away, or name another with {option}")
