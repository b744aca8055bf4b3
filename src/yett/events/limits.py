"""What operators may set about the files of the log."""

import enum
from dataclasses import dataclass, field

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the log is kept. Ages in seconds, the size in bytes; 0 means without limit."""

    age: float = 30 * DAY
    audit_age: float = 365 * DAY
    size: int = 8 << 30


class Sync(enum.Enum):
    """When the disk is asked to have what was written. A crash of the program alone loses nothing either way."""

    NONE = "none"
    INTERVAL = "interval"
    ALWAYS = "always"


@dataclass(slots=True)
class Limits:
    """What may change while the journal is open."""

    segment_size: int = 64 << 20
    retention: Retention = field(default_factory=Retention)
    sync: Sync = Sync.INTERVAL
    checkpoint_every: float = 10.0
    """Seconds."""
    checkpoint_records: int = 1000
