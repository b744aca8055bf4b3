"""Files under one root, reached one directory at a time.

Every step opens the next directory from the one before and follows no symbolic link, so there is
no moment in which somebody could exchange a checked path for another. The root itself may be a
link: where it lies is the operator's business. Nothing here logs; storage.py does.
"""

import builtins
import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from yett.store.records import StoreUnavailable

MAX_FILE = 64 << 20
"""Largest file, in bytes."""

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_TEMPORARY = ".new-"


class FileBlocked(ValueError):
    """The name leads out of the storage."""


class TargetBlocked(FileBlocked):
    """The name that a file should get does."""


class FileFailed(StoreUnavailable):
    """The file system did not do what was asked. What was there is still there."""


class DirectoryUncreated(Exception):
    """A directory on the way could not be made; the cause is chained."""


def split(name: str) -> tuple[str, ...]:
    """The parts of a name. FileBlocked when it leads out, ValueError when it is no name for a file."""
    parts = tuple(name.split("/"))
    if name.startswith("/") or ".." in parts:
        raise FileBlocked("the name leads out of the storage")
    for part in parts:
        # Names with a dot in front are ours: files that are not complete yet.
        if not part or part.startswith("."):
            raise ValueError("a part of a file name is empty or begins with a dot")
        if not part.isprintable() or len(part.encode()) > 200:
            raise ValueError("a part of a file name is too long or cannot be printed")
    return parts


def refuse_link(directory: int, name: str) -> None:
    """FileBlocked when the name is a symbolic link: we make none, so somebody else did."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise FileBlocked("the name is a symbolic link")


class Tree:
    """One root. Methods raise OSError as the system does, and FileBlocked for what leads out."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.contextmanager
    def directory(self, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
        """A handle of a directory. DirectoryUncreated when it had to be made and could not."""
        try:
            if create:
                self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as problem:
            if create:
                raise DirectoryUncreated from problem
            raise
        try:
            for part in parts:
                below = _enter(handle, part, create=create)
                os.close(handle)
                handle = below
            yield handle
        finally:
            os.close(handle)

    def write(self, parts: tuple[str, ...], data: bytes) -> None:
        """Replace a file, as a whole or not at all."""
        with self.directory(parts[:-1], create=True) as directory:
            refuse_link(directory, parts[-1])
            temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(temporary, flags, 0o600, dir_fd=directory)
            try:
                try:
                    with os.fdopen(handle, "wb", closefd=False) as file:
                        file.write(data)
                    os.fsync(handle)
                finally:
                    os.close(handle)
                os.rename(temporary, parts[-1], src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=directory)
                raise
            os.fsync(directory)

    def read(self, parts: tuple[str, ...]) -> bytes:
        with self.directory(parts[:-1]) as directory:
            refuse_link(directory, parts[-1])
            # Without O_NONBLOCK a pipe put there by somebody would hold the thread for ever.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            handle = os.open(parts[-1], flags, dir_fd=directory)
            try:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise OSError(errno.EINVAL, "not a regular file")
                with os.fdopen(handle, "rb", closefd=False) as file:
                    data = file.read(MAX_FILE + 1)
            finally:
                os.close(handle)
            if len(data) > MAX_FILE:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
            return data

    def delete(self, parts: tuple[str, ...]) -> None:
        with self.directory(parts[:-1]) as directory:
            refuse_link(directory, parts[-1])
            os.unlink(parts[-1], dir_fd=directory)
            os.fsync(directory)

    def move(self, source: tuple[str, ...], target: tuple[str, ...]) -> None:
        """Give a file another name, replacing what has it. TargetBlocked when the new name leads out."""
        with self.directory(source[:-1]) as old:
            refuse_link(old, source[-1])
            # Looked up before anything is made for a file that is not there.
            os.stat(source[-1], dir_fd=old, follow_symlinks=False)
            try:
                with self.directory(target[:-1], create=True) as new:
                    refuse_link(new, target[-1])
                    os.rename(source[-1], target[-1], src_dir_fd=old, dst_dir_fd=new)
                    os.fsync(new)
            except FileBlocked as problem:
                raise TargetBlocked(*problem.args) from problem
            os.fsync(old)

    def list(self, parts: tuple[str, ...]) -> builtins.list[str]:
        """Names in order, those of directories with a slash behind; links and half-made files are left out."""
        with self.directory(parts) as directory, os.scandir(directory) as entries:
            names = []
            for entry in entries:
                if entry.name.startswith(".") or entry.is_symlink():
                    continue
                names.append(entry.name + ("/" if entry.is_dir(follow_symlinks=False) else ""))
            return sorted(names)

    def exists(self, parts: tuple[str, ...]) -> bool:
        """Whether there is a file; a directory is none."""
        try:
            with self.directory(parts[:-1]) as directory:
                refuse_link(directory, parts[-1])
                found = os.stat(parts[-1], dir_fd=directory, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return stat.S_ISREG(found.st_mode)


def _enter(directory: int, name: str, *, create: bool) -> int:
    try:
        if create:
            try:
                os.mkdir(name, 0o700, dir_fd=directory)
            except FileExistsError:
                pass
            else:
                os.fsync(directory)
        # O_NOFOLLOW makes a link fail as no directory, or as a loop; which of them is looked up.
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except OSError as problem:
        refuse_link(directory, name)
        if create:
            raise DirectoryUncreated from problem
        raise
