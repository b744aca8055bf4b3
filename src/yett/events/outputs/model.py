"""What an output is made of: a filter, a carrier that knows the destination's protocol, and counters."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from yett.events.declare import Declaration
from yett.events.levels import Level
from yett.events.pipeline import Record

_USER = "auth.user_id"


class Carrier(Protocol):
    """Brings lines to one destination. Only the output's own thread calls it, so it may wait, with a limit."""

    @property
    def address(self) -> str:
        """Where lines go, as records and tables show it; nothing secret."""

    def carry(self, lines: Sequence[bytes]) -> None:
        """Hand over native lines without a line break; return when the destination has taken them all.

        How sure that is depends on the protocol. A connection is made, and made again, inside.
        Raises Unreachable or Refused, and nothing else for what a destination or a network can do.
        """

    def close(self) -> None:
        """Let go of the connection. `carry` may be called afterwards and begins anew."""


class Unreachable(Exception):
    """The lines may be taken later: they are kept and offered again.

    The first `taken` of them did arrive. `after` is how many seconds the destination asked to be left alone.
    """

    def __init__(self, reason: str, *, taken: int = 0, after: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.taken = taken
        self.after = after


class Refused(Exception):
    """The lines will never be taken, but for `taken` of them. They are dropped, counted and reported.

    When none was taken the output offers them once more in smaller parts, so that one line that a
    destination chokes on does not take its neighbours with it; `whole` says that this cannot help.
    """

    def __init__(self, reason: str, *, taken: int = 0, whole: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.taken = taken
        self.whole = whole


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records an output gets."""

    level: Level = Level.TRACE
    """At least this grave. Audit records pass whatever their level: an output that should not have them
    leaves their components out."""
    components: tuple[str, ...] = ()
    """Components, or codes, with everything below them; empty means all."""
    without: tuple[str, ...] = ()
    """The same, left out; stronger than `components`."""
    audit_only: bool = False
    user: str = ""
    """Only what is about this person."""
    _known: dict[Declaration, bool] = field(default_factory=dict, repr=False, compare=False)

    def wants(self, record: Record) -> bool:
        """Whether the record goes there. What is known of its declaration alone is decided once."""
        declaration = record.declaration
        known = self._known.get(declaration)
        if known is None:
            known = self._known[declaration] = self._wants_any(declaration)
        return known and (not self.user or _user_of(record) == self.user)

    def _wants_any(self, declaration: Declaration) -> bool:
        if self.audit_only and not declaration.audit:
            return False
        if declaration.level < self.level and not declaration.audit:
            return False
        code = declaration.code
        if any(_is_below(code, declaration.component, prefix) for prefix in self.without):
            return False
        return not self.components or any(
            _is_below(code, declaration.component, prefix) for prefix in self.components
        )


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at a time, and how long between tries."""

    queue: int = 10_000
    """Lines in memory."""
    queue_bytes: int = 8 << 20
    batch: int = 2048
    batch_bytes: int = 1 << 20
    first_pause: float = 0.5
    longest_pause: float = 30.0
    say_every: float = 60.0
    """Seconds between two reports of one kind."""


class State(enum.Enum):
    """How an output is."""

    IDLE = "idle"
    """It was not tried yet."""
    WORKING = "working"
    UNREACHABLE = "unreachable"
    STOPPED = "stopped"


@dataclass(slots=True)
class Counters:
    """What became of the records of one output.

    Every record that it wanted is in exactly one of `sent`, `dropped`, `refused`, and what still waits.
    """

    sent: int = 0
    bytes: int = 0
    """Of the lines sent, as the journal writes them."""
    dropped: int = 0
    """For which there was no room."""
    refused: int = 0
    """Which the destination will not have."""
    retried: int = 0
    """Failed tries to hand over."""
    spooled: int = 0
    """Records that took the way over the disk."""
    dropped_audit: int = 0
    """How many of the dropped ones were audit records, where that was known."""


def _is_below(code: str, component: str, prefix: str) -> bool:
    return prefix in {component, code} or component.startswith(f"{prefix}.")


def _user_of(record: Record) -> str:
    """Whom the record names; a field of the event's own goes before what its scope knows."""
    for own, value in zip(record.declaration.fields, record.values, strict=False):
        if own.name == _USER:
            return str(value)
    return record.user
