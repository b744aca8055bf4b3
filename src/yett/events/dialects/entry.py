"""What every dialect turns into a line, and makes of one: a record, decoded."""

from typing import Any, Protocol

Entry = dict[str, Any]
"""A record as the native dialect writes it: flat, dotted names; "time", "level", "component", "msg" and
"code" stand first, and "audit" is true where it is."""

LONGEST = 1 << 20
"""Bytes of the longest line that is read. Our own are a few hundred; who sends more wants to be a burden."""


class Unreadable(ValueError):
    """A line that is not of the dialect; says why, and never repeats what the line says."""


class Unwritable(ValueError):
    """A record that has no form in the dialect."""


class Dialect(Protocol):
    """Stateless; may be used by several threads at once."""

    @property
    def name(self) -> str:
        """What settings and commands call it."""

    def write(self, entry: Entry) -> bytes:
        """One message without a line break and without framing. Raises Unwritable when it has no form for it."""

    def read(self, line: bytes) -> Entry:
        """The record that a line tells of. Raises Unreadable, and never anything else."""
