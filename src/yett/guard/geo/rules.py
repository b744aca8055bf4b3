"""Decide whether an address may come, given what the databases say of it."""

import dataclasses
import enum
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yett.config import Mistake
from yett.guard.geo.config import GeoSettings

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_LARGEST_ASN = (1 << 32) - 1

_PRIVATE = (
    # Named one by one: what Python calls private also holds Teredo and test networks, and with
    # the first of these anybody could pass.
    "10.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
)

COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE
    EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM
    HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC
    LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
    NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW
    SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """.split()  # noqa: SIM905 - two hundred quoted codes would hide a wrong one
)
"""ISO 3166-1 alpha-2, and XK, by which databases call Kosovo."""

_MEANT = {"UK": "GB", "EL": "GR", "EN": "GB", "SU": "RU", "YU": "RS", "TP": "TL", "ZR": "CD", "BU": "MM"}


class Reason(enum.Enum):
    """Why an address may not come."""

    ASN_DENIED = "asn_denied"
    ASN_NOT_ALLOWED = "asn_not_allowed"
    COUNTRY_DENIED = "country_denied"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    NOT_LOOKED_UP = "not_looked_up"
    """No database could be asked, and `on_failure` is "block"."""


class BadRule(Exception):
    """A setting that cannot be used; the text says why."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(str(mistake) for mistake in self.mistakes))


@dataclass(frozen=True, slots=True)
class Place:
    """What the databases know of an address."""

    country: str = ""
    """Empty when unknown."""
    asn: int = 0
    """0 when unknown; nobody is given that number (RFC 7607)."""


class Networks:
    """Whether an address belongs to any of many networks; the cost does not grow with their number."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        by_length: dict[tuple[int, int], set[int]] = {}
        for text in texts:
            network = ipaddress.ip_network(text)
            shift = network.max_prefixlen - network.prefixlen
            known = by_length.setdefault((network.version, shift), set())
            known.add(int(network.network_address) >> shift)
        self._by_length = [
            (version, shift, frozenset(known)) for (version, shift), known in by_length.items()
        ]

    def __contains__(self, address: IPAddress) -> bool:
        number, version = int(address), address.version
        return any(version == each and number >> shift in known for each, shift, known in self._by_length)


@dataclass(frozen=True, slots=True)
class Policy:
    """The lists, ready for use."""

    deny_asns: frozenset[int] = frozenset()
    allow_asns: frozenset[int] = frozenset()
    deny_countries: frozenset[str] = frozenset()
    allow_countries: frozenset[str] = frozenset()
    bypass: Networks = dataclasses.field(default_factory=Networks)

    @property
    def needs_countries(self) -> bool:
        return bool(self.deny_countries or self.allow_countries)

    @property
    def needs_asns(self) -> bool:
        return bool(self.deny_asns or self.allow_asns)

    def enforceable(self, *, has_countries: bool, has_asns: bool) -> "Policy":
        """What is left of it with the databases at hand."""
        left = self
        if not has_countries:
            left = dataclasses.replace(left, deny_countries=frozenset(), allow_countries=frozenset())
        if not has_asns:
            left = dataclasses.replace(left, deny_asns=frozenset(), allow_asns=frozenset())
        return left


def judge(place: Place, policy: Policy) -> Reason | None:
    """Why a place may not come; None if it may. What is unknown is on no list."""
    if place.asn in policy.deny_asns:
        return Reason.ASN_DENIED
    if policy.allow_asns and place.asn not in policy.allow_asns:
        return Reason.ASN_NOT_ALLOWED
    if place.country in policy.deny_countries:
        return Reason.COUNTRY_DENIED
    if policy.allow_countries and place.country not in policy.allow_countries:
        return Reason.COUNTRY_NOT_ALLOWED
    return None


def parse_address(text: str) -> IPAddress | None:
    """The address that counts; None for what is none.

    An IPv4 address in the clothes of IPv6 (mapped, RFC 4291; 6to4, RFC 3056) is the IPv4 address,
    or the other spelling would be a way round.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


# From settings.


def compile_policy(settings: GeoSettings) -> Policy:
    """The policy of these settings; BadRule when something cannot be used."""
    mistakes = list(check_geo(settings))
    if mistakes:
        raise BadRule(mistakes)
    return Policy(
        deny_asns=frozenset(settings.deny_asns),
        allow_asns=frozenset(settings.allow_asns),
        deny_countries=frozenset(settings.deny_countries),
        allow_countries=frozenset(settings.allow_countries),
        bypass=Networks((*settings.bypass, *(_PRIVATE if settings.bypass_private else ()))),
    )


def check_geo(settings: GeoSettings) -> Iterator[Mistake]:
    """What is wrong beyond types and patterns, everything at once."""
    countries = {"deny_countries": settings.deny_countries, "allow_countries": settings.allow_countries}
    for key, codes in countries.items():
        for number, code in enumerate(codes, start=1):
            if code not in COUNTRIES:
                hint = f'"{_MEANT[code]}" may be meant' if code in _MEANT else ""
                yield _mistake(key, code, f"entry {number} is no country of ISO 3166-1", hint)
    for key, asns in {"deny_asns": settings.deny_asns, "allow_asns": settings.allow_asns}.items():
        for number, asn in enumerate(asns, start=1):
            if not 0 < asn <= _LARGEST_ASN:
                yield _mistake(key, str(asn), f"entry {number} is not between 1 and {_LARGEST_ASN}")
    for number, text in enumerate(settings.bypass, start=1):
        try:
            ipaddress.ip_network(text)
        except ValueError as problem:
            yield _mistake("bypass", text, f"entry {number} is no address or network: {problem}")


def _mistake(key: str, value: str, reason: str, hint: str = "") -> Mistake:
    return Mistake(f"protection.geo.{key}", value, reason, hint)
