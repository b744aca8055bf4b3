"""Reading one MMDB file.

The file is copied into memory that has no name, and the reader maps that: whoever shortens a
mapped file in place kills the process that mapped it, and operators do copy new databases over
old ones. Records of both shapes are understood: nested, as MaxMind writes them, and flat.
"""

import itertools
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maxminddb

from yett.events import describe
from yett.guard.geo.model import Kind
from yett.guard.geo.rules import IPAddress

LARGEST = 1 << 30
_RECORDS_LOOKED_AT = 2000
_PIECE = 1 << 20


class DatabaseMissing(Exception):
    """There is no such file."""


class DatabaseBroken(Exception):
    """There is a file, and it cannot be used; the text says why."""


class LookupFailed(Exception):
    """A database could not be asked about an address."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Changes whenever a file is written, replaced or touched."""

    inode: int
    size: int
    modified: int
    changed: int


def stamp_of(path: Path) -> Stamp | None:
    """The file's stamp; None when there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class Database:
    """One database, open; it does not change."""

    def __init__(self, reader: maxminddb.Reader, kind: Kind) -> None:
        self._reader = reader
        self._kind = kind
        metadata = reader.metadata()
        self._knows_ipv6 = metadata.ip_version == 6
        self.built_at = int(metadata.build_epoch)
        """Seconds since the epoch."""

    def country(self, address: IPAddress) -> str:
        """The country's code; empty when unknown. Raises LookupFailed."""
        return country_of(self._record(address))

    def asn(self, address: IPAddress) -> int:
        """The number of the autonomous system; 0 when unknown. Raises LookupFailed."""
        return asn_of(self._record(address))

    def _record(self, address: IPAddress) -> Any:
        if address.version == 6 and not self._knows_ipv6:
            return None
        try:
            return self._reader.get(address)
        except (maxminddb.InvalidDatabaseError, ValueError, OSError) as problem:
            raise LookupFailed(f"the {self._kind.value} database: {describe(problem)}") from problem

    def check(self) -> None:
        """Raise DatabaseBroken unless the beginning of the file can be read and tells what it should."""
        read = country_of if self._kind is Kind.COUNTRY else asn_of
        try:
            records = [record for _, record in itertools.islice(self._reader, _RECORDS_LOOKED_AT)]
        except (maxminddb.InvalidDatabaseError, ValueError, OSError) as problem:
            raise DatabaseBroken(describe(problem)) from problem
        if not any(read(record) for record in records):
            raise DatabaseBroken(f"no record of it tells the {self._kind.value} of an address")


def open_database(path: Path, kind: Kind) -> Database:
    """Read a whole file. Raises DatabaseMissing or DatabaseBroken; it may take a good part of a second."""
    try:
        # A pipe in its place must not keep anybody waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise DatabaseMissing(describe(problem)) from problem
    except (OSError, ValueError) as problem:
        raise DatabaseBroken(describe(problem)) from problem
    try:
        reader = _map(descriptor)
        database = Database(reader, kind)
    except maxminddb.InvalidDatabaseError as problem:
        raise DatabaseBroken("it is no MMDB file, or not a whole one") from problem
    except (OSError, TypeError, ValueError) as problem:
        raise DatabaseBroken(describe(problem)) from problem
    finally:
        os.close(descriptor)
    database.check()
    return database


def _map(descriptor: int) -> maxminddb.Reader:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise DatabaseBroken("it is no regular file")
    if status.st_size > LARGEST:
        raise DatabaseBroken(f"it is larger than {LARGEST} bytes")
    memory = os.memfd_create("yett-geo", os.MFD_CLOEXEC)
    try:
        with (
            os.fdopen(descriptor, "rb", closefd=False) as file,
            os.fdopen(memory, "wb", closefd=False) as copy,
        ):
            shutil.copyfileobj(file, copy, _PIECE)
        # The mapping stays when the descriptor is closed.
        return maxminddb.open_database(f"/proc/self/fd/{memory}", maxminddb.MODE_MMAP_EXT)
    finally:
        os.close(memory)


def country_of(record: Any) -> str:
    """The country that a record of any known shape tells; empty when it tells none."""
    if not isinstance(record, dict):
        return ""
    found = record.get("country_code") or record.get("country")
    if isinstance(found, dict):
        found = found.get("iso_code")
    if isinstance(found, str) and len(found) == 2 and found.isascii() and found.isalpha():
        return found.upper()
    return ""


def asn_of(record: Any) -> int:
    """The autonomous system that a record of any known shape tells; 0 when it tells none."""
    if not isinstance(record, dict):
        return 0
    found = record.get("autonomous_system_number") or record.get("asn")
    if isinstance(found, str):
        digits = found.upper().removeprefix("AS")
        found = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else 0
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 1 << 32:
        return found
    return 0
