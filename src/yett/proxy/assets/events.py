"""What serving files says in the log."""

from yett.events import WARN, event
from yett.events.fields import App, Host


@event("proxy.assets", WARN, "Path traversal attempt detected")
def traversal_attempted(app: App, host: Host) -> None:
    """A request asked for something outside the mapping's directory, and was refused.

    Either its path climbs ("..", also escaped), which no browser sends, or a symbolic link inside the directory
    leads out of it. Links have to be relative and stay inside. Make them so, or look at the address.
    """


@event("proxy.assets", WARN, "Invalid path detected")
def path_invalid(app: App, host: Host) -> None:
    """A request asked for a file under a name that no file can have; it got a 404.

    Escaped slashes, backslashes, control characters and text that is not UTF-8 mostly come from probes. Nothing
    to do, unless a page of yours has such links.
    """


@event("proxy.assets", WARN, "File cannot be read", code="unreadable")
def file_unreadable(app: App, host: Host) -> None:
    """A file is there, but the gateway's user may not read it; the client got a 404. Mend its permissions."""
