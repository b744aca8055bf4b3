"""What personal access tokens say in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Error, Name, Names, User
from yett.oidc.personal.model import NotMade


@event("oidc.pat.issue", INFO, "PAT issued", audit=True)
def issued(user: User, token: Name, scopes: Names, lifetime: float) -> None:
    """A person made a token that acts in their name for as many seconds, and was told by mail.

    Whoever did not make it has somebody in their session: revoke it, and end their sessions.
    """


@event("oidc.pat.issue", ERROR, "Signing key not loaded")
def key_not_loaded(user: User, error: Error) -> None:
    """There is no key to sign tokens with, so none was made. The error says what is missing; look at `oidc.keys`."""


@event("oidc.pat.issue", ERROR, "signing failed")
def signing_failed(user: User, error: Error) -> None:
    """There is a key, but it did not sign, so no token was made. Look at the error and at `oidc.keys`."""


@event("oidc.pat.issue", ERROR, "session failed")
def session_failed(user: User, error: Error) -> None:
    """A token could not be written down, so it was thrown away. Look at the store."""


@event("oidc.pat.issue", WARN, "PAT refused", audit=True)
def refused(user: User, reason: NotMade) -> None:
    """A person asked for a token that they may not have. `too_many` and `name_taken` are theirs to settle.

    `person` means that they are not in `oidc.personal.groups`, or no longer somebody who may sign in.
    Look at the reason, and at those groups.
    """


@event("oidc.pat.revoke", INFO, "PAT revoked", audit=True)
def revoked(user: User, token: Name, by: Detail) -> None:
    """A token is worth nothing from now on, and its owner was told by mail. `by` is who did it. Nothing to do."""


@event("oidc.pat.revoke", INFO, "All PATs of a user revoked", audit=True)
def all_revoked(user: User, tokens: int, by: Detail) -> None:
    """A person was disabled or removed, or an operator ended all their tokens. Nothing to do."""


@event("oidc.pat.revoke", ERROR, "PAT could not be revoked")
def not_revoked(user: User, error: Error) -> None:
    """The store did not take it, so the token is still good; whoever asked was told.

    Look at the store, then try again.
    """


@event("oidc.pat.use", WARN, "PAT of another person refused", audit=True)
def of_another(user: User, token: Name) -> None:
    """A token was made for somebody who had this name before. It is worth nothing, and will be removed.

    Somebody still has it in use: tell them to stop.
    """


@event("oidc.pat.follow", WARN, "PATs could not be read")
def unreadable(user: User, error: Error) -> None:
    """What is kept of a person's tokens is damaged, or of a later version. They are refused until it can be read.

    Look at the store, or go back to the later version.
    """


@event("oidc.pat.follow", WARN, "Use of PATs not written down")
def use_unwritten(error: Error) -> None:
    """When tokens were last used is known to this node only for now; it is tried again. Look at the store."""


@event("oidc.pat.expiry", INFO, "Owner reminded that a PAT ends")
def reminded(user: User, token: Name, days: int) -> None:
    """A token ends in so many days, and its owner was told by mail. Nothing to do."""


@event("oidc.pat.expiry", WARN, "Expiry of PATs not settled")
def unsettled(user: User, error: Error) -> None:
    """A person could not be told that a token ends, or ended. It is tried again; it ends all the same.

    Look at the mail server and the store if it repeats.
    """
