"""What the token endpoint says. What comes of codes, refresh tokens and device codes, those say who keep them."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Name, User
from yett.events.fields import Error as ErrorText
from yett.oidc.clients import GrantType
from yett.oidc.exchange.model import Error
from yett.oidc.jose import Flaw


@event("oidc.client_credentials", INFO, "Access token generated", audit=True)
def client_served(client: Name, scope: Name, lifetime: float) -> None:
    """A client got a token for itself; nobody signed in. `lifetime` is in seconds. Nothing to do."""


@event("oidc.jwt_bearer", WARN, "Invalid JWT assertion")
def assertion_refused(client: Name, issuer: Name, reason: Flaw) -> None:
    """A client brought an assertion about a person that was refused; `reason` says which part of it.

    `issuer` is "unknown" when nobody of the settings is meant. `subject`: no such person, or the issuer may not speak
    for them. `replayed`: it came a second time; if the client does not repeat itself, somebody has read it. Compare
    what the issuer makes with `[[oidc.exchange.issuer]]`.
    """


@event("oidc.jwt_bearer", INFO, "Access token generated", audit=True)
def assertion_served(user: User, client: Name, issuer: Name, lifetime: float) -> None:
    """A client got a token in a person's name because an issuer of the settings vouched for them. They did not sign in.

    If that should not be, take the issuer out of `[[oidc.exchange.issuer]]`.
    """


@event("oidc.token", WARN, "Token request refused")
def refused(client: Name, reason: Error, client_address: ClientAddress) -> None:
    """A client that proved itself asked for something that it may not have, or in a way that nobody understands.

    `unauthorized_client`: the grant is not among its `grants`. Make the client and its settings agree.
    """


@event("oidc.token", WARN, "Token binding missing")
def unbound(client: Name, grant: GrantType) -> None:
    """The client's tokens have to be bound to a key or a certificate, and it showed neither. It got none.

    Switch DPoP or mutual TLS on in the client, or `must_bind` off for it.
    """


@event("oidc.token", WARN, "Code bound to another key")
def other_key(client: Name) -> None:
    """A code was redeemed without the key that was named when it was asked for (`dpop_jkt`). It is spent.

    Somebody else than who asked may have it: look at where the code may have been seen.
    """


@event("oidc.token", WARN, "Token requests throttled", audit=True)
def throttled(client: Name, wait_seconds: float) -> None:
    """The client asked more often than `oidc.exchange.max_per_client` allows. Look whether it runs in a circle."""


@event("oidc.jwt_bearer", ERROR, "Assertions cannot be checked")
def unavailable(client: Name, error: ErrorText) -> None:
    """The store did not answer, so nobody knows whether an assertion was shown before. It was refused.

    Look at the store.
    """
