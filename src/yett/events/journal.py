"""The durable log: every record, in files that are searched and checked later.

Audit records are written by the thread that emits them, before the call returns, each with its
link in the chain (`audit`). All others are written in batches by the pipeline's thread. No record
is written twice: an audit record stands in the audit files only.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from yett.events import notices
from yett.events.audit import AuditLog
from yett.events.dialects import Native
from yett.events.fields import describe
from yett.events.limits import Limits, Sync
from yett.events.pipeline import Record
from yett.events.query import seconds_of
from yett.events.retention import remove_expired
from yett.events.segments import STEP, Appender, Torn, decoded, unreported

RECORDS = "records"


class DirectoryInUse(OSError):
    """Another process writes to the log directory."""


class RecordsLog:
    """All records but audit records. A `Sink`."""

    def __init__(self, directory: Path, limits: Limits, native: Native) -> None:
        self._limits = limits
        self._native = native
        self._file = Appender(directory, RECORDS, segment_size=limits.segment_size)
        self._last_at = 0
        self._lost = 0

    def open(self) -> None:
        self._file.open(_is_whole)
        self._last_at = _instant_of(self._file.last_line)

    @property
    def newest(self) -> str:
        """The name of the file being written."""
        return self._file.name

    def write(self, records: list[Record]) -> None:
        others = [record for record in records if not record.declaration.audit]
        if len(others) == len(records):
            others = records  # the very list, which another output may have put into lines already
        for run in _runs(others, self._last_at):
            self._write(run)

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.sync()
        self._file.close()

    def _write(self, run: list[Record]) -> None:
        data = self._native.lines(run)
        if not data:
            return
        first = min(record.at for record in run)
        self._file.segment_size = self._limits.segment_size
        try:
            if self._file.needs_new(first, self._last_at, len(data)):
                self._file.begin(first)
                notices.segment_begun(segment=self._file.name)
            self._file.append(data)
        except OSError as problem:
            if not self._lost:
                notices.store_failed(error=describe(problem))
            self._lost += len(run)
            raise
        self._last_at = max(record.at for record in run)
        if self._lost:
            lost, self._lost = self._lost, 0
            notices.store_recovered(lost=lost)


class Journal:
    """Both logs of one directory, which no other process may write meanwhile."""

    def __init__(
        self, directory: Path, limits: Limits, *, node: str = "", native: Native | None = None
    ) -> None:
        """`native` may be shared with another output of the pipeline's thread, so that lines are made once."""
        self.limits = limits
        self._directory = directory
        self.records = RecordsLog(directory, limits, native or Native(node))
        self.audit = AuditLog(directory, limits, node=node)
        self._torn: list[Torn] = []
        self._lock = -1
        self._synced_at = self._tidied_at = 0.0
        self._told: set[str] = set()

    def open(self) -> None:
        """Make the directory ready and go on where the last process stopped.

        Raises DirectoryInUse, or another OSError when the directory cannot be used.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory.chmod(0o700)
        self._lock = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.audit.open()
            self.records.open()
            self._torn = unreported(self._directory)
        except BlockingIOError:
            self._unlock()
            raise DirectoryInUse(f"another process writes its log to {self._directory}") from None
        except OSError:
            self.close()
            raise

    def report(self) -> None:
        """Say what was found on opening; to be called once records go somewhere."""
        for torn in self._torn:
            notices.tail_moved(
                segment=torn.segment, kept_in=torn.kept_in.name, bytes=torn.size, sha256=torn.sha256
            )
            # Under its final name it counts as reported; dying before that reports it once more.
            with contextlib.suppress(OSError):
                torn.path.replace(torn.kept_in)
        self._torn.clear()
        self.audit.report()

    def tick(self) -> None:
        """What is done now and then, by the pipeline's thread: syncing, signing, and removing what is too old."""
        now = time.monotonic()
        if self.limits.sync is not Sync.NONE and now - self._synced_at >= 1:
            self._synced_at = now
            self.audit.sync()
            self.records.sync()
        self.audit.upkeep(now)
        if now - self._tidied_at >= 30:
            self._tidied_at = now
            self.remove_expired()

    def remove_expired(self, now: float | None = None) -> None:
        """Remove the segments that the retention settings no longer allow."""
        in_use = {self.audit.newest, self.records.newest}
        remove_expired(
            self._directory,
            self.limits.retention,
            in_use,
            now=time.time() if now is None else now,
            told=self._told,
        )

    def close(self) -> None:
        """Let go of everything. What the pipeline has closed already stays closed."""
        self.records.close()
        self.audit.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _is_whole(line: bytes) -> bool:
    return decoded(line) is not None


def _instant_of(line: bytes) -> int:
    """When a stored line was said, in nanoseconds; 0 for no line."""
    entry = decoded(line)
    return int(seconds_of(entry["time"]) * 1_000_000) * 1000 if entry is not None else 0


def _runs(records: list[Record], last_at: int) -> Iterator[list[Record]]:
    """The records in parts inside which the clock does not go back by more than a step."""
    if not records:
        return
    instants = [record.at for record in records]
    if min(instants) >= max(instants) - STEP and min(instants) >= last_at - STEP:
        yield records
        return
    run: list[Record] = []
    newest = 0
    for record in records:
        if run and record.at < newest - STEP:
            yield run
            run, newest = [], 0
        run.append(record)
        newest = max(newest, record.at)
    yield run
