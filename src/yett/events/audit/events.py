"""What the audit log says about itself."""

from yett.events.declare import event
from yett.events.fields import Error, Name
from yett.events.levels import ERROR, INFO, WARN


@event("telemetry.audit", INFO, "Audit checkpoint", audit=True)
def audit_checkpoint(count: int, head: Name, key: Name, signature: Name) -> None:
    """So many audit records came before, and `head` is the chain value of the last of them.

    `key` and `signature` prove it: whoever has this line can tell later whether any of those
    records was changed or removed (`yett audit verify --against`). Nothing to do; keep copies elsewhere.
    """


@event("telemetry.audit", INFO, "Audit segment sealed", audit=True)
def audit_segment_sealed(segment: Name, sha256: Name, first: int, last: int) -> None:
    """A finished file of audit records was signed as a whole. It holds the records numbered from first to last.

    Nothing to do. Only sealed files are ever removed by retention, and their seals stay.
    """


@event("telemetry.audit", ERROR, "Audit segment sealed with findings", audit=True)
def audit_segment_damaged(segment: Name, sha256: Name, findings: int) -> None:
    """A finished file of audit records is not what was written. `yett audit verify` tells where.

    Somebody or a faulty disk changed it while no gateway was writing. Keep a copy of the file: its seal
    says for ever that it was damaged, but retention removes it in the end like any other.
    """


@event("telemetry.audit", WARN, "Audit log cannot be signed")
def audit_unsigned(error: Error) -> None:
    """A checkpoint or a seal could not be written; it is tried again.

    Usually the disk is full. Until it works, the newest records are chained and not signed, and no file of audit
    records is removed. Said once until it works again. Make room, or mend what the error names.
    """


@event("telemetry.audit", INFO, "Audit segment removed", audit=True)
def audit_segment_removed(segment: Name, sha256: Name, first: int, last: int) -> None:
    """The file was older, or all files together larger, than the retention settings allow.

    Its seal stays, and proves together with the others that nothing is missing in between. Export
    files before that (`yett audit export`) when records have to be kept for longer.
    """


@event("telemetry.audit", ERROR, "Audit records are missing at the end", audit=True)
def audit_cut(count: int, found: int) -> None:
    """A signed checkpoint tells of more audit records than were there when the gateway started, or of other ones.

    Somebody cut or replaced files, or an old copy of the disk was restored, or the disk lost what it
    had taken (with `audit.sync` off). Other outputs may have the records. The log goes on behind the last
    one found, and `yett audit verify` reports this place from now on.
    """


@event("telemetry.audit", WARN, "Audit records were not signed before the start", audit=True)
def audit_tail_unsigned(first: int, last: int) -> None:
    """The last run ended without signing its newest records, which have these numbers. It is done now.

    Normal after a crash. After a regular stop there are none: then somebody has put them there. Look at why the
    last run ended so, and compare with other outputs if you doubt it.
    """


@event("telemetry.audit", ERROR, "Audit segment changed while in use", audit=True)
def audit_touched(segment: Name) -> None:
    """The file that the gateway is writing was shortened, lengthened, replaced or removed by somebody else.

    Find out who can write to the log directory. A new file was begun; `yett audit verify` tells what is wrong.
    """


@event("telemetry.audit", INFO, "Audit signing key changed", audit=True)
def audit_key_changed(key: Name, before: Name) -> None:
    """The cluster key is another one than at the last start, so checkpoints are signed by another key.

    Normal after a change of `cluster_key`, and only then. The new key vouches for the old one, whose
    signatures stay good.
    """
