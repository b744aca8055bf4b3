"""Signing in with the password of a Kerberos realm, and changing it, for people without a ticket."""

from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.guessing import Attempt, Guesses, Limits, Throttled
from yett.authn.guessing import events as guessing_events
from yett.authn.kerberos import Changed, Expired, NotChanged, Reason, Rejected, SignedIn, Ticket
from yett.identity import fold_name
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    PageResponse,
    client_address,
    problem,
    redirect,
    render,
    sign_on_token,
)
from yett.sessions import Session
from yett.signin import answers, rules
from yett.signin.config import SignInSettings
from yett.signin.exchange import PRE_COOKIE, pre_cookie, pre_cookie_or_new, set_cookie, visitor_of
from yett.signin.flow import Flow
from yett.signin.forms import TOO_OLD, Forms, Notice, Posted
from yett.signin.kerberos import events
from yett.signin.kerberos.rules import judge_password, metadata_of, state_of, words_for
from yett.signin.model import Method, Outcome, Turned, TurnedAway, Use
from yett.signin.model import SignedIn as In

PAGE = "/signin/kerberos/password"
CHANGE = "/signin/kerberos/change"

_WRONG = Notice(
    "The user name or the password is not right.", "Check both, mind capital letters, and try again."
)
_EMPTY = Notice("Fill in every field.")
_THROTTLED = Notice("Too many wrong passwords.", "Wait a while before you try again.")
_BUSY = Notice("Too many people are signing in.", "Wait a few seconds, then try again.")
_RUN_OUT = Notice("Your password has run out.", "Choose a new one to go on.")
_DIFFERENT = Notice("The two new passwords are not the same.", "Enter the new password twice.")
_WORDS = {Turned.WRONG: _WRONG, Turned.THROTTLED: _THROTTLED, Turned.BUSY: _BUSY}


class KerberosPassword(Protocol):
    """The method."""

    async def verify(self, name: str, password: str) -> SignedIn | Expired | Rejected: ...
    async def change(self, name: str, old: str, new: str) -> Changed | NotChanged: ...


class Tickets(Protocol):
    """Where tickets are kept."""

    async def keep(self, session: Session, ticket: Ticket) -> bool: ...


