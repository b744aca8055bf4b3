"""What compression says in the log."""

from yett.events import DEBUG, event
from yett.events.fields import App
from yett.proxy.compression.model import Coding


@event("listener.compression", DEBUG, "Response compressed")
def compressed(app: App, coding: Coding, bytes_in: int, bytes_out: int) -> None:
    """A response went out smaller than it came, or should have.

    Where `bytes_out` is hardly less than `bytes_in`, take the content type out of
    `proxy.compression.types`.
    """
