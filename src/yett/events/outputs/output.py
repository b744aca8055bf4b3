"""One output: its thread, and what it does and says while the destination is away.

Whoever hands over lines only appends them to the backlog. The output's own thread does everything that can
take time, so that a slow destination holds up nobody: neither the data path nor another output.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from yett.events.fields import describe
from yett.events.outputs import notices
from yett.events.outputs.backlog import Backlog
from yett.events.outputs.model import Carrier, Counters, Filter, Pace, Refused, State, Unreachable
from yett.events.outputs.spool import Spool

_GRACE = 0.2
"""Seconds that a thread gets to end by itself after the time for its last words."""
_LONGEST_AFTER = 3600.0
"""Seconds that a destination can ask to be left alone."""
_MOST_PARTS, _MORE_PARTS = 32, 4
"""Tries at one batch that was refused, before what is left of it is given up; and more for each part that was taken.

To find one bad record takes two tries for each halving, one of which is taken.
"""


class Output:
    """Takes lines and has them carried. Start it before use; `stop` sends or keeps what is left."""

    def __init__(
        self,
        name: str,
        carrier: Carrier,
        wanted: Filter | None = None,
        *,
        spool: Spool | None = None,
        pace: Pace | None = None,
        on_state: Callable[[str, str | None], None] | None = None,
        is_there: bool = False,
    ) -> None:
        """`on_state` is told by the thread after each try: the name, and why it failed or None.

        `is_there`: nobody needs to ask whether the destination is, or to be told that it is.
        """
        self.name = name
        self.carrier = carrier
        self.filter = wanted or Filter()
        self.counters = Counters()
        self.state = State.WORKING if is_there else State.IDLE
        self.trouble = ""
        """Why the destination is away; empty when it is not."""
        self._pace = pace or Pace()
        self._backlog = Backlog(self.counters, self._pace, spool)
        self._on_state = on_state
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._deadline = float("inf")
        self._thread: threading.Thread | None = None
        self._has_worked = is_there
        self._away_since = 0.0
        self._tries = 0
        self._refusal = ""
        self._spool_look = float("-inf")
        """When to try next to open the spool."""
        self._is_outage_said = False
        self._said: dict[str, float] = {}
        self._reported = Counters()

    def offer(self, lines: Sequence[bytes]) -> None:
        """Take lines. Never waits for the destination, never raises."""
        self._backlog.keep(lines)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Lines in memory, in hand and on disk."""
        return len(self._backlog)

    @property
    def spooled(self) -> int:
        """Lines that wait on disk."""
        return self._backlog.spooled

    @property
    def unsent(self) -> tuple[int, int]:
        """Lines that were not sent when the output ended: those kept on disk, and those lost."""
        return self._backlog.unsent

    def start(self) -> None:
        """Begin to send, with what an earlier run left first."""
        self._thread = threading.Thread(target=self._run, name=f"output {self.name}", daemon=True)
        self._thread.start()

    def ask_to_stop(self, seconds: float) -> None:
        """Have the output end within so many seconds; `stop` waits for it."""
        self._deadline = time.monotonic() + seconds
        self._stopping.set()
        self._wake.set()

    def stop(self, seconds: float = 5.0) -> None:
        """Send what waits, for at most so long, and end. What is not sent stays in the spool, or is dropped."""
        if not self._stopping.is_set():
            self.ask_to_stop(seconds)
        thread, self._thread = self._thread, None
        if thread is not None:
            # The moment is the same for all that were asked together: many that hang take no longer than one.
            thread.join(max(self._deadline + _GRACE - time.monotonic(), 0.0))
        if self._backlog.close():
            self.state = State.STOPPED
            if thread is None:
                self.carrier.close()

    # The thread.

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self.carrier.close()

    def _work(self) -> None:
        pause = self._pace.first_pause
        while self.state is not State.STOPPED and time.monotonic() < self._deadline:
            self._open_spool()
            batch = self._backlog.take()
            if not batch and self._stopping.is_set():
                return
            if not batch and self.state is State.WORKING:
                self._report()
                self._wake.wait(0.5)
                self._wake.clear()
                continue
            # An empty batch asks whether the destination is there.
            try:
                self._carry(batch)
            except Unreachable as problem:
                is_last = self._stopping.is_set()
                self._went_away(problem.reason)
                # Somewhere between half and all of it: many gateways must not come back at the same moment.
                wait = max(pause * (0.5 + secrets.randbelow(512) / 1024), min(problem.after, _LONGEST_AFTER))
                if is_last or (self._stopping.wait(wait) and self._backlog.spool is not None):
                    return
                pause = min(pause * 2, self._pace.longest_pause)
            else:
                pause = self._pace.first_pause
                self._came_back(took=bool(batch))

    def _open_spool(self) -> None:
        """Open it at the start, and now and then as long as that did not work: disks are mended."""
        now = time.monotonic()
        if self._backlog.lacks_spool and now >= self._spool_look:
            self._spool_look = now + self._pace.longest_pause
            left = self._backlog.open()
            if left:
                notices.spool_left(output=self.name, records=left)

    def _carry(self, batch: Sequence[bytes]) -> None:
        """Have a batch carried, in parts if it is refused as a whole. Raises Unreachable when lines are left."""
        parts = deque([batch])
        tries, most = 0, _MOST_PARTS
        while parts:
            part = parts.popleft()
            tries += 1
            try:
                self.carrier.carry(part)
            except Unreachable as problem:
                self._backlog.settle(part[: problem.taken])
                raise
            except Refused as problem:
                if not part:
                    raise Unreachable(problem.reason) from problem
                if len(part) > 1 and not problem.taken and not problem.whole and tries < most:
                    middle = len(part) // 2
                    parts.extendleft((part[middle:], part[:middle]))
                else:
                    self._refusal = problem.reason
                    self._backlog.settle(part[: problem.taken], refused=len(part) - problem.taken)
            except Exception as problem:
                # Whatever it is, the thread goes on, and the lines are kept.
                raise Unreachable(describe(problem)) from problem
            else:
                most += _MORE_PARTS
                self._backlog.settle(part)

    # Telling.

    def _went_away(self, reason: str) -> None:
        if self.state is State.STOPPED:
            return
        if not self.trouble:
            self._away_since, self._tries = time.monotonic(), 0
        # Whoever sees the state may rely on the disk having it all.
        self._backlog.put_aside()
        self.trouble = reason
        self.state = State.UNREACHABLE
        self._tries += 1
        self.counters.retried += 1
        if self._on_state is not None:
            self._on_state(self.name, reason)
        if not self._is_outage_said and self._may_say("outage"):
            self._is_outage_said = True
            notices.unreachable(output=self.name, address=self.carrier.address, error=reason)
        self._report()

    def _came_back(self, *, took: bool) -> None:
        """The destination is there; `took`: it had records, where some protocols have no other way to ask."""
        if self.state is State.STOPPED:
            return
        was_away, self.trouble = bool(self.trouble), ""
        self._backlog.is_away = False
        self.state = State.WORKING
        if self._on_state is not None:
            self._on_state(self.name, None)
        address = self.carrier.address
        if was_away and self._is_outage_said:
            self._is_outage_said = False
            seconds = round(time.monotonic() - self._away_since, 1)
            notices.recovered(output=self.name, address=address, tries=self._tries, seconds=seconds)
        elif took and not self._has_worked:
            notices.connected(output=self.name, address=address)
        self._has_worked |= took
        self._report()

    def _report(self) -> None:
        """Say what was lost since it was last said."""
        now, said = self.counters, self._reported
        backlog = self._backlog
        if backlog.spool_trouble and self._may_say("spool failed"):
            notices.spool_failed(output=self.name, error=backlog.spool_trouble)
            backlog.spool_trouble = ""
        if backlog.has_overflown and backlog.spool is not None and self._may_say("spool full"):
            backlog.has_overflown = False
            notices.spool_full(output=self.name, limit=backlog.spool.limit)
        if backlog.is_behind and self._may_say("spool begun"):
            backlog.is_behind = False
            notices.spool_begun(output=self.name)
        if now.dropped > said.dropped and self._may_say("dropped"):
            new, audit = now.dropped - said.dropped, now.dropped_audit - said.dropped_audit
            said.dropped, said.dropped_audit = now.dropped, now.dropped_audit
            notices.dropped(output=self.name, dropped=new, dropped_audit=audit)
        if now.refused > said.refused and self._may_say("refused"):
            new, said.refused = now.refused - said.refused, now.refused
            notices.refused(output=self.name, address=self.carrier.address, refused=new, error=self._refusal)

    def _may_say(self, what: str) -> bool:
        now = time.monotonic()
        if now - self._said.get(what, float("-inf")) < self._pace.say_every:
            return False
        self._said[what] = now
        return True
