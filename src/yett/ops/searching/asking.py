"""From what was typed to a query."""

import contextlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from yett.config import parse_duration
from yett.events import Condition, Level, Query, known_fields, parse_condition
from yett.kernel import CommandFailed
from yett.ops.searching.config import QuerySettings


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command was told of what to look for, as it was typed."""

    text: str = ""
    components: tuple[str, ...] = ()
    level: str = ""
    is_audit: bool = False
    user: str = ""
    request: str = ""
    session: str = ""
    codes: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    since: str = ""
    until: str = ""
    limit: int = 0
    is_newest_first: bool = True


def query_of(asked: Asked, saved: QuerySettings | None = None, *, is_any_field: bool = False) -> Query:
    """The query that was asked for, on top of a saved one. CommandFailed says what cannot be understood.

    `is_any_field` takes names that no event of ours declares, for files that others wrote.
    """
    known = None if is_any_field else known_fields()
    base = saved or QuerySettings(name="none")
    since, until = when_of(asked.since, "--since"), when_of(asked.until, "--until")
    if since is None and base.since is not None:
        since = (time.time() if until is None else until) - base.since.total_seconds()
    if since is not None and until is not None and since >= until:
        raise CommandFailed(
            f"--since {asked.since!r} is not before --until {asked.until!r}, so nothing can be found"
        )
    levels = [Level[base.level.name]] if base.level else []
    typed = level_of(asked.level)
    levels += [typed] if typed is not None else []
    return Query(
        text=_one("a text", asked.text, base.text),
        component=_some("--component", asked.components, base.components),
        level=max(levels, default=None),
        is_audit=asked.is_audit or base.audit,
        user=_one("--user", asked.user, base.user),
        request=asked.request.strip(),
        session=asked.session.strip(),
        code=_some("--code", asked.codes, base.codes),
        where=_conditions("--where", base.where + asked.where, known),
        without=_conditions("--not", base.without + asked.without, known),
        since=since,
        until=until,
        limit=asked.limit,
        is_newest_first=asked.is_newest_first,
    )


def level_of(text: str) -> Level | None:
    """The level that somebody typed, None for none; CommandFailed names those there are."""
    if not text:
        return None
    try:
        return Level[text.upper()]
    except KeyError:
        raise CommandFailed(f"{text!r} is not a level: trace, debug, info, warn or error") from None


def when_of(text: str, option: str) -> float | None:
    """An instant written as a date and time (local unless it says otherwise), or as a time ago."""
    if not text:
        return None
    with contextlib.suppress(ValueError):
        ago = parse_duration(text)
        if ago >= timedelta(0):
            return time.time() - ago.total_seconds()
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise CommandFailed(
            f"{option} {text!r} is neither a time ago (30m, 2h, 7d) nor a date and time (2026-01-31T12:00)"
        ) from None


def _conditions(option: str, texts: tuple[str, ...], known: Collection[str] | None) -> tuple[Condition, ...]:
    try:
        return tuple(parse_condition(text, known) for text in texts)
    except ValueError as problem:
        raise CommandFailed(f"{option}: {problem}") from None


def _one(option: str, typed: str, saved: str) -> str:
    if typed and saved and typed != saved:
        raise CommandFailed(
            f"{option} is part of the saved query already ({saved!r}); narrow it with --where"
        )
    return typed or saved


def _some(option: str, typed: tuple[str, ...], saved: tuple[str, ...]) -> tuple[str, ...]:
    if typed and saved:
        raise CommandFailed(
            f"{option} is part of the saved query already ({', '.join(saved)}); narrow it with --where"
        )
    return typed or saved
