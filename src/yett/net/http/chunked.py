"""The chunked transfer coding (RFC 9112, 7.1), read strictly, without I/O.

The decoder hands out payload, and the trailers apart from it. Whoever forwards a body frames it
anew, so that neither chunk extensions nor any byte that was not understood here reach the other
side; which trailers may is decided in `trailers`.

States: SIZE (a size line is being gathered) → DATA → GAP (the CRLF after the data) → SIZE …;
a size of zero leads to TRAILER, and its empty line to the end.
"""

import re
from collections.abc import Sequence
from typing import Final

from yett.net.http.head import TOKEN, is_field_line

_SIZE_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,16})"
    rb"(?:;" + TOKEN + rb"(?:=(?:" + TOKEN + rb'|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*'
)  # fmt: skip
_MAX_LINE: Final = 16 + 256
_MAX_EXTENSIONS: Final = 16 * 1024
_MAX_TRAILERS: Final = 8 * 1024
_MAX_TRAILER_LINES: Final = 64
_SIZE, _DATA, _GAP, _TRAILER, _END = range(5)


class ChunkedDecoder:
    """Finds payload and end of one chunked body, however its bytes are cut into pieces."""

    __slots__ = ("_extensions", "_held", "_left", "_state", "_trailers", "problem", "rest", "trailers")

    def __init__(self) -> None:
        self.problem = ""
        """What is wrong with the body; empty while nothing is."""
        self.rest = b""
        """What came after the end."""
        self.trailers: list[bytes] = []
        """The (valid) header lines after the last chunk; they are not to be believed just so."""
        self._state = _SIZE
        self._held = b""
        self._left = 0
        self._extensions = 0
        self._trailers = 0

    @property
    def done(self) -> bool:
        """Whether the end was seen."""
        return self._state == _END

    def feed(self, data: bytes) -> bytes | None:  # noqa: PLR0912 - one branch per state, read from top to bottom
        """The payload in the next bytes; None when the body is malformed, now and for ever."""
        if self.problem:
            return None
        if self._held:
            data = self._held + data
            self._held = b""
        pieces: list[bytes] = []
        at, length = 0, len(data)
        while at < length:
            if self._state == _DATA:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = _GAP
            elif self._state == _GAP:
                if not b"\r\n".startswith(data[at : at + 2]):
                    self.problem = "no CRLF after a chunk"
                    return None
                if length - at < 2:
                    self._held = data[at:]
                    break
                at += 2
                self._state = _SIZE
            elif self._state == _END:
                self.rest = data[at:]
                break
            else:
                line_end = data.find(b"\r\n", at, at + _MAX_LINE_OR_TRAILER)
                if line_end < 0:
                    if not self._can_wait(data[at:]):
                        self.problem = "invalid chunk line"
                        return None
                    self._held = data[at:]
                    break
                line = data[at:line_end]
                at = line_end + 2
                if not (self._size(line) if self._state == _SIZE else self._trailer(line)):
                    self.problem = "invalid chunk size or trailer"
                    return None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _can_wait(self, part: bytes) -> bool:
        """Whether an unfinished line may still become a good one."""
        limit = _MAX_LINE if self._state == _SIZE else _MAX_TRAILERS
        # One byte more than a line may have: the CR whose LF is still to come.
        return len(part) <= limit + 1 and b"\n" not in part and b"\r" not in part[:-1]

    def _size(self, line: bytes) -> bool:
        match = _SIZE_LINE.fullmatch(line)
        if match is None or len(line) > _MAX_LINE:
            return False
        digits = match[1]
        self._extensions += len(line) - len(digits)
        self._left = int(digits, 16)
        self._state = _DATA if self._left else _TRAILER
        return self._extensions <= _MAX_EXTENSIONS

    def _trailer(self, line: bytes) -> bool:
        if not line:
            self._state = _END
            return True
        self._trailers += len(line)
        self.trailers.append(line)
        return (
            self._trailers <= _MAX_TRAILERS
            and len(self.trailers) <= _MAX_TRAILER_LINES
            and is_field_line(line, 0, len(line))
        )


_MAX_LINE_OR_TRAILER: Final = _MAX_TRAILERS + 2


def frame(payload: bytes, *, last: bool, trailers: Sequence[bytes] = ()) -> bytes:
    """Payload as a chunk, with the end of the body (and its trailers) if it is the last."""
    if trailers and last:
        chunk = b"%x\r\n%b\r\n" % (len(payload), payload) if payload else b""
        return b"%b0\r\n%b\r\n\r\n" % (chunk, b"\r\n".join(trailers))
    if not payload:
        return b"0\r\n\r\n" if last else b""
    if last:
        return b"%x\r\n%b\r\n0\r\n\r\n" % (len(payload), payload)
    return b"%x\r\n%b\r\n" % (len(payload), payload)
