"""Which settings were in force when: each state that the gateway ran with is kept as a file.

What must stay true:
  names sort in the order in which the states came into force, whatever the clock did;
  a state is given its name only when all of it is written, and none is given up for one that is not;
  no secret is kept, only that there was one.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any, Protocol

import msgspec
from cyclopts import Parameter

from yett.config import Loaded, Row, Snapshot, diff
from yett.kernel import Clock, CommandFailed, Table, command
from yett.store import FileBlocked, FileStorage, StoreUnavailable

MAX_STATES = 50

_FOLDER = "config"
_DRAFT = f"{_FOLDER}/draft.json"
_STAMP = "%Y%m%dT%H%M%S-%f"
_NAME = re.compile(r"(?P<stamp>[0-8][0-9]{7}T[0-9]{6}-[0-9]{6})-[0-9a-f]{8}\.json")


@dataclass(frozen=True, slots=True)
class State:
    """The settings in force from one instant on, as they are kept."""

    time: datetime
    digest: str
    """Of the files they were read from."""
    version: int
    """Counts the changes since the gateway started."""
    changed: tuple[str, ...]
    """Keys that have another value than in the state before, or that came or went."""
    rows: tuple[Row, ...]
    """Secrets are masked, so one that changed is only seen in `changed`."""


class Settings(Protocol):
    """The settings in force."""

    @property
    def current(self) -> Loaded: ...
    def rows(self) -> tuple[Row, ...]: ...


class ConfigHistory:
    """Keeps the newest states of the settings, and shows them. Without files there is no history."""

    def __init__(self, files: FileStorage | None, settings: Settings, clock: Clock) -> None:
        self._files = files
        self._settings = settings
        self._clock = clock

    async def start(self) -> None:
        """Keep the state the gateway starts with, unless the newest one kept says the same.

        A disk that fails is told by the file storage, and keeps nobody from starting.
        """
        if self._files is not None:
            try:
                await self._keep(self._files, set())
            except (StoreUnavailable, FileBlocked):
                return

    async def apply(self, old: Snapshot, new: Snapshot) -> None:
        """Keep what a reload has put in force. StoreUnavailable when it could not be kept."""
        if self._files is not None:
            await self._keep(self._files, {change.key for change in diff(old, new)})

    @command("config history")
    async def show(self) -> Table:
        """List the states of the settings that are kept: since when each was in force, and what it changed."""
        with _clear_failures():
            files = self._kept()
            rows = [_line(name, await _load(files, name)) for name in await _names(files)]
        return Table(
            ("name", "in force since", "digest", "changed"), tuple(rows), empty="Nothing is kept yet."
        )

    @command("config history-show")
    async def show_one(
        self,
        name: Annotated[str, Parameter(help="Name of the state, as `config history` shows it.")],
        prefix: Annotated[str, Parameter(help="Only keys that begin with this, for example proxy.")] = "",
    ) -> Table:
        """Show the settings of one kept state, in the form of `config show`, so that the two can be compared."""
        with _clear_failures():
            files = self._kept()
            # Looked up first: a name that leads elsewhere is the storage's to refuse and to record.
            exists = await files.exists(str(PurePosixPath(_FOLDER, name)))
            if not exists or _instant(name) is None:
                raise CommandFailed(f"there is no kept state {name!r}; see: config history")
            state = await _load(files, name)
        if state is None:
            raise CommandFailed(f"{name} cannot be read; the log may say why (storage.filesystem)")
        rows = tuple((row.key, row.value, row.origin) for row in state.rows if row.key.startswith(prefix))
        return Table(("key", "value", "from"), rows, empty=f"No key begins with {prefix!r}.")

    def _kept(self) -> FileStorage:
        if self._files is None:
            raise CommandFailed(
                "there is no history of the settings: without a data directory ([cluster] cluster_path) "
                "nothing is kept"
            )
        return self._files

    async def _keep(self, files: FileStorage, changed: set[str]) -> None:
        names = await _names(files)
        newest = await _load(files, names[-1]) if names else None
        rows = tuple(_writable(row) for row in self._settings.rows())
        if newest is not None:
            changed = changed | {key for key, _ in _values(rows) ^ _values(newest.rows)}
            if not changed:
                return
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        loaded = self._settings.current
        state = State(now, loaded.digest, loaded.snapshot.version, tuple(sorted(changed)), rows)
        await files.save(_DRAFT, msgspec.to_builtins(state))
        for surplus in names[: max(0, len(names) + 1 - MAX_STATES)]:
            await files.delete(f"{_FOLDER}/{surplus}")
        await files.move(_DRAFT, f"{_FOLDER}/{_name(now, loaded.digest, names)}")


async def _names(files: FileStorage) -> list[str]:
    """The kept states, oldest first; whatever else somebody put there is none."""
    return [name for name in await files.list(_FOLDER) if _instant(name) is not None]


async def _load(files: FileStorage, name: str) -> State | None:
    """The state; None when it is gone, damaged or of another version of the gateway."""
    try:
        return msgspec.convert(await files.load(f"{_FOLDER}/{name}"), State)
    except (StoreUnavailable, msgspec.ValidationError):
        return None


def _name(now: datetime, digest: str, names: list[str]) -> str:
    """A name behind all others, even when the clock was set back since the newest was kept."""
    newest = _instant(names[-1]) if names else None
    if newest is not None:
        now = max(now, newest + timedelta(microseconds=1))
    return f"{now.strftime(_STAMP)}-{digest[:8]}.json"


def _instant(name: str) -> datetime | None:
    """The instant in the name of a state; None when it is no such name."""
    found = _NAME.fullmatch(name)
    try:
        return datetime.strptime(found["stamp"], _STAMP).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _values(rows: tuple[Row, ...]) -> set[tuple[str, str]]:
    return {(row.key, row.value) for row in rows}


def _writable(row: Row) -> Row:
    """The row as UTF-8 can hold it: of all its texts only the name of a file may be none."""
    return replace(row, origin=row.origin.encode(errors="backslashreplace").decode())


def _line(name: str, state: State | None) -> tuple[Any, ...]:
    if state is None:
        return name, None, None, "cannot be read"
    return name, state.time.isoformat(timespec="seconds"), state.digest[:8], list(state.changed)


@contextmanager
def _clear_failures() -> Iterator[None]:
    try:
        yield
    except FileBlocked as problem:
        raise CommandFailed("the name leads out of the history; see: config history") from problem
    except StoreUnavailable as problem:
        raise CommandFailed(f"the history cannot be read: {problem}") from problem
    except ValueError as problem:
        raise CommandFailed(f"this is no name of a kept state: {problem}") from problem
