"""What a finished exchange says about the backend that served it."""

from yett.net.http import Attempt, Failure, Outcome
from yett.proxy.balancing.circuit import Sample

_NETWORK = frozenset(
    {
        Failure.CONNECT_REFUSED,
        Failure.CONNECT_TIMEOUT,
        Failure.CONNECT_FAILED,
        Failure.TLS,
        Failure.RESPONSE_TIMEOUT,
        Failure.CLOSED_EARLY,
        Failure.BODY_BROKEN,
        Failure.IDLE,
    }
)
"""Failures of the way there rather than of what came back."""


def sample_of(outcome: Outcome) -> Sample | None:
    """What to learn from an exchange; None when its end was not the backend's doing."""
    if outcome.status == 101:
        # How long a tunnel is open, and how it ends, is a matter between the two at its ends.
        return Sample(is_error=False)
    if outcome.failure is Failure.BUSY:
        # The limit on connections is ours; nothing was sent there.
        return None
    if outcome.failure is not None:
        return Sample(is_error=True, is_network_error=outcome.failure in _NETWORK)
    if outcome.refusal is not None or outcome.client_left or not outcome.status:
        return None
    return Sample(is_error=outcome.status >= 500, latency=outcome.duration)


def sample_of_attempt(attempt: Attempt) -> Sample | None:
    """The same of one attempt out of several.

    Latency is the time to its answer: how long its body took is a matter of the client, too.
    """
    if attempt.status == 101:
        return Sample(is_error=False)
    if attempt.failure is Failure.BUSY:
        return None
    if attempt.failure is not None:
        return Sample(is_error=True, is_network_error=attempt.failure in _NETWORK)
    if not attempt.status:
        return None
    latency = attempt.answered_at - attempt.started_at if attempt.answered_at else None
    return Sample(is_error=attempt.status >= 500, latency=latency)
