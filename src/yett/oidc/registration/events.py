"""What registration says in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Detail, Error, Host, Name
from yett.oidc.clients import AuthMethod
from yett.oidc.registration.config import Mode
from yett.oidc.registration.model import Fault, UnusableToken


@event("oidc.dcr", INFO, "Dynamic client registered", audit=True)
def registered(
    client: Name, name: Detail, host: Host, auth_method: AuthMethod, mode: Mode, client_address: ClientAddress
) -> None:
    """An application registered itself and may ask people for consent from now on; `host` is where it sends them.

    If nobody knows it, `yett admin oidc clients revoke` with its id; `client` begins with what its id begins with.
    """


@event("oidc.dcr", WARN, "Dynamic registration refused")
def refused(reason: Fault, detail: Detail, client_address: ClientAddress) -> None:
    """An application was not registered; it heard the same sentence. Have its author correct what it names."""


@event("oidc.dcr", WARN, "Dynamic registration without a usable token", audit=True)
def token_refused(reason: UnusableToken, client_address: ClientAddress) -> None:
    """Registering takes a token that an operator made, and this was none, or it is spent.

    Make one with `yett admin oidc registration-token`. Many of these from one address are guesses.
    """


@event("oidc.dcr", WARN, "Dynamic registration rate limited")
def rate_limited(client_address: ClientAddress, retry_after: float) -> None:
    """There were too many registrations, from there or at all. See `oidc.registration.per_hour`."""


@event("oidc.dcr", ERROR, "Dynamic registration unavailable")
def unavailable(error: Error) -> None:
    """The store did not answer, so no token could be spent and nobody registered. Look at the store."""


@event("oidc.dcr", INFO, "Registration token made", audit=True)
def token_made(uses: int, lifetime: float) -> None:
    """An operator made a token with which so many applications may register, within as many seconds."""


@event("oidc.dcr", INFO, "Dynamic client revoked", audit=True)
def revoked(client: Name, name: Detail) -> None:
    """An operator revoked a client that had registered itself: it is unknown from now on, and its tokens are over."""


@event("oidc.dcr", INFO, "Dynamic client restored", audit=True)
def restored(client: Name, name: Detail) -> None:
    """An operator took a revocation back."""
