"""What shadows say in the log."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import App, Error, Name
from yett.net.http import Failure


@event("proxy.shadow", DEBUG, "Shadow request dispatched")
def dispatched(app: App, shadow_name: Name, backend: Name) -> None:
    """A copy of this request goes to the shadow, or waits for its turn. The visitor notices nothing."""


@event("proxy.shadow", WARN, "Shadow requests dropped")
def dropped(shadow_name: Name, count: int) -> None:
    """The shadow does not keep up: `count` copies found no place since this was last said.

    Visitors notice nothing. Give the shadow fewer (`percent`) or more at once (`concurrency`).
    """


@event("shadow.dispatch", DEBUG, "Shadow request succeeded")
def succeeded(shadow_name: Name, status_code: int, latency_ms: float) -> None:
    """The shadow answered the copy. Nothing to do."""


@event("shadow.dispatch", WARN, "Shadow request failed with status")
def failed_with_status(shadow_name: Name, status_code: int, latency_ms: float) -> None:
    """The shadow answered a copy with an error. Compare with what the visitor got: that is what shadows are for.

    A copy goes without credentials unless the mapping says otherwise, so 401 and 403 may mean just that.
    """


@event("shadow.dispatch", WARN, "Shadow request error")
def failed(shadow_name: Name, error_type: Failure, latency_ms: float, error: Error) -> None:
    """A copy got no answer. Visitors notice nothing; look at the shadow."""
