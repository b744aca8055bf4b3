"""How the authority's keys are kept on disk.

A private key is readable by its owner only, from the moment its file exists. A file appears under
its name complete or not at all. Reading refuses a key that others could have read.
"""

import contextlib
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from yett.pki.ca.model import AuthorityUnavailable

MAX_FILE = 64 * 1024


def make_directory(path: Path) -> None:
    """A directory of our own, 0700; one that others may enter is refused rather than changed."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = path.stat().st_mode
    except OSError as problem:
        raise AuthorityUnavailable(f"{path} cannot be made: {problem.strerror}") from problem
    if mode & 0o077:
        raise AuthorityUnavailable(
            f"{path} is open to others (mode {stat.S_IMODE(mode):04o}): run chmod 700 {path}"
        )


@contextlib.contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, so that of two processes starting at once one makes the authority."""
    try:
        lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise AuthorityUnavailable(f"{directory / '.lock'} cannot be opened: {problem.strerror}") from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def write(path: Path, content: bytes) -> None:
    """Put a file in place, 0600, whole and on the disk before it has its name."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        _settle(path.parent)
    except OSError as problem:
        raise AuthorityUnavailable(f"{path} cannot be written: {problem.strerror}") from problem


def _settle(directory: Path) -> None:
    """Have the directory itself on the disk: a new name is part of it."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path, *, is_secret: bool) -> bytes | None:
    """A file's content; None when there is none. A secret that others may read is refused."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise AuthorityUnavailable(f"{path} cannot be read: {problem.strerror}") from problem
    try:
        with os.fdopen(file, "rb") as stream:
            # The file that was opened is judged, not its name: a name can change hands in between.
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise AuthorityUnavailable(f"{path} is not a file")
            if is_secret and about.st_mode & 0o077:
                raise AuthorityUnavailable(
                    f"{path} can be read by others (mode {stat.S_IMODE(about.st_mode):04o}): "
                    f"run chmod 600 {path}, and replace the key if somebody else may have it"
                )
            if is_secret and about.st_uid not in {0, os.geteuid()}:
                raise AuthorityUnavailable(f"{path} belongs to another user (uid {about.st_uid})")
            content = stream.read(MAX_FILE + 1)
    except OSError as problem:
        raise AuthorityUnavailable(f"{path} cannot be read: {problem.strerror}") from problem
    if len(content) > MAX_FILE:
        raise AuthorityUnavailable(f"{path} is larger than {MAX_FILE} bytes")
    return content
