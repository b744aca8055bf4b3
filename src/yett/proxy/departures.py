"""Sending people to sign in: for the first time, anew because they did so too long ago, or to prove more.

A person who opens a page is sent; whoever sends a form would lose what they wrote and gets a page
with a link; a script gets an answer that it can read.
"""

import math
from collections.abc import Callable

from yett.identity import Person
from yett.identity.access import Assurance, assurance_of, needed_for
from yett.kernel import Clock
from yett.net.http import Answer, Request
from yett.proxy import answers, events
from yett.proxy.cookies import csrf_of
from yett.proxy.login import Departure, Login
from yett.proxy.reauth import age_of, max_age_for
from yett.proxy.routes import Route
from yett.sessions import Session

READING = frozenset({b"GET", b"HEAD"})


class Departures:
    """Decides how somebody gets to the sign-in page. `home` is where a lost visitor can begin."""

    def __init__(self, login: Login, clock: Clock) -> None:
        self._login = login
        self._clock = clock

    def first(self, request: Request, route: Route, home: str) -> Answer:
        """The answer for somebody without a session."""
        if not is_person(request):
            return answers.sign_in_required()
        if request.method not in READING:
            return answers.signed_out(request.scope.request_id, home)
        # Who it is nobody knows yet, so what is asked of some groups only comes later.
        needed = needed_for(route.rule, ())
        target = request.target.decode("ascii")
        departure = self._depart(request, route, home, target, max_age=None, needed=needed)
        if departure is None:
            return answers.out_of_order(request.scope.request_id)
        if route.provider:
            events.redirecting_outside(app=route.app, host=request.host, provider=route.provider)
        else:
            events.redirecting(app=route.app, host=request.host)
        return answers.departure(departure)

    def again(
        self, request: Request, route: Route, session: Session, person: Person | None, home: str
    ) -> Answer | None:
        """The answer for somebody whose sign-in is too old for this request; None when it is recent enough."""
        wanted = self._outdone(request, route, session)
        if wanted is None:
            return None
        age = age_of(session, self._clock.now())
        events.reauthentication_required(
            user=session.module_key,
            app=route.app,
            host=request.host,
            path=request.path,
            max_age=wanted,
            age=round(age, 3) if math.isfinite(age) else -1.0,
        )
        # What comes of a fresh sign-in has to be enough for the rule, which the one so far was.
        needed = Assurance.SINGLE if person is None else needed_for(route.rule, person.groups)
        return self._ask(request, route, home, max_age=wanted, needed=needed, say=answers.sign_in_again)

    def stronger(
        self, request: Request, route: Route, session: Session, needed: Assurance, home: str
    ) -> Answer:
        """The answer for somebody who has to prove more than they did."""
        events.step_up_required(
            user=session.module_key,
            app=route.app,
            host=request.host,
            path=request.path,
            needed=needed,
            held=assurance_of(session.metadata),
        )
        wanted = self._outdone(request, route, session)
        return self._ask(request, route, home, max_age=wanted, needed=needed, say=answers.prove_more)

    def _outdone(self, request: Request, route: Route, session: Session) -> float | None:
        return outdone(request, route, session, self._clock.now())

    def _ask(
        self,
        request: Request,
        route: Route,
        home: str,
        *,
        max_age: float | None,
        needed: Assurance,
        say: Callable[[str, Departure], Answer],
    ) -> Answer:
        """Send somebody who is signed in to sign in better; `say` is the page for whoever sent a form."""
        if not is_person(request):
            return answers.better_sign_in_required(max_age, needed)
        is_reading = request.method in READING
        target = request.target.decode("ascii") if is_reading else home
        departure = self._depart(request, route, home, target, max_age=max_age, needed=needed)
        if departure is None:
            return answers.out_of_order(request.scope.request_id)
        return answers.departure(departure) if is_reading else say(request.scope.request_id, departure)

    def _depart(
        self,
        request: Request,
        route: Route,
        home: str,
        target: str,
        *,
        max_age: float | None,
        needed: Assurance,
    ) -> Departure | None:
        return self._login.depart(
            request.host,
            target,
            app=route.app,
            home=home,
            csrf=csrf_of(request.cookie),
            now=self._clock.now(),
            max_age=max_age,
            assurance=needed,
            provider=route.provider,
        )


def outdone(request: Request, route: Route, session: Session, now: float) -> float | None:
    """Seconds since the sign-in that a request may have, when it has more; None when it does not."""
    wanted = max_age_for(route.freshness, request.method)
    return wanted if wanted is not None and age_of(session, now) > wanted else None


def is_person(request: Request) -> bool:
    """Whether a person is looking, who can read a page or be sent elsewhere; a script cannot."""
    if request.upgrade:
        return False
    mode = request.field(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    accept = request.field(b"accept") or b""
    return b"text/html" in accept and request.field(b"x-requested-with") is None
