"""What onboarding says in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Error, Name, User
from yett.signin.onboarding.model import Refusal


@event("onboarding.init", INFO, "Onboarding disabled (console not enabled)")
def disabled() -> None:
    """`onboarding.enabled` is off, so there is no such page, and invitations lead nowhere."""


@event("onboarding.init", INFO, "Onboarding service route registered at /onboarding")
def registered() -> None:
    """People can set up their first passkey or app by themselves. Nothing to do."""


@event("onboarding.mfa_session", ERROR, "Failed to create mfa_pending session for passkey enrollment")
def session_not_created(user: User) -> None:
    """The person could not go on to set up a passkey or an app. Look at the store; the record before says more."""


@event("onboarding.mfa_session", ERROR, "Invalid session response type")
def session_invalid(user: User) -> None:
    """The session that was just made is gone, or is not one for enrolling, so nothing was set up.

    The person may have been disabled at that moment; if not, look at the store.
    """


@event("onboarding.passkey", INFO, "Onboarding: authenticated user entering passkey enrollment", audit=True)
def entering(user: User, method: Name) -> None:
    """The person has proven enough to set up their first passkey or app. `method` is how; nothing to do."""


@event("onboarding.invitation", INFO, "Invitation created", audit=True)
def invited(user: User, by: Name, lifetime: float) -> None:
    """An operator let somebody set up their account. Earlier invitations of the person are no longer good."""


@event("onboarding.invitation", INFO, "Invitation used", audit=True)
def used(user: User, client_address: ClientAddress) -> None:
    """Somebody opened the invitation of the person and went on. If it was not them, revoke what was set up."""


@event("onboarding.invitation", WARN, "Invitation refused", audit=True)
def refused(user: User, reason: Refusal, client_address: ClientAddress) -> None:
    """A link was opened that is good no more, or never was. Single ones are people who open a link twice.

    Send the person another if they ask for it; look at the address if many come from one.
    """


@event("onboarding.invitation", INFO, "Invitation withdrawn", audit=True)
def withdrawn(user: User, by: Name) -> None:
    """The link that the person got leads nowhere from now on. Nothing to do."""


@event("onboarding.invitation", ERROR, "Invitation could not be read")
def unreadable(error: Error) -> None:
    """Nobody gets on with an invitation at the moment. Look at the store."""
