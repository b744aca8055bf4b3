"""Proving more than at the sign-in, `/signin/step-up`: the provider sends people here when an application asks for it.

Whoever has a factor that is enough is asked for that and nothing else. Whoever has none is told so,
and where to set one up; they are not sent back, so nobody goes round in circles.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.identity.access import Assurance, assurance_of
from yett.net.pages import Action, problem, redirect, sign_on_token
from yett.signin import answers, rules
from yett.signin.exchange import PRE_COOKIE, pending_token, pre_cookie_or_new, set_cookie, visitor_of
from yett.signin.flow import Flow
from yett.signin.model import Turned, TurnedAway
from yett.signin.second import SecondFactor

PAGE = "/signin/step-up"
_SENTENCES = {
    Assurance.MFA: "The application asks for a second factor, and none is set up for you.",
    Assurance.PHISHING_RESISTANT: (
        "The application asks for a proof that nobody can copy, such as a passkey, and you have none."
    ),
}


class StepUp:
    """The page, which most people never see: it leads on to the one for the factor."""

    def __init__(
        self,
        flow: Flow,
        second: SecondFactor,
        set_up: Callable[[], str] = lambda: "",
    ) -> None:
        """`set_up` tells where people set up a factor by themselves; empty where they cannot."""
        self._flow = flow
        self._second = second
        self._set_up = set_up
        self.routes = [Route(PAGE, self._begin, methods=["GET"])]

    async def _begin(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to, needed = rules.wanted_next(query), rules.wanted_assurance(query)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", to))
        session, person = known
        if assurance_of(session.metadata).reaches(needed):
            return redirect(to)
        if await self._second.lifting(pending_token(request), session, needed):
            # Opened in another tab a moment ago: one page would spoil the form of the other.
            return redirect(rules.with_next(answers.FACTOR_PAGE, to))
        pre = pre_cookie_or_new(request)
        outcome = await self._second.demand(session, person, needed, visitor_of(request, pre=pre))
        if isinstance(outcome, TurnedAway) and outcome.why is Turned.NO_FACTOR:
            return self._impossible(request, needed, to)
        response = answers.page(request, outcome, to=to)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    def _impossible(self, request: Request, needed: Assurance, to: str) -> Response:
        set_up = self._set_up()
        if set_up:
            what = "Set one up, then open the application again."
            actions = [Action("Set it up", set_up)]
        else:
            what = "Ask those who look after your account to help you set one up."
            actions = []
        return problem(
            request,
            answers.STATUS[Turned.NO_FACTOR],
            "This takes more proof that it is you",
            f"{_SENTENCES[needed]} {what}",
            actions=[
                *actions,
                Action("Sign in another way", rules.with_next("/signin?again=1", to)),
            ],
        )
