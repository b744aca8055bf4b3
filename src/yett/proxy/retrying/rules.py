"""Decide whether a request is sent again, and after which wait.

Nothing here waits, reads a clock or draws a number.
"""

from email.utils import parsedate_to_datetime

from yett.net.http import Failure
from yett.proxy.retrying.model import CAUSES, Cause, RetryRules

_LONGEST_NUMBER = 9
"""Digits of a Retry-After that are read; more of them is longer than anybody waits."""


def cause_of(rules: RetryRules, status: int, failure: Failure | None) -> Cause | None:
    """Why another try is worth it; None when this was an answer like any other, or nothing helps."""
    if failure is None:
        return Cause.STATUS if status in rules.statuses else None
    cause = CAUSES.get(failure)
    return cause if cause in rules.causes else None


def is_permitted(rules: RetryRules, method: bytes, cause: Cause) -> bool:
    """Whether a request with that method may be repeated.

    One that was never sent may be, whatever it does (RFC 9110, 9.2.2).
    """
    return cause is Cause.CONNECT_FAILURE or method in rules.methods


def backoff(rules: RetryRules, retries: int, drawn: float) -> float:
    """Seconds to wait before the try after so many others; `drawn` from [0, 1) spreads those who wait."""
    longest = rules.backoff * 2.0 ** min(retries, 16)
    return float(drawn * min(longest, rules.max_backoff))


def retry_after(value: bytes, now: float) -> float | None:
    """Seconds that a Retry-After asks for (RFC 9110, 10.2.3): a number, or a date; None for anything else."""
    if value.isdigit():
        return float(value) if len(value) <= _LONGEST_NUMBER else float("inf")
    try:
        moment = parsedate_to_datetime(value.decode("ascii"))
        # A date without a zone is none of HTTP's; taking it for local time would be a guess.
        return max(moment.timestamp() - now, 0.0) if moment.tzinfo is not None else None
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
