"""When certificates begin and end: the same for every node that knows the epoch.

Cycles are counted from the epoch, each as long as the renewal setting; a certificate is valid from
the beginning of its cycle for the validity setting, which is longer, so that two consecutive ones
are valid together and nodes a little apart in time never show one that has ended. Nothing here
reads a clock.
"""

import datetime
import math
from dataclasses import dataclass

SMALLEST_OVERLAP, LARGEST_OVERLAP = 0.2, 0.8
"""Share of its validity during which a certificate's successor is valid too."""

_MOST_LEAD = 3600.0
_FIRST, _LAST = 1970, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """The cycle in force at some instant. Instants are whole seconds since the epoch of clocks."""

    number: int
    """Of the cycle; 0 also for every cycle before the epoch."""
    begin: int
    """When the cycle began: it, and not the number, tells cycles apart."""
    renew_at: int
    """When the next cycle begins."""
    not_before: int
    not_after: int


def parse_epoch(text: str) -> float | None:
    """The instant an ISO 8601 text names (UTC unless it says otherwise); None for anything else."""
    try:
        instant = datetime.datetime.fromisoformat(text.strip())
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=datetime.UTC)
        return instant.timestamp() if _FIRST < instant.year < _LAST else None
    except (ValueError, OverflowError):
        return None


def period_at(
    now: float, *, epoch: float, renewal: datetime.timedelta, validity: datetime.timedelta
) -> Period:
    """The cycle in force at `now`.

    Before the epoch the same grid goes on backwards, so that there is a valid certificate at any
    time; such cycles all have the number 0.
    """
    length, lifetime = renewal.total_seconds(), validity.total_seconds()
    step = math.floor((now - epoch) / length)
    begin = epoch + step * length
    # Clocks of clients run behind: a certificate that began this very second would be refused by them.
    lead = min(_MOST_LEAD, (lifetime - length) / 10)
    return Period(
        number=max(step, 0),
        begin=int(begin),
        renew_at=math.ceil(begin + length),
        not_before=math.floor(begin - lead),
        not_after=math.ceil(begin + lifetime),
    )


def overlap_problem(renewal: datetime.timedelta, validity: datetime.timedelta) -> str:
    """Why these two settings do not go together; empty when they do."""
    if renewal >= validity:
        return "auto_tls_renewal has to be shorter than auto_tls_validity"
    overlap = (validity - renewal) / validity
    if not SMALLEST_OVERLAP <= overlap <= LARGEST_OVERLAP:
        return (
            f"two consecutive certificates would overlap for {overlap:.0%} of their validity; "
            f"choose auto_tls_renewal between {1 - LARGEST_OVERLAP:.0%} and {1 - SMALLEST_OVERLAP:.0%} "
            "of auto_tls_validity"
        )
    return ""
