"""The settings of looking names up."""

import enum
from datetime import timedelta
from pathlib import Path

from yett.config import section, setting


class DNSSEC(enum.Enum):
    """What is asked of answers."""

    OFF = "off"
    REQUIRE = "require"
    """Only what a name server has validated counts."""


@section("dns")
class DNSSettings:
    """Name servers for the names of backends. Without any, the system looks names up."""

    resolvers: tuple[str, ...] = setting(
        (),
        'Name servers in the order they are asked: "192.0.2.53", "[2001:db8::53]:5353", or '
        '"tls://192.0.2.53#dns.example.org" for DNS over TLS with the name in its certificate.',
        matches=r"[!-~]{1,300}",
        expects='an address such as "192.0.2.53" or "tls://192.0.2.53#dns.example.org"',
    )
    timeout: timedelta = setting(
        timedelta(seconds=2),
        "How long one name server may take to answer.",
        at_least=timedelta(milliseconds=50),
        at_most=timedelta(seconds=60),
    )
    dnssec: DNSSEC = setting(
        DNSSEC.OFF,
        'Whether answers have to be validated; "require" believes the name servers about that, so all of them '
        "have to be on this machine or behind TLS, and nobody else is asked when they fail.",
    )
    fallback: bool = setting(
        True, "Ask the system when no name server answers; never for answers that have to be validated."
    )
    max_ttl: timedelta = setting(
        timedelta(hours=1),
        "How long an answer is kept at most.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(days=7),
    )
    negative_ttl: timedelta = setting(
        timedelta(seconds=30),
        "How long it is kept at most that a name has no address.",
        at_least=timedelta(seconds=1),
        at_most=timedelta(hours=3),
    )
    cache_size: int = setting(1024, "Names that are kept.", at_least=1, at_most=1_000_000)
    ca_file: Path | None = setting(
        None, "PEM file with the authorities of name servers behind TLS; those of the system when not set."
    )
