"""The file under SQLiteRecords: made, locked, checked and connected to.

A file is made under another name and renamed when complete, so an empty or half-made `store.db`
is never ours: it is a damaged one. Checking happens on a connection that cannot write, so a file
that is refused is left exactly as it was found.
"""

import contextlib
import fcntl
import os
import sqlite3
import time
import zlib
from pathlib import Path
from urllib.parse import quote

from yett.store import events
from yett.store.config import Sync
from yett.store.records import StoreUnavailable

SCHEMA = 1
APPLICATION = 0x59455454
"""Stands in the file's header ("YETT"), so that no other program's database is taken for ours."""

_CHECK_SECONDS = 5.0
_CHECK_STEPS = 10_000
"""Instructions of SQLite between looks at the clock."""
_BUSY_SECONDS = 5.0

_TABLES = f"""
PRAGMA application_id = {APPLICATION};
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE records (
    key TEXT NOT NULL UNIQUE,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    expires_at REAL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL;
INSERT INTO meta VALUES ('schema', {SCHEMA}), ('revision', 0);
"""  # noqa: S608 - both values are constants of this file


class StoreDamaged(StoreUnavailable):
    """The file does not hold together. It was left as it is."""


class StoreInUse(StoreUnavailable):
    """Another process has the store."""


def checksum(key: str, value: bytes, version: int, expires_at: float | None) -> int:
    """Guards a record against silent changes on the disk: SQLite checks structure, not content."""
    return zlib.crc32(value, zlib.crc32(f"{key}\0{version}\0{expires_at!r}".encode()))


class Lock:
    """Holds the store for this process, by a lock that ends with the process, however it ends.

    The lock lies on a file of its own: closing any other handle on the database file would drop
    the locks SQLite holds there (POSIX record locks belong to the process).
    """

    def __init__(self, path: Path) -> None:
        """Raise StoreInUse when somebody has it."""
        name = path.with_name(path.name + ".lock")
        try:
            self._handle = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise StoreUnavailable(f"{name}: cannot be opened ({problem.strerror})") from problem
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            holder = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip() or "(unknown)"
            os.close(self._handle)
            raise StoreInUse(
                f"{path}: in use by process {holder}; one process has a store at a time"
            ) from problem
        with contextlib.suppress(OSError):
            # Only for the message above: a full disk is no reason not to start.
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._handle)


def prepare(path: Path) -> Lock:
    """Lock the file, make it if there is none, and check it. Raises StoreUnavailable, StoreInUse, StoreDamaged."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise StoreUnavailable(f"{path.parent}: cannot be made ({problem.strerror})") from problem
    lock = Lock(path)
    try:
        if not path.exists():
            create(path)
        path.chmod(0o600)
        check(path)
    except OSError as problem:
        lock.release()
        raise StoreUnavailable(f"{path}: {problem.strerror}") from problem
    except sqlite3.Error as problem:
        lock.release()
        raise explain(problem, path) from problem
    except BaseException:
        lock.release()
        raise
    return lock


def create(path: Path) -> None:
    """Make an empty store, complete or not at all."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise damaged(path, "it is missing, but its write-ahead log is there")
    made = path.with_name(path.name + ".new")
    made.unlink(missing_ok=True)
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as connection:
        connection.executescript(_TABLES)
        connection.execute("PRAGMA journal_mode = WAL")
    # Left over from a store that was removed by hand, and empty: see above.
    log.unlink(missing_ok=True)
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    made.rename(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Have the names in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def check(path: Path) -> None:
    """Raise StoreDamaged unless the file is a whole store of ours; give up looking after a few seconds."""
    _check_size(path)
    with contextlib.closing(connect(path, writes=False)) as connection:
        try:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            if application != APPLICATION:
                raise StoreUnavailable(f"{path}: a database of another program; nothing was touched")
            schema = connection.execute("SELECT value FROM meta WHERE name = 'schema'").fetchone()
            if schema is None:
                raise damaged(path, "its schema is not known")
            if schema[0] != SCHEMA:
                raise StoreUnavailable(
                    f"{path}: written by a newer version (schema {schema[0]}, known is {SCHEMA}); "
                    "nothing was touched"
                )
            connection.execute("SELECT key, value, version, expires_at, checksum FROM records LIMIT 0")
            _quick_check(connection, path)
        except sqlite3.DatabaseError as problem:
            if _code(problem) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}:
                # A plain error here means that a table is not what the schema says.
                raise damaged(path, str(problem)) from problem
            raise


def _check_size(path: Path) -> None:
    """What SQLite would overlook: a file cut to nothing is a new database to it, and it ignores half a page."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100:
        raise damaged(path, "it is cut short")
    if not head.startswith(b"SQLite format 3\0"):
        raise damaged(path, "it does not begin like a database")
    # SQLite file format, section 1.3.2: 1 stands for 65,536.
    page = int.from_bytes(head[16:18]) or 1
    page = 65_536 if page == 1 else page
    log = path.with_name(path.name + "-wal")
    # While the log is folded in, a crash may leave half a page; the log still has the whole one.
    if path.stat().st_size % page and not (log.exists() and log.stat().st_size):
        raise damaged(path, "it is cut short")


def _quick_check(connection: sqlite3.Connection, path: Path) -> None:
    until = time.monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > until, _CHECK_STEPS)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as problem:
        if _code(problem) != sqlite3.SQLITE_INTERRUPT:
            raise
        events.check_unfinished(file=str(path), seconds=_CHECK_SECONDS)
    else:
        if found != "ok":
            raise damaged(path, str(found).splitlines()[-1])
    finally:
        connection.set_progress_handler(None, 0)


def connect(path: Path, *, writes: bool, sync: Sync = Sync.FULL) -> sqlite3.Connection:
    """A connection to a file that exists; one that is missing is never made here."""
    address = f"file:{quote(str(path.absolute()))}?mode={'rw' if writes else 'ro'}"
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
    )
    # A damaged key is no reason to fail with a decoding error: its checksum tells.
    connection.text_factory = lenient_text
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        if writes:
            connection.execute(f"PRAGMA synchronous = {sync.name}")
            connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def lenient_text(data: bytes) -> str:
    """Text as it stands in the file, whatever that is."""
    return data.decode(errors="replace")


def damaged(path: Path, what: str) -> StoreDamaged:
    """The error for a file that cannot be used, with the way out."""
    return StoreDamaged(
        f"{path}: damaged ({what}); nothing was touched. Restore a copy, or save what can be read "
        "with `yett store salvage`"
    )


def _code(problem: sqlite3.Error) -> int:
    # The low byte is the primary code; connections refused before SQLite saw them carry none.
    return getattr(problem, "sqlite_errorcode", 0) & 0xFF


_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full; make room, the store then goes on by itself",
    sqlite3.SQLITE_READONLY: "cannot be written; check the owner of the file and how its disk is mounted",
    sqlite3.SQLITE_BUSY: "locked by another program for too long",
    sqlite3.SQLITE_LOCKED: "locked by another program for too long",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that it exists and who owns it",
    sqlite3.SQLITE_PERM: "cannot be opened; check who owns it",
    sqlite3.SQLITE_IOERR: "the disk reported an error; look at the kernel's log",
}


def explain(problem: sqlite3.Error, path: Path) -> StoreUnavailable:
    """What SQLite said, in words for the operator."""
    code = _code(problem)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamaged(
            f"{path}: damaged ({problem}); nothing more is written to it. Stop the gateway, then restore a "
            "copy or save what can be read with `yett store salvage`"
        )
    return StoreUnavailable(f"{path}: {_REASONS.get(code, 'the database failed')} ({problem})")
