"""What rate limiting says in the log."""

from yett.events import ERROR, INFO, TRACE, WARN, event
from yett.events.fields import ClientAddress, Error, Name, Names

# Starting, and each change of its settings.


@event("ratelimit.init", INFO, "Rate limiting module initialized but DISABLED via config")
def disabled() -> None:
    """No request is counted. Set `[protection.rate] enabled = true` unless something in front does it."""


@event("ratelimit.init", ERROR, "Rate limiting module initialized with INVALID config")
def invalid(problems: Names) -> None:
    """The entries named here are ignored and everything else is in force. Correct them and reload."""


@event("ratelimit.init", INFO, "Rate limiting module initialized and ENABLED", audit=True)
def enabled(requests: int, period: float, burst: int, ban_time: float, entities: int) -> None:
    """Requests are counted with these limits. Times are seconds."""


# Checking.


@event("ratelimit.check", ERROR, "Invalid rate limit configuration")
def check_misconfigured(problems: Names) -> None:
    """Requests are being checked although part of the settings is wrong. Said at most once a minute.

    Correct the settings that the error names.
    """


@event("ratelimit.check", WARN, "Request blocked - client banned")
def banned(limit: Name, seconds_left: float) -> None:
    """The client goes on although it is banned. An empty `limit` means that an operator banned it.

    `yett admin ratelimit list` shows who is banned, `yett admin ratelimit unban` lets somebody in again.
    """


@event("ratelimit.check", WARN, "Request blocked - rate limiter at memory capacity")
def at_capacity(clients: int) -> None:
    """More clients than `max_clients` are active, so unknown ones are refused.

    In ordinary operation raise `max_clients`; in an attack this is what keeps the gateway standing. Look at how
    many addresses are active, and which.
    """


@event("ratelimit.check", TRACE, "Request allowed - new window")
def allowed_anew(limit: Name) -> None:
    """The first request of a client in a while."""


@event("ratelimit.check", WARN, "Request blocked - rate limit exceeded, client banned")
def exceeded(limit: Name, ban_time: float) -> None:
    """The client asked for more than it may and is banned for so many seconds.

    If it was a person or a program of yours, raise `requests` or `burst`, or give its path an entity.
    """


@event("ratelimit.check", TRACE, "Request allowed")
def allowed(limit: Name) -> None:
    """One more request of a client that is within its limits."""


# Operators.


@event("ratelimit.ban", ERROR, "Failed to ban client")
def ban_failed(client: ClientAddress, error: Error) -> None:
    """The store did not take the ban, so it does not hold. Look at the store and try again."""


@event("ratelimit.ban", WARN, "Client manually banned")
def client_banned(client: ClientAddress, seconds: float) -> None:
    """An operator banned this address or network on every node; 0 seconds stand for no end. Nothing to do."""


@event("ratelimit.unban", ERROR, "Failed to unban client")
def unban_failed(client: ClientAddress, error: Error) -> None:
    """The store did not take it, so the client is still banned. Look at the store and try again."""


@event("ratelimit.unban", INFO, "Client manually unbanned")
def client_unbanned(client: ClientAddress) -> None:
    """An operator let this address or network in again."""


@event("ratelimit.ban", WARN, "Ban record ignored")
def ban_unreadable(error: Error) -> None:
    """A ban in the store cannot be read, so it does not hold. Ban the client again."""


@event("ratelimit.ban", ERROR, "List of bans could not be read")
def list_unreadable(error: Error) -> None:
    """Bans changed faster than they were followed, and the store does not answer.

    Until it does, requests cannot be checked; see the circuit breaker's records.
    """
