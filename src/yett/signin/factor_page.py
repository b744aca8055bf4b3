"""The page that asks for a second factor, `/signin/factor`. It works without scripts."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.net.pages import PageResponse, render, sign_on_token
from yett.signin import answers, rules
from yett.signin.exchange import (
    PENDING_COOKIE,
    PRE_COOKIE,
    drop_cookie,
    pending_token,
    pre_cookie_or_new,
    set_cookie,
    visitor_of,
)
from yett.signin.factors import Wrong
from yett.signin.flow import Flow
from yett.signin.forms import TOO_OLD, Forms, Notice
from yett.signin.model import Factor, Purpose, Turned, TurnedAway, Use
from yett.signin.second import NotYet, Open, SecondFactor, Sent

_EMPTY = Notice("Enter the code.", marks=True)
_SENT = {
    Sent.SENT: Notice("A new code is on its way.", "Older codes do not work any more.", is_good=True),
    Sent.TOO_SOON: Notice("A code was sent a moment ago.", "Wait a little before you ask for another."),
    Sent.TOO_MANY: Notice("No more codes can be sent for now.", "Wait a while, or sign in another way."),
    Sent.FAILED: Notice("The code could not be sent.", "Try again in a moment, or sign in another way."),
}


class Scripted(Protocol):
    """A method whose part of the page is a script; its address, empty while the method is off."""

    @property
    def script(self) -> str: ...


class FactorPage:
    """Shows and reads the form for the second factor."""

    def __init__(
        self, flow: Flow, second: SecondFactor, forms: Forms, passkeys: Scripted | None = None
    ) -> None:
        self._flow = flow
        self._second = second
        self._forms = forms
        self._passkeys = passkeys
        self.routes = [
            Route(answers.FACTOR_PAGE, self._show),
            Route(answers.FACTOR_PAGE, self._submit, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        to = rules.wanted_next(request.scope["query_string"])
        waiting = await self._second.find(pending_token(request))
        if isinstance(waiting, TurnedAway):
            return answers.back_to_the_beginning(request, waiting, to=to)
        by = rules.wanted_factor(request.scope["query_string"], waiting.offers)
        return self._page(request, waiting, to, by)

    def _page(
        self,
        request: Request,
        waiting: Open,
        to: str,
        by: Factor | None,
        *,
        status: int = 200,
        notice: Notice | None = None,
    ) -> Response:
        pre = pre_cookie_or_new(request)
        is_in = waiting.purpose is Purpose.STEP_UP
        has_passkey = Factor.PASSKEY in waiting.offers
        # Whoever is in cannot go to the sign-in page, so this one has the button.
        script = self._passkeys.script if is_in and has_passkey and self._passkeys is not None else ""
        page = render(
            "signin/factor.html",
            site=self._forms.site,
            sealed=self._forms.seal(Use.FACTOR, waiting.session.ref, next=to),
            by=by.value if by else "",
            others=[
                (label, rules.with_next(f"{answers.FACTOR_PAGE}?by={other.value}", to))
                for other, label in _OTHERS.items()
                if other in waiting.offers and other is not by
            ],
            # The sign-in page has the passkeys; one of them is enough by itself.
            passkey=rules.with_next("/signin", to) if has_passkey and not is_in else "",
            is_in=is_in,
            script=script,
            has_script=bool(script),
            sealed_for_script=self._forms.seal(Use.SIGN_IN, pre, next=to) if script else "",
            email=rules.masked(waiting.person.email),
            name=waiting.person.name,
            notice=notice,
        )
        response = PageResponse(page, status)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _submit(self, request: Request) -> Response:
        token = pending_token(request)
        waiting = await self._second.find(token)
        bound_to = "" if isinstance(waiting, TurnedAway) else waiting.session.ref
        if isinstance(waiting, TurnedAway):
            return answers.back_to_the_beginning(request, waiting)
        posted = await self._forms.read(request, Use.FACTOR, bound_to, answers.FACTOR_PAGE)
        if isinstance(posted, Response):
            return posted
        to = posted.to
        by = rules.factor_named(posted.fields.get("by", ""), waiting.offers)
        if posted.is_expired:
            return self._page(request, waiting, to, by, status=422, notice=TOO_OLD)
        visitor = visitor_of(request)
        if "send" in posted.fields:
            sent, _ = await self._second.send(waiting, visitor)
            status = 200 if sent is Sent.SENT else 422
            return self._page(request, waiting, to, Factor.EMAIL, status=status, notice=_SENT[sent])
        code = posted.fields.get("code", "").strip()
        if not code or by is None:
            return self._page(request, waiting, to, by, status=422, notice=_EMPTY)
        current = await self._flow.current(sign_on_token(request))
        outcome = await self._second.submit(
            token,
            code,
            by,
            visitor,
            earlier=current[0] if current else None,
            sign_on=sign_on_token(request),
        )
        if isinstance(outcome, NotYet):
            return self._page(request, waiting, to, by, status=422, notice=_notice(outcome))
        if isinstance(outcome, TurnedAway):
            return self._turn_away(request, waiting, outcome, to, by)
        return answers.page(request, outcome, to=to)

    def _turn_away(
        self, request: Request, waiting: Open, outcome: TurnedAway, to: str, by: Factor
    ) -> Response:
        if outcome.why is Turned.THROTTLED:
            notice = Notice("Too many wrong codes.", rules.wait_sentence(outcome.retry_after))
            response = self._page(request, waiting, to, by, status=429, notice=notice)
            response.headers.update(answers.retry_headers(outcome))
            return response
        response = answers.turned_away(request, outcome, to=to)
        if outcome.why is Turned.OVER:
            drop_cookie(response, PENDING_COOKIE)
        return response


_OTHERS = {
    Factor.TOTP: "Use your authenticator app instead",
    Factor.EMAIL: "Get a code by mail instead",
    Factor.RECOVERY: "Use a recovery code instead",
}


def _notice(outcome: NotYet) -> Notice:
    match outcome.why:
        case Wrong.EXPIRED:
            return Notice("There is no such code any more.", "Ask for a new one.", marks=True)
        case Wrong.LOCKED:
            return Notice("That was wrong too often.", "Wait a while, or sign in another way.", marks=True)
        case Wrong.UNAVAILABLE:
            return Notice("Your code could not be checked.", "The fault is on our side. Try again.")
        case _:
            return Notice("The code is not right.", rules.tries_sentence(outcome.left), marks=True)
