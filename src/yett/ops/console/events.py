"""What the console says in the log. To look into somebody's log is itself something to be recorded."""

from yett.events import INFO, WARN, event
from yett.events.fields import ClientAddress, Name, Names, Sought, User
from yett.ops.console.model import Ending, Form, Refused


@event("console.init", INFO, "Console registered at /console")
def registered(groups: Names, masked_groups: Names) -> None:
    """Members of these groups can read the log in a browser. `[console]` says who; without a group there is none."""


@event("console.init", INFO, "Console disabled")
def disabled() -> None:
    """`[console]` names no group any more, so nobody reads the log in a browser."""


@event("console.access", WARN, "Console access denied", audit=True)
def denied(user: User, reason: Refused, client_address: ClientAddress) -> None:
    """Somebody who is signed in asked for the log and may not read it.

    `no_group`: add them to a group of `[console]` if they should. `network`: they may, but came from an address
    outside of `console.networks`; if they say that it was not them, somebody else has their session.
    """


@event("console.search", INFO, "Log searched in the console", audit=True)
def searched(user: User, sought: Sought, shown: int, found: int, ending: Ending, masked: bool) -> None:
    """Somebody searched the log, in these words. `deadline` means that they saw only the newest part.

    Searches for a single person without a case to go with them are worth a question.
    """


@event("console.search", WARN, "Log search refused, too many at once")
def too_many(user: User) -> None:
    """All places for searches were taken for a while. Raise `console.searches` if that happens often."""


@event("console.export", INFO, "Log export started in the console", audit=True)
def export_started(user: User, sought: Sought, form: Form, masked: bool) -> None:
    """Somebody downloads what a search finds. From here on that part of the log is also on their machine."""


@event("console.export", INFO, "Log export ended in the console", audit=True)
def export_ended(user: User, records: int, is_whole: bool) -> None:
    """So many records left. `is_whole` is false when the limit, the deadline or the reader ended it early."""


@event("console.story", INFO, "Story read in the console", audit=True)
def story_read(user: User, kind: Name, sought: Sought, records: int, masked: bool) -> None:
    """Somebody had told what is known of a request, a session or a person. Many in a row: ask them why."""
