"""Standard output in place of OpenTelemetry outputs that cannot start.

An OTLP output starts when its collector has answered for the first time. Until then records are held
back; once it is known to fail, or has kept silent for a few seconds, they go to standard output (where
`telemetry.format` has it written anyway, there is only the notice), and so does what follows, until
the collector answers. The output's own spool keeps the same records meanwhile and sends them then:
they are found at both places, and missing at none. A collector that goes away later is the spool's matter alone.
"""

import enum
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from yett.events import Native, Record, console
from yett.events.dialects import Unwritable
from yett.events.outputs import Filter, Output

_PATIENCE = 5.0
_MOST = 10_000
"""Lines held back; older ones give way, and are in the spool all the same."""

exporter_failed = console(
    "[TELEMETRY] Failed to initialize OTLP exporter: %s (falling back to stdout)",
    stream="stderr",
    advice=(
        "The collector of an otlp output did not take the first export. Records go to standard output until it "
        "does, and wait for it in the spool; nothing needs to be restarted. Look at the address, the "
        "certificates and the collector."
    ),
)


class _State(enum.Enum):
    STARTING = "starting"
    FAILED = "failed"
    WORKING = "working"


@dataclass(eq=False, slots=True)
class _Watched:
    """One output, until it works."""

    filter: Filter
    since: float = field(default_factory=time.monotonic)
    state: _State = _State.STARTING


class Fallback:
    """A `Sink` that holds back, prints or lets go. Outputs' threads tell it how they fare."""

    def __init__(
        self, native: Native, standard: Callable[[], Output], *, patience: float = _PATIENCE
    ) -> None:
        """`standard` makes the output that stands in."""
        self.is_needed = True
        """Whether standard output is free. Where it is written anyway there are only the notices."""
        self._native = native
        self._make = standard
        self._patience = patience
        self._watched: dict[str, _Watched] = {}
        self._held: deque[tuple[bytes, list[_Watched]]] = deque(maxlen=_MOST)
        self._standard: Output | None = None
        self._lock = threading.Lock()

    def watch(self, name: str, wanted: Filter) -> Callable[[str, str | None], None]:
        """Stand in for an output that is about to start; the answer is to be told why it fails, or None."""
        watched = _Watched(wanted)
        with self._lock:
            before = self._watched.get(name)
            self._watched[name] = watched
            if before is not None:
                # Its settings changed: what waited for the old one waits for the new one, which has its spool.
                before.state = _State.WORKING
                for _, wanting in self._held:
                    wanting[:] = [watched if each is before else each for each in wanting]

        def tell(_name: str, reason: str | None) -> None:
            self._told(watched, reason)

        return tell

    def keep_only(self, names: Collection[str]) -> None:
        """Stand in for nobody else any longer."""
        with self._lock:
            for name in [each for each in self._watched if each not in names]:
                self._watched.pop(name).state = _State.WORKING
            self._sort()

    @property
    def is_active(self) -> bool:
        """Whether standard output stands in for some output."""
        return any(each.state is _State.FAILED for each in list(self._watched.values()))

    def write(self, records: list[Record]) -> None:
        if not self.is_needed:
            return
        with self._lock:
            waiting = [each for each in self._watched.values() if each.state is not _State.WORKING]
            if not waiting:
                return
            for record in records:
                wanting = [each for each in waiting if each.filter.wants(record)]
                if wanting:
                    self._hold(record, wanting)
            self._sort()

    def tick(self) -> None:
        """Called again and again: silence is a failure, too."""
        now = time.monotonic()
        for each in list(self._watched.values()):
            if each.state is _State.STARTING and now - each.since >= self._patience:
                self._told(each, f"no answer within {self._patience:g} seconds")

    def close(self) -> None:
        """Print what is still held back: nobody else is known to have it."""
        for each in list(self._watched.values()):
            if each.state is _State.STARTING:
                self._told(each, "no answer before the end")
        if self._standard is not None:
            self._standard.stop()

    def _told(self, watched: _Watched, reason: str | None) -> None:
        with self._lock:
            is_news = watched.state is _State.STARTING and reason is not None
            if reason is None:
                watched.state = _State.WORKING
            elif is_news:
                watched.state = _State.FAILED
            self._sort()
        if is_news:
            exporter_failed(reason)

    def _hold(self, record: Record, wanting: list[_Watched]) -> None:
        try:
            self._held.append((self._native.line(record), wanting))
        except Unwritable:
            return  # said by the sink that writes all of them

    def _sort(self) -> None:
        """Print what somebody failed to send, and let go of what nobody waits for."""
        held, self._held = self._held, deque(maxlen=_MOST)
        lines: list[bytes] = []
        for line, wanting in held:
            states = {each.state for each in wanting}
            if _State.FAILED in states:
                lines.append(line)
            elif _State.STARTING in states:
                self._held.append((line, wanting))
        if lines:
            if self._standard is None:
                self._standard = self._make()
                self._standard.start()
            self._standard.offer(lines)
