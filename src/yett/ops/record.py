"""Reading the record from the command line: search, follow, trace.

These read the log's files, so they work whether or not a gateway is running.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from yett.events import Query, Search, field_named, follow, known_fields
from yett.kernel import CommandFailed, Place, Table, command
from yett.ops.searching import (
    COLUMNS,
    COLUMNS_OF_CSV,
    Asked,
    Progress,
    Queries,
    QuerySettings,
    Tally,
    csv_line,
    entries_of_path,
    header,
    in_one_line,
    mappings_in,
    query_of,
    query_of_rest,
    render_trail,
    row_of,
    told,
    trail_of,
)
from yett.ops.shell import printable

_CHUNK = 1 << 16
_LONGEST_PATH = 20_000
Conditions = Annotated[
    tuple[str, ...],
    Parameter(
        help="Only where a field is so: status>=500, reason=no_group, groups_held~staff, or a field alone.",
        negative=(),
    ),
]
Since = Annotated[str, Parameter(help="From when on: 30m, 2h, 7d, or 2026-01-31T12:00.")]
Until = Annotated[str, Parameter(help="Until when, written in the same way.")]
Files = Annotated[
    tuple[Path, ...],
    Parameter(
        help="Look through this file of native lines, or log directory, as well; may be repeated.",
        negative=(),
    ),
]


def _not_negative(_: Any, value: int) -> None:
    if value < 0:
        raise ValueError("it cannot be negative")


class RecordCommands:
    """The commands that read the log under the data directory."""

    def __init__(self, directory: Path, saved: Callable[[], Sequence[QuerySettings]] = tuple) -> None:
        self._directory = directory
        self._saved = saved

    @command("logs search", place=Place.HERE)
    def search(
        self,
        text: Annotated[str, Parameter(help="Words that stand in the message, the code or any field.")] = "",
        *,
        component: Annotated[
            tuple[str, ...],
            Parameter(
                help="A component and those below it, or a pattern with *; may be repeated.", negative=()
            ),
        ] = (),
        level: Annotated[str, Parameter(help="At least this grave: trace, debug, info, warn or error.")] = "",
        audit: Annotated[bool, Parameter(help="Only audit records.", negative=())] = False,
        user: Annotated[str, Parameter(help="Only about this person.")] = "",
        request: Annotated[str, Parameter(help="Only of this request.")] = "",
        session: Annotated[str, Parameter(help="Only of this session.")] = "",
        code: Annotated[
            tuple[str, ...],
            Parameter(help="Only events with this code, or a pattern with *; may be repeated.", negative=()),
        ] = (),
        where: Conditions = (),
        without: Annotated[
            tuple[str, ...],
            Parameter(
                name="--not", help="Leave out where a field is so, written in the same way.", negative=()
            ),
        ] = (),
        query: Annotated[
            str, Parameter(help="Begin with this saved query; `yett logs queries` lists them.")
        ] = "",
        since: Since = "",
        until: Until = "",
        file: Files = (),
        limit: Annotated[
            int, Parameter(help="At most so many, the newest; 0 shows all.", validator=_not_negative)
        ] = 50,
        oldest_first: Annotated[bool, Parameter(help="Begin with the oldest.", negative=())] = False,
        follow: Annotated[
            bool, Parameter(name=["--follow", "-f"], help="Go on with what comes.", negative=())
        ] = False,
        count: Annotated[bool, Parameter(help="Only say how many there are.", negative=())] = False,
        by: Annotated[
            str, Parameter(help="Count for each value of this field, the most frequent first.")
        ] = "",
        csv: Annotated[bool, Parameter(help="Comma-separated values for spreadsheets.", negative=())] = False,
        columns: Annotated[
            str, Parameter(help="The fields of --csv, with commas; details stands for all others.")
        ] = "",
        json: Annotated[bool, Parameter(help="One JSON object a line.", negative=())] = False,
    ) -> Table | Iterator[Any] | str:
        """Search everything that is stored, not only what is in memory."""
        asked = Asked(
            text=text,
            components=_several(component),
            level=level,
            is_audit=audit,
            user=user,
            request=request,
            session=session,
            codes=_several(code),
            where=where,
            without=without,
            since=since,
            until=until,
            limit=0 if count or by else limit,
            is_newest_first=not oldest_first,
        )
        saved = Queries(self._saved()).named(query)
        wanted = query_of(asked, saved, is_any_field=bool(file))
        self._must_exist(file)
        chosen = _columns(columns) if columns else COLUMNS_OF_CSV
        if follow:
            if file or count or by:
                raise CommandFailed(
                    "--follow goes on for ever and with the log alone: not with --file, --count or --by"
                )
            coming = self._follow(wanted)
            return (
                _as_csv(coming, chosen, at_once=True)
                if csv
                else (each if json else _line(each) for each in coming)
            )
        if count or by:
            return self._count(wanted, file, by, limit)
        if csv:
            return _as_csv(self._found(wanted, file), chosen)
        if json:
            return self._found(wanted, file)
        # People read downwards: the newest comes last, where the eye is.
        rows = [row_of(entry) for entry in self._found(wanted, file, is_for_people=True)]
        return Table(COLUMNS, tuple(rows if oldest_first else reversed(rows)), empty="Nothing found.")

    @command("logs queries", place=Place.HERE)
    def queries(self) -> Table:
        """List the saved queries: those that are built in, and those of the settings."""
        queries = Queries(self._saved())
        rows = tuple(
            (each.name, each.help, "settings" if queries.is_own(each) else "built in", told(each))
            for each in queries
        )
        return Table(("name", "what it finds", "from", "asks for"), rows)

    @command("logs trace", place=Place.HERE)
    def trace(
        self,
        *,
        user: Annotated[str, Parameter(help="Whose path.")],
        mapping: Annotated[
            str, Parameter(help="Only what led to this application, and what happened there.")
        ] = "",
        since: Since = "",
        until: Until = "",
        file: Files = (),
        json: Annotated[
            bool, Parameter(help="The records themselves, one JSON object a line.", negative=())
        ] = False,
    ) -> str | Iterator[Any]:
        """Rebuild one person's path: signing in, factors, sessions and decisions, in order, by session."""
        if not user:
            raise CommandFailed("--user needs a name")
        self._must_exist(file)
        query = query_of(Asked(user=user, since=since, until=until, limit=_LONGEST_PATH))
        entries = list(self._found(query, file, is_for_people=True))
        if len(entries) == _LONGEST_PATH:
            _notice(
                f"only the newest {_LONGEST_PATH} records are looked at; narrow it with --since and --until"
            )
        rest = query_of_rest(entries, query)
        if rest is not None:
            entries += self._found(rest, file, is_for_people=True)
        entries.sort(key=lambda entry: str(entry["time"]))
        known = mappings_in(entries)
        if not entries or (mapping and mapping not in known):
            through = f"; what there is, is through {', '.join(sorted(known))}" if known else ""
            on = f" on {mapping}" if mapping else ""
            raise CommandFailed(f"there is no record of {user}{on} in that time{through if mapping else ''}")
        if json:
            return iter(entries_of_path(entries, mapping=mapping))
        return render_trail(trail_of(user, entries, mapping=mapping))

    def _found(
        self, query: Query, also: Sequence[Path], *, is_for_people: bool = False
    ) -> Iterator[dict[str, Any]]:
        """What matches, with how far it is on a terminal, and at the end what was not as it should be."""
        # Beside an answer that flows onto the same terminal, it would be in the way.
        progress = Progress(sys.stderr if is_for_people or not sys.stdout.isatty() else None)
        search = Search(self._directory, query, also=also, should_stop=progress)
        progress.follow(search)
        try:
            yield from search
        except FileNotFoundError as problem:
            raise CommandFailed(f"there is no file {problem.filename}") from problem
        except OSError as problem:
            raise CommandFailed(f"{problem.filename} cannot be read: {problem.strerror}") from problem
        finally:
            progress.end()
        for each in search.outside:
            if each.damaged and not each.readable:
                _notice(f"{each.path} has no native line; `yett logs convert` makes some of other formats")
            elif not each.is_ordered:
                _notice(f"{each.path} is not in the order of time, so it was read wholly")
        if search.damaged:
            _notice(f"damaged lines that were left out: {search.damaged}")

    def _count(self, query: Query, also: Sequence[Path], by: str, limit: int) -> Table | str:
        found = self._found(query, also, is_for_people=True)
        if not by:
            return str(sum(1 for _ in found))
        tally = Tally(by if also else _field(by))
        for entry in found:
            tally.add(entry)
        return tally.table(limit)

    def _follow(self, query: Query) -> Iterator[Any]:
        yield from follow(self._directory, query, threading.Event())

    def _must_exist(self, files: Sequence[Path] = ()) -> None:
        if not files and not self._directory.is_dir():
            raise CommandFailed(
                f"there is no log in {self._directory}: no gateway with this configuration has run yet, "
                "or telemetry.store is off"
            )


def _notice(text: str) -> None:
    """What somebody should know besides the answer, which may go into a file."""
    sys.stderr.write(f"yett: {printable(text)}\n")


def _several(asked: str | tuple[str, ...]) -> tuple[str, ...]:
    return ((asked,) if asked else ()) if isinstance(asked, str) else asked


def _field(name: str) -> str:
    try:
        return field_named(name.strip(), known_fields())
    except ValueError as problem:
        raise CommandFailed(str(problem)) from None


def _columns(text: str) -> tuple[str, ...]:
    names = [each.strip() for each in text.split(",") if each.strip()]
    return tuple(each if each == COLUMNS_OF_CSV[-1] else _field(each) for each in names) or COLUMNS_OF_CSV


def _as_csv(entries: Iterator[Any], columns: tuple[str, ...], *, at_once: bool = False) -> Iterator[bytes]:
    """CSV in pieces: one for each entry if somebody waits for it, else large ones."""
    piece = header(columns)
    for entry in entries:
        if at_once or len(piece) > _CHUNK:
            yield piece
            piece = b""
        piece += csv_line(entry, columns)
    yield piece


def _line(entry: Any) -> str:
    return "  ".join(in_one_line(part) for part in row_of(entry) if part)
