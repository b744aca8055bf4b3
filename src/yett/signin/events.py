"""What signing in and out says in the log.

What the password method decides (right, wrong, unknown, busy) it says itself; here stands what
becomes of it.
"""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Name, SessionRef, User
from yett.sessions import Refusal
from yett.signin.model import FormFault


@event("signin.complete", INFO, "Authentication completed")
def completed(user: User, method: Name) -> None:
    """Every proof that was asked for has been given. A session is made next. Nothing to do."""


@event("signin.finalize", ERROR, "Failed to create session", audit=True)
def session_failed(user: User, reason: Refusal) -> None:
    """The person proved who they are but was turned away, because no session could be kept.

    Look at the store: its disk may be full or damaged. Nobody signs in until that is mended.
    """


@event("signin.success", INFO, "User signed in successfully", audit=True)
def signed_in(user: User, method: Name, session: SessionRef, client_address: ClientAddress) -> None:
    """A new sign-on session exists. Nothing to do."""


@event("signin.person", INFO, "Account is disabled", audit=True)
def account_disabled(user: User, client_address: ClientAddress) -> None:
    """The right credential of a disabled account was used; the person saw a general refusal.

    Ask them about it: either nobody told them, or somebody else knows the credential.
    """


@event("signin.person", WARN, "User not found in directory", audit=True)
def person_gone(user: User, client_address: ClientAddress) -> None:
    """The credential was right, but the directory does not know the person. They were turned away.

    The account was removed a moment ago, or the directory lacks a source it should have.
    """


@event("signin.form", WARN, "Sign-in form refused")
def form_refused(reason: FormFault, client_address: ClientAddress) -> None:
    """A form was sent that this gateway did not give to that browser.

    Single ones come from browsers that keep no cookies. Many of them mean that another site
    tries to sign people in or out.
    """


@event("signin.form", INFO, "Sign-in form expired")
def form_expired() -> None:
    """The page had been open for longer than `signin.form_lifetime`; a fresh one was shown. Nothing to do."""


@event("signin.signout", INFO, "User signed out", audit=True)
def signed_out(user: User, session: SessionRef) -> None:
    """The person ended their sign-on session, and with it every application session under it."""
