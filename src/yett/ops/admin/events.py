"""What the admin socket says in the log, and on the console."""

from yett.events import ERROR, INFO, WARN, console, event
from yett.events.fields import Detail, Error, Name

listening = console(
    "[ADMIN] Admin socket listening on %s",
    advice="Commands are taken here from the owner of the socket. Nothing to do.",
)


@event("admin.command", INFO, "Admin command executed", audit=True)
def executed(
    command: Name, operator: Name, source: Name, peer_uid: int, writes: bool, seconds: float
) -> None:
    """Somebody with access to the admin socket ran a command. Arguments are left out: they may be personal."""


@event("admin.command", WARN, "Admin command failed", audit=True)
def failed(command: Name, operator: Name, source: Name, peer_uid: int, detail: Detail) -> None:
    """A command could not do what was asked; the operator was told the same reason. See the reason."""


@event("admin.command", ERROR, "Admin command crashed", audit=True)
def crashed(command: Name, operator: Name, source: Name, peer_uid: int, error: Error) -> None:
    """A command ended in a way nobody arranged. The gateway goes on; please report it with the error."""


@event("admin.socket", WARN, "Admin connection refused", audit=True)
def refused(peer_uid: int) -> None:
    """Somebody other than root or the owner of the server process reached the socket. Check its folder's modes."""


@event("admin.socket", WARN, "Admin socket not available")
def unavailable(path: Name, error: Error) -> None:
    """The socket could not be made, so `yett admin` does not work; the gateway runs without it."""


@event("admin.socket", INFO, "Stale admin socket removed")
def stale_removed(path: Name) -> None:
    """A socket of an earlier run was left behind, so that run did not end in order. Look at why."""
