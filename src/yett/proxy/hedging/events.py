"""What hedging says in the log."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import App, Name
from yett.proxy.hedging.model import Skip


@event("proxy.hedge", DEBUG, "Hedge fired")
def fired(app: App, hedges: int, delay: float, primary_backend: Name, backend: Name) -> None:
    """`primary_backend` did not answer within `delay` seconds, so `backend` got a copy; `hedges` so far.

    Many for one backend mean that it is slower than the others.
    """


@event("proxy.hedge", DEBUG, "Hedge skipped")
def skipped(app: App, reason: Skip) -> None:
    """No copy of this request was or will be sent. Nothing to do, unless all of them are to have one."""


@event("proxy.hedge", WARN, "All hedge attempts failed")
def all_failed(app: App, total_attempts: int) -> None:
    """Neither the request nor any copy of it got an answer; several backends fail at once. Look at them."""
