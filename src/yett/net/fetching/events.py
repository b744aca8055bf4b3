"""What outbound requests say. What becomes of an answer is said by whoever asked."""

from yett.events import DEBUG, WARN, event
from yett.events.fields import Error, Host


@event("net.fetching", WARN, "Outbound request refused: no public address", audit=True)
def address_refused(host: Host) -> None:
    """A name that was to be asked leads to this machine, a private network or a metadata service only.

    If the server really is there, add its network to `net.fetching.allow`. Otherwise somebody tries to
    have the gateway ask inside your network: find out whose document or client names the host.
    """


@event("net.fetching", DEBUG, "Outbound request failed")
def failed(host: Host, error: Error) -> None:
    """No answer came; whoever needed it says what follows from that."""


@event("net.fetching", DEBUG, "Outbound request answered")
def answered(host: Host, status: int, size: int) -> None:
    """One step of normal work."""
