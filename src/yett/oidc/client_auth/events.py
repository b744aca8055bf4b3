"""What is said about clients that prove who they are, or fail to.

An id that no client has is never written down: anybody can send any text. It is "unknown" then.
"""

from yett.events import ERROR, WARN, event
from yett.events.fields import ClientAddress, Error, Name
from yett.oidc.client_auth.model import Reason
from yett.oidc.jose import Flaw


@event("oidc.client_auth", WARN, "Secret mismatch")
def secret_mismatch(client: Name, client_address: ClientAddress) -> None:
    """A client showed a secret that is not its own: after a change one copy was forgotten, or somebody guesses.

    Compare the client's secret with its settings. Many from one address are guesses, and are slowed down.
    """


@event("oidc.client_auth", WARN, "JWT assertion failed")
def assertion_failed(client: Name, client_address: ClientAddress, reason: Flaw) -> None:
    """A client's signed assertion was refused; `reason` says which part of it.

    `no_key`: its `jwks` does not hold the key, or its `jwks_uri` could not be fetched. `replayed`: it came a second
    time; if the client does not repeat itself, somebody has read it. Compare the program with the client's settings.
    """


@event("oidc.client_auth", WARN, "Unknown method")
def unknown_method(client: Name, client_address: ClientAddress, reason: Reason) -> None:
    """A client tried to prove itself in another way than was agreed on, in several, or in none that there is.

    Make the client's `auth_method` and the program agree.
    """


@event("oidc.client_auth", WARN, "Unknown client")
def unknown_client(client_address: ClientAddress) -> None:
    """Somebody names a client that is not known. The answer and the time are those of a wrong secret.

    Look at the address if it goes on.
    """


@event("oidc.client_auth", WARN, "Client address not allowed", audit=True)
def address_not_allowed(client: Name, client_address: ClientAddress) -> None:
    """A client proved itself from outside of its networks and was refused. Its proof may have leaked.

    Change its secret or key, unless it has moved: then change its `networks`.
    """


@event("oidc.client_auth", WARN, "Client authentication throttled", audit=True)
def throttled(client: Name, client_address: ClientAddress, failures: int, wait_seconds: float) -> None:
    """After too many failures the next proof has to wait; it was not looked at. Look at the address."""


@event("oidc.client_auth", ERROR, "Assertions cannot be checked")
def unavailable(client: Name, error: Error) -> None:
    """The store did not answer, so nobody knows whether an assertion was shown before. It was refused.

    Look at the store.
    """
