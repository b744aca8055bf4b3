"""How a route's requests are delivered when once is not enough: compiled from the mapping's tables.

A mapping without `retry`, `hedge`, `canary` and `shadow` has no `Delivery`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from yett.net.http import Upstream
from yett.proxy.canary import CanaryRules, CanarySettings, compile_canary
from yett.proxy.hedging import HedgeRules, HedgeSettings, compile_hedge
from yett.proxy.retrying import RetryRules, RetrySettings, compile_retry
from yett.proxy.shadow import Shadow, ShadowSettings

Locate = Callable[[str], tuple[Upstream, str]]
"""From a service as it is written in the settings to the upstream and its address."""


class BadDelivery(Exception):
    """Tables that cannot be used; the text says why."""


class Mapping(Protocol):
    """The part of a mapping's settings that this is compiled from."""

    @property
    def app(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def preserve_host(self) -> bool: ...
    @property
    def retry(self) -> RetrySettings | None: ...
    @property
    def hedge(self) -> HedgeSettings | None: ...
    @property
    def canary(self) -> CanarySettings | None: ...
    @property
    def shadow(self) -> tuple[ShadowSettings, ...]: ...


@dataclass(frozen=True, slots=True)
class Spare:
    """Where requests go when a pool has no backend for them; the canary of a pool has none."""

    upstream: Upstream
    address: str
    host_header: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where the requests of one version go: to a pool's backends, or to a service."""

    pool_id: str
    upstream: Upstream
    address: str
    host_header: bytes
    preserve_host: bool
    fallback: Spare | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What else may happen to a request than being sent once. What is None is off."""

    retry: RetryRules | None = None
    hedge: HedgeRules | None = None
    canary: CanaryRules | None = None
    canary_target: Target | None = None
    shadows: tuple[Shadow, ...] = ()
    keep_body: int = 0
    """Bytes of a request's body that have to be kept for all this."""


def compile_delivery(mapping: Mapping, pools: Collection[str], locate: Locate) -> Delivery | None:
    """What the mapping's tables describe, None without any. Raises BadDelivery, and what `locate` raises.

    `pools` are the names of the pools that there are.
    """
    if mapping.retry is None and mapping.hedge is None and mapping.canary is None and not mapping.shadow:
        return None
    if not mapping.service and not mapping.pool:
        raise BadDelivery("retry, hedge, canary and shadow are for mappings with a service or a pool")
    canary = mapping.canary
    target = _target(canary, mapping, pools, locate) if canary is not None else None
    if mapping.hedge is not None and not mapping.pool:
        raise BadDelivery("hedge needs a pool: a copy goes to another backend")
    names = [shadow.name for shadow in mapping.shadow]
    if len(set(names)) < len(names):
        raise BadDelivery("there are two shadows of the same name")
    holders = [each for each in (mapping.retry, mapping.hedge, *mapping.shadow) if each is not None]
    return Delivery(
        retry=compile_retry(mapping.retry) if mapping.retry is not None else None,
        hedge=compile_hedge(mapping.hedge) if mapping.hedge is not None else None,
        canary=compile_canary(canary, mapping.app) if canary is not None else None,
        canary_target=target,
        shadows=tuple(_shadow(shadow, locate) for shadow in mapping.shadow),
        keep_body=max((each.max_body for each in holders), default=0),
    )


def _target(canary: CanarySettings, mapping: Mapping, pools: Collection[str], locate: Locate) -> Target:
    if bool(canary.service) == bool(canary.pool):
        raise BadDelivery("a canary needs either a service or a pool, and not both")
    if canary.pool:
        if canary.pool not in pools:
            raise BadDelivery(f"there is no [[proxy.pool]] named {canary.pool!r} for the canary")
        nowhere = Upstream("", 0)
        return Target(canary.pool, nowhere, f"pool {canary.pool}", b"", mapping.preserve_host)
    upstream, address = locate(canary.service)
    host = b"" if mapping.preserve_host else address.encode("ascii")
    return Target("", upstream, address, host, mapping.preserve_host)


def _shadow(settings: ShadowSettings, locate: Locate) -> Shadow:
    upstream, address = locate(settings.service)
    return Shadow(
        name=settings.name,
        upstream=upstream,
        address=address,
        host=b"" if settings.preserve_host else address.encode("ascii"),
        percent=settings.percent,
        methods=frozenset(method.encode("ascii") for method in settings.methods),
        max_body=settings.max_body,
        timeout=settings.timeout.total_seconds(),
        concurrency=settings.concurrency,
        queue=settings.queue,
        credentials=settings.credentials,
        identity=settings.identity,
        drop=frozenset(name.lower().replace("_", "-").encode("ascii") for name in settings.drop),
    )
