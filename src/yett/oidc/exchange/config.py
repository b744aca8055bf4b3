"""Settings of the token endpoint."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from yett.config import REQUIRED, Mistake, item, section, setting
from yett.net.fetching import BadAddress, parse_address
from yett.oidc.exchange.certificates import BadCertificates, keys_in


@item(named_by="issuer")
class AssertionIssuerSettings:
    """Somebody whose signed assertions stand for people (RFC 7523, section 2.1), whomever it may speak for."""

    issuer: str = setting(
        REQUIRED,
        "What it calls itself (`iss`).",
        matches=r"[\x21-\x7e]{1,256}",
        expects="a name or an address without spaces",
    )
    certificates: Path | None = setting(
        None,
        "PEM file with the certificates whose keys sign its assertions; those that are outdated do not count.",
    )
    jwks_uri: str = setting(
        "",
        "Where it publishes its keys, in place of `certificates`.",
        matches=r"[\x21-\x7e]{0,1024}",
        expects="an https address",
    )
    clients: tuple[str, ...] = setting(
        (), "The clients that may bring them; with none, each that may use this grant.", at_most=200
    )
    groups: tuple[str, ...] = setting(
        (), "The groups whose members it may speak for; with none, everybody.", at_most=200
    )


@section("oidc.exchange")
class ExchangeSettings:
    """The token endpoint."""

    max_per_client: int = setting(
        6000, "Most requests of one client in a minute.", at_least=10, at_most=10_000_000
    )
    longest_assertion: timedelta = setting(
        timedelta(minutes=10),
        "How long an assertion about a person may be good, from now on.",
        at_least=timedelta(minutes=1),
        at_most=timedelta(hours=24),
    )
    clock_skew: timedelta = setting(
        timedelta(seconds=10),
        "How far the clocks of issuers may be off.",
        at_least=timedelta(0),
        at_most=timedelta(minutes=1),
    )
    issuer: tuple[AssertionIssuerSettings, ...] = setting(
        (), "Who may vouch for people, as [[oidc.exchange.issuer]] tables.", at_most=100
    )


def check_exchange(settings: ExchangeSettings) -> Iterator[Mistake]:
    """What is wrong with the issuers, side by side."""
    for name, times in Counter(each.issuer for each in settings.issuer).items():
        if times > 1:
            yield Mistake("oidc.exchange.issuer", name, f"{times} issuers have this name")
    for each in settings.issuer:
        key = f"oidc.exchange.issuer[{each.issuer}]"
        if (each.certificates is None) == (not each.jwks_uri):
            yield Mistake(
                f"{key}.certificates", "", "exactly one of certificates and jwks_uri says whose keys count"
            )
        if each.certificates is not None:
            try:
                keys_in(each.certificates)
            except BadCertificates as problem:
                yield Mistake(f"{key}.certificates", str(each.certificates), str(problem))
        if each.jwks_uri:
            try:
                parse_address(each.jwks_uri)
            except BadAddress as problem:
                yield Mistake(f"{key}.jwks_uri", each.jwks_uri, str(problem))
