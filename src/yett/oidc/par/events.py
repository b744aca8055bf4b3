"""What pushed requests say in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name
from yett.oidc.model import Reason


@event("oidc.par", INFO, "PAR request created")
def created(client: Name, seconds: float) -> None:
    """A client pushed its request; its person has so many seconds to bring the reference. Nothing to do."""


@event("oidc.par", WARN, "Auth failed")
def auth_failed(client_address: ClientAddress, error: Name) -> None:
    """Whoever pushed a request did not prove that it is a client; `error` is what it was told.

    The entry of `oidc.client_auth` before this one says why. Look at the client's secret or key.
    """


@event("oidc.par", WARN, "request too large")
def too_large(client_address: ClientAddress, limit: int) -> None:
    """A pushed request had more than `limit` bytes and was refused. Look at who sends it."""


@event("oidc.par", WARN, "replay attempt")
def replayed(client: Name, client_address: ClientAddress) -> None:
    """A reference came again after a code had been made for it. There was no second code.

    A person who goes back in the browser causes single ones. Otherwise somebody has read the address: look at the
    client's logs and at proxies.
    """


@event("oidc.par", WARN, "PAR request refused")
def refused(client: Name, reason: Reason) -> None:
    """What a client pushed is no proper request. It was told; look at `reason`, then at the client."""


@event("oidc.par", ERROR, "Failed to generate request_uri")
def not_generated(client: Name, error: Error) -> None:
    """The request could not be kept, or the system gave no random bytes. The client was told to try later.

    Look at the store.
    """
