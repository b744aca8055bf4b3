"""What is said about belongings of people who are gone."""

from yett.events import INFO, WARN, event
from yett.events.fields import Error, Name, Names, User
from yett.identity.belongings.model import Why


@event("identity.belongings", INFO, "Person gone, what is kept about them is withheld", audit=True)
def left(user: User, modules: Names, seconds: float) -> None:
    """Nobody can use it. It is wiped after that time unless the very same entry comes back.

    To be rid of it now: `yett admin belongings wipe`.
    """


@event("identity.belongings", WARN, "Name has another person, what was kept under it is withheld", audit=True)
def withheld(user: User, modules: Names, seconds: float) -> None:
    """Whoever has the name now begins with nothing of their own: no passkey, no authenticator.

    If it is the same person under another entry (a directory that was moved, another attribute of ids),
    `yett admin belongings return` gives it back; else it is wiped after that time.
    """


@event("identity.belongings", INFO, "Person is back, what is kept about them is theirs again", audit=True)
def back(user: User, modules: Names) -> None:
    """The very same entry of the directory has the name again. Nothing to do."""


@event("identity.belongings", WARN, "What was kept about an earlier person was wiped", audit=True)
def wiped(user: User, modules: Names, why: Why) -> None:
    """It cannot be had back. The person in question sets up a passkey or an authenticator anew. Nothing to do."""


@event("identity.belongings", WARN, "What was kept about an earlier person was given to this one", audit=True)
def given(user: User, modules: Names, by: Name) -> None:
    """An operator said that both are the same person. If nobody of yours did, look at who may use the admin socket."""


@event("identity.belongings", WARN, "What is kept about a person could not be looked through")
def unsettled(user: User, error: Error) -> None:
    """It is looked through again within a day, and nobody gets what is not theirs meanwhile. Look at the store."""
