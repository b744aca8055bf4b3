"""What waits for one output: newer lines behind older ones, in memory first and on disk where that is not enough.

Whoever hands over and the output's thread share it; one lock holds for all of it.

What must stay true:
  lines in memory are older than lines in the spool, so that both together keep their order;
  memory and disk stay within their limits, and each line that found no room is counted;
  a line leaves only after `settle`: what is in hand still counts as waiting.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Sequence

from yett.events.fields import describe
from yett.events.outputs.model import Counters, Pace
from yett.events.outputs.spool import Lost, Spool, is_audit


class Backlog:
    """The lines of one output. `spool` None keeps them in memory only."""

    def __init__(self, counters: Counters, pace: Pace, spool: Spool | None) -> None:
        self.spool = spool
        self.spool_trouble = ""
        """Why the disk was not used when it should have been; emptied by whoever has told it."""
        self.has_overflown = False
        """Set when the spool had to drop its oldest lines."""
        self.is_behind = False
        """Set when memory was full and the spool took what came."""
        self.is_away = False
        """Whether the destination is away: what comes goes to the disk at once, where a crash does not lose it."""
        self.unsent = (0, 0)
        """Lines left when it was closed: those kept on disk, and those lost."""
        self._counters = counters
        self._pace = pace
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._in_hand: list[bytes] = []
        """What was taken from memory and is just being carried."""
        self._lock = threading.Lock()
        self._is_ready = False
        """Whether the spool is open."""
        self._is_closed = False

    def __len__(self) -> int:
        """Lines in memory, in hand and on disk."""
        return len(self._queue) + len(self._in_hand) + self.spooled

    @property
    def spooled(self) -> int:
        """Lines on disk."""
        return self.spool.waiting if self.spool is not None and self._is_ready else 0

    @property
    def lacks_spool(self) -> bool:
        """Whether it has a spool that is not open: not yet, or because the disk did not allow it."""
        return self.spool is not None and not self._is_ready

    # Coming in.

    def keep(self, lines: Sequence[bytes]) -> None:
        """Take lines, or count those for which there is no room. Never raises."""
        with self._lock:
            if self._is_closed:
                self._drop(lines)
            elif self._is_ready and (self.spooled or self.is_away):
                if not self._spill(lines):
                    # In memory they would stand before older ones, if the disk has any.
                    self._drop(lines) if self.spooled else self._hold(lines)
            else:
                self._hold(lines)

    def open(self) -> int:
        """Make the spool ready; how many lines an earlier run left in it. What failed may be tried again."""
        if self.spool is None or self._is_ready:
            return 0
        try:
            # Without the lock: to look through a large spool takes seconds, and whoever hands over must not wait.
            left = self.spool.open()
        except OSError as problem:
            self.spool_trouble = describe(problem)
            return 0
        with self._lock:
            if self._is_closed:
                self.spool.close()
                return 0
            self._is_ready = True
            newer = [*self._in_hand, *self._queue]
            if left and newer:
                self._forget_memory()
                if not self._spill(newer):
                    self._drop(newer)
        return left

    def _hold(self, lines: Sequence[bytes]) -> None:
        """Keep in memory what finds room there; the rest goes to the disk."""
        room = self._room(lines)
        self._queue.extend(lines[:room])
        self._queued_bytes += sum(map(len, lines[:room]))
        rest = lines[room:]
        if rest and self._spill(rest):
            self.is_behind = True
        elif rest:
            self._drop(rest)

    def _room(self, lines: Sequence[bytes]) -> int:
        """How many of the lines memory has room for."""
        pace = self._pace
        free, free_bytes = pace.queue - len(self._queue), pace.queue_bytes - self._queued_bytes
        if len(lines) <= free and sum(map(len, lines)) <= free_bytes:
            return len(lines)
        count = 0
        for line in lines[: max(free, 0)]:
            free_bytes -= len(line)
            if free_bytes < 0:
                break
            count += 1
        return count

    def _spill(self, lines: Sequence[bytes], *, is_first: bool = False) -> bool:
        """Put lines on disk, behind or before all others there; whether that was possible."""
        spool = self.spool
        if spool is None or not self._is_ready:
            return False
        try:
            lost = spool.prepend(lines) if is_first else spool.append(lines)
        except OSError as problem:
            self.spool_trouble = describe(problem)
            return False
        self._counters.spooled += len(lines)
        self._count(lost)
        return True

    def _count(self, lost: Lost) -> None:
        if lost.lines:
            self.has_overflown = True
            self._counters.dropped += lost.lines
            self._counters.dropped_audit += lost.audit

    def _count_spoilt(self, spool: Spool) -> None:
        lost = spool.spoilt()
        if lost.lines:
            self.spool_trouble = "records in it were damaged, or taken away"
            self._counters.dropped += lost.lines
            self._counters.dropped_audit += lost.audit

    def _drop(self, lines: Sequence[bytes]) -> None:
        self._counters.dropped += len(lines)
        self._counters.dropped_audit += sum(map(is_audit, lines))

    # Going out.

    def take(self) -> list[bytes]:
        """The oldest lines, as many as are carried at once; the same again until they are settled."""
        pace, queue = self._pace, self._queue
        with self._lock:
            if self._in_hand or self._is_closed:
                return self._in_hand
            size = 0
            while queue and len(self._in_hand) < pace.batch:
                size += len(queue[0])
                if self._in_hand and size > pace.batch_bytes:
                    break
                self._queued_bytes -= len(queue[0])
                self._in_hand.append(queue.popleft())
            if self._in_hand or self.spool is None or not self._is_ready:
                return self._in_hand
            try:
                lines = self.spool.read(pace.batch, pace.batch_bytes)
            except OSError as problem:
                self.spool_trouble = describe(problem)
                return []
            self._count_spoilt(self.spool)
            return lines

    def settle(self, taken: Sequence[bytes], *, refused: int = 0) -> None:
        """The destination has taken, or refused, the first of the lines that `take` gave."""
        count = len(taken) + refused
        with self._lock:
            if self._is_closed or not count:
                return
            self._counters.sent += len(taken)
            self._counters.bytes += sum(map(len, taken))
            self._counters.refused += refused
            if self._in_hand:
                self._in_hand = self._in_hand[count:]
            elif self.spool is not None:
                # A disk that does not take the new place has the lines sent again after a crash, no more.
                with contextlib.suppress(OSError):
                    self.spool.forget(count)
                self._count_spoilt(self.spool)

    def put_aside(self) -> None:
        """The destination went away: bring what is in memory to the disk."""
        with self._lock:
            self.is_away = True
            if not self._is_closed:
                self._put_aside()

    def close(self) -> bool:
        """Keep on disk what is left, or count it as lost; whether this was the first call."""
        with self._lock:
            if self._is_closed:
                return False
            self._put_aside()
            self._is_closed = True
            left = [*self._in_hand, *self._queue]
            self.unsent = (self.spooled, len(left))
            self._drop(left)
            self._forget_memory()
            if self.spool is not None and self._is_ready:
                self.spool.close()
            return True

    def _put_aside(self) -> None:
        lines = [*self._in_hand, *self._queue]
        if lines and self._spill(lines, is_first=True):
            self._forget_memory()

    def _forget_memory(self) -> None:
        self._queue.clear()
        self._in_hand, self._queued_bytes = [], 0
