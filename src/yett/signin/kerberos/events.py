"""What is said about Kerberos's place in a sign-in. What the method decides it says itself."""

from yett.authn.kerberos import Reason
from yett.events import DEBUG, ERROR, INFO, event
from yett.events.fields import ClientAddress, Name, SessionRef, User
from yett.signin.model import Turned


@event("signin.kerberos", DEBUG, "Sending Negotiate challenge")
def challenged(client_address: ClientAddress) -> None:
    """A browser was asked for a ticket, and shown the other ways to sign in should it have none."""


@event("signin.kerberos", ERROR, "SPNEGO validation call failed", audit=True)
def validation_failed(reason: Reason, client_address: ClientAddress) -> None:
    """A token could not be looked at, so nobody was let in by it.

    `unavailable`: see kerberos.spnego for the keytab, and the store. `busy`: more sign in at once than
    `parallel_checks` and `waiting_checks` allow.
    """


@event("signin.kerberos", INFO, "SPNEGO authentication failed", audit=True)
def failed(reason: Reason, client_address: ClientAddress) -> None:
    """The token was refused; kerberos.security says more. The person was offered the other ways to sign in."""


@event("signin.kerberos", INFO, "SPNEGO authentication failed", audit=True, code="turned_away")
def turned_away(user: User, why: Turned, client_address: ClientAddress) -> None:
    """The ticket was right; the sign-in refused its person all the same: disabled meanwhile, or without a factor."""


@event("signin.kerberos", ERROR, "Failed to create session for SPNEGO user", audit=True)
def session_failed(user: User, client_address: ClientAddress) -> None:
    """The ticket was right, but no session could be kept. Look at the store."""


@event("signin.kerberos", ERROR, "Invalid session create response")
def session_invalid(user: User, session: SessionRef) -> None:
    """The new session was over, or another person's, before the browser had it; nobody was let in.

    Single ones happen when somebody is disabled while they sign in. Look at the store if there are many.
    """


@event("signin.kerberos", INFO, "Kerberos SPNEGO authentication successful", audit=True)
def successful(user: User, state: Name, session: SessionRef, client_address: ClientAddress) -> None:
    """The ticket was taken. `state` says whether the person is in, or asked for a second factor."""


@event("signin.kerberos", INFO, "Kerberos password sign-in", audit=True, code="password")
def password_taken(user: User, state: Name, client_address: ClientAddress) -> None:
    """Somebody signed in with the password of their principal, on the page for people without a ticket."""
