"""Reading the record from the command line: search, follow, explain, verify.

These read the log's files, so they work whether or not a gateway is running.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from yett.config import parse_duration
from yett.events import Level, Query, Search, follow, render, story_of, verify
from yett.kernel import CommandFailed, Place, Table, command

COLUMNS = ("time", "level", "component", "message", "user", "details")
_CARRIED = frozenset({"time", "level", "audit", "component", "msg", "code", "node", "auth.user_id", "chain"})


def _not_negative(_: Any, value: int) -> None:
    if value < 0:
        raise ValueError("it cannot be negative")


class RecordCommands:
    """The commands that read the log under the data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @command("logs search", place=Place.HERE)
    def search(
        self,
        text: Annotated[str, Parameter(help="Words that stand in the message, the code or any field.")] = "",
        *,
        component: Annotated[
            str, Parameter(help="A component and those below it, or a pattern with *.")
        ] = "",
        level: Annotated[str, Parameter(help="At least this grave: trace, debug, info, warn or error.")] = "",
        audit: Annotated[bool, Parameter(help="Only audit records.", negative=())] = False,
        user: Annotated[str, Parameter(help="Only about this person.")] = "",
        request: Annotated[str, Parameter(help="Only of this request.")] = "",
        session: Annotated[str, Parameter(help="Only of this session.")] = "",
        code: Annotated[str, Parameter(help="Only events with this code.")] = "",
        since: Annotated[str, Parameter(help="From when on: 30m, 2h, 7d, or 2026-01-31T12:00.")] = "",
        until: Annotated[str, Parameter(help="Until when, written in the same way.")] = "",
        limit: Annotated[
            int, Parameter(help="At most so many, the newest; 0 shows all.", validator=_not_negative)
        ] = 50,
        oldest_first: Annotated[bool, Parameter(help="Begin with the oldest.", negative=())] = False,
        follow: Annotated[
            bool, Parameter(name=["--follow", "-f"], help="Go on with what comes.", negative=())
        ] = False,
        json: Annotated[bool, Parameter(help="One JSON object a line.", negative=())] = False,
    ) -> Table | Iterator[Any] | str:
        """Search everything that is stored, not only what is in memory."""
        since_when, until_when = _instant(since, "--since"), _instant(until, "--until")
        if since_when is not None and until_when is not None and since_when >= until_when:
            raise CommandFailed(f"--since {since!r} is not before --until {until!r}, so nothing can be found")
        query = Query(
            text=text,
            component=component,
            level=level_of(level),
            is_audit=audit,
            user=user,
            request=request,
            session=session,
            code=code,
            since=since_when,
            until=until_when,
            limit=limit,
            is_newest_first=not oldest_first,
        )
        self._must_exist()
        if follow:
            return (each if json else _line(each) for each in self._follow(query))
        found = Search(self._directory, query)
        if json:
            return (dict(entry) for entry in found)
        # People read downwards: the newest comes last, where the eye is.
        rows = [row_of(entry) for entry in found]
        return Table(COLUMNS, tuple(rows if oldest_first else reversed(rows)), empty="Nothing found.")

    def _follow(self, query: Query) -> Iterator[Any]:
        yield from follow(self._directory, query, threading.Event())

    @command("explain", place=Place.HERE)
    def explain(
        self, request: Annotated[str, Parameter(help="The request id, as error pages show it.")]
    ) -> str:
        """Tell why a request was allowed, refused or broken: its story, from the record."""
        self._must_exist()
        story = story_of(self._directory, request.strip())
        if story is None:
            raise CommandFailed(
                f"there is no record of a request {request}. Look at the number again; records are kept "
                "as long as telemetry.retention says, and only on the node that answered."
            )
        return render(story)

    @command("audit verify", place=Place.HERE)
    def check(self) -> str:
        """Check that no audit record was changed, removed, inserted or moved."""
        self._must_exist()
        result = verify(self._directory)
        if not result.holds:
            lines = [f"{each.segment}, line {each.line}: {each.what}" for each in result.breaks]
            raise CommandFailed("the audit log is NOT whole:\n" + "\n".join(lines))
        return f"the audit log is whole: {result.lines} records in {result.segments} files"

    def _must_exist(self) -> None:
        if not self._directory.is_dir():
            raise CommandFailed(
                f"there is no log in {self._directory}: no gateway with this configuration has run yet, "
                "or telemetry.store is off"
            )


def level_of(text: str) -> Level | None:
    """The level that somebody typed, None for none; CommandFailed names those there are."""
    if not text:
        return None
    try:
        return Level[text.upper()]
    except KeyError:
        raise CommandFailed(f"{text!r} is not a level: trace, debug, info, warn or error") from None


def _instant(text: str, option: str) -> float | None:
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


def row_of(entry: Any) -> tuple[str, ...]:
    """One entry of the log as a row for people; `COLUMNS` are its names."""
    details = " ".join(
        f"{name}={_value(value)}"
        for name, value in entry.items()
        if name not in _CARRIED and value not in ("", [])
    )
    return (
        _when(entry.get("time", "")),
        entry.get("level", "") + (" AUDIT" if entry.get("audit") else ""),
        entry.get("component", ""),
        entry.get("msg", ""),
        entry.get("auth.user_id", ""),
        details,
    )


def _line(entry: Any) -> str:
    return "  ".join(part for part in row_of(entry) if part)


def _value(value: Any) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return f'"{text}"' if " " in text else text


def _when(stamp: str) -> str:
    """As people read it, in UTC, which the Z says; it can be given to --since as it is."""
    try:
        when = datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        return stamp
    return when.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
