"""What is said about following groups."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Error, Groups, SessionRef, User


@event("proxy.group_monitor", INFO, "Monitor started")
def started(interval: float) -> None:
    """From now on sessions are compared with the directory, every so many seconds. Nothing to do."""


@event("proxy.group_monitor", INFO, "check completed")
def checked(sessions: int, changed: int, failed: int) -> None:
    """All sessions were compared. Failed ones are tried again next time; other lines say why."""


@event("proxy.group_monitor", INFO, "User groups changed, updating session", audit=True)
def groups_changed(user: User, session: SessionRef, added: Groups, removed: Groups) -> None:
    """The directory has put somebody with a live session into other groups. What they may do changes at once."""


@event("proxy.group_monitor", INFO, "Open connections cut, access was lost", audit=True)
def cut(user: User, connections: int) -> None:
    """Requests and WebSockets that were in progress ended, because their person may no longer go there."""


@event("proxy.group_monitor", WARN, "Session update wait failed")
def wait_failed(session: SessionRef, waited: float) -> None:
    """The store did not take a session's new groups in time. It is tried again. Look at the store."""


@event("proxy.group_monitor", ERROR, "Group fetch failed")
def fetch_failed(user: User, session: SessionRef) -> None:
    """The directory does not know the person of a live session, which is left as it is and opens nothing.

    They were removed while the gateway was not running, or a source of the directory is missing. If it
    is meant, revoke the session; it runs out otherwise.
    """


@event("proxy.group_monitor", ERROR, "session update failed")
def update_failed(session: SessionRef, error: Error) -> None:
    """The store did not take a session's new groups. It is tried again; decisions do not depend on it.

    Look at the store.
    """
