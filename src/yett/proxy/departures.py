"""Sending people to sign in: for the first time, or anew because they did so too long ago.

A person who opens a page is sent; whoever sends a form would lose what they wrote and gets a page
with a link; a script gets an answer that it can read.
"""

import math

from yett.kernel import Clock
from yett.net.http import Answer, Request
from yett.proxy import answers, events
from yett.proxy.cookies import csrf_of
from yett.proxy.login import Departure, Login
from yett.proxy.reauth import age_of, max_age_for
from yett.proxy.routes import Route
from yett.sessions import Session

_READING = frozenset({b"GET", b"HEAD"})


class Departures:
    """Decides how somebody gets to the sign-in page. `home` is where a lost visitor can begin."""

    def __init__(self, login: Login, clock: Clock) -> None:
        self._login = login
        self._clock = clock

    def first(self, request: Request, route: Route, home: str) -> Answer:
        """The answer for somebody without a session."""
        if not _is_person(request):
            return answers.sign_in_required()
        if request.method not in _READING:
            return answers.signed_out(request.scope.request_id, home)
        departure = self._depart(request, route, home, request.target.decode("ascii"))
        if departure is None:
            return answers.out_of_order(request.scope.request_id)
        events.redirecting(app=route.app, host=request.host)
        return answers.departure(departure)

    def again(self, request: Request, route: Route, session: Session, home: str) -> Answer | None:
        """The answer for somebody whose sign-in is too old for this request; None when it is recent enough."""
        wanted = max_age_for(route.freshness, request.method)
        if wanted is None:
            return None
        age = age_of(session, self._clock.now())
        if age <= wanted:
            return None
        events.reauthentication_required(
            user=session.module_key,
            app=route.app,
            host=request.host,
            path=request.path,
            max_age=wanted,
            age=round(age, 3) if math.isfinite(age) else -1.0,
        )
        if not _is_person(request):
            return answers.fresh_sign_in_required(wanted)
        is_reading = request.method in _READING
        target = request.target.decode("ascii") if is_reading else home
        departure = self._depart(request, route, home, target, max_age=wanted)
        if departure is None:
            return answers.out_of_order(request.scope.request_id)
        if is_reading:
            return answers.departure(departure)
        return answers.sign_in_again(request.scope.request_id, departure)

    def _depart(
        self, request: Request, route: Route, home: str, target: str, *, max_age: float | None = None
    ) -> Departure | None:
        return self._login.depart(
            request.host,
            target,
            app=route.app,
            home=home,
            csrf=csrf_of(request.cookie),
            now=self._clock.now(),
            max_age=max_age,
        )


def _is_person(request: Request) -> bool:
    """Whether a person is looking, who can read a page or be sent elsewhere; a script cannot."""
    if request.upgrade:
        return False
    mode = request.field(b"sec-fetch-mode")
    if mode is not None:
        return mode == b"navigate"
    accept = request.field(b"accept") or b""
    return b"text/html" in accept and request.field(b"x-requested-with") is None
