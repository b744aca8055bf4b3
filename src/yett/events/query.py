"""What somebody looks for in the log.

A query is asked twice: of the bytes of many lines at once, to leave out most of them cheaply,
and of each entry that is left.
"""

import datetime
import fnmatch
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from yett.events.comparing import texts_of
from yett.events.conditions import Condition, Sieve, encoded
from yett.events.dialects.native import instant
from yett.events.levels import Level

_MOST_NEEDLES = 32
_WILD = re.compile(r"[*?\[]")
_PEOPLE = ("auth.user_id", "module_key")
"""The fields that say whom a record is about; sessions are kept under the name of their owner."""


@dataclass(frozen=True, slots=True)
class Needles:
    """What a line has to hold, of each of these, so that its entry can match."""

    rare: tuple[tuple[bytes, ...], ...] = ()
    """One of several, for each; the rarest come first."""
    usual: tuple[tuple[bytes, ...], ...] = ()
    """The same, but many lines hold them."""
    words: tuple[bytes, ...] = ()
    """One of these, once ASCII letters are in lower case."""
    sieves: tuple[Sieve, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Every condition that is given has to hold. `limit` 0 means no limit."""

    text: str = ""
    """Found in the message, the code or any value. The case of ASCII letters does not matter; others are found
    as they are written here, all small, all capital, or capital at the beginning of words."""
    component: str | tuple[str, ...] = ()
    """A component and those below it, or a pattern with `*`; one of several."""
    level: Level | None = None
    """At least this grave."""
    is_audit: bool = False
    user: str = ""
    request: str = ""
    session: str | tuple[str, ...] = ()
    """The handle of a session; one of several."""
    code: str | tuple[str, ...] = ()
    """A code, or a pattern with `*`; one of several."""
    where: tuple[Condition, ...] = ()
    """All of these have to hold."""
    without: tuple[Condition, ...] = ()
    """None of these may hold."""
    since: float | None = None
    until: float | None = None
    """Instants in seconds since the epoch; `since` is within, `until` is not."""
    limit: int = 0
    is_newest_first: bool = True
    _first: str = field(init=False, default="")
    _last: str = field(init=False, default="")
    levels: frozenset[str] = field(init=False, default=frozenset())
    """The names of the levels that are grave enough; empty for any."""
    _said: tuple[bytes, ...] = field(init=False, default=())
    _component: re.Pattern[str] | None = field(init=False, default=None)
    _code: re.Pattern[str] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "component", _several(self.component))
        put(self, "code", _several(self.code))
        put(self, "session", _several(self.session))
        put(self, "_first", stamp(self.since) if self.since is not None else "")
        put(self, "_last", stamp(self.until) if self.until is not None else "~")
        if self.level is not None:
            put(self, "levels", frozenset(each.name for each in Level if each >= self.level))
        put(self, "_said", tuple(map(_lowered, _spellings(self.text))))
        put(self, "_component", _pattern(self.component, rest=r"(?:\..*)?"))
        put(self, "_code", _pattern(self.code))

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry is looked for."""
        return (
            self._first <= entry.get("time", "") < self._last
            and (not self.levels or str(entry.get("level")) in self.levels)
            and (not self.is_audit or entry.get("audit") is True)
            and (not self.user or any(entry.get(name) == self.user for name in _PEOPLE))
            and (not self.request or entry.get("server.request.id") == self.request)
            and (not self.session or entry.get("session.ref") in self.session)
            and (self._code is None or _fits(self._code, entry.get("code")))
            and (self._component is None or _fits(self._component, entry.get("component")))
            and all(condition.holds(entry) for condition in self.where)
            and not any(condition.holds(entry) for condition in self.without)
            and (not self.text or _is_said(self._said, entry))
        )

    def needles(self) -> Needles:
        """What every line with a matching entry holds."""
        # A value without its name is found faster: the names stand in every line.
        rare: list[tuple[bytes, ...]] = [(b":" + encoded(self.request),)] if self.request else []
        if self.session:
            rare.append(_one_of("session.ref", self.session))
        if self.user:
            rare.append((b":" + encoded(self.user),))
        usual: list[tuple[bytes, ...]] = []
        if self.code:
            rare.append(_starts("code", self.code))
        for condition in self.where:
            value, *name = condition.needles()
            (rare if name else usual).append((value,))
            usual += [(each,) for each in name]
        if self.component:
            usual.append(_starts("component", self.component))
        if self.is_audit:
            usual.append((b'"audit":true',))
        if self.levels and len(self.levels) < len(Level):
            levels = tuple(b'"level":' + encoded(level) for level in sorted(self.levels))
            # Most lines are at INFO; warnings and errors are few.
            (usual if "INFO" in self.levels else rare).append(levels)
        sieves = (condition.sieve() for condition in self.where)
        return Needles(tuple(rare), tuple(usual), self._words(), tuple(each for each in sieves if each))

    def _words(self) -> tuple[bytes, ...]:
        """The text as it may stand in a line; nothing when none is looked for."""
        return tuple(dict.fromkeys(encoded(each)[1:-1].lower() for each in _spellings(self.text)))


def _spellings(text: str) -> tuple[str, ...]:
    """The ways in which a text may be written that are looked for."""
    if not text or text.isascii():
        return (text,) if text else ()
    return tuple(dict.fromkeys((text, text.lower(), text.upper(), text.title())))


def _lowered(text: str) -> bytes:
    """A text with its ASCII letters in lower case, which is what can be done to many lines at once."""
    return text.encode("utf-8", "backslashreplace").lower()


def _several(asked: str | tuple[str, ...]) -> tuple[str, ...]:
    return ((asked,) if asked else ()) if isinstance(asked, str) else tuple(asked)


def _pattern(asked: str | tuple[str, ...], *, rest: str = "") -> re.Pattern[str] | None:
    """What fits one of several names or patterns; `rest` may follow a name, not a pattern."""
    if not asked:
        return None
    return re.compile(
        "|".join(
            fnmatch.translate(each) if _WILD.search(each) else rf"{re.escape(each)}{rest}\Z" for each in asked
        )
    )


def _one_of(name: str, values: Collection[str]) -> tuple[bytes, ...]:
    """What stands in a line in which a field has one of these values."""
    if len(values) <= _MOST_NEEDLES:
        return tuple(b":" + encoded(each) for each in values)
    # So many searches take longer than looking at every line that has the field.
    return (encoded(name) + b":",)


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.match(value) is not None


def _starts(name: str, asked: str | tuple[str, ...]) -> tuple[bytes, ...]:
    """What a line begins a field with that fits one of several names or patterns."""
    starts = (_WILD.split(each)[0] for each in asked)
    return tuple(dict.fromkeys(b"%b:%b" % (encoded(name), encoded(start)[:-1]) for start in starts))


def stamp(seconds: float) -> str:
    """An instant as it stands in a line; for one beyond the calendar, what sorts before or behind all."""
    try:
        return instant(round(seconds * 1_000_000) * 1000)
    except (OverflowError, ValueError, OSError):
        return "" if seconds < 0 else "~"


def seconds_of(stamp: str) -> float:
    """The instant that a line's time says. Raises ValueError for anything else."""
    return datetime.datetime.fromisoformat(stamp).timestamp()


def _is_said(words: tuple[bytes, ...], entry: Mapping[str, Any]) -> bool:
    return any(word in value for value in map(_lowered, _texts(entry)) for word in words)


def _texts(entry: Mapping[str, Any]) -> Iterator[str]:
    """Everything in an entry that somebody may remember of it; names of fields are not."""
    for name, value in entry.items():
        if name not in {"time", "level", "seq", "chain"} and value is not True and value is not False:
            yield from texts_of(value)