class PasswordStep:
    """The pages `/signin/kerberos/password` and `/signin/kerberos/change`."""

    def __init__(
        self,
        method: KerberosPassword,
        tickets: Tickets,
        flow: Flow,
        forms: Forms,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._method = method
        self._tickets = tickets
        self._flow = flow
        self._forms = forms
        self._guesses = Guesses(limits)
        self._clock = clock
        self.routes = [
            Route(PAGE, self._show),
            Route(PAGE, self._sign_in, methods=["POST"]),
            Route(CHANGE, self._show_change),
            Route(CHANGE, self._change, methods=["POST"]),
        ]

    def apply(self, settings: SignInSettings, limits: Limits) -> None:
        """Use other settings from now on."""
        self._forms.apply(settings)
        self._guesses.configure(limits)

    # Signing in.

    async def _show(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to, again = rules.wanted_next(query), rules.wants_again(query)
        if not again and await self._flow.current(sign_on_token(request)) is not None:
            return redirect(to)
        return self._page(request, PAGE, to, again=again)

    async def _sign_in(self, request: Request) -> Response:
        form = await self._read(request, PAGE)
        if isinstance(form, Response):
            return form
        name, password = form.fields.get("name", ""), form.fields.get("password", "")
        if not name or not password:
            return self._page(
                request, PAGE, form.to, again=_is_again(form), name=name, notice=_EMPTY, status=422
            )
        attempt = self._begin(request, name)
        if isinstance(attempt, TurnedAway):
            return self._turned(request, attempt, form, name)
        verdict = await self._method.verify(name, password)
        self._settle(attempt, verdict)
        match verdict:
            case Rejected():
                return self._turned(request, judge_password(verdict), form, name)
            case Expired():
                return self._page(request, CHANGE, form.to, name=name, notice=_RUN_OUT, status=422)
            case SignedIn():
                outcome = await self._go_on(request, verdict, again=_is_again(form))
                return answers.page(request, outcome, to=form.to)

    async def _go_on(self, request: Request, verdict: SignedIn, *, again: bool) -> Outcome:
        known = await self._flow.current(sign_on_token(request))
        visitor = visitor_of(request)
        outcome = await self._flow.proved(
            verdict.name,
            Method.PASSWORD,
            visitor,
            earlier=known[0] if known else None,
            again=again,
            metadata=metadata_of(verdict.principal, self._clock.now()),
        )
        if isinstance(outcome, TurnedAway):
            return outcome
        if isinstance(outcome, In) and verdict.ticket is not None:
            await self._tickets.keep(outcome.issued.session, verdict.ticket)
        events.password_taken(user=verdict.name, state=state_of(outcome), client_address=visitor.address)
        return outcome

    def _turned(self, request: Request, outcome: TurnedAway, form: Posted, name: str) -> Response:
        if outcome.why not in _WORDS:
            return answers.turned_away(request, outcome, to=form.to)
        response = self._page(
            request,
            PAGE,
            form.to,
            again=_is_again(form),
            name=name,
            notice=_WORDS[outcome.why],
            status=answers.STATUS[outcome.why],
        )
        response.headers.update(answers.retry_headers(outcome))
        return response

    # Changing the password.

    async def _show_change(self, request: Request) -> Response:
        return self._page(request, CHANGE, rules.wanted_next(request.scope["query_string"]))

    async def _change(self, request: Request) -> Response:
        form = await self._read(request, CHANGE)
        if isinstance(form, Response):
            return form
        fields = form.fields
        name, old, new = fields.get("name", ""), fields.get("password", ""), fields.get("new", "")
        notice = None
        if not name or not old or not new:
            notice = _EMPTY
        elif new != fields.get("repeated", ""):
            notice = _DIFFERENT
        if notice is not None:
            return self._page(request, CHANGE, form.to, name=name, notice=notice, status=422)
        attempt = self._begin(request, name)
        if isinstance(attempt, TurnedAway):
            response = self._page(request, CHANGE, form.to, name=name, notice=_THROTTLED, status=429)
            response.headers.update(answers.retry_headers(attempt))
            return response
        changed = await self._method.change(name, old, new)
        if isinstance(changed, NotChanged):
            return self._page(
                request, CHANGE, form.to, name=name, notice=Notice(*words_for(changed)), status=422
            )
        self._guesses.accepted(attempt)
        return problem(
            request,
            200,
            "Your password was changed",
            "Sign in with the new one from now on.",
            actions=[Action("Sign in", rules.with_next(PAGE, form.to))],
        )

    # Guessing.

    def _begin(self, request: Request, name: str) -> Attempt | TurnedAway:
        """Count a try, unless it has to wait. Spellings of one name are one name."""
        who = fold_name(name.partition("@")[0]) or ""
        attempt = self._guesses.begin(who, client_address(request), self._clock.monotonic())
        if isinstance(attempt, Throttled):
            # What nobody is called may be a password typed into the wrong box, so no name is written down.
            guessing_events.throttled(
                user="", by=attempt.by, failures=attempt.failures, wait_seconds=round(attempt.wait, 1)
            )
            return TurnedAway(Turned.THROTTLED, attempt.wait)
        return attempt

    def _settle(self, attempt: Attempt, verdict: SignedIn | Expired | Rejected) -> None:
        if not isinstance(verdict, Rejected):
            self._guesses.accepted(attempt)
        elif verdict.reason in {Reason.BUSY, Reason.UNAVAILABLE, Reason.UNVERIFIED, Reason.CLOCK_SKEW}:
            self._guesses.unchecked(attempt)

    # Forms.

    async def _read(self, request: Request, page: str) -> Posted | Response:
        """The form of a page, if it is ours and this browser's; else the answer to it."""
        form = await self._forms.read(request, Use.STEP, pre_cookie(request), page)
        if isinstance(form, Posted) and form.is_expired:
            name = form.fields.get("name", "")
            return self._page(
                request, page, form.to, again=_is_again(form), name=name, notice=TOO_OLD, status=422
            )
        return form

    def _page(
        self,
        request: Request,
        page: str,
        to: str,
        *,
        again: bool = False,
        name: str = "",
        notice: Notice | None = None,
        status: int = 200,
    ) -> Response:
        pre = pre_cookie_or_new(request)
        shown = render(
            "signin/kerberos.html",
            site=self._forms.site,
            sealed=self._forms.seal(Use.STEP, pre, next=to, again="1" if again else ""),
            action=page,
            is_change=page == CHANGE,
            name=name[:256],
            again=again,
            notice=notice,
            other=rules.with_next("/signin", to),
            change=rules.with_next(CHANGE, to),
        )
        response = PageResponse(shown, status)
        set_cookie(response, PRE_COOKIE, pre)
        return response


def _is_again(form: Posted) -> bool:
    """Whether the person was asked to sign in anew."""
    return bool(form.kept.get("again"))
