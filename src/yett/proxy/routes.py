"""From settings to a table that finds a request's route.

A path is compared as it came, because that is how it goes to the upstream. What an upstream may
read differently (escapes, doubled slashes, backslashes, `;parameters`, capital letters) is the
classic way round a rule, so a path is refused unless every reading of it ends at the same route.
Dot segments are refused always.
"""

import enum
import re
import ssl
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from yett.identity.access import Rule
from yett.net.http import Upstream
from yett.proxy.config import RESERVED, MappingSettings

_ODD = re.compile(r"[%;\\?#]|//|/\.")
"""What makes a path worth a second reading."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CLIMB = re.compile(r"[/\\]\.{1,2}(?:[/\\;?#]|$)")
"""A dot segment. Some servers cut parameters off first, so "..;x" climbs as well."""
_QUERY = re.compile(r"[?#]")
_PARAMETERS = re.compile(r";[^/]*")
_SLASHES = re.compile(r"//+")
_REMEMBERED = 4096
_REMEMBERED_LENGTH = 256
_LONGEST_HOST = 253
_NOWHERE = Upstream("", 0)


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where requests go when there is no backend for them."""

    upstream: Upstream
    address: str
    host_header: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """One mapping, ready for use."""

    app: str
    host: str
    path: str
    prefix: str
    """The path with a slash at its end."""
    folded: str
    """The prefix without regard to capital letters."""
    rule: Rule
    upstream: Upstream
    """Nowhere for a route with a pool: each request has a backend of its own."""
    address: str
    """The upstream as text, for the log."""
    host_header: bytes
    """The Host to send to the upstream; empty keeps the client's."""
    websocket: bool
    identity_headers: bool
    pool_id: str
    """The pool whose backends requests are spread over; empty for a plain service."""
    preserve_host: bool
    fallback: Fallback | None = None


class Miss(enum.Enum):
    """Why there is no route to an application."""

    NO_HOST = "no routes for hostname"
    NO_PATH = "no path match"
    AMBIGUOUS = "ambiguous path"
    RESERVED = "reserved path"
    """One of our own pages on an application host."""


class BadMapping(Exception):
    """A mapping that cannot be used; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapping for a place that another one has already."""

    route: Route
    kept: Route


@dataclass(frozen=True, slots=True)
class BadFallback:
    """A fallback that cannot be used; the mapping works without one."""

    app: str
    service: str
    problem: str


