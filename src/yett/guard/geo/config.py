"""Which countries and networks may come."""

import enum
from pathlib import Path

from yett.config import section, setting

_COUNTRY = r"[A-Z]{2}"
_COUNTRY_WORDS = 'a country code of two capital letters (ISO 3166-1), such as "AT"'
_ASN = r"[1-9][0-9]{0,9}"
_ASN_WORDS = "the number of an autonomous system, such as 64496"


class OnFailure(enum.Enum):
    """What happens to a request that cannot be looked up."""

    ALLOW = "allow"
    BLOCK = "block"


@section("protection.geo")
class GeoSettings:
    """Who may come, by country and by the network (autonomous system) their address belongs to.

    A request has to pass every list, in this order: deny_asns, allow_asns, deny_countries,
    allow_countries. An empty list restricts nothing. An address of which the database does not
    know the country or the network is on no list.
    """

    enabled: bool = setting(False, "Keep out by country and network.")
    geo_database: Path | None = setting(
        None, "MMDB file that tells the country of an address; taken over when it changes."
    )
    geo_asn_database: Path | None = setting(
        None, "MMDB file that tells the autonomous system of an address; taken over when it changes."
    )
    deny_asns: tuple[int, ...] = setting(
        (), "Autonomous systems that are kept out.", matches=_ASN, expects=_ASN_WORDS
    )
    allow_asns: tuple[int, ...] = setting(
        (), "Autonomous systems that may come; with none, all.", matches=_ASN, expects=_ASN_WORDS
    )
    deny_countries: tuple[str, ...] = setting(
        (), "Countries that are kept out.", matches=_COUNTRY, expects=_COUNTRY_WORDS
    )
    allow_countries: tuple[str, ...] = setting(
        (), "Countries that may come; with none, all.", matches=_COUNTRY, expects=_COUNTRY_WORDS
    )
    bypass: tuple[str, ...] = setting(
        (), 'Addresses and networks that always may come, such as "203.0.113.0/24".', at_most=10_000
    )
    bypass_private: bool = setting(
        True, "Let private, loopback and link-local addresses come; no database knows where they are."
    )
    on_failure: OnFailure = setting(
        OnFailure.ALLOW,
        "What happens while the database that a list needs is missing or cannot be read.",
    )
