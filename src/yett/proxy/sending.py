"""What becomes of a request that was let through, on routes where that is decided anew each time.

In this order: is the sign-in recent enough, is the body small enough, does the gateway answer by
itself, else by way of which plan or to which backend, and with which header lines of its own.
"""

from collections.abc import Callable
from dataclasses import replace

from yett.guard import Door
from yett.identity import Person
from yett.kernel import Clock
from yett.kernel.metrics import Tally
from yett.net.http import Answer, Decision, Forward, Outcome, Refusal, Request
from yett.proxy import answers, events
from yett.proxy.balancing import Balancer
from yett.proxy.departures import Departures
from yett.proxy.login import Login
from yett.proxy.plan import Planning
from yett.proxy.pooled import Pooled, Pooling
from yett.proxy.routes import Route
from yett.proxy.shadow import Mirror
from yett.proxy.steps import Call
from yett.sessions import Session


class Sending:
    """Sends requests of routes that are not plain, and hears how those of every route ended."""

    def __init__(
        self,
        *,
        door: Door,
        login: Login,
        balancer: Balancer,
        clock: Clock,
        mirror: Mirror | None,
        refuse: Callable[[Request, Answer], Answer],
    ) -> None:
        """`refuse` completes an answer that is given in place of what was asked for."""
        self.departures = Departures(login, clock)
        self._door = door
        self._pooling = Pooling(balancer)
        self._planning = Planning(balancer, clock, mirror, refuse=refuse)
        self._refuse = refuse

    def send(
        self,
        request: Request,
        route: Route,
        forward: Forward,
        *,
        session: Session | None,
        person: Person | None,
        home: str,
    ) -> Decision:
        """Where the request goes, `forward` being what is the same for all of this person on this route."""
        if session is not None and route.freshness:
            refused = self.departures.again(request, route, session, person, home)
            if refused is not None:
                request.note = route.app
                return self._refuse(request, refused)
        if route.max_body and request.content_length > route.max_body:
            _say_too_large(request, route)
            answer = answers.refused(Refusal.BODY_TOO_LARGE, request.scope.request_id)
            return self._refuse(request, answer)
        more = route.response_edits.lines_for(request, route.app, session, person)
        if route.own is not None:
            request.note = route
            more += self._door.response_headers(request)
            return route.own.respond(request, route.path, forward.response_add + more)
        if route.steps or route.delivery is not None:
            forward = self._planning.plan(Call(request, route.app, session, person), route, forward)
        elif route.pool_id:
            decision = self._pooling.choose(request, route, forward)
            if isinstance(decision, Answer):
                return self._refuse(request, decision)
            forward = decision
        else:
            request.note = route
            events.proxying(route.app, route.address)
        if more or route.request_edits.varying:
            add = route.request_edits.lines_for(request, route.app, session, person)
            forward = replace(forward, add=forward.add + add, response_add=forward.response_add + more)
        return forward

    @property
    def resent(self) -> Tally[tuple[str, str]]:
        """Requests that were sent more than once; see `Planning`."""
        return self._planning.resent

    def finished(self, pooled: Pooled, outcome: Outcome) -> None:
        """A request that went to a pool, or had a plan, is over."""
        self._pooling.finished(pooled, outcome)

    def cut(self, request: Request, route: Route) -> None:
        """The engine counted more of a body than it may have; whoever set the limit says so."""
        common = self._door.limit_for(request)
        if route.max_body and not 0 < common <= route.max_body:
            _say_too_large(request, route)
        else:
            self._door.cut(request)


def _say_too_large(request: Request, route: Route) -> None:
    events.body_too_large(app=route.app, host=request.host, limit=route.max_body, size=request.content_length)
