"""What the stores say in the log."""

from yett.events import ERROR, INFO, WARN, event
from yett.events.fields import Error, Name


@event("store.records", INFO, "Record store opened")
def opened(file: Name, schema: int) -> None:
    """The file was checked and is in use. Nothing to do."""


@event("store.records", WARN, "Record store check not finished")
def check_unfinished(file: Name, seconds: float) -> None:
    """The file is large and its check was cut off; no damage was found until then. Nothing to do.

    To have it checked to the end, stop the gateway and run `PRAGMA integrity_check` on the file.
    """


@event("store.records", ERROR, "Record store unavailable")
def unavailable(error: Error) -> None:
    """Reading or writing records fails; what depends on them is refused. The error says what to mend.

    Said once when it begins. A full disk needs room only: the store goes on by itself.
    """


@event("store.records", INFO, "Record store available again")
def available_again() -> None:
    """Records can be written again. Nothing that had been acknowledged was lost."""


@event("store.watch", WARN, "Watcher fell behind")
def watch_overrun(prefix: Name, limit: int) -> None:
    """One part could not keep up with changes and lists everything again. Often seen, the node is overloaded.

    Give it more processor time.
    """
