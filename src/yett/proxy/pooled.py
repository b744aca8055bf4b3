"""Requests for applications that have several backends.

What a pool decides is not remembered with the decision to let somebody through: each request gets
a backend of its own, and the pool is told once how that went. A request with a plan may have
several, one after the other or at once; its plan tells the pool about each.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Protocol

from yett.net.http import Answer, Attempt, Failure, Forward, Outcome, Request, Upstream
from yett.proxy import answers, events
from yett.proxy.balancing import (
    Backend,
    BackendProtocol,
    Balancer,
    NoBackend,
    NotSelected,
    Selected,
    affinity_key,
    sample_of_attempt,
)
from yett.proxy.retrying import Cause
from yett.proxy.retrying import events as retry_events
from yett.proxy.routes import Route


class Spare(Protocol):
    """Where requests go when there is no backend for them."""

    @property
    def upstream(self) -> Upstream: ...
    @property
    def address(self) -> str: ...
    @property
    def host_header(self) -> bytes: ...


class Target(Protocol):
    """Where requests go: a route, or the canary of one."""

    @property
    def pool_id(self) -> str: ...
    @property
    def upstream(self) -> Upstream: ...
    @property
    def address(self) -> str: ...
    @property
    def host_header(self) -> bytes: ...
    @property
    def preserve_host(self) -> bool: ...
    @property
    def fallback(self) -> Spare | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where one attempt goes."""

    upstream: Upstream
    host: bytes
    """The Host to send; empty keeps the client's."""
    address: str
    chosen: Selected | None = None
    """What a pool chose; it is to be told how that went."""
    is_fallback: bool = False


class Planned(Protocol):
    """A request's plan, as far as it needs to know how the request ended."""

    def over(self, outcome: Outcome) -> None: ...


class Pooled:
    """Where a request went; the note of a request whose route has a pool or a plan."""

    __slots__ = ("address", "chosen", "is_fallback", "plan", "route")

    def __init__(
        self, route: Route, address: str, chosen: Selected | None, *, plan: Planned | None = None
    ) -> None:
        self.route = route
        self.address = address
        """Of the backend or the fallback, for the log; empty when it went nowhere."""
        self.chosen = chosen
        """What the pool chose; None when the request went to the fallback."""
        self.is_fallback = chosen is None and plan is None
        self.plan = plan
        """Who tells the pools about each attempt; None for a request that is sent once."""

    @property
    def app(self) -> str:
        """The application's name."""
        return self.route.app


class Pooling:
    """Finds the backend for a request, and says how it went."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self._instead = self.instead

    def choose(self, request: Request, route: Route, forward: Forward) -> Forward | Answer:
        """Where a request that was let through goes: `forward` made out to a backend, or a refusal.

        A request that goes on has a `Pooled` for its note; hand that to `finished`.
        """
        chosen = self._select(request, route.pool_id)
        if isinstance(chosen, NotSelected):
            place = self.stand_in(request, route.app, route, chosen)
            if isinstance(place, Answer):
                return place
            request.note = Pooled(route, place.address, None)
            return replace(forward, upstream=place.upstream, host=place.host)
        backend = chosen.backend
        host = b"" if route.preserve_host else _host_of(backend)
        self._balancer.opened(chosen)
        request.note = Pooled(route, backend.address, chosen)
        events.proxying(route.app, backend.address)
        return replace(forward, upstream=backend.upstream, host=host, instead=self._instead)

    def instead(self, request: Request, forward: Forward, failure: Failure) -> Forward | None:
        """Another backend for a request that could not be sent to the first one; once for each request.

        That costs nothing and repeats nothing, whatever the method, so it needs no settings for retries.
        """
        pooled = request.note
        first = pooled.chosen
        if first is None:
            return None
        route = pooled.route
        place = self.find(request, route, exclude=(first.backend.id,), is_first=False)
        if isinstance(place, NotSelected):
            return None
        self._balancer.report(first, sample_of_attempt(Attempt(1, forward, failure=failure)))
        self._balancer.closed(first)
        pooled.chosen, pooled.address = place.chosen, place.address
        retry_events.retrying(
            app=route.app, attempt=2, backend=place.address, cause=Cause.CONNECT_FAILURE, status=0
        )
        return replace(forward, upstream=place.upstream, host=place.host, instead=None)

    def find(
        self, request: Request, target: Target, *, exclude: Collection[str] = (), is_first: bool = True
    ) -> Place | NotSelected:
        """A place for one attempt, besides the backends that are excluded.

        What a pool chose counts as opened; whoever asked reports and closes it in the end.
        """
        if not target.pool_id:
            return Place(target.upstream, target.host_header, target.address)
        chosen = self._select(request, target.pool_id, cost=1.0 if is_first else 0.0, exclude=exclude)
        if isinstance(chosen, NotSelected):
            return chosen
        self._balancer.opened(chosen)
        backend = chosen.backend
        host = b"" if target.preserve_host else _host_of(backend)
        return Place(backend.upstream, host, backend.address, chosen)

    def _select(
        self, request: Request, pool_id: str, *, cost: float = 1.0, exclude: Collection[str] = ()
    ) -> Selected | NotSelected:
        live = self._balancer.pools.get(pool_id)
        return self._balancer.select(
            pool_id,
            key=affinity_key(live.pool, request) if live is not None else "",
            user=request.scope.user,
            protocol=live.spoken(request.upgrade) if live is not None else BackendProtocol.HTTP1,
            cost=cost,
            exclude=exclude,
        )

    def stand_in(self, request: Request, app: str, target: Target, missed: NotSelected) -> Place | Answer:
        """What to do without a backend: the fallback, or a refusal."""
        scope, pool_id, fallback = request.scope, target.pool_id, target.fallback
        if missed.reason is NoBackend.RATE_LIMITED:
            # The pool works; somebody who may ask no more of it is not to get the same elsewhere.
            return answers.too_many(app, scope.request_id, missed.retry_after)
        if fallback is not None:
            events.fallback_activated(
                app=app, pool_id=pool_id, backend=fallback.address, reason=missed.reason
            )
            return Place(fallback.upstream, fallback.host_header, fallback.address, is_fallback=True)
        if missed.is_circuit_open:
            events.circuit_open(app=app, pool_id=pool_id, retry_after=missed.retry_after)
        else:
            events.no_backend(app=app, pool_id=pool_id, reason=missed.reason)
        return answers.no_backend(app, scope.user, scope.request_id, missed.retry_after)

    def finished(self, pooled: Pooled, outcome: Outcome) -> None:
        """Let the pool know how a request went."""
        if pooled.plan is not None:
            pooled.plan.over(outcome)
        elif pooled.chosen is not None:
            self._balancer.finished(pooled.chosen, outcome)


def _host_of(backend: Backend) -> bytes:
    """The Host that a backend would have if people opened it themselves."""
    if backend.upstream.unix_path:
        return b"localhost"
    return (backend.host or backend.address).encode("ascii")
