"""Reading a keytab: which keys it holds, and whether others may read it.

The format is MIT's, version 2: big-endian lengths, entries of a declared size, holes where an entry
was removed. The library reads it again; this says what is in it before anybody depends on it.
"""

import base64
import binascii
import os
import stat
import struct
from dataclasses import dataclass, field
from pathlib import Path

from yett.authn.kerberos.model import Key

MAX_KEYTAB = 1 << 20
_VERSION = b"\x05\x02"
_MAX_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Keytab:
    """The bytes of a keytab and what they say."""

    data: bytes = field(repr=False)
    keys: tuple[Key, ...]
    is_permissive: bool = False
    """Whether people other than its owner may read or change the file."""

    def has_service(self, service: str) -> bool:
        """Whether there is a key for a service such as `HTTP/host`, in whatever realm."""
        return bool(self.realms_of(service))

    def realms_of(self, service: str) -> frozenset[str]:
        """The realms in which it has a key for a service."""
        pairs = (key.principal.rpartition("@") for key in self.keys)
        return frozenset(realm for name, _, realm in pairs if name == service)


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why there is no keytab. The text holds nothing of its content."""

    text: str


def from_base64(text: str) -> Keytab | Unfit:
    """The keytab in a setting."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return Unfit("the text is not base64")
    return from_bytes(data)


def from_file(path: Path) -> Keytab | Unfit:
    """The keytab in a file. What is no plain file is not read: a pipe would keep us waiting."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        return Unfit(f"the file cannot be opened: {getattr(problem, 'strerror', '') or 'unusable path'}")
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            return Unfit("it is not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_KEYTAB + 1)
    except OSError as problem:
        return Unfit(f"the file cannot be read: {problem.strerror}")
    finally:
        os.close(descriptor)
    found = from_bytes(data)
    if isinstance(found, Unfit):
        return found
    return Keytab(found.data, found.keys, bool(about.st_mode & (stat.S_IRWXG | stat.S_IRWXO)))


def from_bytes(data: bytes) -> Keytab | Unfit:
    """The keytab that bytes are."""
    if len(data) > MAX_KEYTAB:
        return Unfit("it is too large")
    if data[:2] != _VERSION:
        return Unfit("it does not begin like a keytab")
    try:
        keys = tuple(_entries(data))
    except (struct.error, UnicodeDecodeError, _Broken):
        return Unfit("it is damaged")
    return Keytab(data, keys) if keys else Unfit("it holds no key")


class _Broken(Exception):
    """A length leads out of the data."""


def _entries(data: bytes) -> list[Key]:
    found: list[Key] = []
    at = len(_VERSION)
    while at + 4 <= len(data):
        (size,) = struct.unpack_from(">i", data, at)
        at += 4
        if size == 0:
            break
        if abs(size) > len(data) - at or len(found) >= _MAX_ENTRIES:
            raise _Broken
        if size > 0:
            found.append(_entry(data[at : at + size]))
        at += abs(size)
    return found


def _entry(entry: bytes) -> Key:
    (count,) = struct.unpack_from(">H", entry)
    if count > 16:
        raise _Broken
    realm, at = _counted(entry, 2)
    components = []
    for _ in range(count):
        component, at = _counted(entry, at)
        components.append(component.decode())
    _, _, version, encryption = struct.unpack_from(">IIBH", entry, at)
    _, at = _counted(entry, at + 11)
    if len(entry) - at >= 4:
        (version,) = struct.unpack_from(">I", entry, at)
    return Key(f"{'/'.join(components)}@{realm.decode()}", version, encryption)


def _counted(entry: bytes, at: int) -> tuple[bytes, int]:
    (length,) = struct.unpack_from(">H", entry, at)
    end = at + 2 + length
    if end > len(entry):
        raise _Broken
    return entry[at + 2 : end], end
