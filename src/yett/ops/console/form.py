"""What somebody asks for: from the fields of an address to a query, and back to an address.

An address is the whole state of the page: it can be kept, sent to a colleague, and gone back to. Times are UTC.
"""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from yett.events import Condition, Level, Query, known_fields, parse_condition
from yett.net.pages import once, parse_fields
from yett.ops.console.masking import is_public
from yett.ops.searching import Queries, QuerySettings

PAGE = "/console/logs"
EXPORT = "/console/export.{}"
RANGES: Mapping[str, tuple[str, float | None]] = {
    "15m": ("15 minutes", 900.0),
    "1h": ("hour", 3600.0),
    "24h": ("24 hours", 86_400.0),
    "7d": ("7 days", 7 * 86_400.0),
    "30d": ("30 days", 30 * 86_400.0),
    "all": ("everything", None),
}
"""The ranges that end now, what follows "last", and their length in seconds."""
DEFAULT_RANGE = "1h"
LEVELS = ("error", "warn", "info", "debug", "trace")
_TEXTS = ("q", "component", "user", "request", "session", "code")
_LONGEST = 200
_MOST_CONDITIONS = 10
_LONGEST_QUERY = 5000
_MOMENT = re.compile(r"2\d{3}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z?)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled-in form."""

    saved: str = ""
    """The saved query that everything else comes on top of."""
    q: str = ""
    range: str = ""
    """Empty for what the saved query says, or the usual one."""
    since: str = ""
    until: str = ""
    """As typed; where one of them is given, `range` says nothing."""
    level: str = ""
    audit: bool = False
    component: str = ""
    user: str = ""
    request: str = ""
    session: str = ""
    code: str = ""
    where: tuple[str, ...] = ()
    """Conditions on fields, as typed."""
    before: str = ""
    """The page begins with what is older than this."""

    def address(self, path: str = PAGE) -> str:
        """Where this is asked."""
        pairs = [(name, getattr(self, name)) for name in ("saved", *_TEXTS)]
        is_between = bool(self.since or self.until)
        pairs += [("from", self.since), ("to", self.until), ("range", "" if is_between else self.range)]
        pairs += [("level", self.level), ("audit", "1" if self.audit else "")]
        pairs += [("where", "\n".join(self.where)), ("before", self.before)]
        query = urllib.parse.urlencode([(name, value) for name, value in pairs if value])
        return f"{path}?{query}" if query else path

    @property
    def has_more(self) -> bool:
        """Whether anything is asked that does not stand in the first line of the form."""
        further = (self.component, self.user, self.request, self.session, self.code, self.since, self.until)
        return self.audit or bool(self.where) or any(further)

    @property
    def shown_since(self) -> str:
        """The beginning as a field for times takes it."""
        return _for_field(self.since)

    @property
    def shown_until(self) -> str:
        """The end likewise."""
        return _for_field(self.until)

    def narrowed(self, **more: str) -> "Asked":
        """The same with one more condition, from its first page on."""
        return replace(self, before="", **more)  # type: ignore[arg-type]

    def also(self, condition: str) -> "Asked":
        """The same with one more condition on a field."""
        known = condition in self.where
        return replace(self, before="", where=self.where if known else (*self.where, condition))

    def before_entry(self, time: str, wanted: "Wanted | None") -> "Asked":
        """The next page, behind an entry. Its range no longer moves on with the clock."""
        since = "" if wanted is None or wanted.since is None else _stamp(wanted.since)
        if self.since or self.until or not since:
            return replace(self, before=time)
        return replace(self, since=since, until=_stamp(wanted.until) if wanted else "", before=time)

    def words(self) -> str:
        """What is asked, in one line, for the audit log: no value can look like another field."""
        is_said = self.saved or self.since or self.until or self.range
        asked = self if is_said else replace(self, range=DEFAULT_RANGE)
        pairs = urllib.parse.parse_qsl(asked.address().partition("?")[2])
        return "&".join(f"{name}={_plainly(value)}" for name, value in pairs)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field of the form."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A form that was understood: its query, and the range it speaks of in seconds since the epoch."""

    query: Query
    since: float | None
    until: float
    """The end of the range; of a page further back, where that begins."""


def asked_of(raw: bytes) -> Asked | None:
    """The form in a query string; None when that is none. Nothing is judged yet."""
    fields = once(parse_fields(raw) or ()) if len(raw) <= _LONGEST_QUERY else None
    if fields is None or (raw and not fields):
        return None
    texts = {name: fields.get(name, "").strip() for name in _TEXTS}
    where = tuple(line.strip() for line in fields.get("where", "").splitlines() if line.strip())
    return Asked(
        **texts,
        saved=fields.get("saved", ""),
        range=fields.get("range", ""),
        since=fields.get("from", "").strip(),
        until=fields.get("to", "").strip(),
        level=fields.get("level", "").lower(),
        audit=fields.get("audit", "") == "1",
        where=where,
        before=fields.get("before", ""),
    )


def judge(asked: Asked, now: float, queries: Queries, *, is_masked: bool) -> Wanted | tuple[Mistake, ...]:
    """The query that a form stands for, or everything that is wrong with it."""
    mistakes = list(_long(asked))
    base = next((each for each in queries if each.name == asked.saved), None)
    if asked.saved and base is None:
        mistakes.append(Mistake("saved", "There is no saved search of that name."))
    base = base or QuerySettings(name="none")
    since, until, before = (_moment_of(name, text, mistakes) for name, text in _moments(asked))
    if not asked.since and not asked.until:
        length = _length(asked, base, mistakes)
        since = None if length is None else now - length
    end = until if until is not None else now
    if since is not None and since >= end:
        mistakes.append(Mistake("from" if asked.since else "to", "The range ends before it begins."))
    if asked.level and asked.level not in LEVELS:
        mistakes.append(Mistake("level", "There is no such level."))
    where = tuple(_conditions(asked.where, mistakes))
    mistakes += _against(asked, base)
    saved, without = (tuple(map(parse_condition, texts)) for texts in (base.where, base.without))
    if is_masked:
        mistakes += _beyond(asked, base, (*where, *saved, *without))
    if mistakes:
        return tuple(mistakes)
    bounds = [each for each in (until, before) if each is not None]
    names = [name for name in (asked.level.upper(), base.level.name if base.level else "") if name]
    query = Query(
        text=asked.q or base.text,
        component=asked.component or base.components,
        level=max((Level[name] for name in names), default=None),
        is_audit=asked.audit or base.audit,
        user=asked.user or base.user,
        request=asked.request,
        session=asked.session,
        code=asked.code or base.codes,
        since=since,
        until=min(bounds) if bounds else None,
        where=saved + where,
        without=without,
    )
    if since is None or since < now:
        end = min(end, now)
    return Wanted(query, since, end if before is None else before)


def _length(asked: Asked, base: QuerySettings, mistakes: list[Mistake]) -> float | None:
    """How many seconds the range is long that ends now; None for everything."""
    if not asked.range and asked.saved:
        return base.since.total_seconds() if base.since is not None else None
    if asked.range and asked.range not in RANGES:
        mistakes.append(Mistake("range", "Choose one of the ranges."))
        return None
    return RANGES[asked.range or DEFAULT_RANGE][1]


def _against(asked: Asked, base: QuerySettings) -> list[Mistake]:
    """What does not go together with the saved query, which only ever becomes narrower."""
    found: list[Mistake] = []
    if asked.q and base.text:
        found.append(Mistake("q", f"The saved search looks for {base.text!r} already."))
    if asked.user and base.user and asked.user != base.user:
        found.append(Mistake("user", "The saved search is about somebody else."))
    parts = [each for pattern in base.components for each in (pattern, f"{pattern}.*")]
    for name, typed, patterns in (("component", asked.component, parts), ("code", asked.code, base.codes)):
        if typed and patterns and not any(fnmatchcase(typed, pattern) for pattern in patterns):
            found.append(Mistake(name, f"The saved search leaves this {name} out."))
    return found


def _moments(asked: Asked) -> tuple[tuple[str, str], ...]:
    return ("from", asked.since), ("to", asked.until), ("before", asked.before)


def _moment_of(name: str, text: str, mistakes: list[Mistake]) -> float | None:
    if not text:
        return None
    moment = seconds_of(f"{text.removesuffix('Z')}+00:00") if _MOMENT.fullmatch(text) else None
    if moment is None:
        mistakes.append(Mistake(name, "Write a time as 2026-01-31T12:00, in UTC."))
    return moment


def _long(asked: Asked) -> list[Mistake]:
    return [
        Mistake(name, f"This takes {_LONGEST} characters at most.")
        for name in _TEXTS
        if len(getattr(asked, name)) > _LONGEST
    ]


def _conditions(texts: tuple[str, ...], mistakes: list[Mistake]) -> list[Condition]:
    if len(texts) > _MOST_CONDITIONS:
        mistakes.append(Mistake("where", f"There may be {_MOST_CONDITIONS} conditions at most."))
        return []
    known = known_fields()
    found: list[Condition] = []
    for text in texts:
        try:
            found.append(parse_condition(text, known))
        except ValueError as problem:
            mistakes.append(Mistake("where", _sentence(str(problem))))
    return found


def _beyond(asked: Asked, base: QuerySettings, conditions: tuple[Condition, ...]) -> list[Mistake]:
    """What somebody asks for who may not see it: the number of hits would tell."""
    found = [Mistake("where", _hidden(each.field)) for each in conditions if not is_public(each.field)]
    if asked.user or base.user:
        found.append(Mistake("user", _hidden("auth.user_id")))
    return found


def _hidden(field: str) -> str:
    return f"{field} is personal, and hidden from you; it cannot be searched for."


def seconds_of(stamp: object) -> float | None:
    """The instant of an entry, in seconds since the epoch; None when it is none."""
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError):
        return None


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")


def _for_field(text: str) -> str:
    """A time as browsers want it: with a part after the day, and thousandths of a second at most."""
    text = text.removesuffix("Z")
    whole, dot, rest = text.partition(".")
    return f"{whole}{dot}{rest[:3]}" if "T" in text or not text else f"{text}T00:00"


def _plainly(value: str) -> str:
    return value.replace("%", "%25").replace("&", "%26").replace("\n", " ")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?')) else '.'}"
