"""What is said about passwords.

A name that nobody has is never written down: people type their password into the wrong box.
"""

from yett.authn.password.model import Reason
from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Error, User


@event("authn.password", INFO, "Password accepted", audit=True)
def accepted(user: User) -> None:
    """The person knew their password. Whether they are let in is decided by the sign-in that asked."""


@event("authn.password", WARN, "Password rejected", audit=True)
def rejected(user: User, reason: Reason) -> None:
    """Many of these for one person, or from one address, usually mean guessing.

    `user` is empty when nobody has the name that was typed. Look at the addresses; talk to the person if they
    were not the one.
    """


@event("authn.password", WARN, "Password check turned away, too many are waiting", audit=True)
def turned_away(user: User) -> None:
    """More people sign in at once than this machine can check. If they are yours, raise `parallel_checks`."""


@event("authn.password", ERROR, "Password check failed", audit=True)
def check_failed(user: User, error: Error) -> None:
    """The hash of this person is damaged or memory ran out; nobody was let in. `yett users passwd` mends a hash."""


@event("authn.password", INFO, "Password hash renewed", audit=True)
def hash_renewed(user: User) -> None:
    """The settings ask for other work than the stored hash was made with; it was made anew at sign-in."""


@event("authn.password", WARN, "Password hash could not be renewed")
def hash_not_renewed(user: User, error: Error) -> None:
    """The old hash goes on working. Look at whether the gateway may write its users file."""


@event("authn.password", INFO, "Password changed", audit=True)
def changed(user: User) -> None:
    """The person chose another password and knew the old one. Their other sessions end. Nothing to do."""


@event("authn.password", INFO, "Password not changed", audit=True)
def not_changed(user: User, reason: Reason) -> None:
    """Somebody who is signed in as the person did not know the old password, or chose a new one that cannot be used.

    Many of these for one person mean that somebody else sits at their browser.
    """


@event("authn.password", ERROR, "Password could not be changed")
def change_failed(user: User, error: Error) -> None:
    """The old password goes on working. Look at whether the gateway may write its users file."""
