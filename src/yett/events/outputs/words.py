"""From stored lines to what a destination reads: another dialect, and no longer than it takes."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from yett.events.dialects import Dialect, Entry, Unwritable

_CAPS = (4096, 1024, 256, 64, 16)
_STRETCH, _PAUSE = 64, 0.00005
"""Records put into words at a stretch (half a millisecond), and the seconds between two."""
_CORE = frozenset({"time", "level", "audit", "component", "msg", "code", "node"})
_KEPT = frozenset({"time", "level", "component", "code"})
"""Short, and what alert rules look at."""


class Words:
    """Puts native lines into a dialect. `limit` is in bytes, for one message; 0 means any length."""

    def __init__(self, dialect: Dialect, *, limit: int = 0) -> None:
        self._dialect = dialect
        self._is_native = dialect.name == "native"
        self._limit = limit
        self._decode = msgspec.json.Decoder(dict[str, Any]).decode

    def messages(self, lines: Sequence[bytes]) -> list[bytes]:
        """Each line's message. A record for which the dialect has no form is left out."""
        return [message for _, message in self.pairs(lines)]

    def pairs(self, lines: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
        """The same, each with its line. With pauses, so that requests are not kept waiting meanwhile."""
        found: list[tuple[bytes, bytes]] = []
        for at in range(0, len(lines), _STRETCH):
            if at and not self._is_native:
                # Python would let another thread wait for 5 milliseconds before it takes the lock from this one.
                time.sleep(_PAUSE)  # noqa: TID251 - in a thread of its own; nothing is waited for
            for line in lines[at : at + _STRETCH]:
                message = self.message(line)
                if message is not None:
                    found.append((line, message))
        return found

    def message(self, line: bytes) -> bytes | None:
        """One line's message; None when the dialect has no form for it.

        What is too long has its texts shortened, so that it still can be read by machines.
        """
        if self._is_native and not (self._limit and len(line) > self._limit):
            return line
        try:
            entry: Entry = self._decode(line)
            message = self._dialect.write(entry)
            if self._limit and len(message) > self._limit:
                return _shortened(entry, self._dialect.write, self._limit)
        except (msgspec.MsgspecError, ValueError, RecursionError, Unwritable):
            return None
        return message


def _shortened(entry: Entry, write: Callable[[Entry], bytes], limit: int) -> bytes:
    """The message of a record with its long texts cut; of one with many fields, only those it needs."""
    for cap in _CAPS:
        message = write({name: value if name in _KEPT else _cut(value, cap) for name, value in entry.items()})
        if len(message) <= limit:
            return message
    return write({name: _cut(value, _CAPS[-2]) for name, value in entry.items() if name in _CORE})


def _cut(value: Any, cap: int) -> Any:
    if isinstance(value, str) and len(value.encode("utf-8", "replace")) > cap:
        return value.encode("utf-8", "replace")[:cap].decode("utf-8", "ignore") + "…"
    if isinstance(value, list):
        return [_cut(each, cap) for each in value[: max(cap // 16, 1)]]
    return value
