"""What sending again says in the log."""

from yett.events import DEBUG, INFO, WARN, event
from yett.events.fields import App, Name
from yett.proxy.retrying.model import Cause


@event("proxy.retry", INFO, "Retrying request")
def retrying(app: App, attempt: int, backend: Name, cause: Cause, status: int) -> None:
    """A try failed, and number `attempt` goes to `backend`. `status` is that of the failed one, 0 without an answer.

    Single ones are what retrying is for; many call for a look at the backends that failed.
    """


@event("proxy.retry", DEBUG, "Retry succeeded")
def retry_succeeded(app: App, attempt: int) -> None:
    """The client got a good answer after all and noticed nothing but the time. Nothing to do."""


@event("proxy.retry", WARN, "Retry budget exceeded")
def budget_exceeded(app: App, pool_id: Name) -> None:
    """Too much fails for everything to be sent again, so the client got what there was.

    `pool_id` is the pool, or the service of a mapping without one. Look at why it fails; a larger
    budget makes an overload worse.
    """


@event("proxy.retry", WARN, "All retry attempts exhausted")
def attempts_exhausted(app: App, max_attempts: int) -> None:
    """As many tries as the mapping allows have failed; the client got what the last one gave. Look at the backends."""
