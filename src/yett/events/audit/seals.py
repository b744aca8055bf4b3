"""Seals: what is known for good about a finished segment, signed, and kept when the segment is gone."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from yett.events.audit.checkpoints import write_whole
from yett.events.audit.signatures import Signer, is_signed, statement
from yett.events.chain import START
from yett.events.segments import open_plain

SUFFIX = ".seal"
LARGEST = 16 * 1024
_PURPOSE = "yett audit seal v1"


@dataclass(slots=True, eq=False)
class Tally:
    """What is counted of a segment while it is written."""

    segment: str = ""
    first: int = 1
    """The number of its first line."""
    after: str = START
    """The chain value before that line."""
    since: str = ""
    size: int = 0
    findings: int = 0
    """What was found wrong with it when it was read again after a start."""
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    # Set when it is finished.
    last: int = 0
    head: str = START
    until: str = ""


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One seal."""

    segment: str
    sha256: str
    size: int
    first: int
    last: int
    """The numbers of the first and the last line."""
    after: str
    head: str
    """The chain values before the first line, and of the last."""
    since: str
    until: str
    """The times of the first and the last line."""
    findings: int
    """How much was wrong with the segment already when it was sealed; 0 when it was whole."""
    node: str
    key: str
    signature: str = ""

    def text(self) -> bytes:
        """What is signed: every field but the signature, in the order of their declaration."""
        return statement(_PURPOSE, *(getattr(self, name) for name in self.__struct_fields__[:-1]))

    @property
    def is_signed(self) -> bool:
        """Whether the signature fits what is said and the key that is named."""
        try:
            return is_signed(self.text(), key=self.key, signature=self.signature)
        except ValueError:
            return False


def name_of(segment: str) -> str:
    """The name of a segment's seal."""
    return segment.removesuffix(".jsonl") + SUFFIX


def segment_of(name: str) -> str:
    """The name of a seal's segment."""
    return name.removesuffix(SUFFIX) + ".jsonl"


def made(tally: Tally, signer: Signer, node: str) -> Seal:
    """The seal of a finished segment."""
    bare = Seal(
        segment=tally.segment,
        sha256=tally.digest.hexdigest(),
        size=tally.size,
        first=tally.first,
        last=tally.last,
        after=tally.after,
        head=tally.head,
        since=tally.since,
        until=tally.until,
        findings=tally.findings,
        node=node,
        key=signer.public_key,
    )
    return msgspec.structs.replace(bare, signature=signer.sign(bare.text()).hex())


def encoded(seal: Seal) -> bytes:
    """The content of a seal's file."""
    return msgspec.json.encode(seal) + b"\n"


def write(directory: Path, seal: Seal) -> None:
    """Keep a seal beside its segment. Raises OSError."""
    write_whole(directory / name_of(seal.segment), encoded(seal))


def read(data: bytes) -> Seal | None:
    """The seal in a file; None when it is damaged. Whether its signature fits is another question."""
    try:
        seal = msgspec.json.decode(data, type=Seal)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    # One way to write it, so that no byte of it can be another.
    return seal if encoded(seal) == data else None


def find(directory: Path, segment: str) -> Seal | None:
    """The signed seal of a segment, if there is one."""
    try:
        with open_plain(directory / name_of(segment)) as file:
            seal = read(file.read(LARGEST))
    except OSError:
        return None
    return seal if seal is not None and seal.segment == segment and seal.is_signed else None
