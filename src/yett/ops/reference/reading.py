"""Reading a log reference that some version has printed."""

import sys
from pathlib import Path

import msgspec

from yett.ops.reference.model import FORMAT, LogReference

_LIMIT = 64 << 20
_decode = msgspec.json.Decoder(LogReference).decode


class Unreadable(Exception):
    """What was given is no log reference; the text says why."""


def parse(data: bytes) -> LogReference:
    """The reference that was printed so. Raises Unreadable, and nothing else."""
    try:
        log = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
        raise Unreadable(
            f"it is no log reference as `yett reference log --format json` prints it: {problem}"
        ) from None
    if log.format != FORMAT:
        raise Unreadable(f"its format is {log.format}, and this version reads {FORMAT}")
    codes = [event.code for event in log.events]
    if len(set(codes)) < len(codes):
        raise Unreadable("two of its events have the same code")
    return log


def read(path: Path) -> LogReference:
    """The reference in a file; `-` is standard input. Raises Unreadable or OSError."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(_LIMIT + 1)
    else:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise Unreadable(f"it is larger than {_LIMIT >> 20} MiB")
    return parse(data)
