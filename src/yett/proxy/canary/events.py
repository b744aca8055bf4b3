"""What a canary says in the log."""

from yett.events import DEBUG, event
from yett.events.fields import App, Name
from yett.proxy.canary.model import Version


@event("proxy.canary", DEBUG, "Routing to stable backend")
def to_stable(app: App, version: Version, backend: Name) -> None:
    """The visitor gets the version that most people get. Nothing to do."""


@event("proxy.canary", DEBUG, "Routing to canary backend")
def to_canary(app: App, version: Version, backend: Name) -> None:
    """The visitor gets the canary. What they meet there shows in their requests' records, by backend."""
