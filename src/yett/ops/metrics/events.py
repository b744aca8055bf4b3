"""What the metrics endpoint says in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Address, Error, Host


@event("metrics.endpoint", INFO, "Metrics endpoint started")
def started(address: Address) -> None:
    """Whoever reaches this address can read the metrics. They name applications and backends, and no people."""


@event("metrics.endpoint", ERROR, "Metrics endpoint cannot listen")
def cannot_listen(address: Address, error: Error) -> None:
    """The gateway serves its applications, but monitoring is blind. Free the address or change `metrics.listen`."""


@event("metrics.endpoint", WARN, "Metrics refused for this host name")
def host_refused(host: Host) -> None:
    """The endpoint was asked by a name that is not its own. Add it to `metrics.hosts` if monitoring asks so.

    Otherwise a page in somebody's browser may be trying to read the metrics by way of a name that it
    points at this machine.
    """


@event("metrics.endpoint", DEBUG, "Metrics scraped")
def scraped(families: int, bytes: int) -> None:  # noqa: A002 - the name of the field
    """Monitoring has read the metrics. Nothing to do."""
