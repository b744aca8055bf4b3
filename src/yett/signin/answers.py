"""What becomes of a proof, as a page or as JSON; the one place where cookies of sessions are set."""

import math
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from yett.net.pages import SIGN_ON_COOKIE, Action, problem, redirect
from yett.signin import rules
from yett.signin.exchange import PENDING_COOKIE, PRE_COOKIE, drop_cookie, set_cookie, take_back
from yett.signin.model import (
    Factor,
    MustChangePassword,
    MustEnrol,
    NeedsFactor,
    Outcome,
    SignedIn,
    Turned,
    TurnedAway,
)

FACTOR_PAGE = "/signin/factor"
ENROL_PAGE = "/signin/enrol"
PASSWORD_PAGE = "/signin/password"  # noqa: S105 - the address of a page

# Not 401, which has to name an HTTP authentication scheme (RFC 9110, section 15.5.2), and not
# 200, with which password managers offer to keep the wrong password.
STATUS = {
    Turned.WRONG: 422,
    Turned.THROTTLED: 429,
    Turned.BUSY: 503,
    Turned.UNAVAILABLE: 503,
    Turned.OVER: 409,
    Turned.NO_FACTOR: 403,
}
_WORDS = {
    Turned.WRONG: ("You could not be signed in", "Try again, or sign in another way."),
    Turned.THROTTLED: ("Too many wrong attempts", "Wait a while before you try again."),
    Turned.BUSY: ("Too many people are signing in", "Wait a few seconds, then try again."),
    Turned.UNAVAILABLE: (
        "Signing in does not work at the moment",
        "The fault is on our side. Wait a little, then try again.",
    ),
    Turned.OVER: (
        "This sign-in is over",
        "It took too long, or there were too many wrong codes: begin again.",
    ),
    Turned.NO_FACTOR: (
        "You need a second factor to sign in",
        "None is set up for you. Ask your administrator for help.",
    ),
}
_PAGES = {NeedsFactor: FACTOR_PAGE, MustEnrol: ENROL_PAGE, MustChangePassword: PASSWORD_PAGE}
_STATES = {
    NeedsFactor: "factor_required",
    MustEnrol: "enrolment_required",
    MustChangePassword: "password_expired",
}


def page(request: Request, outcome: Outcome, *, to: str = rules.HOME) -> Response:
    """Send the browser on to wherever its sign-in goes now; `to` is where it wanted to go."""
    if isinstance(outcome, TurnedAway):
        return turned_away(request, outcome, to=to)
    if isinstance(outcome, SignedIn):
        response = redirect(rules.with_next("/signin/done", to) if rules.is_leading_away(to) else to)
    else:
        response = redirect(rules.with_next(_PAGES[type(outcome)], to))
    return _with_cookies(response, outcome)


def turned_away(request: Request, outcome: TurnedAway, *, to: str = rules.HOME) -> Response:
    """The page for a sign-in that did not happen and has no form to be shown again."""
    heading, sentence = _WORDS[outcome.why]
    return problem(
        request,
        STATUS[outcome.why],
        heading,
        sentence,
        actions=[Action("Sign in", rules.with_next("/signin", to))],
        headers=retry_headers(outcome),
    )


def back_to_the_beginning(request: Request, outcome: TurnedAway, *, to: str = rules.HOME) -> Response:
    """For a browser of which no half-finished sign-in is known; or the page for our own fault."""
    if outcome.why is not Turned.OVER:
        return turned_away(request, outcome, to=to)
    response = redirect(rules.with_next("/signin", to))
    take_back(request, response, PENDING_COOKIE)
    return response


def let_in(response: Response, outcome: SignedIn) -> None:
    """Give the browser the session it has earned, and take back what it needed on the way."""
    set_cookie(response, SIGN_ON_COOKIE, outcome.issued.token)
    drop_cookie(response, PENDING_COOKIE)
    drop_cookie(response, PRE_COOKIE)


def json(outcome: Outcome, *, to: str = rules.HOME, **more: Any) -> Response:
    """The same for programs and scripts: a state and where to go, or a problem (RFC 9457)."""
    if isinstance(outcome, TurnedAway):
        return json_problem(
            STATUS[outcome.why],
            outcome.why.value,
            _WORDS[outcome.why][0],
            retry_after=outcome.retry_after,
            **more,
        )
    if isinstance(outcome, SignedIn):
        state: dict[str, Any] = {"state": "signed_in", "next": to}
    else:
        state = {"state": _STATES[type(outcome)], "next": rules.with_next(_PAGES[type(outcome)], to)}
    if isinstance(outcome, NeedsFactor):
        state["factors"] = names_of(outcome.offers)
    response = JSONResponse({**state, **more}, headers=SAFE)
    return _with_cookies(response, outcome)


def json_problem(status: int, code: str, title: str, *, retry_after: float = 0.0, **more: Any) -> Response:
    """A problem (RFC 9457); `code` is for programs, `title` for people."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "code": code, **more}
    headers = {**SAFE}
    if retry_after > 0:
        body["retry_after"] = math.ceil(retry_after)
        headers["Retry-After"] = str(math.ceil(retry_after))
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def names_of(factors: frozenset[Factor]) -> list[str]:
    """Factors by name, in the order of their declaration."""
    return [factor.value for factor in Factor if factor in factors]


def retry_headers(outcome: TurnedAway) -> dict[str, str]:
    """The field that says when to try again, if that is known."""
    if outcome.why is Turned.UNAVAILABLE:
        return {"Retry-After": "5"}
    return {"Retry-After": str(math.ceil(outcome.retry_after))} if outcome.retry_after > 0 else {}


SAFE: Mapping[str, str] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def _with_cookies(
    response: Response, outcome: SignedIn | NeedsFactor | MustEnrol | MustChangePassword
) -> Response:
    if isinstance(outcome, SignedIn):
        let_in(response, outcome)
    else:
        set_cookie(response, PENDING_COOKIE, outcome.issued.token)
    return response
