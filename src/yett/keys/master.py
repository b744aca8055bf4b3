"""The cluster key: one secret from which every other key of ours is derived.

The file `cluster.key` holds 32 random bytes as one line of base64url text. It appears whole or
not at all: it is written under another name first and then linked, so that of two nodes that
start at once on one directory both end up with the same key.
"""

import base64
import binascii
import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from yett.keys import events

KEY_FILE = "cluster.key"
_SIZE = 32
_SHORTEST = 16
"""Fewer characters than this are refused."""
_SHORT = 32
"""Fewer than this are warned about."""
# Keys of another program made from the same secret must not be ours.
_SALT = b"yett cluster key v1"


class KeySettings(Protocol):
    """The part of the cluster's settings that is read here."""

    @property
    def cluster_key(self) -> str: ...


class MasterKeyUnusable(Exception):
    """There is no cluster key that can safely be used; the text says why and what to do."""


class MasterKey:
    """The root secret. It shows itself to nobody; `derive` gives keys that each serve one purpose."""

    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        if len(material) < _SHORTEST:
            raise MasterKeyUnusable(f"the cluster key has to have at least {_SHORTEST} bytes")
        self._material = material

    def derive(self, context: str, size: int = 32) -> bytes:
        """The key for one purpose: the same for the same context and size, unrelated to any other."""
        if not context:
            raise ValueError("a derived key needs a context")
        return hkdf(self._material, salt=_SALT, info=context.encode(), size=size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MasterKey) and hmac.compare_digest(self._material, other._material)

    def __hash__(self) -> int:
        return hash(self.derive("yett.keys.hash", 8))

    def __repr__(self) -> str:
        return "MasterKey(…)"


def hkdf(material: bytes, *, salt: bytes, info: bytes, size: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=salt, info=info).derive(material)


def open_master_key(settings: KeySettings, directory: Path | None) -> MasterKey:
    """The cluster key: that of the settings, else that of the data directory, made at the first start.

    Without either it lives as long as the process. Raises MasterKeyUnusable.
    """
    if settings.cluster_key:
        return _from_settings(settings.cluster_key)
    if directory is None:
        events.cluster_key_ephemeral()
        return MasterKey(secrets.token_bytes(_SIZE))
    path = directory / KEY_FILE
    try:
        found = _read(path)
        if found is None:
            # Another node may win; then its key is read.
            if _make(path):
                events.cluster_key_created(file=str(path))
            found = _read(path)
    except OSError as problem:
        raise MasterKeyUnusable(f"{path}: {problem.strerror or problem}") from problem
    if found is None:
        raise MasterKeyUnusable(f"{path} disappeared while it was being made")
    return found


def find_master_key(settings: KeySettings, directory: Path | None) -> MasterKey | None:
    """The cluster key if there is one already, for commands that must not make one. Raises MasterKeyUnusable."""
    if settings.cluster_key:
        return MasterKey(settings.cluster_key.encode())
    try:
        return _read(directory / KEY_FILE) if directory is not None else None
    except OSError as problem:
        raise MasterKeyUnusable(f"{directory}: {problem.strerror or problem}") from problem


def _from_settings(text: str) -> MasterKey:
    length = len(text)
    if length < _SHORTEST:
        raise MasterKeyUnusable(
            f"[cluster] cluster_key has {length} characters; at least {_SHORTEST} are needed, "
            f"{_SHORT} random ones are recommended"
        )
    if length < _SHORT:
        events.cluster_key_short(characters=length, recommended=_SHORT)
    return MasterKey(text.encode())


def _read(path: Path) -> MasterKey | None:
    """The key in the file; None when there is no file."""
    try:
        # A link could point to a file of somebody else's choosing, a pipe could hold up the start.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise MasterKeyUnusable(f"{path} is not a regular file")
        if facts.st_uid not in {0, os.geteuid()}:
            raise MasterKeyUnusable(
                f"{path} belongs to another user; it has to belong to the one that runs yett"
            )
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise MasterKeyUnusable(
                f"{path} can be reached by others (mode {stat.S_IMODE(facts.st_mode):04o}); "
                f"run: chmod 600 {path}, and think about who may have read it"
            )
        text = os.read(handle, 1024)
    finally:
        os.close(handle)
    return MasterKey(_decode(text, path))


def _decode(text: bytes, path: Path) -> bytes:
    line = text.removesuffix(b"\n")
    try:
        material = base64.b64decode(line + b"=", altchars=b"-_", validate=True)
    except binascii.Error:
        material = b""
    if len(material) != _SIZE:
        raise MasterKeyUnusable(f"{path} does not hold a cluster key; restore it from a backup")
    return material


def _make(path: Path) -> bool:
    """Write a new key; False when there is one already."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.urlsafe_b64encode(secrets.token_bytes(_SIZE)).rstrip(b"=") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    _sync_directory(path.parent)
    return True


def _sync_directory(directory: Path) -> None:
    """Make the new name survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
