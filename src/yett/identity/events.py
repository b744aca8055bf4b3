"""What the directory says."""

from yett.events import DEBUG, INFO, WARN, event
from yett.events.fields import Error, Name, Names, User


@event("directory.init", INFO, "Initializing directory service")
def initializing() -> None:
    """The directory starts to gather people from its sources. Nothing to do."""


@event("directory.init", INFO, "Directory service initialized")
def initialized(people: int, disabled: int, sources: Names) -> None:
    """Everybody is known. No people at all means that nobody can sign in: `yett users add` makes the first."""


@event("directory.callback", INFO, "Registered user updated callback")
def updated_callback_registered(name: Name) -> None:
    """A part of the gateway wants to hear when a person changes. Nothing to do."""


@event("directory.callback", INFO, "Registered user disabled callback")
def disabled_callback_registered(name: Name) -> None:
    """A part of the gateway wants to hear when a person is disabled. Nothing to do."""


@event("directory.index", WARN, "Failed to update email index")
def email_index_failed(user: User, people: int) -> None:
    """Several people have the same mail address, which finds none of them. Give each one of their own."""


@event("directory.index", INFO, "User disabled, revoking OIDC tokens and sessions")
def disabled(user: User) -> None:
    """From now on the person is refused everywhere, and what they had open is being ended."""


@event("directory.index", INFO, "User removed, revoking OIDC tokens and sessions")
def removed(user: User) -> None:
    """No source knows the person any more; they are refused, and what they had open is being ended."""


@event("directory.index", WARN, "User replaced, revoking OIDC tokens and sessions", audit=True)
def replaced(user: User) -> None:
    """The name is another person's from now on: another entry of the same source, or one of another source.

    What the one before had open is being ended, and what is kept about them is not given to the
    other. If both are the same person, `yett admin belongings return` gives it back.
    """


@event("directory.index", WARN, "Failed to initiate OIDC token revocation")
def token_revocation_failed(user: User, error: Error) -> None:
    """It is tried again until it works. Look at the store when this repeats."""


@event("directory.index", WARN, "Failed to initiate session revocation")
def session_revocation_failed(user: User, error: Error) -> None:
    """It is tried again until it works; meanwhile every request of the person is refused all the same.

    Look at the store.
    """


@event("directory.index", DEBUG, "Calling user disabled callback via hexdcall")
def calling_disabled_callback(user: User, name: Name) -> None:
    """A part of the gateway is being told that a person is out. Nothing to do."""


@event("directory.index", WARN, "Failed to call user disabled callback")
def disabled_callback_failed(user: User, name: Name, error: Error) -> None:
    """The named part could not react; it is told again until it can. The error is the lead.

    Look at it if the part does not recover.
    """


@event("directory.index", WARN, "Failed to call user updated callback")
def updated_callback_failed(user: User, name: Name, error: Error) -> None:
    """The named part could not react to a changed person and may show old facts until the next change.

    Look at the error.
    """
