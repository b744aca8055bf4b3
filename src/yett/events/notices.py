"""What the log says about itself."""

from yett.events.declare import event
from yett.events.fields import Error, Name
from yett.events.levels import DEBUG, ERROR, INFO, WARN


@event("telemetry.store", DEBUG, "Log segment begun")
def segment_begun(segment: Name) -> None:
    """The log goes on in a new file, because the last one was full or the clock was set back. Nothing to do."""


@event("telemetry.store", INFO, "Log segment removed")
def segment_removed(segment: Name, bytes: int) -> None:  # noqa: A002 - the name of the field
    """The file was older, or all files together larger, than the retention settings allow.

    Copy segments elsewhere before that when records have to be kept for longer.
    """


@event("telemetry.store", WARN, "Log segment could not be removed")
def segment_kept(segment: Name, error: Error) -> None:
    """Retention could not delete a file that is due. Look at the rights of the log directory.

    An audit file that is not what its seal says, or has none, is never deleted, nor is any behind it: run
    `yett audit verify`, and move the file elsewhere once you know why.
    """


@event("telemetry.store", ERROR, "Log store cannot be written")
def store_failed(error: Error) -> None:
    """Records other than audit records are being lost from the store; other outputs still have them.

    Usually the disk is full. This is said once; "Log store is written again" tells how many were lost. Make room,
    or mend what the error names.
    """


@event("telemetry.store", WARN, "Log store is written again")
def store_recovered(lost: int) -> None:
    """The fault is over. As many records are missing from the store as the field says.

    Look for the missing ones in other outputs if they matter.
    """


@event("telemetry.store", WARN, "Torn end of a log segment moved aside", audit=True)
def tail_moved(segment: Name, kept_in: Name, bytes: int, sha256: Name) -> None:  # noqa: A002 - the name of the field
    """The program or the machine died while it wrote a line. What was there of it is kept in the named file.

    For an audit segment this line had not been acknowledged, unless the disk lost what it had taken. Read that
    file if the moment matters; it can be deleted afterwards.
    """


@event("telemetry.audit", INFO, "Audit segment begins", audit=True)
def audit_segment_begins(segment: Name, after: Name) -> None:
    """The first line of each audit file. `after` is the chain value of the last line before it.

    It lets the chain be checked when older files are gone. Nothing to do.
    """


@event("telemetry.audit", ERROR, "Audit log cannot be written")
def audit_failed(error: Error) -> None:
    """Decisions are being made that are not written down, or refused, as `audit.on_failure` says.

    Usually the disk is full. Make room at once; nothing needs to be restarted.
    """


@event("telemetry.audit", ERROR, "Audit records are missing here", audit=True)
def audit_gap(missed: int) -> None:
    """Before this line, as many audit records as the field says could not be written.

    Other outputs (standard output, a collector) may have them. Compare with them, find out why from "Audit log
    cannot be written", and keep the finding for whoever audits.
    """
