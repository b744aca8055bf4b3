"""Checking a whole audit log: chain, checkpoints, seals, head and torn ends.

What is checked, in the order of the numbers of lines:
  every byte of every segment, by the chain, and by the seal when there is one;
  that segments are gone only at the beginning, sealed, and by a record of their removal;
  every checkpoint: its number, its value, its signature and who signed;
  that the line which the head file (or somebody's copy of a checkpoint) tells of is there.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from yett.events.audit import seals
from yett.events.audit.checkpoints import HEAD, KEYS, Checkpoint, in_turn, read_head, trusted_with, vouchings
from yett.events.audit.model import Kind, Report
from yett.events.audit.walk import Line, Walk
from yett.events.segments import decoded

LONGEST = 64 << 20
"""Bytes of the longest line that is looked at; ours are much shorter."""

_OURS = b'"component":"telemetry.'


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known apart from the log itself."""

    keys: frozenset[str] = frozenset()
    """Public keys in hexadecimal digits."""
    against: tuple[Checkpoint, ...] = ()
    """Checkpoints that were kept elsewhere."""


@dataclass(slots=True)
class Small:
    """The small files of a log."""

    head: bytes | None = None
    keys: bytes = b""
    torn: dict[str, str] = field(default_factory=dict)
    """Names of torn ends, and the SHA-256 of each."""


