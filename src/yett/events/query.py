"""What somebody looks for in the log.

A query is asked twice: of the bytes of many lines at once, to leave out most of them cheaply,
and of each entry that is left.
"""

import datetime
import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from yett.events.dialects.native import instant
from yett.events.levels import Level

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Query:
    """Every condition that is given has to hold. `limit` 0 means no limit."""

    text: str = ""
    """Found in the message, the code or any value; the case of ASCII letters does not matter."""
    component: str = ""
    """A component and those below it, or a pattern with `*`."""
    level: Level | None = None
    """At least this grave."""
    is_audit: bool = False
    user: str = ""
    request: str = ""
    session: str = ""
    code: str = ""
    since: float | None = None
    until: float | None = None
    """Instants in seconds since the epoch; `since` is within, `until` is not."""
    limit: int = 0
    is_newest_first: bool = True
    _first: str = field(init=False, default="")
    _last: str = field(init=False, default="")
    levels: frozenset[str] = field(init=False, default=frozenset())
    """The names of the levels that are grave enough; empty for any."""
    _component: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "_first", stamp(self.since) if self.since is not None else "")
        put(self, "_last", stamp(self.until) if self.until is not None else "~")
        if self.level is not None:
            put(self, "levels", frozenset(each.name for each in Level if each >= self.level))
        if self.component:
            pattern = fnmatch.translate(self.component)
            if not _WILD.search(self.component):
                pattern = re.escape(self.component) + r"(?:\..*)?\Z"
            put(self, "_component", re.compile(pattern))

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is looked for."""
        return (
            self._first <= entry.get("time", "") < self._last
            and (not self.levels or entry.get("level") in self.levels)
            and (not self.is_audit or entry.get("audit") is True)
            and (not self.code or entry.get("code") == self.code)
            and (not self.user or entry.get("auth.user_id") == self.user)
            and (not self.request or entry.get("server.request.id") == self.request)
            and (not self.session or entry.get("session.ref") == self.session)
            and (self._component is None or bool(self._component.match(entry.get("component", ""))))
            and (not self.text or _is_said(self.text.lower(), entry))
        )

    def needles(self) -> tuple[bytes, ...]:
        """Bytes that every matching line holds, the rarest first."""
        pairs = (
            ("server.request.id", self.request),
            ("session.ref", self.session),
            ("auth.user_id", self.user),
            ("code", self.code),
        )
        found = [b'"%b":%b' % (name.encode(), _encoded(value)) for name, value in pairs if value]
        if self.component:
            start = _WILD.split(self.component)[0]
            found.append(b'"component":' + _encoded(start)[:-1])
        if self.levels and len(self.levels) == 1:
            found.append(b'"level":' + _encoded(next(iter(self.levels))))
        return tuple(found)

    def word(self) -> bytes:
        """The text as it stands in a line, in lower case; empty when none is looked for."""
        return _encoded(self.text)[1:-1].lower() if self.text else b""


def _encoded(text: str) -> bytes:
    # Text from a command line may hold lone surrogates; no record does.
    return msgspec.json.encode(text.encode("utf-8", "backslashreplace").decode())


def stamp(seconds: float) -> str:
    """An instant as it stands in a line; for one beyond the calendar, what sorts before or behind all."""
    try:
        return instant(round(seconds * 1_000_000) * 1000)
    except (OverflowError, ValueError, OSError):
        return "" if seconds < 0 else "~"


def seconds_of(stamp: str) -> float:
    """The instant that a line's time says. Raises ValueError for anything else."""
    return datetime.datetime.fromisoformat(stamp).timestamp()


def _is_said(word: str, entry: Mapping[str, Any]) -> bool:
    return any(word in value.lower() for value in _texts(entry))


def _texts(entry: Mapping[str, Any]) -> Iterator[str]:
    """Everything in an entry that somebody may remember of it; names of fields are not."""
    for name, value in entry.items():
        if name in {"time", "level", "chain"}:
            continue
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (str(each) for each in value)
        elif value is not True and value is not False:
            yield str(value)
