"""What tracing says in the log."""

from yett.events import INFO, WARN, console, event
from yett.events.fields import Address, Detail, Error
from yett.kernel.tracing.config import Incoming

shutdown_failed = console(
    "[TELEMETRY] OTLP provider shutdown error: %s",
    stream="stderr",
    advice=(
        "The collector did not take the last spans, or records, before the gateway ended. Spans are lost; records "
        "wait in the spool for the next start, but for those that the line calls lost. Look at the collector."
    ),
)


@event("tracing.export", INFO, "Tracing started")
def started(endpoint: Address, ratio: float, incoming: Incoming) -> None:
    """Requests are traced from here on. With `continue`, whoever can ask decides what is recorded."""


@event("tracing.export", WARN, "Spans cannot be exported")
def failing(endpoint: Address, error: Error) -> None:
    """The collector does not take spans. They are offered again for a while, then dropped; requests go on.

    This is said once; "Spans are exported again" tells how many were lost. Look at the collector and
    `tracing.endpoint`.
    """


@event("tracing.export", INFO, "Spans are exported again")
def recovered(endpoint: Address, lost: int) -> None:
    """The fault is over. As many spans as the field says never arrived."""


@event("tracing.export", WARN, "Spans rejected by the collector")
def rejected(endpoint: Address, count: int, detail: Detail) -> None:
    """The collector took an export only in part; `detail` is its reason. Look at the collector."""


@event("tracing.export", WARN, "Spans dropped")
def dropped(count: int) -> None:
    """More spans were made than the collector took since this was last said. Lower `ratio`, or raise `queue_limit`."""