class Verifier:
    """Checks one log, which is handed over in the order of the segments' names."""

    def __init__(self, small: Small, trust: Trust, *, is_part: bool = False) -> None:
        """`is_part` is for an archive of a range: later segments may be missing, earlier ones as well."""
        self.report = Report(is_trusted=bool(trust.keys))
        self._small = small
        self._is_part = is_part
        self._walk = Walk(self.report, self._hear)
        vouched = vouchings(small.keys)
        if None in vouched:
            line = vouched.index(None) + 1
            self.report.find(KEYS, line, Kind.SIGNATURE_WRONG, "it does not say which key vouches for which")
        self._direct = trust.keys
        self._trusted = trusted_with(trust.keys, vouched)
        self._turns = in_turn(self._trusted, vouched)
        self._turn = 0
        self._wanted: dict[int, list[tuple[str, str]]] = {}
        """By a line's number: which value it has to have, and who says so."""
        self._end = 0
        """How many lines there are at least, as somebody has signed."""
        self._node: str | None = None
        """The node that signed last; None when that is not known."""
        self._take_head()
        for each in self._of_this_node(trust.against):
            self._take_kept(each)
        self._gone: set[str] = set()
        self._last_gone = ""
        """The newest of those that are gone before the first that is there."""
        self._removed: set[str] = set()
        self._torn: dict[str, str] = {}
        self._last = b""

    # What others say about the end.

    def _take_head(self) -> None:
        if self._small.head is None:
            return
        head = read_head(self._small.head)
        if head is None:
            self.report.find(HEAD, 1, Kind.CHANGED, "the file is damaged")
            return
        if self._is_genuine(head.checkpoint, HEAD, 1, self._direct):
            self._end, self._node = head.seq, head.checkpoint.node
            self._want(head.seq, head.value, HEAD)

    def _of_this_node(self, kept: tuple[Checkpoint, ...]) -> tuple[Checkpoint, ...]:
        """What a collector has received is of all nodes, each with a log of its own."""
        own = tuple(each for each in kept if each.node == self._node)
        others = sorted({each.node for each in kept} - {self._node})
        if self._node is None or not own or not others:
            # Only strange ones: then this is perhaps another node's log in the place of the right one.
            return kept
        self.report.note(f"checkpoints kept elsewhere were passed over, of other nodes: {', '.join(others)}")
        return own

    def _take_kept(self, kept: Checkpoint) -> None:
        if self._is_genuine(kept, "the checkpoint kept elsewhere", 0, self._trusted):
            self._end = max(self._end, kept.count)
            self._want(kept.count, kept.head, f"the checkpoint kept elsewhere (of {kept.time})")

    def _want(self, seq: int, value: str, who: str) -> None:
        self._wanted.setdefault(seq, []).append((value, who))

    # Segments.

    def gone(self, name: str, data: bytes, *, is_just_now: bool = False) -> None:
        """A segment of which only the seal is there; `is_just_now` if it was there when checking began."""
        seal = self._seal(name, data)
        if seal is None:
            return
        walk = self._walk
        walk.pause(seal.first)
        file = seals.name_of(name)
        if seal.first < walk.awaited or (seal.first == walk.awaited and walk.value not in {None, seal.after}):
            self.report.find(file, 0, Kind.SEAL_WRONG, "the segment it seals does not belong here")
            return
        walk.skip(seal.first - 1, file, 0)
        walk.begin(seal.last + 1, seal.head)
        self.report.gone += 1
        self.report.first = self.report.first or seal.since
        self.report.last = seal.until
        self._meet(seal.last, seal.head, file, 0)
        for seq in [each for each in self._wanted if each < seal.last and each >= seal.first]:
            for _, who in self._wanted.pop(seq):
                self.report.note(f"{who}: the records it tells of are in {name}, which retention has removed")
        self._gone.add(name)
        if not self.report.segments or is_just_now:
            self._last_gone = name
        else:
            self.report.find(name, 0, Kind.REMOVED, "the file is missing behind others that are there")

    def segment(self, name: str, blocks: Iterable[bytes], seal: bytes | None, *, is_newest: bool) -> None:
        """A segment that is there, and its seal if it has one."""
        self.report.segments += 1
        found_before = len(self.report.findings) + self.report.more
        digest = hashlib.sha256()
        number = size = 0
        rest: list[bytes] = []
        rest_size = 0
        for block in blocks:
            digest.update(block)
            size += len(block)
            cut = block.rfind(b"\n") + 1
            if not cut:
                rest_size += len(block)
                # Nobody who writes one endless line fills our memory; what is left of it is no line of ours.
                if rest_size <= LONGEST:
                    rest.append(block)
                continue
            whole = b"".join((*rest, block[: cut - 1]))
            for line in whole.split(b"\n"):
                number += 1
                self._walk.feed(name, number, line)
            rest, rest_size = [block[cut:]], len(block) - cut
        if rest_size:
            kind = Kind.TORN_END if is_newest else Kind.CHANGED
            self.report.find(name, number + 1, kind, "the line has no end")
        if not size and not is_newest:
            self.report.find(name, 0, Kind.INSERTED, "the file is empty")
        if seal is not None:
            is_fine = found_before == len(self.report.findings) + self.report.more
            self._compare(name, seal, digest.hexdigest(), size, is_fine=is_fine)

    def _compare(self, name: str, data: bytes, digest: str, size: int, *, is_fine: bool) -> None:
        seal = self._seal(name, data)
        if seal is None:
            return
        file = seals.name_of(name)
        if (seal.sha256, seal.size) != (digest, size):
            if is_fine:
                self.report.find(file, 0, Kind.SEAL_WRONG, f"{name} is not what was sealed")
        elif is_fine and (seal.last, seal.head) != (self._walk.awaited - 1, self._walk.value):
            self.report.find(file, 0, Kind.SEAL_WRONG, f"{name} does not stand where it was sealed")
        elif seal.key in self._trusted or not self.report.is_trusted:
            self.report.signed = max(self.report.signed, seal.last)

    def _seal(self, name: str, data: bytes) -> seals.Seal | None:
        file = seals.name_of(name)
        seal = seals.read(data)
        if seal is None or seal.segment != name:
            self.report.find(file, 0, Kind.SEAL_WRONG, "the seal is damaged")
            return None
        if not seal.is_signed:
            self.report.find(file, 0, Kind.SIGNATURE_WRONG, "the seal is not what was signed")
            return None
        self._knows(seal.key, file, 0, self._trusted)
        if seal.findings:
            what = f"when {name} was sealed, {seal.findings} places in it were not what was written"
            self.report.find(file, 0, Kind.CHANGED, what)
        return seal

    def meanwhile(self, small: Small) -> None:
        """Small files as they are after the segments were read: the first head, torn ends that the log told of."""
        self._small.head = self._small.head or small.head
        self._small.torn |= {
            name: digest
            for name, digest in small.torn.items()
            if name not in self._small.torn and name.removesuffix(".new") in self._torn
        }

    # Lines.

    def _hear(self, line: Line, previous: str | None) -> None:
        """A line that fits."""
        self._last = line.bare
        if line.seq in self._wanted:
            self._meet(line.seq, line.value, line.file, line.number)
        if line.number == 1 or _OURS in line.bare:
            entry = decoded(line.bare)
            if entry is not None:
                self._hear_own(entry, line, previous)

    def _hear_own(self, entry: dict[str, Any], line: Line, previous: str | None) -> None:
        find, code = self.report.find, entry.get("code")
        if line.number == 1:
            self.report.first = self.report.first or entry["time"]
            if code != "telemetry.audit.audit_segment_begins" and self.report.holds:
                find(line.file, 1, Kind.REORDERED, "no file of ours begins with this line")
        if code == "telemetry.audit.audit_segment_begins":
            if line.number != 1 or entry.get("segment") != line.file:
                find(line.file, line.number, Kind.REORDERED, f"the file was {entry.get('segment')}")
        elif code == "telemetry.audit.audit_checkpoint":
            self._hear_checkpoint(entry, line, previous)
        elif code == "telemetry.audit.audit_segment_removed":
            self._removed.add(str(entry.get("segment")))
        elif code == "telemetry.store.tail_moved":
            self._torn[str(entry.get("kept_in"))] = str(entry.get("sha256"))
        elif code == "telemetry.audit.audit_cut":
            what = "when the gateway started here, lines that had been signed were missing"
            find(line.file, line.number, Kind.CUT_OFF, what)
        elif code == "telemetry.audit.audit_tail_unsigned":
            what = f"the records {entry.get('first')} to {entry.get('last')} were signed after a start only"
            self.report.note(f"{line.file}, line {line.number}: {what}")
        elif code == "telemetry.audit.audit_gap":
            missed = entry.get("missed")
            self.report.note(
                f"{line.file}, line {line.number}: {missed} records could not be written before it"
            )

    def _hear_checkpoint(self, entry: dict[str, Any], line: Line, previous: str | None) -> None:
        self.report.checkpoints += 1
        found = Checkpoint.of(entry)
        if found is None or found.count != line.seq - 1 or previous not in {None, found.head}:
            what = "the checkpoint does not belong here"
            self.report.find(line.file, line.number, Kind.SIGNATURE_WRONG, what)
        elif not self._is_genuine(found, line.file, line.number, self._trusted):
            return
        elif not self._is_its_turn(found.key):
            what = "it was signed by a key that had been given up before"
            self.report.find(line.file, line.number, Kind.SIGNATURE_WRONG, what)
        elif previous is not None:
            self.report.signed = max(self.report.signed, line.seq)
            if found.node not in self.report.nodes:
                self.report.nodes.append(found.node)

    def _is_its_turn(self, key: str) -> bool:
        """A key that another one has taken the place of may be known to the wrong people by now."""
        if key not in self._turns:
            return True
        if key not in self._turns[self._turn :]:
            return False
        self._turn = self._turns.index(key, self._turn)
        return True

    def _is_genuine(self, found: Checkpoint, file: str, line: int, keys: frozenset[str]) -> bool:
        if not found.is_signed:
            self.report.find(file, line, Kind.SIGNATURE_WRONG, "it is not what was signed")
            return False
        return self._knows(found.key, file, line, keys)

    def _knows(self, key: str, file: str, line: int, keys: frozenset[str]) -> bool:
        """Whether a key may be believed; where nobody said which one to trust, any may be that fits."""
        if key not in self.report.keys:
            self.report.keys.append(key)
        if self.report.is_trusted and key not in keys:
            self.report.find(file, line, Kind.SIGNATURE_WRONG, f"it was signed by a strange key, {key}")
            return False
        return True

    def _meet(self, seq: int, value: str, file: str, line: int) -> None:
        for wanted, who in self._wanted.pop(seq, ()):
            if value != wanted:
                self.report.find(
                    file, line, Kind.CHANGED, f"up to here the log is another than {who} tells of"
                )

    # The end.

    def finish(self) -> Report:
        """What came of it."""
        report, walk = self.report, self._walk
        walk.pause(self._end + 1)
        walk.finish()
        report.end = walk.awaited - 1
        last = decoded(self._last)
        report.last = max(report.last, last["time"] if last is not None else "")
        for seq, wanted in sorted(self._wanted.items()):
            for _, who in wanted:
                if seq > report.end:
                    what = f"{who} tells of a line number {seq}; the last one is {report.end}"
                    report.find("the end", 0, Kind.CUT_OFF, what)
                elif report.holds:
                    report.find("the end", 0, Kind.CHANGED, f"the line number {seq}, of {who}, was not met")
        if report.end:
            self._judge_signatures()
        self._judge_gone()
        self._judge_torn()
        return report

    def _judge_signatures(self) -> None:
        report = self.report
        if self._small.head is None and not self._is_part:
            if report.checkpoints:
                report.find(HEAD, 0, Kind.REMOVED, "the head file is missing")
            elif report.is_trusted:
                report.find("the end", 0, Kind.UNSIGNED, "there is no checkpoint, so nothing is signed")
        if not report.is_trusted and report.keys:
            report.note("signatures fit, but nobody said which key to trust: " + ", ".join(report.keys))
        elif report.is_trusted and self._is_part and report.end > report.signed:
            report.note(f"{report.end - report.signed} lines at the end are covered by no signature")

    def _judge_gone(self) -> None:
        if self._last_gone and not self._is_part and self._last_gone not in self._removed:
            what = "the file is missing, and no record tells that retention removed it"
            self.report.find(self._last_gone, 0, Kind.REMOVED, what)

    def _judge_torn(self) -> None:
        for name, digest in self._small.torn.items():
            if not name.endswith(f".{digest}.torn") and not name.endswith(f".{digest}.torn.new"):
                self.report.find(name, 0, Kind.CHANGED, "the torn end is not what was found")
            elif name.endswith(".torn") and self._torn.get(name) != digest and self._should_be_here(name):
                self.report.find(name, 0, Kind.INSERTED, "no record tells of this torn end")
        for name in self._torn:
            is_here = name in self._small.torn or f"{name}.new" in self._small.torn
            if name.startswith("audit-") and not is_here and self._should_be_here(name):
                self.report.find(name, 0, Kind.REMOVED, "the torn end is missing")

    def _should_be_here(self, torn: str) -> bool:
        """A torn end goes with its segment, and the record of one may be in a segment that is not here."""
        return not self._is_part and f"{torn.split('.', 1)[0]}.jsonl" not in self._gone
