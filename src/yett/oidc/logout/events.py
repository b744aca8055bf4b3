"""What signing out says in the log."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import Error, Name, SessionRef, User
from yett.oidc.logout.model import Wrong


@event("oidc.logout", INFO, "Logout completed, tokens revoked", audit=True)
def completed(user: User, session: SessionRef, client: Name, tokens: int) -> None:
    """An application signed a person out, here and everywhere behind this sign-on. Nothing to do.

    `tokens` is how many grants of clients ended with it.
    """


@event("oidc.logout", DEBUG, "Logout has to be confirmed")
def asked(user: User, client: Name) -> None:
    """The request proved nothing about this session, so its person was asked. Nothing to do."""


@event("oidc.logout", WARN, "Logout request refused")
def refused(client: Name, reason: Wrong) -> None:
    """`redirect_uri`: register the address with the client. `other_client`: two applications share a browser's state.

    The person was offered to sign out all the same, and not sent anywhere. Look at the client's settings.
    """


@event("oidc.logout.backchannel", INFO, "Client told of logout", audit=True)
def told(user: User, session: SessionRef, client: Name, attempts: int) -> None:
    """A client heard that a session is over, and says that it ended its own. Nothing to do."""


@event("oidc.logout.backchannel", DEBUG, "Client not told of logout yet")
def not_told_yet(client: Name, session: SessionRef, attempts: int, status: int, error: Error) -> None:
    """A client did not answer, or with another status than 200; it is told again. Nothing to do."""


@event("oidc.logout.backchannel", WARN, "Client could not be told of logout", audit=True)
def not_told(user: User, session: SessionRef, client: Name, attempts: int, status: int, error: Error) -> None:
    """A client may still hold a session of somebody who is signed out; it has no tokens that work.

    Look at the client's address for this (`backchannel_logout_uri`), and at its log.
    """


@event("oidc.logout.backchannel", ERROR, "Clients of a session not looked up")
def not_gathered(session: SessionRef, error: Error) -> None:
    """The store did not answer, so nobody knows yet who has to be told. It is tried again. Look at the store."""
