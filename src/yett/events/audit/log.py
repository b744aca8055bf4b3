"""The audit log as it is written: chained at once, signed every few seconds, sealed when a file is full.

What must stay true:
  a record is down, with its link in the chain, before `append` returns;
  a checkpoint commits to every line before it, and reaches the disk before the head file tells of it,
  but for the first one: a checkpoint without a head file means that somebody took that away;
  a seal says what this process wrote, not what the file holds by then.
"""

import contextlib
import threading
import time
from pathlib import Path

from yett.events import chain, notices
from yett.events.audit import events, seals
from yett.events.audit.checkpoints import HEAD, Checkpoint, Head, vouch, write_whole
from yett.events.audit.recall import recall
from yett.events.audit.seals import Tally
from yett.events.audit.signatures import Signer
from yett.events.declare import Emitter
from yett.events.dialects import Native, Unwritable
from yett.events.dialects.native import instant
from yett.events.fields import describe
from yett.events.limits import Limits, Sync
from yett.events.pipeline import Record, pipeline
from yett.events.query import seconds_of
from yett.events.segments import Appender, decoded

_NOTE = 1024
"""More than the bytes of a line of our own."""


class AuditLog:
    """Audit records, chained. An `AuditSink`, for any number of threads."""

    def __init__(self, directory: Path, limits: Limits, *, node: str = "") -> None:
        self._directory = directory
        self._limits = limits
        self._node = node
        self._native = Native(node)
        self._file = Appender(directory, "audit", segment_size=limits.segment_size)
        self._seq = 0
        self._chain = chain.START
        self._tally = Tally()
        self._finished: list[Tally] = []
        self._last_at = 0
        self._missed = 0
        self._head: Head | None = None
        self._has_head = False
        """Whether there is a head file, of whatever content."""
        self._cut: tuple[int, int] | None = None
        self._tail: tuple[int, int] | None = None
        self._signer: Signer | None = None
        self._signed = 0
        """The number of the newest checkpoint of this run."""
        self._signed_at = float("-inf")
        self._is_unsigned = False
        self._lock = threading.Lock()
        self._signing = threading.Lock()
        """Held while something is signed, so that the head file always has the newest. Taken before the other."""

    def open(self) -> None:
        """Go on where the last run stopped. Raises OSError."""
        self._file.open(chain.is_chained)
        found = recall(self._directory)
        self._tally, self._finished = found.tally, found.finished
        self._seq, self._chain, self._head = found.seq, found.value, found.head
        self._has_head = found.head is not None or found.is_cut
        if found.is_cut:
            self._cut = (found.head.seq if found.head is not None else 0, found.seq)
        elif found.seq > (signed := found.head.seq if found.head is not None else 0):
            self._tail = (signed + 1, found.seq)
        entry = decoded(self._file.last_line)
        self._last_at = int(seconds_of(entry["time"]) * 1_000_000) * 1000 if entry is not None else 0

    def report(self) -> None:
        """Say what was found on opening; to be called once records go somewhere."""
        if self._cut is not None:
            (count, found), self._cut = self._cut, None
            events.audit_cut(count=count, found=found)
        if self._tail is not None:
            (first, last), self._tail = self._tail, None
            events.audit_tail_unsigned(first=first, last=last)

    @property
    def newest(self) -> str:
        """The name of the file being written."""
        return self._file.name

    # Writing.

    def append(self, record: Record) -> None:
        """Write one record down. Raises OSError, or Unwritable for a record without a JSON form."""
        with self._lock:
            try:
                line = self._native.line(record)
                if self._needs_new(record.at, len(line)):
                    self._begin(record.at)
                if self._missed:
                    # In one write with the record, so that a disk that is still full takes neither.
                    self._write(self._note(notices.audit_gap, record.at, (self._missed,)), line)
                    self._missed = 0
                else:
                    self._write(line)
            except (OSError, Unwritable) as problem:
                if not self._missed:
                    notices.audit_failed(error=describe(problem))
                self._missed += 1
                raise
            self._last_at = max(record.at, self._last_at)

    def sync(self) -> None:
        self._file.sync()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self._signer is not None:
                self._seal_finished(self._signer)
            self.checkpoint()
        with self._lock, contextlib.suppress(OSError):
            self._file.sync()
        self._file.close()

    def _needs_new(self, at: int, extra: int) -> bool:
        self._file.segment_size = self._limits.segment_size
        self._file.is_lasting = self._limits.sync is not Sync.NONE
        # A file without a line lacks the one that says which line it follows.
        return self._file.size == 0 or self._file.needs_new(at, self._last_at, extra + 160)

    def _begin(self, at: int) -> None:
        if self._file.size or not self._file.name:
            ended = self._tally
            ended.size, ended.last, ended.head = self._file.size, self._seq, self._chain
            ended.until = instant(self._last_at)
            self._file.begin(at)
            if ended.size:
                self._finished.append(ended)
            self._tally = Tally(self._file.name, self._seq + 1, self._chain)
            notices.segment_begun(segment=self._file.name)
            self._last_at = at
        self._tally.since = instant(at)
        self._write(self._note(notices.audit_segment_begins, at, (self._file.name, self._chain)))

    def _write(self, *lines: bytes) -> bytes:
        seq, value = self._seq, self._chain
        data = b""
        for line in lines:
            seq += 1
            whole, value = chain.chained(line, seq, value)
            data += whole + b"\n"
        self._file.append(data, is_sure=self._limits.sync is Sync.ALWAYS)
        self._tally.digest.update(data)
        self._seq, self._chain = seq, value
        return data

    def _note(self, said: Emitter[...], at: int, values: tuple[object, ...]) -> bytes:
        # Written here and not emitted: it has to stand before the record in hand.
        return self._native.line(_record(said, at, values))

    # Signing.

    def sign_with(self, signer: Signer) -> None:
        """Sign from now on. Another key than before vouches for the one before. Raises OSError."""
        before = self._head.checkpoint if self._head is not None else None
        if before is not None and before.key != signer.public_key and before.is_signed:
            vouch(self._directory, signer, before.key, time=instant(time.time_ns()))
            events.audit_key_changed(key=signer.public_key, before=before.key)
        self._signer = signer

    def upkeep(self, now: float) -> None:
        """Seal what is finished, and sign what is new when it is time; `now` is the time since some start."""
        if self._signer is None:
            return
        try:
            self._seal_finished(self._signer)
            new = self._seq - self._signed
            if new and (
                new >= self._limits.checkpoint_records
                or now - self._signed_at >= self._limits.checkpoint_every
            ):
                self._signed_at = now
                self.checkpoint()
        except OSError as problem:
            if not self._is_unsigned:
                self._is_unsigned = True
                events.audit_unsigned(error=describe(problem))
        else:
            self._is_unsigned = False

    def checkpoint(self) -> None:
        """Sign everything written so far, if anything is new. Raises OSError."""
        signer = self._signer
        if signer is None:
            return
        with self._signing:
            with self._lock:
                if self._seq == self._signed:
                    return
                at = time.time_ns()
                is_touched = bool(self._file.size) and not self._file.is_as_left()
                touched = self._file.name
                if is_touched or self._needs_new(at, _NOTE):
                    self._begin(at)
                record = _checkpoint(signer, self._seq, self._chain, at, self._node)
                text = self._native.line(record)
                if not self._has_head:
                    first, _ = chain.chained(text, self._seq + 1, self._chain)
                    write_whole(self._directory / HEAD, first + b"\n")
                    self._has_head = True
                line = self._write(text)
                self._last_at = max(at, self._last_at)
                self._signed = self._seq
            if self._limits.sync is not Sync.NONE:
                self._file.sync()
            write_whole(self._directory / HEAD, line)
        pipeline.offer(record)
        if is_touched:
            events.audit_touched(segment=touched)

    def _seal_finished(self, signer: Signer) -> None:
        with self._signing:
            made: list[seals.Seal] = []
            # Those that are there now: files that fill faster than they are sealed do not keep a checkpoint off.
            for _ in range(len(self._finished)):
                made.append(seals.made(self._finished[0], signer, self._node))
                seals.write(self._directory, made[-1])
                del self._finished[0]
        for seal in made:
            if seal.findings:
                events.audit_segment_damaged(segment=seal.segment, sha256=seal.sha256, findings=seal.findings)
            else:
                events.audit_segment_sealed(
                    segment=seal.segment, sha256=seal.sha256, first=seal.first, last=seal.last
                )


def _record(said: Emitter[...], at: int, values: tuple[object, ...]) -> Record:
    return Record(said.declaration, at, "", "", "", "", "", values)


def _checkpoint(signer: Signer, count: int, head: str, at: int, node: str) -> Record:
    made = Checkpoint(count, head, instant(at), node, signer.public_key)
    return _record(events.audit_checkpoint, at, (count, head, made.key, made.signature_by(signer)))
