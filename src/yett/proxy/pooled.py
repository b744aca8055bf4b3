"""Requests for applications that have several backends.

What a pool decides is not remembered with the decision to let somebody through: each request gets
a backend of its own, and the pool is told once how that went.
"""

from dataclasses import replace

from yett.net.http import Answer, Forward, Outcome, Request
from yett.proxy import answers, events
from yett.proxy.balancing import (
    Backend,
    BackendProtocol,
    Balancer,
    NoBackend,
    NotSelected,
    Selected,
    affinity_key,
)
from yett.proxy.routes import Route


class Pooled:
    """Where a request went; the note of a request whose route has a pool."""

    __slots__ = ("address", "chosen", "route")

    def __init__(self, route: Route, address: str, chosen: Selected | None) -> None:
        self.route = route
        self.address = address
        """Of the backend or the fallback, for the log."""
        self.chosen = chosen
        """What the pool chose; None when the request went to the fallback."""

    @property
    def app(self) -> str:
        """The application's name."""
        return self.route.app


class Pooling:
    """Finds the backend for a request, and says how it went."""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer

    def choose(self, request: Request, route: Route, forward: Forward) -> Forward | Answer:
        """Where a request that was let through goes: `forward` made out to a backend, or a refusal.

        A request that goes on has a `Pooled` for its note; hand that to `finished`.
        """
        live = self._balancer.pools.get(route.pool_id)
        chosen = self._balancer.select(
            route.pool_id,
            key=affinity_key(live.pool, request) if live is not None else "",
            user=request.scope.user,
            protocol=BackendProtocol.WEBSOCKET if request.upgrade == b"websocket" else BackendProtocol.HTTP1,
        )
        if isinstance(chosen, NotSelected):
            return self._do_without(request, route, forward, chosen)
        backend = chosen.backend
        host = b"" if route.preserve_host else _host_of(backend)
        self._balancer.opened(chosen)
        request.note = Pooled(route, backend.address, chosen)
        events.proxying(route.app, backend.address)
        return replace(forward, upstream=backend.upstream, host=host)

    def _do_without(
        self, request: Request, route: Route, forward: Forward, missed: NotSelected
    ) -> Forward | Answer:
        app, scope, pool_id, fallback = route.app, request.scope, route.pool_id, route.fallback
        if missed.reason is NoBackend.RATE_LIMITED:
            # The pool works; somebody who may ask no more of it is not to get the same elsewhere.
            return answers.too_many(app, scope.request_id, missed.retry_after)
        if fallback is not None:
            events.fallback_activated(
                app=app, pool_id=pool_id, backend=fallback.address, reason=missed.reason
            )
            request.note = Pooled(route, fallback.address, None)
            return replace(forward, upstream=fallback.upstream, host=fallback.host_header)
        if missed.is_circuit_open:
            events.circuit_open(app=app, pool_id=pool_id, retry_after=missed.retry_after)
        else:
            events.no_backend(app=app, pool_id=pool_id, reason=missed.reason)
        return answers.no_backend(app, scope.user, scope.request_id, missed.retry_after)

    def finished(self, pooled: Pooled, outcome: Outcome) -> None:
        """Let the pool know how a request went."""
        if pooled.chosen is not None:
            self._balancer.finished(pooled.chosen, outcome)


def _host_of(backend: Backend) -> bytes:
    """The Host that a backend would have if people opened it themselves."""
    return b"localhost" if backend.upstream.unix_path else backend.address.encode("ascii")
