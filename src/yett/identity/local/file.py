"""Reading and replacing the users file so that no reader sees half of it and no writer loses another's work.

Writers take turns by a lock on a neighbouring file (the file itself is replaced, so a lock on it
would be a lock on the past). A reader needs no lock: a replacement is one rename.
"""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MOST_BYTES = 16 << 20


class Stamp(NamedTuple):
    """What tells one state of a file from another; the change time also moves with mode and owner."""

    inode: int
    size: int
    modified: int
    changed: int


class Reading(NamedTuple):
    """One look at the file. `text` is None when there is no file; `mistake` says why it is unusable."""

    stamp: Stamp | None
    text: str | None
    mistake: str = ""
    is_passing: bool = False
    """Whether the mistake is that somebody is writing just now, so that another look may do."""


def stamp_of(path: Path) -> Stamp | None:
    """The state of the file now; None when it cannot even be looked at."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def read(path: Path) -> Reading:
    """The text of the file, whole and of one moment."""
    # A file that is replaced while it is read changes its state too; the next look sees the new one.
    for _ in range(5):
        reading = _read(path)
        if not reading.is_passing:
            break
    return reading


def _read(path: Path) -> Reading:
    descriptor = -1
    try:
        # Without O_NONBLOCK a named pipe in the file's place would hold the gateway up for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return _read_open(descriptor)
    except FileNotFoundError:
        return Reading(None, None)
    except OSError as problem:
        return Reading(stamp_of(path), None, f"cannot be read: {problem.strerror}")
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _read_open(descriptor: int) -> Reading:
    status = os.fstat(descriptor)
    stamp = _stamp(status)
    if mistake := _mistake(status):
        return Reading(stamp, None, mistake)
    content = b""
    while len(content) <= status.st_size and (part := os.read(descriptor, 1 << 20)):
        content += part
    if len(content) != status.st_size or _stamp(os.fstat(descriptor)) != stamp:
        return Reading(None, None, "is being written at this moment", is_passing=True)
    try:
        return Reading(stamp, content.decode())
    except UnicodeDecodeError as problem:
        return Reading(stamp, None, f"is not UTF-8: {problem.reason} at byte {problem.start}")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the turn to write; the lock ends with this block, or with the process."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _give_to_owner_of(path.parent, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, text: str) -> None:
    """Put a new text in the file's place; after a crash there is the old one or the new one, nothing else."""
    target = path.resolve()
    new = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _give_to_owner_of(target if target.exists() else target.parent, file.fileno())
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _mistake(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if status.st_mode & 0o077:
        return f"may be used by others (mode {stat.S_IMODE(status.st_mode):04o}); run `chmod 600` on it"
    if status.st_size > MOST_BYTES:
        return f"is larger than {MOST_BYTES >> 20} MiB"
    return ""


def _give_to_owner_of(path: Path, descriptor: int) -> None:
    """Root may run the commands while the gateway runs as somebody else, who has to be able to read."""
    if os.geteuid() == 0:
        status = path.stat()
        os.fchown(descriptor, status.st_uid, status.st_gid)
