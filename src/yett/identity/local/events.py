"""What is said about the users file."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Detail, Groups, Name, User


@event("identity.local", INFO, "Users file loaded")
def loaded(file: Name, people: int) -> None:
    """The people of the file are known from now on. Nothing to do."""


@event("identity.local", ERROR, "Users file refused")
def refused(file: Name, mistakes: int, detail: Detail) -> None:
    """The gateway does not start with a users file it cannot trust. Mend what the detail names."""


@event("identity.local", ERROR, "Users file refused, last good people stay", audit=True)
def kept(file: Name, mistakes: int, detail: Detail) -> None:
    """A change of the file has mistakes and is not in force, except that whoever it disables is out.

    Mend what the detail names; until then nothing else of the new file counts.
    """


@event("identity.local", INFO, "Users file accepted again")
def accepted_again(file: Name, people: int) -> None:
    """The mistakes are mended and the file is in force. Nothing to do."""


@event("identity.local", INFO, "Person added", audit=True)
def person_added(user: User, groups: Groups) -> None:
    """Somebody new may sign in. If nobody of yours did this, look at who can write the file."""


@event("identity.local", INFO, "Person changed", audit=True)
def person_changed(user: User, groups: Groups, groups_before: Groups) -> None:
    """Groups, name, mail address or password are others now. More groups may mean more rights."""


@event("identity.local", WARN, "Person disabled", audit=True)
def person_disabled(user: User) -> None:
    """The person is refused from now on, and what they had open ends. `yett users enable` takes it back."""


@event("identity.local", INFO, "Person enabled", audit=True)
def person_enabled(user: User) -> None:
    """The person may sign in again."""


@event("identity.local", WARN, "Person removed", audit=True)
def person_removed(user: User) -> None:
    """The person is in the file no more; what they had open ends. Nothing to do if it was meant."""
