"""What HTTP/2 says besides what the HTTP engine says."""

from yett.events import WARN, event
from yett.events.fields import Detail, Name, RemoteAddress


@event("listener.http.error", WARN, "HTTP server errors: HTTP/2 connection ended")
def connection_ended(client: RemoteAddress, code: Name, detail: Detail) -> None:
    """A client broke the rules of HTTP/2, and all of its requests were broken off with the connection.

    ENHANCE_YOUR_CALM is somebody who makes the gateway work for nothing, by resetting requests or by floods of
    frames: an attack, or a client with a defect. The other codes are those of RFC 9113. Ban the address if it
    goes on; for a client of yours, look at its version.
    """
