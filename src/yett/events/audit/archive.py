"""Taking a range of the audit log elsewhere, in one file that proves itself.

An archive is a tar file, packed with Zstandard when its name ends so. It holds whole segments, the
seals of these and of all before them, the file of keys, torn ends, and the head file when the range
goes up to now; the small files first, then the segments in their order, so that it is checked in one
pass and nothing is ever unpacked.
"""

import contextlib
import errno
import hashlib
import io
import os
import secrets
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from yett.events.audit import seals
from yett.events.audit.checkpoints import HEAD, KEYS
from yett.events.audit.model import Kind, Report
from yett.events.audit.verifier import Small, Trust, Verifier
from yett.events.audit.verify import Progress, blocks_of, read_small
from yett.events.query import seconds_of
from yett.events.segments import decoded, is_segment, listed, open_plain, torn_ends_of

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAGIC = b"\x28\xb5\x2f\xfd"
_LONGER = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
"""Headers with more behind them, which is read at once."""
_LONGEST_HEADER = 4096
_MOST_SMALL = 200_000
_MOST_BYTES = 256 << 20
_TRIES = 5
_FAULTS = (tarfile.TarError, zstd.ZstdError, EOFError, ValueError)


class NothingToExport(Exception):
    """No segment has records of the range."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was put into an archive."""

    segments: tuple[str, ...]
    seals: int
    size: int


def export(
    directory: Path, target: Path, *, since: float | None = None, until: float | None = None
) -> Exported:
    """Write the segments that have records of a range of time. Raises OSError, or NothingToExport."""
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    for left in range(_TRIES - 1, -1, -1):
        try:
            return _export(directory, target, since, until)
        except FileNotFoundError as problem:
            # Retention has removed a segment meanwhile: then the range begins with another one.
            if not left or Path(problem.filename or "").parent != directory:
                raise
    raise AssertionError("not reached")


def _export(directory: Path, target: Path, since: float | None, until: float | None) -> Exported:
    # As for checking: what the head tells of is in the segments that are looked at afterwards.
    head = read_small(directory / HEAD, seals.LARGEST)
    segments = listed(directory, "audit")
    chosen = _chosen(directory, segments, since, until)
    if not chosen:
        raise NothingToExport
    small = {
        path.name: read_small(path, seals.LARGEST)
        for path in sorted(directory.glob(f"audit-*{seals.SUFFIX}"))
        if seals.segment_of(path.name) <= chosen[-1].name
    }
    sealed = len(small)
    if (directory / KEYS).exists():
        small[KEYS] = read_small(directory / KEYS, _MOST_BYTES)
    if chosen[-1] == segments[-1]:
        small[HEAD] = head
        # It has no seal; one that was made meanwhile would speak of a longer file.
        small.pop(seals.name_of(chosen[-1].name), None)
    for segment in chosen:
        small |= {torn.name: read_small(torn, _MOST_BYTES) for torn in torn_ends_of(segment)}
    # A name of its own: what an export that was killed has left is in nobody's way.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with ExitStack() as stack:
        file = stack.enter_context(os.fdopen(os.open(draft, flags, 0o600), "wb"))
        stack.callback(draft.unlink, missing_ok=True)
        packed: Any = zstd.ZstdFile(file, "w") if target.name.endswith(".zst") else file
        with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for name, data in small.items():
                if data is not None:
                    archive.addfile(_info(name, len(data)), io.BytesIO(data))
            for path in chosen:
                with open_plain(path) as plain:
                    archive.addfile(_info(path.name, _whole_lines(plain)), plain)
        if packed is not file:
            packed.close()
        file.flush()
        os.fsync(file.fileno())
        # A rename alone would put itself in the place of a file that is there; not every disk that is
        # carried to an auditor knows hard links.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        draft.replace(target)
    return Exported(tuple(path.name for path in chosen), sealed, target.stat().st_size)


def _chosen(directory: Path, segments: list[Path], since: float | None, until: float | None) -> list[Path]:
    """The segments of the range, and those beyond it without which there would be no proof."""
    found = [seals.find(directory, path.name) for path in segments]
    begin, end = 0, len(segments)
    if since is not None:
        while begin < end - 1 and (seal := found[begin]) is not None and seconds_of(seal.until) < since:
            begin += 1
    if until is not None:
        while end > begin and _begins(segments[end - 1]) > until:
            end -= 1
        while end < len(segments) and end > begin and found[end - 1] is None:
            end += 1
    return segments[begin:end]


def _begins(segment: Path) -> float:
    with open_plain(segment) as file:
        entry = decoded(file.read(1 << 16).partition(b"\n")[0])
    try:
        return seconds_of(entry["time"]) if entry is not None else 0.0
    except ValueError:
        return 0.0


