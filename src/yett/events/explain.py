"""Why a request was allowed or denied, told from its records.

`tell` is pure: entries in, story out. `records_of` finds the entries: a request's id says when it
began, so only that part of the log is read.
"""

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yett.events.query import Query, seconds_of
from yett.events.search import Search

_ALLOWED, _DENIED, _ENDED = "access.allowed", "access.denied", "http.access.completed"
_BEFORE, _AFTER, _LONGEST = 2.0, 60.0, 86_400.0
_IN_HEAD = frozenset(
    {
        "time",
        "level",
        "audit",
        "component",
        "msg",
        "code",
        "node",
        "chain",
        "server.request.id",
        "trace.id",
        "session.ref",
        "auth.user_id",
        "server.request.client_ip",
    }
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened on the way."""

    after: float
    """Seconds since the first record."""
    level: str
    is_audit: bool
    code: str
    message: str
    details: str


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one request. Text is empty, and numbers None, where nothing is."""

    request: str
    began: str
    user: str
    session: str
    client_address: str
    method: str
    host: str
    path: str
    app: str
    route: str
    rule: str
    decision: str
    """"allowed", "denied", or "undecided" when no rule was asked."""
    reason: str
    groups_needed: tuple[str, ...]
    groups_held: tuple[str, ...]
    upstream: str
    status: int | None
    duration_ms: float | None
    is_ended: bool
    """Whether the answer was sent completely, as far as the log knows."""
    lines: tuple[Line, ...]


def tell(request: str, entries: Iterable[Mapping[str, Any]]) -> Story | None:
    """The story of a request from its records, in any order; None when there are none."""
    ordered = sorted(
        (entry for entry in entries if entry.get("server.request.id") == request),
        key=lambda entry: str(entry["time"]),
    )
    if not ordered:
        return None
    decided = _last(ordered, _ALLOWED, _DENIED)
    ended = _last(ordered, _ENDED)
    # What a record about the decision or the end says counts before what any other does.
    told = [*([decided] if decided else []), *([ended] if ended else []), *reversed(ordered)]

    def fact(name: str) -> str:
        return next((str(entry[name]) for entry in told if entry.get(name) not in (None, "")), "")

    def names(name: str) -> tuple[str, ...]:
        value = decided.get(name, ()) if decided else ()
        return tuple(str(each) for each in value) if isinstance(value, list) else ()

    began = seconds_of(ordered[0]["time"])
    return Story(
        request=request,
        began=str(ordered[0]["time"]),
        user=fact("auth.user_id"),
        session=fact("session.ref"),
        client_address=fact("server.request.client_ip"),
        method=fact("server.request.method"),
        host=fact("host"),
        path=fact("server.request.path"),
        app=fact("app"),
        route=fact("route"),
        rule=str((decided or ended or {}).get("rule", "")),
        decision=_decided(decided, ended),
        reason=str(decided.get("reason", "")) if decided else "",
        groups_needed=names("groups_needed"),
        groups_held=names("groups_held"),
        upstream=fact("upstream"),
        status=_number(ended, "status"),
        duration_ms=_number(ended, "duration_ms"),
        is_ended=ended is not None,
        lines=tuple(_line(entry, began) for entry in ordered),
    )


def render(story: Story) -> str:
    """The story as text for a terminal."""
    asked = " ".join(part for part in (story.method, story.host + story.path) if part)
    facts = [
        ("asked for", asked),
        ("from", story.client_address),
        ("by", story.user or "nobody who had signed in"),
        ("session", story.session),
        ("app", story.app),
        ("route", story.route if story.route != story.app else ""),
        ("decision", _decision(story)),
        ("groups needed", ", ".join(story.groups_needed)),
        ("groups held", ", ".join(story.groups_held) or ("none" if story.groups_needed else "")),
        ("upstream", story.upstream),
        ("answer", _answer(story)),
    ]
    head = [f"Request {story.request}, {story.began}"]
    head += [f"  {name:<14} {_safe(value)}" for name, value in facts if value]
    body = [
        f"  {line.after * 1000:>10.3f} ms  {line.level:<5} {'AUDIT ' if line.is_audit else ''}"
        f"{_safe(line.code)}: {_safe(line.message)}{' (' + _safe(line.details) + ')' if line.details else ''}"
        for line in story.lines
    ]
    return "\n".join([*head, "", *body])


def records_of(directory: Path, request: str) -> tuple[list[dict[str, Any]], int]:
    """The stored records of a request, and how many damaged lines stood among them.

    The first look takes in a minute. A request whose end is not in it is followed further, for a
    day at most. Any other kind of id is looked for in the whole log.
    """
    began = _time_of(request)
    if began is None:
        return _look(directory, request, None, None)
    entries, damaged = _look(directory, request, began - _BEFORE, began + _AFTER)
    if any(entry.get("code") == _ENDED for entry in entries):
        return entries, damaged
    later, more = _look(directory, request, began + _AFTER, began + _LONGEST)
    return entries + later, damaged + more


def story_of(directory: Path, request: str) -> Story | None:
    """The story of a request from the stored log; None when the log knows nothing of it."""
    entries, _ = records_of(directory, request)
    return tell(request, entries)


def _look(
    directory: Path, request: str, since: float | None, until: float | None
) -> tuple[list[dict[str, Any]], int]:
    search = Search(directory, Query(request=request, since=since, until=until, is_newest_first=False))
    return list(search), search.damaged


def _time_of(request: str) -> float | None:
    """When the id was made (RFC 9562, section 5.7), unless it is of another kind or from no sane time."""
    try:
        value = uuid.UUID(request)
    except ValueError:
        return None
    seconds = (value.int >> 80) / 1000.0
    limit = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC).timestamp()
    return seconds if value.version == 7 and seconds < limit else None


def _decided(decided: Mapping[str, Any] | None, ended: Mapping[str, Any] | None) -> str:
    """What a rule said. That it allowed is said by itself only in detail; the end names the rule all the same."""
    if decided is not None:
        return {_ALLOWED: "allowed", _DENIED: "denied"}[decided["code"]]
    return "allowed" if ended is not None and ended.get("rule") else "undecided"


def _last(entries: list[Mapping[str, Any]], *codes: str) -> Mapping[str, Any] | None:
    return next((entry for entry in reversed(entries) if entry.get("code") in codes), None)


def _number(entry: Mapping[str, Any] | None, name: str) -> Any:
    value = entry.get(name) if entry else None
    return value if isinstance(value, (int, float)) else None


def _line(entry: Mapping[str, Any], began: float) -> Line:
    return Line(
        after=round(seconds_of(entry["time"]) - began, 6),
        level=str(entry.get("level", "")),
        is_audit=entry.get("audit") is True,
        code=str(entry.get("code", "")),
        message=str(entry.get("msg", "")),
        details=", ".join(
            f"{name}={' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in entry.items()
            if name not in _IN_HEAD
        ),
    )


def _decision(story: Story) -> str:
    by = f" by rule {story.rule}" if story.rule else ""
    why = f": {story.reason}" if story.reason else ""
    return f"{story.decision}{by}{why}"


def _answer(story: Story) -> str:
    if not story.is_ended:
        return "not finished, as far as the log knows"
    took = f" after {story.duration_ms:g} ms" if story.duration_ms is not None else ""
    return f"{story.status if story.status is not None else 'none'}{took}"


def _safe(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
