"""What signing in through another provider says. What the provider said stands under `identity.oidc.…`."""

from yett.events import DEBUG, ERROR, INFO, WARN, event
from yett.events.fields import ClientAddress, Name, SessionRef, User
from yett.signin.model import Turned


@event("signin.federated", DEBUG, "Federated sign-in started")
def started(provider: Name, client_address: ClientAddress) -> None:
    """Somebody chose a provider. One step of normal work."""


@event("signin.federated", WARN, "Federated sign-in rate limited")
def too_many(provider: Name, client_address: ClientAddress, retry_after: float) -> None:
    """One address left for providers more often than `identity.federation.trips_per_minute`, and was told to wait.

    Raise it if many people sit behind that address; block the address if nobody does.
    """


@event("signin.federated", INFO, "Federated sign-in successful", audit=True)
def succeeded(user: User, provider: Name, outcome: Name, client_address: ClientAddress) -> None:
    """The provider vouches for the person; `outcome` tells what comes next: in, or another factor."""


@event("signin.federated", WARN, "Federated sign-in turned away", audit=True)
def turned_away(user: User, provider: Name, why: Turned, client_address: ClientAddress) -> None:
    """The provider vouches for the person, and they may not come in here all the same.

    Look at the reason, and at the account.
    """


@event("signin.federated", ERROR, "Failed to create session")
def session_failed(user: User, provider: Name) -> None:
    """The person proved who they are but was turned away, because no session could be kept. Look at the store."""


@event("signin.federated", WARN, "Provider account not linked", audit=True)
def not_linked(user: User, provider: Name, client_address: ClientAddress) -> None:
    """Somebody tried to connect an account that leads to another person here.

    Ask that person which account is theirs; unlink the other one if it is wrong.
    """


@event("signin.federated", WARN, "Session ended: provider does not vouch any more", audit=True)
def no_longer_vouched(user: User, provider: Name, session: SessionRef) -> None:
    """The provider was asked again and said no: the person was removed there, or their sessions were ended.

    Nothing to do.
    """
