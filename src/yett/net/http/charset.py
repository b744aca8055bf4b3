"""Sets of bytes, and looking along them.

The one loop over single bytes that there is in reading heads. Compiled it is several times as fast
as a regular expression; where nothing is compiled, an expression does the same.
"""

import re
from typing import Final

IS_COMPILED: Final = 0
"""1 in the compiled module: `scripts/native.py` puts it there."""

Offset = int
"""A place in bytes; a machine's number where this is compiled."""


def cut(data: bytes, at: Offset, end: Offset) -> bytes:
    """`data[at:end]`; in a compiled module no slice is made first where both places are in the data."""
    size: Offset = len(data)
    if not 0 <= at <= end <= size:
        return data[at:end]
    return data[at:end]


class Charset:
    """Bytes that may stand somewhere."""

    __slots__ = ("_is_in", "_run")

    def __init__(self, pattern: bytes) -> None:
        """`pattern` is what stands between the brackets of a regular expression's set."""
        self._is_in: bytes = bytes(
            re.fullmatch(b"[" + pattern + b"]", bytes((code,)), re.DOTALL) is not None for code in range(256)
        )
        self._run = re.compile(b"[" + pattern + b"]*").match

    def skip(self, data: bytes, at: Offset, end: Offset) -> Offset:
        """The first place from `at` on, `end` at most, whose byte is not in the set; `end` is inside of `data`."""
        if not IS_COMPILED:
            found = self._run(data, at, end)
            return found.end() if found is not None else at
        is_in = self._is_in
        while at < end and is_in[data[at]]:
            at += 1
        return at
