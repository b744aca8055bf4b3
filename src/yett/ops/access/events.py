"""What testing access says in the log."""

from yett.events import INFO, event
from yett.events.fields import Host, Method, Name, Path, User
from yett.proxy.rehearsal import Turn


@event("access.test", INFO, "Access test", audit=True)
def tested(
    operator: Name,
    source: Name,
    user: User,
    method: Method,
    host: Host,
    path: Path,
    outcome: Turn,
    step: Name,
    reason: Name,
) -> None:
    """An operator asked what would become of a request; nobody sent one, and nothing was changed. Nothing to do.

    `user` is whom they asked about. Somebody who tries many people and places may be looking for a way in.
    """
