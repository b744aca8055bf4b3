"""What a finished exchange says about the backend that served it."""

from yett.net.http import Failure, Outcome
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
    if outcome.failure is not None:
        return Sample(is_error=True, is_network_error=outcome.failure in _NETWORK)
    if outcome.refusal is not None or outcome.client_left or not outcome.status:
        return None
    return Sample(is_error=outcome.status >= 500, latency=outcome.duration)
