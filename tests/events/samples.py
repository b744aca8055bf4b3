"""Events and records for tests of the log itself."""

import enum

from yett.events import DEBUG, INFO, WARN, Record, event
from yett.events.fields import App, Detail, Groups, Host, Method, Name, Path, User


class Reason(enum.Enum):
    NO_GROUP = "no_group"


@event("sample.plain", INFO, "Plain thing happened")
def plain(name: Name, count: int = 0) -> None:
    """Nothing to do."""


@event("sample.quiet", DEBUG, "Quiet thing happened")
def quiet() -> None:
    """Nothing to do."""


@event("sample.audited", WARN, "Audited thing happened", audit=True)
def audited(user: User, reason: Reason = Reason.NO_GROUP) -> None:
    """Nothing to do."""


@event("sample.access", WARN, "Access denied", audit=True)
def denied(
    app: App, host: Host, path: Path, rule: Name, reason: Reason, groups_needed: Groups, groups_held: Groups
) -> None:
    """Nothing to do."""


@event("sample.access", INFO, "Request served")
def served(method: Method, host: Host, path: Path, status: int, duration_ms: float) -> None:
    """Nothing to do."""


@event("sample.odd", INFO, "Odd values")
def odd(detail: Detail) -> None:
    """Nothing to do."""


SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


def record(said, *values, at=START, request="", user="", session="", client="", trace=""):
    """A record as the pipeline makes one."""
    return Record(said.declaration, at, request, trace, session, user, client, values)
