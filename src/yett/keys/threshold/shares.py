"""The shares that a co-signer keeps: a file for each key, sealed with the co-signer's own key."""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from yett.keys.frost import Group, Share
from yett.keys.master import MasterKey
from yett.keys.sealer import Sealer
from yett.keys.threshold import events
from yett.keys.threshold.model import Shared

_FOR_EVER = 100 * 365 * 86400.0
"""Sealed values have to end; how long a share is kept, `forget` says."""
_COARSE = 86400.0
"""Use of a share is noted once in so many seconds."""
_LARGEST = 64 * 1024


class Shares:
    """Shares by the public key that they belong to."""

    def __init__(self, folder: Path, master: MasterKey) -> None:
        self._folder = folder
        self._sealer = Sealer(master, "threshold/share")
        self._kept: dict[bytes, Shared] = {}

    def load(self) -> int:
        """Read what is kept; how many there are. What is damaged is said and removed. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._files():
            shared = self._read(path)
            if shared is None:
                events.share_corrupt(key=path.name)
                path.unlink()
            else:
                self._kept[shared.public] = shared
        return len(self._kept)

    def get(self, public: bytes) -> Shared | None:
        """The share of a key."""
        return self._kept.get(public)

    def keep(self, share: Share, group: Group, members: dict[int, bytes]) -> None:
        """Keep a share; it is on the disk when this returns. Raises OSError."""
        shared = Shared(share, group, members)
        text = self._sealer.seal(shared.to_payload(), expires_at=time.time() + _FOR_EVER)
        path = self._folder / group.public.hex()
        draft = path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._kept[group.public] = shared

    def used(self, public: bytes, now: float) -> None:
        """Note that a share is in use."""
        path = self._folder / public.hex()
        with contextlib.suppress(OSError):
            if now - path.stat().st_mtime > _COARSE:
                os.utime(path, (now, now))

    def forget(self, before: float) -> list[bytes]:
        """Remove shares that nobody has asked for since then; which."""
        gone = []
        for path in self._files():
            with contextlib.suppress(OSError, ValueError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    public = bytes.fromhex(path.name)
                    self._kept.pop(public, None)
                    gone.append(public)
        return gone

    def _files(self) -> Iterator[Path]:
        return (path for path in sorted(self._folder.iterdir()) if len(path.name) == 64)

    def _read(self, path: Path) -> Shared | None:
        try:
            text = path.read_text("ascii") if path.stat().st_size <= _LARGEST else ""
            opened = self._sealer.open(text, now=0.0)
            shared = Shared.from_payload(opened.payload) if opened is not None else None
        except (ValueError, UnicodeDecodeError):
            return None
        return shared if shared is not None and shared.public.hex() == path.name else None
