"""Settings of outbound requests."""

import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path

from yett.config import Mistake, section, setting


@section("net.fetching")
class FetchingSettings:
    """Requests of the gateway to servers that others name: identity providers, addresses of clients."""

    allow: tuple[str, ...] = setting(
        (),
        'Networks that are asked though they are not public, such as "10.0.0.0/8"; without any, a name that '
        "leads to this machine, a private network or a cloud's metadata service is refused.",
        at_most=200,
    )
    ca_file: Path | None = setting(
        None, "PEM file with authorities that are believed besides those of the system."
    )


def check_fetching(settings: FetchingSettings) -> Iterator[Mistake]:
    """What has to be read to be judged."""
    for text in settings.allow:
        try:
            ipaddress.ip_network(text)
        except ValueError as problem:
            yield Mistake("net.fetching.allow", text, str(problem))
    if settings.ca_file is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.ca_file)
        except (OSError, ssl.SSLError) as problem:
            yield Mistake(
                "net.fetching.ca_file", str(settings.ca_file), problem.strerror or "no certificates in PEM"
            )