class RouteTable:
    """Routes by host, longest path first. It never changes; what it found lately, it remembers."""

    __slots__ = ("_found", "_hosts", "_room", "bad_fallbacks", "duplicates", "routes")

    def __init__(
        self,
        routes: Iterable[Route],
        duplicates: Iterable[Duplicate] = (),
        bad_fallbacks: Iterable[BadFallback] = (),
    ) -> None:
        hosts: dict[str, list[Route]] = {}
        for route in routes:
            hosts.setdefault(route.host, []).append(route)
        self._hosts = {
            host: tuple(sorted(found, key=lambda route: -len(route.prefix))) for host, found in hosts.items()
        }
        self._found: dict[str, dict[str, Route | Miss]] = {host: {} for host in hosts}
        self._room = _REMEMBERED
        self.routes = tuple(route for found in self._hosts.values() for route in found)
        self.duplicates = tuple(duplicates)
        self.bad_fallbacks = tuple(bad_fallbacks)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every served host name."""
        return tuple(self._hosts)

    def home(self, host: str) -> Route:
        """The route of a served host that reaches furthest up; its path is where a lost visitor can begin."""
        return self._hosts[host][-1]

    def find(self, host: str, path: str) -> Route | Miss:
        """The route of a request, or why there is none."""
        known = self._found.get(host)
        if known is None:
            return Miss.NO_HOST
        found = known.get(path)
        if found is None:
            found = _look(self._hosts[host], path)
            if len(path) <= _REMEMBERED_LENGTH:
                self._remember(known, path, found)
        return found

    def _remember(self, known: dict[str, Route | Miss], path: str, found: Route | Miss) -> None:
        if not self._room:
            # Whoever asks for ever new paths costs others a second look, and no memory.
            for each in self._found.values():
                each.clear()
            self._room = _REMEMBERED
        self._room -= 1
        known[path] = found


def _look(routes: tuple[Route, ...], path: str) -> Route | Miss:
    """The route of a path, if every reading of the path ends there."""
    found = _first(routes, path)
    if _ODD.search(path) is None:
        return found if _is_folded_into(routes, path, found) else Miss.AMBIGUOUS
    for text in _decodings(path):
        if _CONTROL.search(text) or _CLIMB.search(text) or _first(routes, text) is not found:
            return Miss.AMBIGUOUS
        if not _is_folded_into(routes, _plain(text), found):
            return Miss.AMBIGUOUS
    return found


def _first(routes: tuple[Route, ...], path: str) -> Route | Miss:
    if path.startswith(RESERVED):
        return Miss.RESERVED
    for route in routes:
        if path.startswith(route.prefix) or path == route.path:
            return route
    return Miss.NO_PATH


def _is_folded_into(routes: tuple[Route, ...], path: str, found: Route | Miss) -> bool:
    """Whether an upstream that takes capital letters for small ones reads the path as we do."""
    folded = path.casefold()
    if folded.startswith(RESERVED):
        return found is Miss.RESERVED
    for route in routes:
        if folded.startswith(route.folded) or folded == route.folded[:-1]:
            return isinstance(found, Route) and found.folded == route.folded
    return found is Miss.NO_PATH


def _plain(path: str) -> str:
    """The path as the most generous upstream takes it.

    One that does only some of this comes to the same route: what begins with a route's prefix
    still does so when more is cut off and joined behind the prefix.
    """
    path = _QUERY.split(path, maxsplit=1)[0].replace("\\", "/")
    return _SLASHES.sub("/", _PARAMETERS.sub("", path))


def _decodings(path: str) -> Iterator[str]:
    """The path as it came, decoded, and decoded twice, as happens where one proxy follows another."""
    for _ in range(3):
        yield path
        decoded = unquote_to_bytes(path).decode("utf-8", "replace")
        if decoded == path:
            return
        path = decoded


def compile_routes(
    mappings: Iterable[MappingSettings], service_host: str, pools: Collection[str] = ()
) -> RouteTable:
    """The table for these mappings; BadMapping when one cannot be used. Of duplicates the first is used.

    `pools` are the names of the pools that there are.
    """
    known: dict[tuple[str, str], Route] = {}
    duplicates, bad_fallbacks = [], []
    for mapping in mappings:
        route, bad_fallback = _compile(mapping, service_host, pools)
        kept = known.setdefault((route.host, route.prefix), route)
        if kept is not route:
            duplicates.append(Duplicate(route, kept))
        elif bad_fallback is not None:
            bad_fallbacks.append(bad_fallback)
    return RouteTable(known.values(), duplicates, bad_fallbacks)


def _compile(
    mapping: MappingSettings, service_host: str, pools: Collection[str]
) -> tuple[Route, BadFallback | None]:
    _check(mapping, service_host, pools)
    path = mapping.path.rstrip("/") or "/"
    prefix = path if path.endswith("/") else path + "/"
    if prefix.casefold().startswith(RESERVED):
        raise BadMapping(f"{mapping.app}: paths below {RESERVED} are the gateway's own")
    fallback = _fallback(mapping) if mapping.fallback else None
    if mapping.pool:
        upstream, address, host_header = _NOWHERE, f"pool {mapping.pool}", b""
    else:
        upstream, address = _upstream(mapping, mapping.service)
        host_header = b"" if mapping.preserve_host else address.encode("ascii")
    route = Route(
        app=mapping.app,
        host=mapping.host,
        path=path,
        prefix=prefix,
        folded=prefix.casefold(),
        rule=Rule(name=mapping.app, groups=frozenset(mapping.groups), is_public=mapping.public),
        upstream=upstream,
        address=address,
        host_header=host_header,
        websocket=mapping.websocket,
        identity_headers=mapping.identity_headers and not mapping.public,
        pool_id=mapping.pool,
        preserve_host=mapping.preserve_host,
        fallback=fallback if isinstance(fallback, Fallback) else None,
    )
    return route, fallback if isinstance(fallback, BadFallback) else None


def _check(mapping: MappingSettings, service_host: str, pools: Collection[str]) -> None:
    if mapping.host == service_host:
        raise BadMapping(f"{mapping.app}: host {mapping.host} is the sign-in host (service.hostname)")
    if mapping.public and mapping.groups:
        raise BadMapping(f"{mapping.app}: a public mapping cannot ask for groups; remove one of the two")
    if len(mapping.host) > _LONGEST_HOST:
        raise BadMapping(f"{mapping.app}: a host name has at most {_LONGEST_HOST} characters")
    if bool(mapping.service) == bool(mapping.pool):
        raise BadMapping(f"{mapping.app}: a mapping needs either a service or a pool, and not both")
    if mapping.pool and mapping.pool not in pools:
        raise BadMapping(f"{mapping.app}: there is no [[proxy.pool]] named {mapping.pool!r}")
    if mapping.fallback and not mapping.pool:
        raise BadMapping(f"{mapping.app}: a fallback is for mappings with a pool")


def _fallback(mapping: MappingSettings) -> Fallback | BadFallback:
    try:
        upstream, address = _upstream(mapping, mapping.fallback)
    except BadMapping as problem:
        return BadFallback(mapping.app, mapping.fallback, str(problem))
    return Fallback(upstream, address, b"" if mapping.preserve_host else address.encode("ascii"))


def _upstream(mapping: MappingSettings, service: str) -> tuple[Upstream, str]:
    connect, response = mapping.connect_timeout.total_seconds(), mapping.response_timeout.total_seconds()
    if service.startswith("unix:"):
        path = service.removeprefix("unix:")
        upstream = Upstream("", 0, unix_path=path, connect_timeout=connect, response_timeout=response)
        return upstream, "localhost"
    parts, port = _address(mapping.app, service)
    host = parts.hostname or ""
    ca_file = ""
    if mapping.ca_file is not None:
        ca_file = str(mapping.ca_file)
        try:
            ssl.create_default_context(cafile=ca_file)
        except (OSError, ssl.SSLError) as problem:
            raise BadMapping(f"{mapping.app}: ca_file {ca_file}: {problem}") from problem
    upstream = Upstream(
        host,
        port,
        tls_name=host if parts.scheme == "https" else "",
        ca_file=ca_file,
        connect_timeout=connect,
        response_timeout=response,
    )
    return upstream, f"{host}:{port}" if ":" not in host else f"[{host}]:{port}"


def _address(app: str, service: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(service)
        port = parts.port
    except ValueError as problem:
        raise BadMapping(f"{app}: service {service}: {problem}") from problem
    if not parts.hostname or port == 0:
        raise BadMapping(f"{app}: service {service} names no host or no port")
    return parts, port or (443 if parts.scheme == "https" else 80)
