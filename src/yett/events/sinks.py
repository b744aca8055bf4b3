"""Where records go besides the journal: standard output, and a ring in memory."""

import contextlib
import errno
import os
import select
import stat
from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from yett.events.dialects import Native, Unwritable
from yett.events.pipeline import Record
from yett.events.query import Query

_PATIENCE = 1.0
_GONE = {errno.EPIPE, errno.EBADF, errno.EIO, errno.ENXIO}


class Dialect(Protocol):
    """How records become bytes; each ends with a line break."""

    def lines(self, records: list[Record]) -> bytes: ...


class StdoutSink:
    """Standard output, one write for each batch.

    A reader that stalls must not stop the journal behind it, so output that is not taken within
    a second is dropped up to the next batch, and counted. A reader that is gone is not tried again.
    """

    def __init__(self, dialect: Dialect, *, descriptor: int = 1) -> None:
        self._dialect = dialect
        self._descriptor, self._is_own = _without_waiting(descriptor)
        self._is_inside_a_line = False
        self.is_gone = False
        self.lost = 0
        """Records that nobody took, or only in part."""

    def write(self, records: list[Record]) -> None:
        if self.is_gone:
            self.lost += len(records)
            return
        data = self._dialect.lines(records)
        if self._is_inside_a_line:
            data = b"\n" + data
        try:
            rest = self._push(memoryview(data))
        except OSError as problem:
            if problem.errno not in _GONE:
                raise
            self.is_gone = True
            self.lost += len(records)
            return
        written = len(data) - len(rest)
        if written:
            self._is_inside_a_line = data[written - 1 : written] != b"\n"
        self.lost += bytes(rest).count(b"\n")

    def close(self) -> None:
        if self._is_own:
            self._is_own = False
            with contextlib.suppress(OSError):
                os.close(self._descriptor)

    def _push(self, data: memoryview) -> memoryview:
        """Write what is taken within the time; the rest is the answer."""
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self._descriptor, select.POLLOUT)
                if not poll.poll(_PATIENCE * 1000):
                    return data
        return data


def _without_waiting(descriptor: int) -> tuple[int, bool]:
    """A descriptor of our own for the same pipe or terminal, on which a write does not wait.

    Setting the flag on the given one would set it for everybody who shares it, the shell included.
    """
    with contextlib.suppress(OSError):
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
            return os.open(f"/proc/self/fd/{descriptor}", flags), True
    return descriptor, False


class Ring:
    """The newest records, in memory. It answers the same queries as the journal."""

    def __init__(self, size: int, *, node: str = "") -> None:
        self._records: deque[Record] = deque(maxlen=size)
        self._node = node

    def write(self, records: list[Record]) -> None:
        self._records.extend(records)

    def close(self) -> None:
        """Keep what is there: it may still be asked for."""

    def __len__(self) -> int:
        return len(self._records)

    def search(self, query: Query) -> Iterator[dict[str, Any]]:
        """The records that match, in the order asked for."""
        native = Native(self._node)
        records = list(self._records)
        if query.is_newest_first:
            records.reverse()
        left = query.limit
        for record in records:
            with contextlib.suppress(Unwritable):
                entry = msgspec.json.decode(native.line(record))
                if query.matches(entry):
                    yield entry
                    left -= 1
                    if not left:
                        return
