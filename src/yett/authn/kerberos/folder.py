"""The gateway's own folder for Kerberos: its part of the configuration, and caches while somebody needs them."""

import contextlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

_CACHES = "tickets"
_CONFIGURATION = "krb5.conf"
_CACHE_NAME = re.compile(r"\.?[0-9a-f]{32}(\.[0-9a-f]{8})?")
"""Caches, and drafts of them."""


class FolderUnusable(Exception):
    """The folder cannot be made, or is not the gateway's alone."""


class Folder:
    """Files in it are 0600, it is 0700 and ours, and no cache outlives the process that wrote it."""

    def __init__(self, wanted: Path | None) -> None:
        self.path = wanted
        """Where it is; None until one is made, where nothing was wanted."""
        self._is_temporary = wanted is None
        self._is_open = False

    @property
    def configuration(self) -> Path:
        """The file with our part of the configuration."""
        return self._place / _CONFIGURATION

    def open(self, configuration: Callable[[Path], str]) -> None:
        """Make it, write our part of the configuration, delete what an earlier process left. Raises FolderUnusable."""
        try:
            if self.path is None:
                self.path = Path(tempfile.mkdtemp(prefix="yett-kerberos-"))
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._check(self.path)
            caches = self.path / _CACHES
            caches.mkdir(mode=0o700, exist_ok=True)
            self._check(caches)
            self._is_open = True
            self._empty()
            self._write(self.configuration, configuration(self.path).encode())
        except OSError as problem:
            raise FolderUnusable(f"{self.path}: {problem.strerror}") from problem

    def close(self) -> None:
        """Delete the caches, and all of it if it was made for this process."""
        if not self._is_open:
            return
        self._empty()
        if self._is_temporary:
            self.configuration.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                (self._place / _CACHES).rmdir()
                self._place.rmdir()

    @property
    def _place(self) -> Path:
        if self.path is None:
            raise FolderUnusable("the folder is not open")
        return self.path

    def _empty(self) -> None:
        """Delete caches, and nothing else that somebody may have put there."""
        for path in (self._place / _CACHES).iterdir():
            if _CACHE_NAME.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def new_cache(self) -> Path:
        """A path for a cache that is not there yet."""
        return self._place / _CACHES / secrets.token_hex(16)

    @contextlib.contextmanager
    def cache(self, data: bytes = b"") -> Iterator[Path]:
        """A cache for as long as the block lasts; with data, it is there already."""
        path = self.new_cache()
        try:
            if data:
                self._write(path, data)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def write_cache(self, data: bytes) -> Path:
        """A cache that stays until it is removed."""
        path = self.new_cache()
        self._write(path, data)
        return path

    def replace_cache(self, path: Path, data: bytes) -> None:
        """Other content for a cache that somebody may be reading; nothing where it was removed."""
        if path.exists():
            self._write(path, data)

    def _check(self, path: Path) -> None:
        # A link to somewhere else, or a folder of somebody else, could be read by others.
        about = path.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
            raise FolderUnusable(f"{path} is not a folder of this user")
        if stat.S_IMODE(about.st_mode) & 0o077:
            path.chmod(0o700)

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        draft.replace(path)
