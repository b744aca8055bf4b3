"""What outputs say about themselves.

What they say goes to outputs as well, so each of these is said at most once a minute for one output,
however fast a destination comes and goes: an output's trouble must not feed on itself.
"""

from yett.events.declare import event
from yett.events.fields import Address, Error, Name, Names
from yett.events.levels import ERROR, INFO, WARN


@event("telemetry.output", INFO, "Log output works")
def connected(output: Name, address: Address) -> None:
    """The destination took the first records since the output was started. Nothing to do."""


@event("telemetry.output", WARN, "Log output unreachable")
def unreachable(output: Name, address: Address, error: Error) -> None:
    """The destination does not take records. They wait on disk, as far as `spool_size` allows, and are sent later.

    This is said once; "Log output works again" tells how often it was tried. Nothing else waits for it. Look at
    the destination and the way there.
    """


@event("telemetry.output", INFO, "Log output works again")
def recovered(output: Name, address: Address, tries: int, seconds: float) -> None:
    """The destination takes records again; what waited on disk is sent first, in its order."""


@event("telemetry.output", INFO, "Log output uses its spool")
def spool_begun(output: Name) -> None:
    """The destination takes less than what is said: memory is full, and records wait on disk."""


@event("telemetry.output", INFO, "Log output sends what an earlier run left")
def spool_left(output: Name, records: int) -> None:
    """As many records waited on disk when the output was started. They are sent before newer ones."""


@event("telemetry.output", WARN, "Spool of a log output is full")
def spool_full(output: Name, limit: int) -> None:
    """More records wait than `spool_size` (here in bytes) allows: the oldest are dropped, and counted.

    The journal still has them: search there, or raise `spool_size`.
    """


@event("telemetry.output", ERROR, "Spool of a log output cannot be used")
def spool_failed(output: Name, error: Error) -> None:
    """Records wait in memory only, and are dropped when there is no room. Usually the disk is full.

    Make room, or mend what the error names.
    """


@event("telemetry.output", WARN, "Spool without a log output")
def spool_orphaned(outputs: Names) -> None:
    """Records wait on disk for outputs that the settings no longer have. Nobody sends them.

    Give the output back its name to have them sent, or remove the folder under `log/spool`.
    """


@event("telemetry.output", WARN, "Log output dropped records")
def dropped(output: Name, dropped: int, dropped_audit: int) -> None:
    """As many records never reach this destination, because neither memory nor spool had room for them.

    The journal has them. Look for a slow destination, raise `spool_size`, or narrow what the output gets.
    """


@event("telemetry.output", WARN, "Log output had records refused")
def refused(output: Name, address: Address, refused: int, error: Error) -> None:
    """The destination answered that it will never take them. Look at its own log for the reason.

    They were left out, so that those behind them are not held up; the journal has them.
    """
