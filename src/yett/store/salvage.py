"""Saving what can be read of a damaged store.

Only records that the table still leads to are copied. Free pages are not searched: they hold what
was deleted, and a revoked session or a spent code must not come back.

The damaged file is copied first and read from the copy, so it stays as evidence.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from yett.store import database
from yett.store.database import Lock, StoreDamaged, checksum
from yett.store.records import StoreUnavailable

_MARGIN = 1 << 20
"""Added to the newest version found: records that were lost may have had newer ones."""
_GIVE_UP = 200_000
"""Most row numbers tried one by one between two damaged places."""


class _Row(NamedTuple):
    number: int
    key: Any
    value: Any
    version: Any
    expires_at: Any
    kept: Any


_ROWS = "SELECT rowid, key, value, version, expires_at, checksum FROM records"


@dataclass(slots=True)
class Salvaged:
    """What came of it."""

    records: int = 0
    """Copied, whole."""
    altered: int = 0
    """Read, but not what was written: left out."""
    is_complete: bool = True
    """Whether the whole table could be walked; otherwise an unknown number is lost."""


def salvage(path: Path, target: Path) -> Salvaged:
    """Copy every readable record of the store at `path` into a new store at `target`.

    Raises StoreUnavailable when `path` is in use or unreadable as a whole, or `target` exists.
    """
    if target.exists():
        raise StoreUnavailable(f"{target}: exists already; name a new file")
    if not path.is_file():
        raise StoreUnavailable(f"{path}: there is no such file")
    lock = Lock(path)
    try:
        with tempfile.TemporaryDirectory(prefix=".salvage-", dir=target.parent) as scratch:
            copy = Path(scratch) / "store.db"
            shutil.copyfile(path, copy)
            log = path.with_name(path.name + "-wal")
            if log.exists():
                shutil.copyfile(log, copy.with_name(copy.name + "-wal"))
            made = Path(scratch) / "salvaged.db"
            database.create(made)
            result = _copy(copy, made, path)
            handle = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            os.link(made, target)
        database.sync_directory(target.parent)
    except sqlite3.Error as problem:
        # Damage is dealt with row by row: what comes here happened to the new file.
        raise database.explain(problem, target) from problem
    except OSError as problem:
        raise StoreUnavailable(f"{target}: {problem.strerror}") from problem
    finally:
        lock.release()
    return result


def _copy(source: Path, target: Path, named: Path) -> Salvaged:
    result = Salvaged()
    newest = 0
    with (
        contextlib.closing(database.connect(target, writes=True)) as writer,
        contextlib.closing(sqlite3.connect(source, isolation_level=None)) as reader,
    ):
        reader.text_factory = database.lenient_text
        # First of all: it lets SQLite read on when the file is shorter than its header says.
        reader.execute("PRAGMA writable_schema = ON")
        reader.execute("PRAGMA query_only = ON")
        try:
            reader.execute(f"{_ROWS} LIMIT 0")
        except sqlite3.DatabaseError as problem:
            raise StoreDamaged(f"{named}: nothing of it can be read ({problem}); restore a copy") from problem
        writer.execute("BEGIN")
        for row in _rows(reader, result):
            if not _is_whole(row):
                result.altered += 1
                continue
            copied = writer.execute("INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?)", row[1:])
            result.records += copied.rowcount
            newest = max(newest, row.version)
        with contextlib.suppress(sqlite3.DatabaseError):
            known = reader.execute("SELECT value FROM meta WHERE name = 'revision'").fetchone()
            newest = max(newest, known[0] if known else 0)
        writer.execute("UPDATE meta SET value = ? WHERE name = 'revision'", (newest + _MARGIN,))
        writer.execute("COMMIT")
    return result


def _is_whole(row: _Row) -> bool:
    """Whether a row is what was written; damage can give a column any type."""
    return (
        isinstance(row.key, str)
        and isinstance(row.value, bytes)
        and row.kept == checksum(row.key, row.value, row.version, row.expires_at)
    )


def _rows(reader: sqlite3.Connection, result: Salvaged) -> Iterator[_Row]:
    """Rows from the front to the first damage, from the back to the last, and one by one between."""
    front, back = -1, -1
    try:
        for row in reader.execute(f"{_ROWS} ORDER BY rowid"):
            front = row[0]
            yield _Row(*row)
    except sqlite3.DatabaseError:
        result.is_complete = False
    else:
        return
    with contextlib.suppress(sqlite3.DatabaseError):
        for row in reader.execute(f"{_ROWS} WHERE rowid > ? ORDER BY rowid DESC", (front,)):
            back = row[0]
            yield _Row(*row)
    yield from _between(reader, front, back)


def _between(reader: sqlite3.Connection, front: int, back: int) -> Iterator[_Row]:
    number, misses = front, 0
    while misses < _GIVE_UP and (back < 0 or number + 1 < back):
        number += 1
        misses += 1
        with contextlib.suppress(sqlite3.DatabaseError):
            row = reader.execute(f"{_ROWS} WHERE rowid = ?", (number,)).fetchone()
            if row is not None:
                misses = 0
                yield _Row(*row)
