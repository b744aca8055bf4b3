"""The certificate that the operator provides as files: read at start, and again when they change."""

import asyncio
import datetime
import os
import stat
from pathlib import Path

from yett.kernel import Clock, Supervisor
from yett.pki.certificates import events, rules
from yett.pki.certificates.model import (
    DEFAULT,
    MAX_CERTIFICATE_PEM,
    MAX_KEY_PEM,
    Parsed,
    Reason,
    Refused,
    Source,
)
from yett.pki.certificates.service import Certificates

_LOOK_EVERY = 15.0

_Stamp = tuple[tuple[int, int, int], ...]


class StaticCertificate:
    """Keeps what the two files hold pinned in the manager, for all its names and as default."""

    def __init__(self, certificates: Certificates, clock: Clock, tasks: Supervisor) -> None:
        self._certificates = certificates
        self._clock = clock
        self._tasks = tasks
        self._files: tuple[Path, Path] | None = None
        self._seen: _Stamp | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, certificate: Path | None, key: Path | None) -> Refused | None:
        """Take these files on; what is wrong with them, if anything. Call it again when settings change."""
        if self._task is None:
            self._task = self._tasks.every(_LOOK_EVERY, self.look, name="certificates.static")
        if certificate is None or key is None:
            self._files = None
            self._certificates.unpin(source=Source.STATIC)
            return None
        self._files, self._seen = (certificate, key), None
        return await self._read(self._files)

    async def stop(self) -> None:
        """Stop looking at the files."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def look(self) -> None:
        """Read the files again if they changed since they were last read."""
        if self._files is not None and await asyncio.to_thread(_stamp, self._files) != self._seen:
            await self._read(self._files)

    async def _read(self, files: tuple[Path, Path]) -> Refused | None:
        # The stamp is taken first: a change while reading is seen at the next look.
        self._seen = await asyncio.to_thread(_stamp, files)
        parsed = await asyncio.to_thread(_load, *files)
        refused = parsed if isinstance(parsed, Refused) else None
        if isinstance(parsed, Parsed):
            refused = rules.judge(parsed, DEFAULT, now=self._clock.now())
            if refused is None:
                self._certificates.pin(parsed, source=Source.STATIC)
                events.static_loaded(
                    certificate=str(files[0]),
                    serial=parsed.serial,
                    not_after=datetime.datetime.fromtimestamp(parsed.not_after, datetime.UTC),
                    names=len(parsed.names),
                )
        if refused is not None:
            events.static_not_loaded(certificate=str(files[0]), reason=refused.reason, detail=refused.detail)
        return refused


def _load(certificate: Path, key: Path) -> Parsed | Refused:
    chain_pem = _content(certificate, MAX_CERTIFICATE_PEM, is_secret=False)
    if isinstance(chain_pem, Refused):
        return chain_pem
    key_pem = _content(key, MAX_KEY_PEM, is_secret=True)
    return key_pem if isinstance(key_pem, Refused) else rules.parse(chain_pem, key_pem)


def _content(path: Path, limit: int, *, is_secret: bool) -> bytes | Refused:
    """A file's content, one byte beyond the limit at most. Links are followed: certificate tools use them."""
    try:
        # Without O_NONBLOCK a pipe in the file's place would hold us up for ever.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(file, "rb") as stream:
            about = os.fstat(stream.fileno())
            if not stat.S_ISREG(about.st_mode):
                return Refused(Reason.UNREADABLE, f"{path} is not a file")
            # A group of its own (such as ssl-cert) is common practice; everybody is not.
            if is_secret and about.st_mode & 0o007:
                return Refused(
                    Reason.NOT_PRIVATE,
                    f"{path} can be read by everybody: run chmod o= {path} and replace the key",
                )
            return stream.read(limit + 1)
    except OSError as problem:
        return Refused(Reason.UNREADABLE, f"{path}: {problem.strerror}")


def _stamp(files: tuple[Path, Path]) -> _Stamp:
    """What changes when a file does."""
    stamps = []
    for path in files:
        try:
            about = path.stat()
        except OSError:
            stamps.append((0, 0, 0))
        else:
            stamps.append((about.st_ino, about.st_mtime_ns, about.st_size))
    return tuple(stamps)
