"""The settings of rate limiting."""

from datetime import timedelta

from yett.config import REQUIRED, item, section, setting


@item(named_by="name")
class EntityLimit:
    """Limits of its own for one host, or for the paths under a prefix; they stand in place of the general ones."""

    name: str = setting(
        REQUIRED,
        "What this limit is called in the log and in RateLimit fields.",
        matches=r"[a-z0-9][a-z0-9_-]{0,62}",
        expects="a short name in lower case",
    )
    host: str = setting("", "The host it is for; empty for every host.")
    path: str = setting("", "The path it is for, with everything below; empty for every path.")
    requests: int = setting(
        REQUIRED, "Requests one client may make in each period.", at_least=1, at_most=10_000_000
    )
    period: timedelta = setting(
        timedelta(minutes=1),
        "The time that `requests` is counted over.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=1),
    )
    burst: int = setting(
        0,
        "Requests that may come at once; 0 stands for as many as `requests`.",
        at_least=1,
        at_most=10_000_000,
    )


@section("protection.rate")
class RateSettings:
    """How many requests one client may make.

    A client has `burst` requests at once and gets back `requests` in each `period`. Whoever asks
    for more is banned for `ban_time`. The defaults are far above what people and their browsers
    do, so that an office behind one address is not locked out.
    """

    enabled: bool = setting(True, "Whether requests are counted.")
    rate_limit_type: str = setting(
        "ip",
        "What a client is: `ip` (IPv6 by /64), `session`, `user` or `fingerprint`; requests without one "
        "are counted by address.",
    )
    requests: int = setting(
        6000, "Requests one client may make in each period.", at_least=1, at_most=10_000_000
    )
    period: timedelta = setting(
        timedelta(minutes=1),
        "The time that `requests` is counted over.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=1),
    )
    burst: int = setting(
        2000,
        "Requests that may come at once; 0 stands for as many as `requests`.",
        at_least=0,
        at_most=10_000_000,
    )
    ban_time: timedelta = setting(
        timedelta(minutes=1),
        "How long a client that asked for more is banned.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=30),
    )
    max_clients: int = setting(
        100_000,
        "Clients remembered at a time; when all of them are active, unknown ones are refused.",
        at_least=100,
        at_most=10_000_000,
    )
    exempt: tuple[str, ...] = setting(
        ("127.0.0.0/8", "::1/128"), "Networks whose requests are not counted, and that cannot be banned."
    )
    entity: tuple[EntityLimit, ...] = setting((), "Limits of their own for hosts and paths.")
