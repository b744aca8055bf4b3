"""What container runtimes put around the lines of a program: the time, and which of its two streams it was.

Kubernetes' files (`<time> stdout F <line>`), `kubectl logs --timestamps` (`<time> <line>`) and Docker's
files (`{"log": "<line>", "stream": "stdout", "time": "<time>"}`). The time helps where a line has none.
A long line comes in parts there and is put together again.
"""

import re
from dataclasses import dataclass, field

import msgspec

from yett.events.dialects import LONGEST, Unreadable, instant_of

_STAMPED = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (?:(stdout|stderr) ([FP])(?: |$))?"
)
_DOCKER = b'{"log":'


class _Docker(msgspec.Struct, forbid_unknown_fields=False):
    log: str
    time: str
    stream: str = "stdout"


_docker = msgspec.json.Decoder(_Docker)


@dataclass(slots=True)
class Unwrapped:
    """A line of a program. `raw` is what stood in the file, all parts of it."""

    line: bytes
    raw: bytes
    time: str = ""


@dataclass(slots=True)
class _Parts:
    line: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    size: int = 0


class Unwrapper:
    """Takes the lines of one file, in order."""

    def __init__(self) -> None:
        self._parts: dict[str, _Parts] = {}

    def take(self, raw: bytes) -> Unwrapped | None:
        """The line within, or None when it is a part and more is to come."""
        first = raw[:1]
        if first.isdigit():
            match = _STAMPED.match(raw)
            if match is None:
                return Unwrapped(raw, raw)
            stream = match[2].decode() if match[2] else ""
            line = raw[match.end() :]
            return self._whole(line, raw, match[1], stream, is_part=match[3] == b"P")
        if raw.startswith(_DOCKER):
            try:
                found = _docker.decode(raw)
            except (ValueError, RecursionError, msgspec.MsgspecError):
                return Unwrapped(raw, raw)
            line = found.log.encode()
            is_part = not line.endswith(b"\n")
            return self._whole(line, raw, found.time.encode(), found.stream, is_part=is_part)
        return Unwrapped(raw, raw)

    def left(self) -> list[bytes]:
        """Parts whose end never came, as they stood in the file."""
        left = [b"".join(parts.raw) for parts in self._parts.values()]
        self._parts.clear()
        return left

    def _whole(self, line: bytes, raw: bytes, time: bytes, stream: str, *, is_part: bool) -> Unwrapped | None:
        parts = self._parts.get(stream)
        if is_part and (parts is None or parts.size + len(raw) <= LONGEST) and len(self._parts) < 3:
            parts = parts or self._parts.setdefault(stream, _Parts())
            parts.line.append(line.rstrip(b"\n"))
            parts.raw.append(raw)
            parts.size += len(raw)
            return None
        if parts is not None:
            del self._parts[stream]
            line, raw = b"".join((*parts.line, line)), b"".join((*parts.raw, raw))
        try:
            return Unwrapped(line, raw, instant_of(time.decode()))
        except (Unreadable, UnicodeDecodeError):
            return Unwrapped(line, raw)
