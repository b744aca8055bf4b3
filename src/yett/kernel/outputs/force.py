"""The outputs in force: built from settings, started, replaced while the gateway runs, and counted."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from yett.events.outputs import Output, Outputs, Pace, Spool, notices, stop_all
from yett.kernel.metrics import Sample, counter, gauge
from yett.kernel.outputs.carriers import carrier_of, filter_of
from yett.kernel.outputs.config import STANDARD, OutputSettings

RECORDS = counter(
    "yett_log_output_records_total",
    "Records of log outputs by what became of them: sent, dropped (no room) or refused (by the destination).",
    "output",
    "result",
)
BYTES = counter("yett_log_output_bytes_total", "Bytes of the records sent.", "output")
RETRIES = counter("yett_log_output_retries_total", "Failed tries to hand records over.", "output")
SPOOLED = counter("yett_log_output_spooled_total", "Records that took the way over the disk.", "output")
WAITING = gauge("yett_log_output_waiting", "Records that wait, in memory and on disk.", "output")
WORKS = gauge("yett_log_output_up", "1 while the destination takes records, else 0.", "output")

_RECORD = 1024
"""Bytes in memory that each record of `queue_limit` stands for: most have less than half of that."""

OnState = Callable[[str, str | None], None]


class OutputsInForce:
    """Builds outputs, starts and stops them, and puts changed settings in force. It blocks: call it in a thread."""

    def __init__(
        self,
        sink: Outputs,
        directory: Path | None,
        *,
        on_state: Callable[[OutputSettings], OnState | None] | None = None,
    ) -> None:
        """`directory` holds the spools; None has records wait in memory only."""
        self._sink = sink
        self._directory = directory
        self._on_state = on_state
        self._running: dict[OutputSettings, Output] = {}
        self._own: tuple[Output, ...] = ()

    def prepare(self, settings: Sequence[OutputSettings], own: Sequence[Output] = ()) -> None:
        """Make the outputs: they take records from now on, and hold them until `start`.

        `own` are outputs besides those of the settings, which stay as they are.
        """
        self._own = tuple(own)
        self._running = {each: self._made(each) for each in settings}
        self._sink.use((*self._own, *self._running.values()))

    def start(self) -> None:
        """Have what was prepared begin to send."""
        for output in self.all:
            output.start()
        self._look_for_orphans()

    def apply(self, settings: Sequence[OutputSettings]) -> None:
        """Make the settings be in force: outputs that did not change keep their queue and connection."""
        gone = [output for known, output in self._running.items() if known not in settings]
        fresh = {each: self._made(each) for each in settings if each not in self._running}
        self._running = {each: fresh.get(each) or self._running[each] for each in settings}
        # The new ones take records from here on; they begin to send when the old ones have let go of the spools.
        self._sink.use((*self._own, *self._running.values()))
        stop_all(gone, self._sink.stop_within)
        for output in fresh.values():
            output.start()
        self._look_for_orphans()

    @property
    def all(self) -> tuple[Output, ...]:
        """Those in force."""
        return self._sink.outputs

    @property
    def running(self) -> Mapping[OutputSettings, Output]:
        """The outputs of the settings."""
        return self._running

    def samples(self) -> Iterator[Sample]:
        """The numbers of all outputs."""
        for output in self._sink.outputs:
            counters, name = output.counters, output.name
            yield Sample(RECORDS, counters.sent, (name, "sent"))
            yield Sample(RECORDS, counters.dropped, (name, "dropped"))
            yield Sample(RECORDS, counters.refused, (name, "refused"))
            yield Sample(BYTES, counters.bytes, (name,))
            yield Sample(RETRIES, counters.retried, (name,))
            yield Sample(SPOOLED, counters.spooled, (name,))
            yield Sample(WAITING, output.waiting, (name,))
            yield Sample(WORKS, int(not output.trouble), (name,))

    def _made(self, settings: OutputSettings) -> Output:
        spool = None
        if self._directory is not None and settings.spool_size and settings.to not in STANDARD:
            spool = Spool(self._directory / settings.name, settings.spool_size)
        return Output(
            settings.name,
            carrier_of(settings),
            filter_of(settings),
            spool=spool,
            pace=Pace(
                queue=settings.queue_limit,
                queue_bytes=max(Pace().queue_bytes, settings.queue_limit * _RECORD),
                longest_pause=settings.retry_pause.total_seconds(),
            ),
            on_state=self._on_state(settings) if self._on_state is not None else None,
        )

    def _look_for_orphans(self) -> None:
        if self._directory is None:
            return
        known = {each.name for each in self._running}
        orphans: list[str] = []
        # A folder that cannot be looked at is no reason not to start.
        with contextlib.suppress(OSError):
            orphans = sorted(
                each.name
                for each in self._directory.iterdir()
                if each.name not in known and any(each.glob("*.lines"))
            )
        if orphans:
            notices.spool_orphaned(outputs=tuple(orphans))
