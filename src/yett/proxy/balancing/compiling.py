"""From settings to pools."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import urlsplit

from yett.net.http import Upstream
from yett.proxy.balancing import encoding
from yett.proxy.balancing.circuit import CircuitRules
from yett.proxy.balancing.config import (
    SERVICE,
    SERVICE_WORDS,
    CircuitSettings,
    HealthSettings,
    LimitSettings,
    OutlierSettings,
    PoolSettings,
)
from yett.proxy.balancing.discovery import DiscoveryRules
from yett.proxy.balancing.health import CheckKind, HealthRules
from yett.proxy.balancing.limits import LimitRules
from yett.proxy.balancing.model import MOST_BACKENDS, Affinity, Backend, Origin, Pool
from yett.proxy.balancing.outliers import OutlierRules
from yett.proxy.transport import BadTransport, check_files, check_protocol, files_of


class BadPool(Exception):
    """A pool that cannot be used; the text names it and says why."""


class BadBackend(Exception):
    """A backend that cannot be used; the text says why."""


def compile_pools(settings: Iterable[PoolSettings]) -> tuple[Pool, ...]:
    """The pools that the settings describe. Raises BadPool."""
    found: dict[str, Pool] = {}
    for each in settings:
        if each.name in found:
            raise BadPool(f"{each.name}: there are two pools of that name")
        found[each.name] = compile_pool(each)
    return tuple(found.values())


def compile_pool(settings: PoolSettings) -> Pool:
    """One of them. Raises BadPool."""
    name = settings.name
    if not settings.backend and settings.discovery is None:
        raise BadPool(f"{name}: a pool needs a [[proxy.pool.backend]] or a discovery table")
    if len(settings.backend) > MOST_BACKENDS:
        raise BadPool(f"{name}: a pool has at most {MOST_BACKENDS} backends")
    if settings.affinity is Affinity.COOKIE and not settings.affinity_cookie:
        raise BadPool(f"{name}: affinity by cookie needs affinity_cookie")
    template = _template(settings)
    discovery = settings.discovery
    if discovery is not None and template.protocol == "h3" and not discovery.tls:
        raise BadPool(f'{name}: protocol "h3" needs discovery.tls')
    backends: dict[str, Backend] = {}
    for each in settings.backend:
        try:
            backend = make_backend(each.service, template, name=each.name, weight=each.weight)
        except BadBackend as problem:
            raise BadPool(f"{name}: {problem}") from problem
        if backend.id in backends:
            raise BadPool(f"{name}: there are two backends {backend.id}")
        backends[backend.id] = backend
    _check_checks(settings, backends.values())
    pool = Pool(
        id=name,
        backends=tuple(backends.values()),
        strategy=settings.strategy,
        affinity=settings.affinity,
        affinity_cookie=settings.affinity_cookie,
        affinity_lifetime=settings.affinity_lifetime.total_seconds(),
        health=_health(name, settings.health) if settings.health is not None else None,
        circuit=_circuit(settings.circuit) if settings.circuit is not None else None,
        outliers=_outliers(settings.outlier) if settings.outlier is not None else None,
        limit=_limit(settings.limit) if settings.limit is not None else None,
        discovery=None
        if discovery is None
        else DiscoveryRules(
            discovery.hostname, discovery.port, discovery.refresh.total_seconds(), discovery.tls
        ),
        template=template,
        origin=Origin.SETTINGS,
    )
    digest = hashlib.blake2b(encoding.encode(pool), digest_size=16).hexdigest()
    return replace(pool, fingerprint=digest)


def make_backend(service: str, template: Upstream, *, name: str = "", weight: int = 1) -> Backend:
    """The backend at "http://host:port", "https://host:port" or "unix:/path". Raises BadBackend."""
    if re.fullmatch(SERVICE, service) is None:
        raise BadBackend(f"service {service} is not {SERVICE_WORDS}")
    if service.startswith("unix:/"):
        upstream = replace(template, host="", port=0, unix_path=service.removeprefix("unix:"), tls_name="")
        _check_protocol(upstream)
        return Backend(name or service, upstream, service, weight)
    try:
        parts = urlsplit(service)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise BadBackend(f"service {service}: {problem}") from problem
    if not host or port == 0:
        raise BadBackend(f"service {service} names no host or no port")
    port = port or (443 if parts.scheme == "https" else 80)
    upstream = replace(
        template,
        host=host,
        port=port,
        unix_path="",
        # The template has the name that the settings ask for, if they do.
        tls_name=(template.tls_name or host) if parts.scheme == "https" else "",
    )
    _check_protocol(upstream)
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Backend(name or address, upstream, address, weight)


def _check_protocol(upstream: Upstream) -> None:
    try:
        check_protocol(upstream)
    except BadTransport as problem:
        raise BadBackend(str(problem)) from problem


def _check_checks(settings: PoolSettings, backends: Iterable[Backend]) -> None:
    """Whether all backends can be checked in the way that is asked for. Raises BadPool."""
    if settings.health is None or settings.health.type is not CheckKind.HTTP3:
        return
    is_plain = settings.discovery is not None and not settings.discovery.tls
    if is_plain or any(not backend.upstream.tls_name for backend in backends):
        raise BadPool(f"{settings.name}: an http3 check needs services that begin with https://")


def _template(settings: PoolSettings) -> Upstream:
    try:
        ca_file, cert_file, key_file = files_of(settings)
        check_files(ca_file, cert_file, key_file)
    except BadTransport as problem:
        raise BadPool(f"{settings.name}: {problem}") from problem
    return Upstream(
        "",
        0,
        tls_name=settings.tls_server_name,
        ca_file=ca_file,
        cert_file=cert_file,
        key_file=key_file,
        send_proxy=settings.send_proxy,
        protocol=settings.protocol,
        connect_timeout=settings.connect_timeout.total_seconds(),
        response_timeout=settings.response_timeout.total_seconds(),
        idle_timeout=settings.idle_timeout.total_seconds(),
        max_connections=settings.max_connections,
        max_waiting=settings.max_waiting,
    )


def _health(name: str, settings: HealthSettings) -> HealthRules:
    ranges = []
    for text in settings.expect:
        low, _, high = text.partition("-")
        if int(high or low) < int(low):
            raise BadPool(f"{name}: health.expect {text} is no range")
        ranges.append((int(low), int(high or low)))
    return HealthRules(
        kind=settings.type,
        interval=settings.interval.total_seconds(),
        timeout=settings.timeout.total_seconds(),
        healthy_after=settings.healthy_after,
        unhealthy_after=settings.unhealthy_after,
        path=settings.path,
        host=settings.host,
        expect=tuple(ranges),
        name=settings.name,
    )


def _circuit(settings: CircuitSettings) -> CircuitRules:
    return CircuitRules(
        window=settings.window.total_seconds(),
        minimum_requests=settings.minimum_requests,
        error_threshold=settings.error_threshold,
        latency_threshold=settings.latency_threshold.total_seconds(),
        network_threshold=settings.network_threshold,
        combine=settings.combine,
        expression=settings.expression,
        open_for=settings.open_for.total_seconds(),
        trials=settings.trials,
        is_per_protocol=settings.per_protocol,
    )


def _outliers(settings: OutlierSettings) -> OutlierRules:
    return OutlierRules(
        interval=settings.interval.total_seconds(),
        base_ejection=settings.base_ejection.total_seconds(),
        max_ejection=settings.max_ejection.total_seconds(),
        max_ejected_percent=settings.max_ejected_percent,
        consecutive=settings.consecutive,
        stdev_factor=settings.stdev_factor,
        failure_percentage=settings.failure_percentage,
        minimum_backends=settings.minimum_backends,
        minimum_requests=settings.minimum_requests,
    )


def _limit(settings: LimitSettings) -> LimitRules:
    # Less than one would let nobody through at all.
    burst = settings.burst or max(settings.rate, 1.0)
    return LimitRules(settings.rate, max(burst, 1.0), settings.rate_limit_per_user)
