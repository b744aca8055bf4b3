"""What came of checking an audit log."""

import enum
from dataclasses import dataclass, field


class Kind(enum.Enum):
    """What is wrong with a place in an audit log, as far as it can be told apart."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT_OFF = "cut off"
    SIGNATURE_WRONG = "signature wrong"
    SEAL_WRONG = "seal wrong"
    TORN_END = "torn end"
    UNSIGNED = "not signed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the log is not what was written."""

    file: str
    line: int
    """Counted from 1; 0 when the whole file is meant."""
    kind: Kind
    what: str


_MOST = 1000


@dataclass(slots=True)
class Report:
    """What came of checking."""

    lines: int = 0
    segments: int = 0
    gone: int = 0
    """Segments that retention has removed and whose seals are still there."""
    first: str = ""
    last: str = ""
    """The times of the first and the last line."""
    checkpoints: int = 0
    signed: int = 0
    """The number of the last line that a trusted signature covers."""
    end: int = 0
    """The number of the last line."""
    keys: list[str] = field(default_factory=list)
    """The public keys that signed, in the order of their first appearance."""
    nodes: list[str] = field(default_factory=list)
    """The nodes whose checkpoints these are: nodes of one cluster have one key, and each a log of its own."""
    is_trusted: bool = False
    """Whether it was known beforehand which key to trust."""
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings beyond those that are listed."""
    notes: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything is as it was written."""
        return not self.findings

    def find(self, file: str, line: int, kind: Kind, what: str) -> None:
        """Put a finding down; somebody who breaks a million lines does not fill our memory."""
        if len(self.findings) < _MOST:
            self.findings.append(Finding(file, line, kind, what))
        else:
            self.more += 1

    def note(self, text: str) -> None:
        """Put down what is worth knowing and nothing wrong."""
        if len(self.notes) < _MOST:
            self.notes.append(text)