def _whole_lines(file: BinaryIO) -> int:
    """How many bytes of a file, which may be growing, are whole lines."""
    size = end = os.fstat(file.fileno()).st_size
    while end > 0:
        begin = max(0, end - (1 << 16))
        found = os.pread(file.fileno(), end - begin, begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return size


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info


# Checking.


def verify_archive(path: Path, trust: Trust = Trust(), progress: Progress | None = None) -> Report:  # noqa: B008 - it is frozen
    """Check an archive. Raises OSError when it cannot be read."""
    with open_plain(path) as file:
        checked = _Checked(trust)
        total = os.fstat(file.fileno()).st_size

        def tell() -> None:
            if progress is not None:
                progress(file.tell(), total)

        try:
            with ExitStack() as stack:
                source: Any = file
                if os.pread(file.fileno(), len(_MAGIC), 0) == _MAGIC:
                    source = stack.enter_context(zstd.ZstdFile(file))
                archive = stack.enter_context(tarfile.open(fileobj=source, mode="r|", tarinfo=_Member))
                for member in archive:
                    checked.take(member, archive, tell)
        except _FAULTS as problem:
            checked.damage(path.name, f"the archive is damaged: {str(problem)[:200]}")
        return checked.finish()


class _Member(tarfile.TarInfo):
    """A header, refused when reading what belongs to it could fill our memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        # Between a header and what belongs to it, in every version of the library; not all of them ask `frombuf`.
        is_too_long = self.type in _LONGER and self.size > _LONGEST_HEADER
        if is_too_long or self.type == tarfile.GNUTYPE_SPARSE:
            raise ValueError("it has a header that none of ours has")
        read: tarfile.TarInfo = super()._proc_member(archive)  # type: ignore[misc]  # unknown to the stubs
        return read


class _Checked:
    """What came out of an archive so far."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._small: dict[str, bytes] = {}
        self._size = 0
        self._verifier: Verifier | None = None
        self._seals: dict[str, bytes] = {}
        self._damage: tuple[str, str] | None = None
        self._strange: list[str] = []

    def take(self, member: tarfile.TarInfo, archive: tarfile.TarFile, tell: Any) -> None:
        name = member.name
        taken = archive.extractfile(member) if member.isreg() else None
        if taken is not None and is_segment(name, "audit"):
            verifier = self._begun()
            self._pass_gone(name)
            seal = self._seals.pop(name, None)
            verifier.segment(name, _told(cast("BinaryIO", taken), tell), seal, is_newest=False)
        elif taken is None or not _is_small(name) or name in self._small or self._verifier is not None:
            self._strange.append(name)
        else:
            self._size += member.size
            if self._size > _MOST_BYTES or len(self._small) >= _MOST_SMALL:
                raise ValueError("there are too many small files in it")
            self._small[name] = taken.read()

    def damage(self, name: str, what: str) -> None:
        """Nothing more can be read."""
        self._damage = (name, what)

    def finish(self) -> Report:
        verifier = self._begun()
        if not verifier.report.segments and self._damage is None:
            # The tape reader takes a damaged header for the end of the tape.
            verifier.report.find("the end", 0, Kind.REMOVED, "there are no records in the archive")
        self._pass_gone("~")
        for name in self._strange:
            verifier.report.find(name[:200], 0, Kind.INSERTED, "it does not belong into the archive")
        if self._damage is not None:
            verifier.report.find(self._damage[0], 0, Kind.CHANGED, self._damage[1])
        return verifier.finish()

    def _begun(self) -> Verifier:
        if self._verifier is None:
            torn = {
                name: hashlib.sha256(data).hexdigest()
                for name, data in self._small.items()
                if ".torn" in name
            }
            small = Small(self._small.get(HEAD), self._small.get(KEYS, b""), torn)
            self._seals = {
                seals.segment_of(name): data
                for name, data in sorted(self._small.items())
                if name.endswith(seals.SUFFIX)
            }
            self._verifier = Verifier(small, self._trust, is_part=True)
        return self._verifier

    def _pass_gone(self, name: str) -> None:
        """Seals of segments that are not in the archive and come before the one of this name."""
        for segment in [each for each in self._seals if each < name]:
            self._begun().gone(segment, self._seals.pop(segment))


def _told(file: BinaryIO, tell: Any) -> Iterator[bytes]:
    for block in blocks_of(file):
        yield block
        with contextlib.suppress(OSError):
            tell()


def _is_small(name: str) -> bool:
    is_ours = name.startswith("audit-") and "/" not in name
    return name in {HEAD, KEYS} or (is_ours and (name.endswith(seals.SUFFIX) or ".torn" in name))
