"""What is said about guessing.

A name that nobody has is never written down: people type their password into the wrong box.
"""

from yett.authn.guessing.guesses import By
from yett.events import WARN, event
from yett.events.fields import User


@event("authn.password", WARN, "Password attempts throttled", audit=True)
def throttled(user: User, by: By, failures: int, wait_seconds: float) -> None:
    """After too many wrong passwords the next try has to wait; it was not checked.

    By `person_and_address` the same person can still sign in from elsewhere. By `address` somebody
    tries many names; consider a block at the firewall.
    """


@event("authn.password", WARN, "Many wrong passwords for one person", audit=True)
def guessed_at(user: User, failures: int) -> None:
    """Said at 20, 40, 80 and so on, from whatever addresses. Nobody is locked out by it; talk to the person."""
