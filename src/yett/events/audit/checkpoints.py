"""Signed checkpoints, the head file and the file of keys.

A checkpoint is an audit record of our own in the chain. It says how many lines there are before it
and the value of the last of them, which commits to every byte of them all. The head file
`audit.head` is a copy of the newest one, so that lines cut off at the end are missed. When the
signing key has changed, the new key vouches for the one before in `audit.keys`.
"""

import contextlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from yett.events.audit.signatures import Signer, is_signed, statement
from yett.events.chain import link, split
from yett.events.segments import decoded

HEAD = "audit.head"
KEYS = "audit.keys"
_PURPOSE = "yett audit checkpoint v1"
_VOUCHING = "yett audit key v1"
_MOST_KEYS = 1000
_VALUE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one checkpoint says."""

    count: int
    """How many lines there are before it, from the first there ever was."""
    head: str
    """The chain value of the last of them."""
    time: str
    node: str
    key: str
    signature: str = ""

    def text(self) -> bytes:
        """What is signed. The node comes last."""
        return statement(_PURPOSE, self.count, self.head, self.time, self.key, self.node)

    def signature_by(self, signer: Signer) -> str:
        """The signature in hexadecimal digits."""
        return signer.sign(self.text()).hex()

    @property
    def is_signed(self) -> bool:
        """Whether the signature fits what is said and the key that is named."""
        try:
            return is_signed(self.text(), key=self.key, signature=self.signature)
        except ValueError:
            return False

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Self | None:
        """The checkpoint that an entry of any dialect with our field names is; None when it is none."""
        count = entry.get("count")
        texts = [entry.get(name, "") for name in ("head", "time", "node", "key", "signature")]
        if type(count) is not int or count < 0 or not all(isinstance(text, str) for text in texts):
            return None
        found = cls(count, *texts)
        return found if _VALUE.fullmatch(found.head) and found.key and found.signature else None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint as the head file has it: with its own place in the chain."""

    checkpoint: Checkpoint
    seq: int
    value: str


def read_head(data: bytes) -> Head | None:
    """What the head file says; None when it is damaged. Whether its signature fits is another question."""
    parts = split(data.removesuffix(b"\n"))
    entry = decoded(data)
    if parts is None or entry is None or not data.endswith(b"\n"):
        return None
    found = Checkpoint.of(entry)
    if found is None or found.count != parts.seq - 1 or link(found.head, parts.bare) != parts.value:
        return None
    return Head(found, parts.seq, parts.value)


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file so that after a crash it is the old one or the new one, never a part."""
    draft = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(draft, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno())
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


class Vouching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A newer key says that an older one was ours."""

    time: str
    key: str
    older: str
    signature: str = ""

    def text(self) -> bytes:
        """What is signed."""
        return statement(_VOUCHING, self.time, self.key, self.older)

    @property
    def is_signed(self) -> bool:
        """Whether the newer key did sign it."""
        try:
            return is_signed(self.text(), key=self.key, signature=self.signature)
        except ValueError:
            return False


def vouch(directory: Path, signer: Signer, older: str, *, time: str) -> None:
    """Have the key that signs from now on vouch for the one that did until now. Raises OSError."""
    path = directory / KEYS
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        before = b""
    newest = vouchings(before)[-1:]
    if newest and newest[0] is not None and (newest[0].key, newest[0].older) == (signer.public_key, older):
        # Said by a run that died before it signed anything. Further up it is about an earlier change:
        # a key may be given up, come back and be given up again.
        return
    made = Vouching(time, signer.public_key, older)
    made = msgspec.structs.replace(made, signature=signer.sign(made.text()).hex())
    write_whole(path, before + msgspec.json.encode(made) + b"\n")


def vouchings(data: bytes) -> list[Vouching | None]:
    """What the file of keys says, line by line; None for a damaged line."""
    found: list[Vouching | None] = []
    seen: set[bytes] = set()
    for line in data.splitlines(keepends=True)[:_MOST_KEYS]:
        try:
            each = msgspec.json.decode(line, type=Vouching)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            found.append(None)
        else:
            # One way to write it, so that no byte of it can be another.
            is_fine = msgspec.json.encode(each) + b"\n" == line and each.is_signed and line not in seen
            found.append(each if is_fine else None)
            seen.add(line)
    return found


def trusted_with(keys: frozenset[str], vouched: Iterable[Vouching | None]) -> frozenset[str]:
    """The keys that are trusted, and those that they vouch for, and so on."""
    found = set(keys)
    # A newer key vouches for an older one, and lines are in the order of time.
    for each in reversed([line for line in vouched if line is not None]):
        if each.key in found:
            found.add(each.older)
    return frozenset(found)


def in_turn(keys: frozenset[str], vouched: Iterable[Vouching | None]) -> list[str]:
    """Those of the keys that are spoken of, in the order in which they signed; one may have come back."""
    turns: list[str] = []
    for each in vouched:
        if each is not None and each.key in keys and each.older in keys:
            turns += [each.older] if turns[-1:] != [each.older] else []
            turns.append(each.key)
    return turns
