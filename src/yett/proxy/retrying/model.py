"""The nouns of sending again."""

import enum
from dataclasses import dataclass

from yett.net.http import Failure
from yett.proxy.retrying.config import RetrySettings


class Cause(enum.Enum):
    """Why a request is worth another try."""

    CONNECT_FAILURE = "connect-failure"
    """No connection: the request cannot have been acted upon."""
    RESET = "reset"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    STATUS = "status"


CAUSES = {
    Failure.CONNECT_REFUSED: Cause.CONNECT_FAILURE,
    Failure.CONNECT_TIMEOUT: Cause.CONNECT_FAILURE,
    Failure.CONNECT_FAILED: Cause.CONNECT_FAILURE,
    Failure.TLS: Cause.CONNECT_FAILURE,
    Failure.BUSY: Cause.CONNECT_FAILURE,
    Failure.CLOSED_EARLY: Cause.RESET,
    Failure.RESPONSE_TIMEOUT: Cause.TIMEOUT,
    Failure.IDLE: Cause.TIMEOUT,
    Failure.RESPONSE_MALFORMED: Cause.MALFORMED,
}
"""A body that broke is not here: something of it went to the client."""
UNSENT = frozenset(failure for failure, cause in CAUSES.items() if cause is Cause.CONNECT_FAILURE)
"""Failures after which nothing of a request can have been acted upon."""


@dataclass(frozen=True, slots=True)
class RetryRules:
    """When a route's requests are sent again. Spans are in seconds."""

    attempts: int = 3
    causes: frozenset[Cause] = frozenset({Cause.CONNECT_FAILURE, Cause.RESET, Cause.TIMEOUT})
    statuses: frozenset[int] = frozenset({502, 503, 504})
    methods: frozenset[bytes] = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"})
    per_try_timeout: float = 0.0
    max_body: int = 64 * 1024
    budget: float = 0.2
    """Extra requests as a share of all."""
    min_per_second: float = 3.0
    backoff: float = 0.025
    max_backoff: float = 1.0
    max_retry_after: float = 2.0


def compile_retry(settings: RetrySettings) -> RetryRules:
    """The rules that the settings describe."""
    words = {cause.value: cause for cause in Cause}
    return RetryRules(
        attempts=settings.attempts,
        causes=frozenset(words[word] for word in settings.on if word in words),
        statuses=frozenset(int(word) for word in settings.on if word.isdigit()),
        methods=frozenset(method.encode("ascii") for method in settings.methods),
        per_try_timeout=settings.per_try_timeout.total_seconds(),
        max_body=settings.max_body,
        budget=settings.budget / 100.0,
        min_per_second=settings.min_per_second,
        backoff=settings.backoff.total_seconds(),
        max_backoff=settings.max_backoff.total_seconds(),
        max_retry_after=settings.max_retry_after.total_seconds(),
    )
