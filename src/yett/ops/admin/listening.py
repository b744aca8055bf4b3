"""Making the admin socket so that nobody but its owner can ever use it, and no other is taken away."""

import contextlib
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from yett.ops.admin import events
from yett.ops.admin.address import address_of

_BACKLOG = 64


class InTheWay(Exception):
    """There is something at the socket's path that must not be touched; the text says what."""


class AdminSocket:
    """A listening socket at a path, made by `open` and taken away by `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made: tuple[int, int] | None = None

    def open(self) -> socket.socket:
        """Make it. Raises InTheWay or OSError."""
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = folder.stat()
        if state.st_mode & 0o022 and not state.st_mode & stat.S_ISVTX:
            raise InTheWay(
                f"others may write to {folder}, and could put a socket of theirs in the place of ours"
            )
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._bind(made)
        except BaseException:
            made.close()
            self.close()
            raise
        return made

    def _bind(self, made: socket.socket) -> None:
        # On Linux a socket's own mode becomes that of its file, so there is no moment in which
        # others could connect; a umask would be in force for all threads meanwhile.
        os.fchmod(made.fileno(), 0o600)
        with _held(self._path.parent), address_of(self._path) as address:
            self._clear(address)
            made.bind(address)
            found = os.lstat(self._path)
            self._made = (found.st_dev, found.st_ino)
            if found.st_mode & 0o177:
                raise InTheWay(f"the file system of {self._path} does not keep others out of a socket")
            # Before the others may look: a socket that does not listen yet looks like one that was left behind.
            made.listen(_BACKLOG)
        made.setblocking(False)

    def close(self) -> None:
        """Take the socket's file away, unless it is no longer ours."""
        if self._made is None:
            return
        with contextlib.suppress(FileNotFoundError):
            found = os.lstat(self._path)
            if (found.st_dev, found.st_ino) == self._made:
                self._path.unlink()
        self._made = None

    def _clear(self, address: str) -> None:
        """Remove what an earlier run left behind, and nothing else."""
        try:
            mode = os.lstat(self._path).st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise InTheWay(f"{self._path} is there already and is no socket; it is left alone")
        with socket.socket(socket.AF_UNIX) as probe:
            # A full queue of a living gateway must not hold us up: that is an answer, too.
            probe.setblocking(False)
            try:
                probe.connect(address)
            except ConnectionRefusedError:
                self._path.unlink()
                events.stale_removed(path=str(self._path))
                return
            except BlockingIOError:
                pass
        raise InTheWay(f"another gateway is listening on {self._path}")


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Of two gateways that start at the same moment, one looks and binds before the other looks."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise InTheWay(f"another gateway is just starting in {folder}") from problem
        yield
    finally:
        os.close(handle)


def peer_uid(peer: socket.socket) -> int:
    """The user at the other end, as the kernel says (unix(7), SO_PEERCRED)."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
