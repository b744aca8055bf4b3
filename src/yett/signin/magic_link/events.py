"""What signing in by link says in the log, besides what the method says itself."""

from yett.authn.magic_link import Action, Fault
from yett.events import ERROR, INFO, event
from yett.events.fields import ClientAddress, User
from yett.signin.model import Turned


@event("signin.magiclink", ERROR, "Initiate failed", audit=True)
def initiate_failed(reason: Fault, client_address: ClientAddress) -> None:
    """Somebody asked for a link and got none, for a reason of ours; the records before this one say which.

    Look at them.
    """


@event("signin.magiclink.verify", INFO, "Magic link verified", audit=True)
def verified(user: User, action: Action, client_address: ClientAddress) -> None:
    """Whoever reads a person's mailbox opened a link and let somebody in: here, or the browser that asked."""


@event("signin.magiclink.verify", ERROR, "Failed to finalize authentication")
def not_finalized(user: User, reason: Turned) -> None:
    """The link was right, but nobody was signed in by it; the records before this one say why. Look at them."""
