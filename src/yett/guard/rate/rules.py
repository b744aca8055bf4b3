"""The arithmetic of rate limiting, and the settings compiled for it.

Each client has one number, the instant at which all it used up will have drained ("theoretical
arrival time" of the generic cell rate algorithm). A request adds `interval` to it; a client whose
instant is more than `tolerance` ahead of the clock has used up its burst. So in any time t a
client gets at most burst + rate * t requests through, and one float per client is all there is
to remember.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import unquote

from yett.guard.rate.config import RateSettings
from yett.guard.rate.model import Entity, Limit, Network, Type

_IPV6_CLIENT = 64
"""Bits of an IPv6 address that tell clients apart: whoever has one address mostly has the whole /64."""


# Settings.


@dataclass(frozen=True, slots=True)
class Compiled:
    """The settings, ready to be checked against; what was wrong is left out and named."""

    type: Type | None
    """None for a word that is no type."""
    general: Limit
    entities: dict[str, tuple[Entity, ...]]
    """By host, longest path first; those for every host are under each host and under ""."""
    exempt: tuple[Network, ...]
    ban_time: float
    problems: tuple[str, ...]


def compile_settings(settings: RateSettings) -> Compiled:
    """What the settings ask for."""
    problems: list[str] = []
    exempt = _networks(settings.exempt, problems)
    entities = _entities(settings, problems)
    types = {member.value: member for member in Type}
    return Compiled(
        type=types.get(settings.rate_limit_type.strip().lower()),
        general=limit_of("general", settings.requests, settings.period, settings.burst),
        entities=entities,
        exempt=exempt,
        ban_time=settings.ban_time.total_seconds(),
        problems=tuple(problems),
    )


def limit_of(name: str, requests: int, period: timedelta, burst: int) -> Limit:
    """A limit of so many requests in each period, and `burst` of them at once."""
    seconds = period.total_seconds()
    interval = seconds / requests
    at_once = burst or requests
    policy = f'RateLimit-Policy: "{name}";q={requests};w={max(int(seconds), 1)}\r\n'
    return Limit(name, interval, (at_once - 1) * interval, policy.encode("ascii"))


def _networks(texts: Iterable[str], problems: list[str]) -> tuple[Network, ...]:
    found = []
    for text in texts:
        network = parse_network(text)
        if network is None:
            problems.append(f"exempt: {text!r} is no address and no network")
        else:
            found.append(network)
    return tuple(found)


def _entities(settings: RateSettings, problems: list[str]) -> dict[str, tuple[Entity, ...]]:
    known: set[str] = {"general"}
    entities: list[Entity] = []
    for each in settings.entity:
        host, path = each.host.strip().lower(), each.path.rstrip("/")
        if each.name in known:
            problems.append(f"entity {each.name!r}: there is a limit of this name already")
        elif not (host or path):
            problems.append(f"entity {each.name!r}: has neither host nor path")
        elif path and not path.startswith("/"):
            problems.append(f"entity {each.name!r}: a path begins with a slash")
        else:
            limit = limit_of(each.name, each.requests, each.period, each.burst)
            entities.append(Entity(host, path, limit))
        known.add(each.name)
    hosts = {entity.host for entity in entities} | ({""} if entities else set())
    return {
        host: tuple(
            sorted(
                (entity for entity in entities if entity.host in {host, ""}),
                # Of two with the same path, the one that names the host.
                key=lambda entity: (-len(entity.path), not entity.host),
            )
        )
        for host in hosts
    }


def entity_for(entities: dict[str, tuple[Entity, ...]], host: str, path: str) -> Entity | None:
    """The limit for a place, if it has one of its own: that with the longest path."""
    candidates = entities.get(host)
    if candidates is None:
        candidates = entities[""]
    if "%" in path:
        # A letter may be written as an escape, and the application reads it as the letter.
        path = unquote(path)
    for entity in candidates:
        prefix = entity.path
        if path.startswith(prefix) and (len(path) == len(prefix) or not prefix or path[len(prefix)] == "/"):
            return entity
    return None


# Addresses.


def parse_network(text: str) -> Network | None:
    """An address or a network; host bits are forgiven, an IPv4 address in IPv6 clothes is an IPv4 address."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen == network.max_prefixlen:
        mapped = network.network_address.ipv4_mapped
        return ipaddress.ip_network(mapped) if mapped is not None else network
    return network


def client_network(text: str) -> Network | None:
    """The network that one client's address stands for; None for what is no address, as on a Unix socket."""
    network = parse_network(text.partition("%")[0])
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen > _IPV6_CLIENT:
        return network.supernet(new_prefix=_IPV6_CLIENT)
    return network


def name_of(network: Network) -> str:
    """How a network is written: a single address without its length."""
    return (
        str(network.network_address) if network.prefixlen == network.max_prefixlen else network.with_prefixlen
    )


def is_within(network: Network, networks: Iterable[Network]) -> bool:
    """Whether all of a network lies in one of these."""
    return any(_holds(each, network) for each in networks)


def _holds(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


# The algorithm.


def admit(at: float, now: float, limit: Limit) -> float | None:
    """Where the client's instant moves by one request; None when it may not have that request."""
    tolerance = limit.tolerance
    if at < now:
        return now + limit.interval
    ahead = at - now
    if ahead <= tolerance:
        return at + limit.interval
    if ahead > tolerance + limit.interval * 1.5:
        # Nobody gets that far ahead by asking: the clock stepped back, or the limits were raised.
        return now + limit.interval
    return None


@lru_cache(maxsize=1024)
def refusal_headers(limit: Limit | None, seconds: int) -> bytes:
    """The header lines of a refusal: when to come back, and what the limit is."""
    retry = b"Retry-After: %d\r\n" % seconds
    if limit is None:
        return retry
    return b'%b%bRateLimit: "%b";r=0;t=%d\r\n' % (retry, limit.policy, limit.name.encode("ascii"), seconds)
