"""The settings of proof of work."""

from datetime import timedelta

from yett.config import Size, section, setting
from yett.net import HOST_NAME

_PATH = r"/[!-~]*"
HARDEST = 32
"""Bits that no challenge goes beyond: four billion tries, an hour on a telephone."""


@section("protection.pow")
class PowSettings:
    """A short computation that each browser does once, so that asking a thousand times costs a thousand times as much.

    It slows crowds of programs down. It tells nobody who somebody is, and keeps no patient program out.
    """

    enabled: bool = setting(False, "Whether browsers have to compute before they are answered.")
    hosts: tuple[str, ...] = setting(
        (),
        "Hosts that ask for it, each by its whole name, the sign-in host included; every host when empty.",
        matches=HOST_NAME,
        expects="a host name in lower case",
    )
    except_paths: tuple[str, ...] = setting(
        ("/_yett/keys.json", "/healthz", "/readyz"),
        "Paths, each with everything below, that answer without it: what machines fetch.",
        matches=_PATH,
        expects='a path that begins with "/"',
    )
    except_networks: tuple[str, ...] = setting(
        (), "Networks whose clients need not compute, such as 10.0.0.0/8."
    )
    skip_signed_in: bool = setting(
        True, "Whether people with a session at an application need not compute there."
    )
    difficulty: int = setting(
        18,
        "Leading zero bits that the hash has to have; each one more doubles the work. 18 is about a second.",
        at_least=1,
        at_most=28,
    )
    extra_difficulty: int = setting(
        4, "Bits that are added at most while many challenges are open.", at_least=0, at_most=8
    )
    ttl: timedelta = setting(
        timedelta(minutes=5),
        "How long a challenge can be answered, and a form that met one is kept; five minutes in place of a "
        "value that nobody could meet.",
    )
    minimum_time: timedelta = setting(
        timedelta(milliseconds=300),
        "How long a page has to be open before its answer counts; what is faster is a program.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    session_lifetime: timedelta = setting(
        timedelta(hours=24),
        "How long whoever computed is let through.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(days=30),
    )
    bind_address: bool = setting(
        True,
        "Whether that holds for the client's address only (of IPv6, its /64), so that it cannot be shared.",
    )
    max_challenges: int = setting(
        50_000,
        "Challenges open at a time on one node; beyond, the oldest makes room.",
        at_least=100,
        at_most=1_000_000,
    )
    body_limit: Size = setting(
        256 << 10,
        "Largest form that is kept for whoever has to compute first; 0 keeps none.",
        at_most=1_000_000,
    )
    body_room: Size = setting(
        64 << 20, "Kept forms altogether on one node; beyond, the oldest makes room.", at_least=1 << 20
    )
    fail_open: bool = setting(
        False, "Whether requests pass when nothing can be asked of them, rather than being refused with 503."
    )
