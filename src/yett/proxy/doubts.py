"""Settings that can be used and are rarely meant."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from yett.proxy import events
from yett.proxy.balancing import PoolSettings
from yett.proxy.balancing.config import DiscoverySettings, HealthSettings, OutlierSettings
from yett.proxy.balancing.health import CheckKind
from yett.proxy.own import Redirect
from yett.proxy.routes import Route

_QUICK = timedelta(seconds=5)
"""Looking a name up more often than that, on every node, is what DNS servers complain about."""

Say = Callable[..., None]


def doubts_about(route: Route) -> Iterator[str]:
    """What is doubtful about a mapping."""
    if route.rule.is_public:
        yield "public: everybody may enter without signing in"
    if isinstance(route.own, Redirect) and _is_circular(route, route.own):
        yield "redirect: it leads back to the mapping's own path, in circles"


def doubts_about_pool(settings: PoolSettings) -> Iterator[tuple[Say, str]]:
    """What is doubtful about a pool, and who says it."""
    if settings.outlier is not None:
        for problem in _of_outliers(settings.outlier, settings):
            yield events.outliers_questionable, problem
    if settings.discovery is not None:
        for problem in _of_discovery(settings.discovery, settings):
            yield events.discovery_questionable, problem
    if settings.health is not None:
        for problem in _of_health(settings.health):
            yield events.health_questionable, problem


def _is_circular(route: Route, redirect: Redirect) -> bool:
    to = redirect.to
    for scheme in ("https://", "http://"):
        to = to.removeprefix(scheme + route.host)
    below = route.path if route.path.endswith("/") else route.path + "/"
    return (to or "/").startswith(below) or to == route.path


def _of_outliers(outlier: OutlierSettings, pool: PoolSettings) -> Iterator[str]:
    if not (outlier.consecutive or outlier.stdev_factor or outlier.failure_percentage):
        yield "every detector is off, so no backend is ever ejected"
    if not outlier.max_ejected_percent:
        yield "max_ejected_percent is 0, so no backend is ever ejected"
    if outlier.max_ejection < outlier.base_ejection:
        yield "max_ejection is shorter than base_ejection, so every ejection lasts max_ejection"
    if pool.discovery is None and len(pool.backend) == 1:
        yield "the pool has one backend, which is compared with nothing"
    elif pool.discovery is None and outlier.stdev_factor and len(pool.backend) < outlier.minimum_backends:
        yield "the pool has fewer backends than minimum_backends, so success rates are never compared"


def _of_discovery(discovery: DiscoverySettings, pool: PoolSettings) -> Iterator[str]:
    if discovery.refresh < _QUICK:
        yield "refresh is so short that name servers may refuse to answer"
    if discovery.tls and discovery.port == 80:
        yield "tls is on and the port is 80"
    if not discovery.tls and discovery.port == 443:
        yield "tls is off and the port is 443"
    if pool.health is None:
        yield "there is no health table, so an address stays in use for as long as its name lists it"


def _of_health(health: HealthSettings) -> Iterator[str]:
    if health.timeout >= health.interval:
        yield "timeout is not shorter than interval, so checks of a slow backend come late"
    if health.type is not CheckKind.HTTP and health.path != "/":
        yield f"path is for http checks, and these are {health.type.value}"
    if any(each.partition("-")[2] >= "500" or each >= "500" for each in health.expect):
        yield "expect takes server errors (5xx) for a sign of health"
    if health.healthy_after > 10 * health.unhealthy_after:
        yield "healthy_after is so large that backends come back late"
