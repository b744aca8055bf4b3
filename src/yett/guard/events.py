"""What the door says in the log: who was turned away by which guard, and which check could not run."""

from yett.events import DEBUG, ERROR, INFO, TRACE, WARN, event
from yett.events.fields import Detail, Error, Host, Method, Name, Path

# Origins.


@event("listener.cors", WARN, "CORS origin rejected", audit=True)
def cors_rejected(method: Method, host: Host, path: Path, origin: Detail) -> None:
    """A script of an origin that is not listed called an application and was turned away.

    If it was meant to, add its origin to `[protection.cors] allowed_origins`.
    """


# Countries and hours.


@event("listener.geo", INFO, "Request blocked by geo restriction", audit=True)
def geo_blocked(method: Method, host: Host, path: Path, reason: Name) -> None:
    """The client's country or network is kept out; `reason` names the list that decided."""


@event("listener.geo", ERROR, "Geo check failed (allowing request)")
def geo_failed(error: Error) -> None:
    """Nobody could say where the client is, so it was let through. Look at the databases."""


@event("listener.time", INFO, "Request blocked by time restriction", audit=True)
def time_blocked(method: Method, host: Host, path: Path, reason: Name) -> None:
    """The request came outside the hours in which it is allowed."""


@event("listener.time", ERROR, "Time check failed (allowing request)")
def time_failed(error: Error) -> None:
    """Nobody could say whether this is an allowed hour, so the request was let through.

    Look at the error: as a rule the time zone data of the machine.
    """


# Rate.


@event("listener.ratelimit", WARN, "Request blocked by rate limit", audit=True)
def rate_blocked(method: Method, host: Host, path: Path, status: int, reason: Name) -> None:
    """A client made too many requests, or an operator banned it.

    Many of these for one client: let the ban do its work. For many clients at once: an attack, or
    limits below what people need.
    """


@event("listener.ratelimit", WARN, "Config fallback (invalid rate_limit_type)")
def rate_limit_type_invalid(type_used: Name) -> None:
    """`rate_limit_type` is none of `ip`, `session`, `user`, `fingerprint`; clients are counted as named here.

    Correct it.
    """


@event("listener.ratelimit", ERROR, "Ratelimit module call failures")
def rate_call_failed(error: Error) -> None:
    """The request could not be counted and was let through; after some in a row requests are blocked.

    Look at the error and at the store.
    """


@event("listener.ratelimit", ERROR, "Ratelimit module response failures")
def rate_response_failed(answer: Name) -> None:
    """The rate limiter answered with something that is no verdict; the request was let through.

    This is a fault of the gateway: report it.
    """


@event("listener.ratelimit", ERROR, "No fingerprint")
def no_fingerprint(fallback: Name) -> None:
    """Clients are to be counted by fingerprint, but none is known: choose another `rate_limit_type`.

    Said once after each change of the settings; later requests only say that they fell back.
    """


@event("listener.ratelimit", DEBUG, "Fingerprint fallback to IP")
def fingerprint_fallback(fallback: Name) -> None:
    """This request was counted by its address because no fingerprint is known for it."""


@event("listener.ratelimit", TRACE, "Per-entity rate limiting applied")
def entity_limited(limit: Name, host: Host) -> None:
    """The request was counted against a limit of its own in place of the general one."""


@event("listener.ratelimit.status", DEBUG, "Rate limit check passed")
def rate_passed() -> None:
    """The request was counted and is within the limits, or its address is exempt."""


@event("listener.ratelimit.circuitbreaker", ERROR, "Circuit breaker open — blocking request")
def breaker_open(method: Method, host: Host, path: Path) -> None:
    """Counting failed again and again, so requests are refused until it works. Look at the errors before this."""


# Size.


@event("listener.sizelimit", WARN, "Request blocked — size limit exceeded", audit=True)
def size_blocked(method: Method, host: Host, path: Path, limit: int, size: int, is_streamed: bool) -> None:
    """The body is larger than allowed. A streamed body was cut when it crossed the limit, and `size` is 0.

    If it was wanted, add an entry to `[[protection.size.exception]]`.
    """


@event("listener.sizelimit", ERROR, "Sizelimit module call failures")
def size_call_failed(error: Error) -> None:
    """The size of a request could not be judged; it was let through. Look at the error."""


@event("listener.sizelimit", ERROR, "Sizelimit module response failures")
def size_response_failed(answer: Name) -> None:
    """The size limiter answered with something that is no verdict; the request was let through.

    This is a fault of the gateway: report it.
    """


@event("listener.sizelimit", TRACE, "Size limit applied")
def size_limit_applied(limit: int) -> None:
    """The general limit holds for this request."""


@event("listener.sizelimit", TRACE, "Size limit exception")
def size_exception(exception: Name, limit: int) -> None:
    """An exception holds for this request."""


@event("listener.sizelimit", TRACE, "Within limit")
def size_within(limit: int, size: int) -> None:
    """The stated length is within the limit; of a body without one, the bytes are counted as they come."""
