"""Where lines come from: a stream, compressed or not, one line at a time and never too long a one."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from yett.events.dialects import LONGEST
from yett.ops.converting.unpacking import unpacked

_BLOCK = 1 << 20


class Damaged(Exception):
    """The rest of a stream cannot be read. What came before was good."""


def lines(stream: BinaryIO, on_piece: Callable[[bytes, bool], None]) -> Iterator[bytes]:
    """Every line with its break. One that is too long goes to `on_piece` in pieces, and whether each is its last.

    Raises Damaged, behind everything that could be read.
    """
    try:
        stream, unpacking = unpacked(stream)
    except OSError as problem:
        raise Damaged(problem.strerror or str(problem)) from problem
    while line := _read(stream, LONGEST + 1):
        if len(line) > LONGEST and line[-1:] != b"\n":
            on_piece(line, False)
            while (piece := _read(stream, _BLOCK)) and piece[-1:] != b"\n":
                on_piece(piece, False)
            on_piece(piece, True)
            continue
        yield line
    if unpacking is not None and unpacking.fault:
        raise Damaged(unpacking.fault)


def _read(stream: BinaryIO, most: int) -> bytes:
    try:
        return stream.readline(most)
    except OSError as problem:
        raise Damaged(problem.strerror or str(problem)) from problem
