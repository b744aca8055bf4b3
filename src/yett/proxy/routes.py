"""A table that finds a request's route: by host, then by path, then by what else it carries.

An exact host comes before a wildcard, and a host with mappings of its own never goes on to one.
`matching` holds the rules for paths, `conditions` those for the rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from yett.identity.access import Rule
from yett.net.http import Request, Upstream
from yett.proxy.conditions import Conditions, WrongMethod, allowed
from yett.proxy.config import PathKind
from yett.proxy.delivery import Delivery
from yett.proxy.edits import NO_EDITS, Edits
from yett.proxy.matching import Miss, Place, Places
from yett.proxy.own import Own
from yett.proxy.reauth import Freshness
from yett.proxy.steps import Step

_REMEMBERED = 4096
_REMEMBERED_LENGTH = 256
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where requests go when there is no backend for them."""

    upstream: Upstream
    address: str
    host_header: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """One mapping, ready for use; or one part of it that takes a recent sign-in."""

    app: str
    host: str
    """The name, or "*." and a name."""
    path: str
    kind: PathKind
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
    ca_file: str = ""
    conditions: Conditions = field(default_factory=Conditions)
    token_scope: str = ""
    """What a personal access token has to be good for to let a program in; empty where none does."""
    provider: str = ""
    """The other provider that people are sent to, past the sign-in page; empty where they choose there."""
    own: Own | None = None
    """Who answers, when the gateway does so itself."""
    max_body: int = 0
    """Bytes of request body that this route takes; 0 for any number."""
    request_edits: Edits = NO_EDITS
    response_edits: Edits = NO_EDITS
    freshness: tuple[Freshness, ...] = ()
    """How recent a sign-in has to be here."""
    steps: tuple[Step, ...] = ()
    """What else happens to its requests, in order."""
    delivery: Delivery | None = None
    """Tries again, copies, a canary, shadows; None for a route without."""
    is_plain: bool = True
    """Whether a request that was let through is only sent on: nothing has to be decided anew each time."""
    number: int = 0
    """Tells the routes of one table apart."""
    said: tuple[str, str, str, str] = field(init=False, repr=False, compare=False)
    """What the record of each request says about it: application, path, rule, upstream."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", (self.app, self.path, self.rule.name, self.address))

    @property
    def start(self) -> str:
        """A path at which a visitor can begin."""
        return self.path.partition("*")[0].rpartition("/")[0] + "/" if "*" in self.path else self.path


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


class Variants:
    """The routes of one place, of which a request gets the first whose conditions it meets."""

    __slots__ = ("_routes",)

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = tuple(sorted(routes, key=lambda route: (*route.conditions.rank, route.number)))

    def choose(self, request: Request) -> Route | Miss | WrongMethod:
        """The route of a request that came to this place. Whatever it is not taken for, it goes nowhere else."""
        methods: set[bytes] = set()
        for route in self._routes:
            conditions = route.conditions
            if conditions.hold(request):
                if not conditions.methods or request.method in conditions.methods:
                    return route
                methods |= conditions.methods
        return WrongMethod(allowed(frozenset(methods))) if methods else Miss.NO_PATH


Found = Route | Variants | Miss


@dataclass(slots=True)
class HostRoutes:
    """What one host serves."""

    places: Places
    stands: tuple[Route | Variants, ...]
    """What stands at a place, by the place's number."""
    home: Route
    """The route that reaches furthest up; its start is where a lost visitor can begin."""


class RouteTable:
    """The routes of every host. It never changes; what it found lately, it remembers."""

    __slots__ = (
        "_families",
        "_found",
        "_hosts",
        "_room",
        "bad_fallbacks",
        "duplicates",
        "routes",
    )

    def __init__(
        self,
        hosts: dict[str, HostRoutes],
        routes: Iterable[Route],
        duplicates: Iterable[Duplicate] = (),
        bad_fallbacks: Iterable[BadFallback] = (),
    ) -> None:
        self._hosts = hosts
        self._families = {host[2:] for host in hosts if host.startswith("*.")}
        self._found: dict[str, dict[str, Found]] = {host: {} for host in hosts}
        self._room = _REMEMBERED
        self.routes = tuple(routes)
        self.duplicates = tuple(duplicates)
        self.bad_fallbacks = tuple(bad_fallbacks)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every served host name, wildcards as they are written."""
        return tuple(self._hosts)

    def family(self, host: str) -> str:
        """The wildcard that serves a host without routes of its own; empty when none does."""
        label, _, parent = host.partition(".")
        if parent in self._families and host not in self._hosts and _LABEL.fullmatch(label):
            return f"*.{parent}"
        return ""

    @property
    def remembered(self) -> int:
        """How many paths it remembers."""
        return _REMEMBERED - self._room

    def home(self, host: str) -> Route:
        """The route of a served host that reaches furthest up."""
        return self._hosts[self.family(host) or host].home

    def find(self, host: str, path: str, is_even: bool = False) -> Found:
        """The route or routes for a path, or why there is none.

        `is_even` says that the path is known to hold small letters, digits and "/._~-" only.
        """
        known = self._found.get(host)
        if known is None:
            host = self.family(host)
            if not host:
                return Miss.NO_HOST
            known = self._found[host]
        there: HostRoutes = self._hosts[host]
        if is_even and there.places.has_one_reading(path):
            place = there.places.first(path)
            return there.stands[place.number] if isinstance(place, Place) else place
        found = known.get(path)
        if found is None:
            place = there.places.find(path)
            found = there.stands[place.number] if isinstance(place, Place) else place
            if len(path) <= _REMEMBERED_LENGTH:
                self._remember(known, path, found)
        return found

    def route_above(self, host: str, path: str) -> Route | None:
        """The route that the beginning of a refused path belongs to, for the log."""
        routes = self._hosts.get(self.family(host) or host)
        first = routes.places.first(path) if routes is not None else None
        there = routes.stands[first.number] if routes is not None and isinstance(first, Place) else None
        return there if isinstance(there, Route) else None

    def _remember(self, known: dict[str, Found], path: str, found: Found) -> None:
        if not self._room:
            # Whoever asks for ever new paths costs others a second look, and no memory.
            for each in self._found.values():
                each.clear()
            self._room = _REMEMBERED
        self._room -= 1
        known[path] = found
