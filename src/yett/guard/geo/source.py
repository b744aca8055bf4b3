"""Which file a database comes from: the operator's, else the one installed with the program, else none.

The operator's file is looked at every few seconds and taken over when it has changed and stands
still. A new file that cannot be used changes nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yett.guard.geo import events
from yett.guard.geo.database import (
    Database,
    DatabaseBroken,
    DatabaseMissing,
    Stamp,
    open_database,
    stamp_of,
)
from yett.guard.geo.model import Kind, Origin

EMBEDDED = Path(__file__).parent / "embedded"
"""Where whoever packages the program may put `country.mmdb` and `asn.mmdb`. The sources bring none."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said about one kind of database."""

    missing: Callable[[str], None]
    broken: Callable[[str, str], None]
    loaded: Callable[[str, int], None]
    embedded_broken: Callable[[str], None]
    embedded_used: Callable[[int], None]
    none: Callable[[], None]


_WORDS = {
    Kind.COUNTRY: _Words(
        events.country_file_missing,
        events.country_file_broken,
        events.country_file_loaded,
        events.country_embedded_broken,
        events.country_embedded_used,
        events.country_none,
    ),
    Kind.ASN: _Words(
        events.asn_file_missing,
        events.asn_file_broken,
        events.asn_file_loaded,
        events.asn_embedded_broken,
        events.asn_embedded_used,
        events.asn_none,
    ),
}


class Source:
    """The database of one kind that is in use."""

    def __init__(self, kind: Kind, path: Path | None, embedded: Path) -> None:
        self.kind = kind
        self.path = path
        self.database: Database | None = None
        self.origin = Origin.NONE
        self._embedded = embedded / f"{kind.value}.mmdb"
        self._words = _WORDS[kind]
        self._stamp: Stamp | None = None
        """Of the file as it was last tried."""
        self._settling: Stamp | None = None
        self._is_gone = False

    async def open(self, previous: "Source | None" = None) -> None:
        """Find a database, and say which. What `previous` has in use beats all but the operator's file."""
        if self.path is not None and await self._open_external(previous):
            return
        if self.path is not None and previous is not None and previous.database is not None:
            self.database, self.origin = previous.database, previous.origin
            return
        await self._open_embedded()

    async def look(self) -> bool:
        """Take the operator's file over if it has changed; whether it was."""
        if self.path is None:
            return False
        stamp = await asyncio.to_thread(stamp_of, self.path)
        if stamp is None:
            self._miss()
            return False
        self._is_gone = False
        if stamp == self._stamp:
            return False
        if stamp != self._settling:
            # Somebody may still be writing to it.
            self._settling = stamp
            return False
        return await self._take_over(stamp)

    async def _open_external(self, previous: "Source | None") -> bool:
        path = self.path or Path()
        has_previous = previous is not None and previous.database is not None
        self._stamp = await asyncio.to_thread(stamp_of, path)
        try:
            self._use(await asyncio.to_thread(open_database, path, self.kind), Origin.EXTERNAL)
        except (DatabaseMissing, DatabaseBroken) as problem:
            is_missing = isinstance(problem, DatabaseMissing)
            self._is_gone = is_missing
            if has_previous and previous is not None:
                events.kept(kind=self.kind, file=str(path), in_use=previous.origin, error=str(problem))
            elif is_missing:
                self._words.missing(str(path))
            else:
                self._words.broken(str(path), str(problem))
            return False
        return True

    async def _open_embedded(self) -> None:
        try:
            database = await asyncio.to_thread(open_database, self._embedded, self.kind)
        except DatabaseMissing:
            self._words.none()
        except DatabaseBroken as problem:
            self._words.embedded_broken(str(problem))
        else:
            self._use(database, Origin.EMBEDDED)

    async def _take_over(self, stamp: Stamp) -> bool:
        path = self.path or Path()
        self._settling = None
        self._stamp = stamp
        try:
            database = await asyncio.to_thread(open_database, path, self.kind)
        except (DatabaseMissing, DatabaseBroken) as problem:
            events.kept(kind=self.kind, file=str(path), in_use=self.origin, error=str(problem))
            return False
        # If it was written to while it was read, it has another stamp now, and the next look finds out.
        self._use(database, Origin.EXTERNAL)
        return True

    def _miss(self) -> None:
        self._settling = None
        # The same bytes may come back; they are to be read again then.
        self._stamp = None
        if not self._is_gone:
            self._is_gone = True
            events.gone(kind=self.kind, file=str(self.path), in_use=self.origin)

    def _use(self, database: Database, origin: Origin) -> None:
        self.database, self.origin = database, origin
        if origin is Origin.EXTERNAL:
            self._words.loaded(str(self.path), database.built_at)
        else:
            self._words.embedded_used(database.built_at)
