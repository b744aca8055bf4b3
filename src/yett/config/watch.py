"""Noticing that files of a configuration change, whichever way they are replaced.

Folders are watched, not files: editors and Kubernetes put a new file (or a new target of a
symbolic link) in the place of the old one, and a watch on the old one would stay with it.
"""

import asyncio
import contextlib
import enum
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watchfiles._rust_notify import RustNotify

from yett.config.sources import paths_of

Signature = tuple[tuple[str, int, int, int], ...]
"""What a look at the files' entries tells: name, file number, size, time of the last change."""

_STEP = 40
"""Milliseconds between two looks of the watching thread at what the kernel has reported."""
_MOST_LINKS = 40


class Seen(enum.Enum):
    """What came of waiting."""

    CHANGED = "changed"
    QUIET = "quiet"
    STOPPED = "stopped"


def signature(source: Path) -> Signature:
    """Changes whenever a file of the configuration is written, touched, replaced, made or removed."""
    rows = []
    for path in _files(source):
        try:
            status = path.stat()
        except OSError:
            continue
        rows.append((path.name, status.st_ino, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns)))
    return tuple(rows)


def folders_of(source: Path) -> dict[str, tuple[int, int]]:
    """The folders in which something happens when the configuration changes, with their identity.

    These are the folder around the source, the source if it is a directory, and every folder that
    a symbolic link on the way leads through.
    """
    found: dict[str, tuple[int, int]] = {}
    links = [source.absolute(), *(path.absolute() for path in _files(source))]
    for start in links:
        path = start
        for _ in range(_MOST_LINKS):
            _add(path.parent, found)
            for outer in path.parents:
                if _is_link(outer):
                    _add(outer.parent, found)
            if not _is_link(path):
                break
            try:
                path = path.parent / path.readlink()
            except OSError:
                break
    with contextlib.suppress(OSError):
        if source.is_dir():
            _add(source.absolute(), found)
    return found


def _add(folder: Path, found: dict[str, tuple[int, int]]) -> None:
    try:
        status = folder.stat()
    except OSError:
        return
    found[str(folder)] = (status.st_dev, status.st_ino)


def _files(source: Path) -> list[Path]:
    try:
        return paths_of(source)
    except OSError:
        return []


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:
        return False


class FolderWatch:
    """A watch on the folders around a configuration."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="config-watch")
        self._folders: dict[str, tuple[int, int]] = {}
        self._notify: RustNotify | None = None

    def open(self) -> None:
        """Begin to watch. Raises OSError or RuntimeError when that is not possible."""
        self._folders = folders_of(self._source)
        if not self._folders:
            raise FileNotFoundError(f"{self._source.parent} does not exist")
        self._notify = RustNotify(
            list(self._folders),
            debug=False,
            force_polling=False,
            poll_delay_ms=300,
            recursive=False,
            ignore_permission_denied=False,
        )

    def renew(self) -> None:
        """Watch other folders when links lead elsewhere, or a folder was replaced."""
        if folders_of(self._source) == self._folders:
            return
        self._release()
        try:
            self.open()
        except (OSError, RuntimeError):
            # Looking at the files every few seconds has to do until the folder is back.
            self._folders = {}

    async def wait(self, seconds: float) -> Seen:
        """Wait until something happens in a watched folder, or the time is over."""
        loop = asyncio.get_running_loop()
        notify = self._notify
        if notify is None:
            is_stopped = await loop.run_in_executor(self._thread, self._stop.wait, min(seconds, 1.0))
            return Seen.STOPPED if is_stopped else Seen.QUIET
        result = await loop.run_in_executor(
            self._thread, notify.watch, _STEP, _STEP, max(int(seconds * 1000), 1), self._stop
        )
        if isinstance(result, set):
            return Seen.CHANGED
        return Seen.QUIET if result == "timeout" else Seen.STOPPED

    def close(self) -> None:
        """End the watch; a `wait` in progress returns within a few hundredths of a second."""
        self._stop.set()
        self._thread.shutdown(wait=True)
        self._release()

    def _release(self) -> None:
        if self._notify is not None:
            self._notify.close()
            self._notify = None
