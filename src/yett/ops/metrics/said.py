"""Counting events, in the thread that writes them: whoever says something pays nothing for it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from yett.events import Declaration, Record, pipeline
from yett.kernel.metrics import Metric, Sample, Tally, counter, gauge

EVENTS = counter(
    "yett_events_total",
    "Records written to the log, by level and code; events below the level in force make none.",
    "level",
    "code",
)
DROPPED = counter("yett_events_dropped_total", "Records dropped because outputs did not keep up.", "audit")
AUDIT_FAILING = gauge("yett_audit_log_failing", "1 while audit records cannot be written down, else 0.")
WAITING = gauge("yett_events_waiting", "Records that wait to be written.")

_MOST_CODES = 4000


class EventCounts:
    """An output of the log that only counts.

    `detailed` are events of which more than the code is counted: the metric, and the label values in
    what the event carries. They have to be audit events, or the count would depend on log levels.
    """

    def __init__(
        self, detailed: Mapping[Declaration, tuple[Metric, Callable[[tuple[Any, ...]], tuple[str, ...]]]]
    ) -> None:
        self._counts: Tally[Declaration] = Tally(_MOST_CODES)
        self._detailed = detailed
        self._details: Tally[tuple[Metric, tuple[str, ...]]] = Tally()

    def write(self, records: list[Record]) -> None:
        add, detailed = self._counts.add, self._detailed
        for record in records:
            declaration = record.declaration
            add(declaration)
            if declaration in detailed:
                metric, labels = detailed[declaration]
                self._details.add((metric, labels(record.values)))

    def close(self) -> None:
        """There is nothing to close."""

    def count(self, declaration: Declaration) -> int:
        """How often an event was recorded."""
        return self._counts.get(declaration, 0)

    def samples(self) -> Iterator[Sample]:
        """What was counted so far."""
        # The writing thread goes on meanwhile; a copy is made in one step.
        for declaration, count in dict(self._counts).items():
            yield Sample(EVENTS, count, (declaration.level.name.lower(), declaration.code))
        for (metric, labels), count in dict(self._details).items():
            yield Sample(metric, count, labels)
        yield Sample(DROPPED, pipeline.dropped - pipeline.dropped_audit, ("no",))
        yield Sample(DROPPED, pipeline.dropped_audit, ("yes",))
        yield Sample(AUDIT_FAILING, int(pipeline.audit_failed))
        yield Sample(WAITING, pipeline.waiting)
