"""Which dialect a line is of, when nobody says: streams are mixed, so it is asked of every line.

A line is told by names that only one of the dialects has. An object that shows none of them, or a line that
shows them and breaks its dialect's rules all the same, is not guessed at any further.
"""

from typing import Any, Protocol

from yett.events.dialects.adf import Adf
from yett.events.dialects.apache import Apache
from yett.events.dialects.ecs import Ecs
from yett.events.dialects.entry import Entry, Unreadable
from yett.events.dialects.gafaelfawr import Gafaelfawr
from yett.events.dialects.native import NativeDialect
from yett.events.dialects.ocsf import Ocsf
from yett.events.dialects.reading import object_of
from yett.events.dialects.ssoca import Ssoca
from yett.events.dialects.syslog import Syslog


class _OfObjects(Protocol):
    @property
    def name(self) -> str: ...
    def understand(self, found: dict[str, Any]) -> Entry: ...


_MARKS: tuple[tuple[frozenset[str], _OfObjects], ...] = (
    (frozenset({"time", "level", "component", "msg", "code"}), NativeDialect()),
    (frozenset({"ID", "msg"}), Adf()),
    (frozenset({"class_uid", "metadata"}), Ocsf()),
    (frozenset({"@timestamp", "log.level"}), Ecs()),
    (frozenset({"@timestamp", "log"}), Ecs()),
    (frozenset({"event", "severity"}), Gafaelfawr()),
    (frozenset({"time", "level", "msg"}), Ssoca()),
    (frozenset({"event", "level"}), Gafaelfawr()),
)
_SYSLOG, _APACHE = Syslog(), Apache()


def read(line: bytes) -> tuple[str, Entry]:
    """The name of the dialect of a line, and what it says. Raises Unreadable."""
    first = line[:1]
    if first == b"{":
        found = object_of(line)
        names = found.keys()
        for marks, dialect in _MARKS:
            if marks <= names:
                return dialect.name, dialect.understand(found)
        raise Unreadable("JSON of no dialect that is known")
    if first == b"<":
        return _SYSLOG.name, _SYSLOG.read(line)
    return _APACHE.name, _APACHE.read(line)
