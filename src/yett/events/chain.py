"""The audit chain: each line carries its number, and a value computed from the line and the value before it.

A line that was changed, added, removed or put elsewhere afterwards no longer fits. Whoever can write
the files could compute all values behind a change anew; `audit` has signatures against that.
"""

import hashlib
import re
from typing import NamedTuple

from yett.events.segments import decoded

START = "0" * 64
"""The value before the first line there ever was, which has the number 1."""

_TAIL = re.compile(rb',"seq":([1-9][0-9]{0,17}),"chain":"([0-9a-f]{64})"\}\Z')
_TAIL_SIZE = 102


class Link(NamedTuple):
    """What a stored line is made of."""

    bare: bytes
    """The line with its number and without its value."""
    seq: int
    value: str


def link(previous: str, bare: bytes) -> str:
    """The value of a line with its number, behind the value before it."""
    return hashlib.sha256(previous.encode() + bare).hexdigest()


def chained(line: bytes, seq: int, previous: str) -> tuple[bytes, str]:
    """The line with its number and its value, and that value."""
    bare = b'%b,"seq":%d}' % (line[:-1], seq)
    value = hashlib.sha256(previous.encode() + bare).hexdigest()
    return b'%b,"chain":"%b"}' % (bare[:-1], value.encode()), value


def split(line: bytes) -> Link | None:
    """A stored line taken apart; None when it carries no number and value."""
    found = _TAIL.search(line, max(len(line) - _TAIL_SIZE, 0))
    if found is None:
        return None
    return Link(line[: found.end(1)] + b"}", int(found[1]), found[2].decode())


def is_chained(line: bytes) -> bool:
    """Whether a line is whole and carries a value."""
    return split(line) is not None and decoded(line) is not None
