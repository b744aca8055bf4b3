"""From settings to the route table."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import SplitResult, urlsplit

from yett.identity.access import Rule
from yett.net.http import Upstream
from yett.proxy.assets import BadDirectory, compile_assets
from yett.proxy.conditions import Comparison, Condition, Conditions
from yett.proxy.config import RESERVED, FieldSettings, MappingSettings, PathKind
from yett.proxy.delivery import BadDelivery, Delivery, compile_delivery
from yett.proxy.edits import BadEdit, compile_edits
from yett.proxy.matching import BadPattern, Place, Places
from yett.proxy.own import BadAnswer, Own, compile_notice, compile_redirect
from yett.proxy.reauth import covers, freshness_at
from yett.proxy.routes import BadFallback, Duplicate, Fallback, HostRoutes, Route, RouteTable, Variants
from yett.proxy.step_up import demands_at, parts_of, problem_of
from yett.proxy.steps import Step
from yett.proxy.transport import BadTransport, outfit
from yett.proxy.vouching import problems_of

_LONGEST_HOST = 253
_NOWHERE = Upstream("", 0)
_OTHER_METHODS = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})
"""Fields by which some applications take a request for one of another method."""


class BadMapping(Exception):
    """A mapping that cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A route, and the mapping that it was made from."""

    route: Route
    mapping: MappingSettings


def compile_routes(
    mappings: Iterable[MappingSettings],
    service_host: str,
    pools: Collection[str] = (),
    steps: Callable[[MappingSettings], tuple[Step, ...]] = lambda _: (),
) -> RouteTable:
    """The table for these mappings; BadMapping when one cannot be used. Of duplicates the first is used.

    `pools` are the names of the pools that there are; `steps` gives a mapping those of its route.
    """
    known: dict[tuple[object, ...], Route] = {}
    hosts: dict[str, dict[tuple[str, PathKind], list[_Made]]] = {}
    duplicates, bad_fallbacks = [], []
    for mapping in mappings:
        route, bad_fallback = _compile(mapping, service_host, pools)
        if route.own is None:
            route = replace(route, steps=steps(mapping))
        kept = known.setdefault((route.host, route.path, route.kind, route.conditions), route)
        if kept is not route:
            duplicates.append(Duplicate(route, kept))
            continue
        there = hosts.setdefault(route.host, {})
        there.setdefault((route.path, route.kind), []).append(_Made(route, mapping))
        if bad_fallback is not None:
            bad_fallbacks.append(bad_fallback)
    numbered = _Numbers()
    compiled = {host: _compile_host(spots, numbered) for host, spots in hosts.items()}
    return RouteTable(compiled, known.values(), duplicates, bad_fallbacks)


class _Numbers:
    """Gives each route of a table a number of its own."""

    def __init__(self) -> None:
        self._last = 0

    def finished(self, made: _Made, path: str) -> Route:
        """The route as it is below one of its paths."""
        self._last += 1
        route = replace(
            made.route,
            number=self._last,
            rule=replace(made.route.rule, demands=demands_at(path, made.mapping)),
            freshness=freshness_at(path, made.mapping.reauth),
        )
        return replace(route, is_plain=_is_plain(route))


def _is_by_method(made: _Made) -> bool:
    """Whether it depends on the method what becomes of a request."""
    return bool(made.route.conditions.methods) or any(rule.methods for rule in made.mapping.reauth)


def _by_one_method(route: Route) -> Route:
    """The route, whose service is told of no method but the one that was decided on."""
    edits = route.request_edits
    return replace(route, request_edits=replace(edits, drop=edits.drop | _OTHER_METHODS))


def _is_plain(route: Route) -> bool:
    return not (
        route.pool_id
        or route.own
        or route.max_body
        or route.freshness
        or route.steps
        or route.delivery
        or route.request_edits.varying
        or route.response_edits.varying
    )


def _compile_host(spots: dict[tuple[str, PathKind], list[_Made]], numbers: _Numbers) -> HostRoutes:
    stands: list[Route | Variants] = []

    def place(path: str, kind: PathKind, made: list[_Made], parts: Iterable[Place] = ()) -> Place:
        routes = [numbers.finished(each, path) for each in made]
        if any(map(_is_by_method, made)):
            routes = [_by_one_method(each) for each in routes]
        stands.append(routes[0] if len(routes) == 1 and not routes[0].conditions else Variants(routes))
        return Place(path, kind, len(stands) - 1, parts)

    places = []
    for (path, kind), made in spots.items():
        # A part is a place of its own, so that no other reading of a path gets round its rule.
        parts = {
            rule.path.rstrip("/")
            for each in made
            for rule in parts_of(each.mapping)
            if kind is not PathKind.EXACT and not covers(rule, path)
        }
        places.append(place(path, kind, made, [place(part, PathKind.PREFIX, made) for part in sorted(parts)]))
    order = tuple(PathKind)
    routes = [each.route for made in spots.values() for each in made]
    home = min(routes, key=lambda route: (order.index(route.kind), len(route.path)))
    return HostRoutes(Places(places), tuple(stands), home)


def _compile(
    mapping: MappingSettings, service_host: str, pools: Collection[str]
) -> tuple[Route, BadFallback | None]:
    path, kind = _path(mapping)
    _check(mapping, service_host, pools)
    fallback = _fallback(mapping) if mapping.fallback else None
    own = _own(mapping)
    upstream, address, host_header = _NOWHERE, f"pool {mapping.pool}", b""
    if own is not None:
        address = own.address
    elif mapping.service:
        upstream, address = _upstream(mapping, mapping.service)
        host_header = b"" if mapping.preserve_host else address.encode("ascii")
    try:
        request_edits = compile_edits(mapping.request_headers, is_response=False, is_public=mapping.public)
        response_edits = compile_edits(mapping.response_headers, is_response=True, is_public=mapping.public)
    except BadEdit as problem:
        raise BadMapping(f"{mapping.app}: {problem}") from problem
    route = Route(
        app=mapping.app,
        host=mapping.host,
        path=path,
        kind=kind,
        rule=Rule(
            name=mapping.app,
            groups=frozenset(mapping.groups),
            is_public=mapping.public,
            demands=demands_at(path, mapping),
        ),
        upstream=upstream,
        address=address,
        host_header=host_header,
        websocket=mapping.websocket,
        identity_headers=mapping.identity_headers and not mapping.public,
        token_scope=mapping.token_scope,
        provider=mapping.sign_in_with,
        pool_id=mapping.pool,
        preserve_host=mapping.preserve_host,
        fallback=fallback if isinstance(fallback, Fallback) else None,
        ca_file=str(mapping.ca_file or ""),
        conditions=_conditions(mapping),
        own=own,
        max_body=mapping.max_body,
        request_edits=request_edits,
        response_edits=response_edits,
        delivery=_delivery(mapping, pools),
    )
    return route, fallback if isinstance(fallback, BadFallback) else None


def _path(mapping: MappingSettings) -> tuple[str, PathKind]:
    """The path without a slash at its end, and how it is compared."""
    path, kind = mapping.path.rstrip("/") or "/", mapping.match
    if "*" in path and kind is not PathKind.PATTERN:
        raise BadMapping(f'{mapping.app}: path {path} has a star in it, and match is not "pattern"')
    if kind is PathKind.PATTERN:
        if "*" not in path:
            raise BadMapping(f"{mapping.app}: path {path} is no pattern, there is no star in it")
        above = path.removesuffix("/**")
        if "*" not in above:
            # "/a/**" is everything below "/a".
            path, kind = above or "/", PathKind.PREFIX
        else:
            try:
                Place(path, kind)
            except BadPattern as problem:
                raise BadMapping(f"{mapping.app}: path {path}: {problem}") from problem
    if (path + "/").casefold().startswith(RESERVED):
        raise BadMapping(f"{mapping.app}: paths below {RESERVED} are the gateway's own")
    for rule in parts_of(mapping):
        is_inside = covers(rule, path) or (
            kind is not PathKind.EXACT
            and (rule.path + "/").startswith(path.partition("*")[0].rstrip("/") + "/")
        )
        if not is_inside:
            table = "reauth" if rule in mapping.reauth else "step_up"
            raise BadMapping(f"{mapping.app}: {table}.path {rule.path} is not below {path}")
    return path, kind


def _check(mapping: MappingSettings, service_host: str, pools: Collection[str]) -> None:
    if mapping.host == service_host:
        raise BadMapping(f"{mapping.app}: host {mapping.host} is the sign-in host (service.hostname)")
    if mapping.public and mapping.groups:
        raise BadMapping(f"{mapping.app}: a public mapping cannot ask for groups; remove one of the two")
    if mapping.public and mapping.reauth:
        raise BadMapping(f"{mapping.app}: a public mapping cannot ask for a recent sign-in (reauth)")
    if mapping.public and mapping.token_scope:
        raise BadMapping(f"{mapping.app}: a public mapping lets programs in without tokens (token_scope)")
    if mapping.public and mapping.sign_in_with:
        raise BadMapping(
            f"{mapping.app}: nobody is sent away from a public mapping to sign in (sign_in_with)"
        )
    problem = problem_of(mapping)
    if problem:
        raise BadMapping(f"{mapping.app}: {problem}")
    if len(mapping.host) > _LONGEST_HOST:
        raise BadMapping(f"{mapping.app}: a host name has at most {_LONGEST_HOST} characters")
    ends = (mapping.service, mapping.pool, mapping.redirect, mapping.assets, mapping.answer)
    if sum(bool(end) for end in ends) != 1:
        raise BadMapping(
            f"{mapping.app}: a mapping needs either a service or a pool, or redirect, assets or answer; "
            "one of them, and not both"
        )
    if mapping.pool and mapping.pool not in pools:
        raise BadMapping(f"{mapping.app}: there is no [[proxy.pool]] named {mapping.pool!r}")
    if mapping.fallback and not mapping.pool:
        raise BadMapping(f"{mapping.app}: a fallback is for mappings with a pool")
    for problem in problems_of(mapping):
        raise BadMapping(f"{mapping.app}: {problem}")


def _conditions(mapping: MappingSettings) -> Conditions:
    methods = {method.encode("ascii") for method in mapping.methods}
    if b"GET" in methods:
        methods.add(b"HEAD")
    return Conditions(
        frozenset(methods),
        tuple(_condition(mapping.app, each, is_field=True) for each in mapping.header),
        tuple(_condition(mapping.app, each, is_field=False) for each in mapping.query),
    )


def _condition(app: str, settings: FieldSettings, *, is_field: bool) -> Condition:
    name = settings.name.lower().replace("_", "-") if is_field else settings.name
    if is_field and name in {"cookie", "authorization"}:
        # Whoever may be let in is decided by what they prove, not by what a header looks like.
        raise BadMapping(f"{app}: {settings.name} holds credentials, which no mapping is chosen by")
    given = [each for each in (settings.equals, settings.prefix) if each is not None]
    if len(given) > 1 or (given and not settings.present):
        raise BadMapping(f"{app}: {settings.name} can have one of equals, prefix and present = false")
    if settings.equals is not None:
        return Condition(name, Comparison.EQUALS, settings.equals)
    if settings.prefix is not None:
        return Condition(name, Comparison.PREFIX, settings.prefix)
    return Condition(name, Comparison.PRESENT if settings.present else Comparison.ABSENT)


def _own(mapping: MappingSettings) -> Own | None:
    try:
        if mapping.redirect is not None:
            return compile_redirect(mapping.redirect)
        if mapping.assets is not None:
            return compile_assets(
                mapping.app,
                mapping.assets,
                is_public=mapping.public,
                is_whole=mapping.match is not PathKind.PREFIX,
            )
        return compile_notice(mapping.answer) if mapping.answer is not None else None
    except (BadAnswer, BadDirectory) as problem:
        raise BadMapping(f"{mapping.app}: {problem}") from problem


def _delivery(mapping: MappingSettings, pools: Collection[str]) -> Delivery | None:
    try:
        return compile_delivery(mapping, pools, partial(_upstream, mapping))
    except BadDelivery as problem:
        raise BadMapping(f"{mapping.app}: {problem}") from problem


# Upstreams.


def _fallback(mapping: MappingSettings) -> Fallback | BadFallback:
    try:
        upstream, address = _upstream(mapping, mapping.fallback)
    except BadMapping as problem:
        return BadFallback(mapping.app, mapping.fallback, str(problem))
    return Fallback(upstream, address, b"" if mapping.preserve_host else address.encode("ascii"))


def _upstream(mapping: MappingSettings, service: str) -> tuple[Upstream, str]:
    limits = Upstream(
        "",
        0,
        connect_timeout=mapping.connect_timeout.total_seconds(),
        response_timeout=mapping.response_timeout.total_seconds(),
        idle_timeout=mapping.idle_timeout.total_seconds(),
        max_connections=mapping.max_connections,
        max_waiting=mapping.max_waiting,
    )
    if service.startswith("unix:"):
        return _outfit(mapping, replace(limits, unix_path=service.removeprefix("unix:"))), "localhost"
    parts, port = _address(mapping.app, service)
    host = parts.hostname or ""
    upstream = replace(limits, host=host, port=port, tls_name=host if parts.scheme == "https" else "")
    return _outfit(mapping, upstream), f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"


def _outfit(mapping: MappingSettings, upstream: Upstream) -> Upstream:
    try:
        return outfit(upstream, mapping)
    except BadTransport as problem:
        raise BadMapping(f"{mapping.app}: {problem}") from problem


def _address(app: str, service: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(service)
        port = parts.port
    except ValueError as problem:
        raise BadMapping(f"{app}: service {service}: {problem}") from problem
    if not parts.hostname or port == 0:
        raise BadMapping(f"{app}: service {service} names no host or no port")
    return parts, port or (443 if parts.scheme == "https" else 80)
