"""How far the audit log can be trusted: its settings."""

import enum
from datetime import timedelta

from yett.config import section, setting
from yett.events import Sync


class OnFailure(enum.Enum):
    """What becomes of a request whose audit record cannot be written down."""

    REFUSE = "refuse"
    CONTINUE = "continue"


@section("audit")
class AuditSettings:
    """Records of decisions: chained to each other, signed, and kept longer than the rest."""

    on_failure: OnFailure = setting(
        OnFailure.REFUSE, "Whether a request that cannot be written down is refused, or served all the same."
    )
    sync: Sync = setting(
        Sync.INTERVAL,
        "When the disk has to have a record: none, interval (within about a second), always (before the answer).",
    )
    retention: timedelta = setting(
        timedelta(days=365),
        "Files of audit records older than this are removed; 0 keeps them.",
        at_least=timedelta(0),
    )
    checkpoint_interval: timedelta = setting(
        timedelta(seconds=10),
        "What is new is signed this often; what is not signed yet, somebody who can write the files could rewrite.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=1),
    )
    checkpoint_records: int = setting(
        1_000,
        "So many new records are signed without waiting for the interval.",
        at_least=1,
        at_most=1_000_000,
    )
