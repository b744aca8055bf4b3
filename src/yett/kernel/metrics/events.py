"""What gathering numbers says in the log."""

from yett.events import ERROR, event
from yett.events.fields import Error, Name


@event("metrics.gather", ERROR, "Metrics source failed")
def source_failed(source: Name, error: Error) -> None:
    """Some metrics are missing from what monitoring reads; all others are there. It is a defect: please report it.

    Said once for each source. `yett_metrics_failed_sources` shows how many fail at the moment.
    """
