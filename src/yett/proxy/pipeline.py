"""What happens to the requests of a route besides deciding, and in what order.

The order is policy, so it stands here in one place: requests and responses go through the steps
from top to bottom. A step that a mapping does not ask for is not there.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from yett.proxy.bearer import BearerStep
from yett.proxy.compression import CompressionStep
from yett.proxy.config import MappingSettings, ProxySettings
from yett.proxy.request_signing import SigningStep
from yett.proxy.rewriting import Place, RewritingStep, place_of
from yett.proxy.steps import Step
from yett.proxy.timing import TimingStep
from yett.proxy.transport import NamingStep
from yett.proxy.vouching import Vouching, wanted_token


def steps_of(
    mapping: MappingSettings, settings: ProxySettings, *, public_port: int, vouching: Vouching | None = None
) -> tuple[Step, ...]:
    """The steps of a mapping that has a service or a pool, in their order.

    `vouching` is what tells services who is calling; mappings that ask for that need it.
    """
    steps = (
        _naming(mapping, settings),
        _rewriting(mapping, settings, public_port),
        _compression(mapping, settings),
        _bearer(mapping, vouching),
        _request_signing(mapping, vouching),
        TimingStep() if mapping.debug_timing else None,
    )
    return tuple(step for step in steps if step is not None)


def _bearer(mapping: MappingSettings, vouching: Vouching | None) -> Step | None:
    if mapping.bearer is None:
        return None
    if vouching is None or vouching.bearers is None:
        raise ValueError(f"{mapping.app}: there is nobody here who makes bearer tokens")
    return BearerStep(wanted_token(mapping.app, mapping.bearer, vouching.provider_of), vouching.bearers)


def _request_signing(mapping: MappingSettings, vouching: Vouching | None) -> Step | None:
    """It stands behind everything that changes what is sent."""
    if mapping.request_signing is None:
        return None
    if vouching is None:
        raise ValueError(f"{mapping.app}: there is nobody here who signs requests")
    return SigningStep(mapping.app, mapping.request_signing, vouching.request_keys, vouching.clock)


def _naming(mapping: MappingSettings, settings: ProxySettings) -> Step | None:
    is_wanted = mapping.send_proxy or any(
        pool.send_proxy for pool in settings.pool if pool.name == mapping.pool
    )
    return NamingStep() if is_wanted else None


def _rewriting(mapping: MappingSettings, settings: ProxySettings, public_port: int) -> Step | None:
    if not mapping.rewrite_host and not mapping.rewrite_redirects:
        return None
    return RewritingStep(
        _places(mapping, settings),
        mapping.host,
        public_port=public_port,
        limit=mapping.rewrite_limit,
        pages=mapping.rewrite_host,
    )


def _places(mapping: MappingSettings, settings: ProxySettings) -> Iterator[Place]:
    """By which addresses an application may know itself, as far as settings say."""
    services = [mapping.service, mapping.fallback, *mapping.rewrite_from]
    for pool in settings.pool:
        if pool.name == mapping.pool:
            services += [backend.service for backend in pool.backend]
            if pool.discovery is not None:
                yield place_of(pool.discovery.hostname, pool.discovery.port)
    for service in services:
        if service.startswith("unix:"):
            yield place_of("localhost", 80)
        elif service:
            parts = urlsplit(service)
            yield place_of(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))


def _compression(mapping: MappingSettings, settings: ProxySettings) -> Step | None:
    wanted = settings.compression.enabled if mapping.compression is None else mapping.compression
    return CompressionStep(settings.compression) if wanted else None
