"""What is said about signing requests."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import App, Name


@event("proxy.request_signing", WARN, "Body hash failure")
def body_not_hashed(app: App, limit: int, size: int, is_refused: bool) -> None:
    """A body was longer than is held back, so the request went on without a signature, or was refused.

    Size 0: the request did not say. Raise `request_signing.max_body`, or give uploads a mapping of their own.
    """


@event("proxy.request_signing", DEBUG, "Request signed successfully")
def signed(app: App, key_id: Name, covered: int) -> None:
    """A request goes on with a signature over that many of its parts. Nothing to do."""
