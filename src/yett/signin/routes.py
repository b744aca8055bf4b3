"""The sign-in host's own pages over HTTP: read, ask the flow, show."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.kernel import Clock, new_secret
from yett.net.pages import (
    SIGN_ON_COOKIE,
    Action,
    Fault,
    PageResponse,
    client_address,
    plain_problem,
    problem,
    read_form,
    redirect,
    render,
    sign_on_token,
)
from yett.sessions import Issued, Session
from yett.signin import events, rules
from yett.signin.config import SignInSettings
from yett.signin.language import preferred
from yett.signin.memory import Memory, ModuleData
from yett.signin.model import FormFault, Sealed, Sent, Turned, TurnedAway, Use, Visitor
from yett.signin.service import Directory, Flow, Password, Sessions

PRE_COOKIE = "__Host-yett-pre"
"""Binds a form to the browser it was given to, before there is a session."""


class Sealer(Protocol):
    """Seals what a form carries."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Sealed | None: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What went wrong with the form that was sent before this one."""

    heading: str
    sentence: str = ""
    marks: bool = False
    """Whether the fields themselves are at fault."""


_WRONG = Notice(
    "The user name or the password is not right.",
    "Check both, mind capital letters, and try again.",
    marks=True,
)
_THROTTLED = Notice("Too many wrong passwords.", "Wait a while before you try again.")
_BUSY = Notice("Too many people are signing in.", "Wait a few seconds, then try again.")
_EMPTY = Notice("Enter your user name and your password.", marks=True)
_EXPIRED = Notice("This page was open for too long.", "For your safety, enter your password again.")

_NOTICES = {
    # Not 401, which has to name an HTTP authentication scheme (RFC 9110, section 15.5.2), and not
    # 200, with which password managers offer to keep the wrong password.
    Turned.WRONG: (422, _WRONG),
    Turned.THROTTLED: (429, _THROTTLED),
    Turned.BUSY: (503, _BUSY),
}


class SignIn:
    """The pages `/signin`, `/signout` and `/` of the sign-in host."""

    def __init__(
        self,
        password: Password,
        sessions: Sessions,
        directory: Directory,
        data: ModuleData,
        sealer: Sealer,
        settings: SignInSettings,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        """`origin` is what browsers call this host: "https://name", with the port unless it is 443."""
        self._origin = origin
        self._site = urlsplit(origin).netloc
        self._flow = Flow(password, sessions, directory, Memory(data), urlsplit(origin).hostname or "")
        self._sealer = sealer
        self._settings = settings
        self._clock = clock
        self.routes = [
            Route("/", self._home),
            Route("/signin", self._form),
            Route("/signin", self._sign_in, methods=["POST"]),
            Route("/signin/done", self._done),
            Route("/signout", self._ask_to_sign_out),
            Route("/signout", self._sign_out, methods=["POST"]),
        ]

    def apply(self, settings: SignInSettings) -> None:
        """Use other settings from now on; forms that are out keep the time they have."""
        self._settings = settings

    # Signing in.

    async def _form(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to, again = rules.wanted_next(query), rules.wants_again(query)
        known = await self._flow.current(sign_on_token(request))
        if known is not None and not again:
            return redirect(to)
        return self._show_form(request, to, again=again, name=known[1].name if known else "")

    def _show_form(
        self,
        request: Request,
        to: str,
        *,
        status: int = 200,
        again: bool = False,
        name: str = "",
        notice: Notice | None = None,
    ) -> Response:
        pre = request.cookies.get(PRE_COOKIE, "")
        if not rules.is_believable_cookie(pre):
            pre = new_secret()
        sealed = self._seal(Use.SIGN_IN, pre, next=to, again="1" if again else "")
        page = render(
            "signin/form.html",
            site=self._site,
            sealed=sealed,
            name=name,
            again=again,
            notice=notice,
            help=self._settings.help,
        )
        response = PageResponse(page, status)
        _set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        sealed = self._sealer.open(form.get("form", ""), now=self._clock.now())
        fault = rules.judge_form(
            _sent(request, request.cookies.get(PRE_COOKIE, ""), sealed), Use.SIGN_IN, self._origin
        )
        if sealed is None or (fault is not None and fault is not FormFault.EXPIRED):
            back = rules.with_next("/signin", _next_of(sealed))
            return self._refuse_form(request, fault or FormFault.FORGED, back)
        to, again = _next_of(sealed), bool(sealed.payload.get("again"))
        name, password = form.get("name", ""), form.get("password", "")
        if fault is FormFault.EXPIRED:
            events.form_expired()
            return self._show_form(request, to, status=422, again=again, name=name, notice=_EXPIRED)
        if not name or not password:
            return self._show_form(request, to, status=422, again=again, name=name, notice=_EMPTY)
        earlier = await self._flow.current(sign_on_token(request))
        outcome = await self._flow.sign_in(
            name, password, _visitor(request), earlier=earlier[0] if earlier else None
        )
        if isinstance(outcome, Issued):
            return self._let_in(outcome, to)
        return self._turn_away(request, outcome, to, again=again, name=name)

    def _let_in(self, issued: Issued, to: str) -> Response:
        leading_away = rules.is_leading_away(to)
        response = redirect(rules.with_next("/signin/done", to) if leading_away else to)
        _set_cookie(response, SIGN_ON_COOKIE, issued.token)
        _drop_cookie(response, PRE_COOKIE)
        return response

    def _turn_away(
        self, request: Request, outcome: TurnedAway, to: str, *, again: bool, name: str
    ) -> Response:
        if outcome.why is Turned.UNAVAILABLE:
            return problem(
                request,
                503,
                "Signing in does not work at the moment",
                "The fault is on our side. Wait a little, then try again.",
                actions=[Action("Try again", rules.with_next("/signin", to))],
                headers={"Retry-After": "5"},
            )
        status, notice = _NOTICES[outcome.why]
        response = self._show_form(request, to, status=status, again=again, name=name, notice=notice)
        if outcome.retry_after > 0:
            response.headers["Retry-After"] = str(math.ceil(outcome.retry_after))
        return response

    async def _done(self, request: Request) -> Response:
        """The stop between a form and another host, see `rules.is_leading_away`."""
        to = rules.wanted_next(request.scope["query_string"])
        if await self._flow.current(sign_on_token(request)) is None:
            return problem(
                request,
                400,
                "Your browser did not keep the session",
                "Allow cookies for this address, then sign in again.",
                actions=[Action("Sign in", rules.with_next("/signin", to))],
            )
        return PageResponse(render("signin/done.html", site=self._site, to=to))

    # The home page, and signing out.

    async def _home(self, request: Request) -> Response:
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect("/signin")
        session, person = known
        live, before = self._flow.live(person), await self._flow.before(session)
        page = render(
            "signin/home.html",
            site=self._site,
            person=person,
            since=datetime.fromtimestamp(session.created_at, UTC),
            before=before and (datetime.fromtimestamp(before.at, UTC), before.address),
            sessions=len(live),
            hosts=sorted({other.audience for other in live if other.audience != session.audience}),
            sealed=self._seal(Use.SIGN_OUT, session.ref),
        )
        return PageResponse(page)

    async def _ask_to_sign_out(self, request: Request) -> Response:
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return PageResponse(render("signin/signed_out.html", site=self._site))
        return self._ask(known[0])

    def _ask(self, session: Session, status: int = 200) -> Response:
        sealed = self._seal(Use.SIGN_OUT, session.ref)
        page = render("signin/signout.html", site=self._site, name=session.module_key, sealed=sealed)
        return PageResponse(page, status)

    async def _sign_out(self, request: Request) -> Response:
        form = await read_form(request)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return self._signed_out()
        session = known[0]
        sealed = self._sealer.open(form.get("form", ""), now=self._clock.now())
        fault = rules.judge_form(_sent(request, session.ref, sealed), Use.SIGN_OUT, self._origin)
        if fault is FormFault.EXPIRED:
            events.form_expired()
            return self._ask(session, status=422)
        if fault is not None:
            return self._refuse_form(request, fault, "/signout")
        await self._flow.sign_out(session)
        return self._signed_out()

    def _signed_out(self) -> Response:
        response = redirect("/signout")
        _drop_cookie(response, SIGN_ON_COOKIE)
        _drop_cookie(response, PRE_COOKIE)
        return response

    # Common to both.

    def _seal(self, use: Use, bound_to: str, **more: str) -> str:
        expires_at = self._clock.now() + self._settings.form_lifetime.total_seconds()
        return self._sealer.seal({"use": use.value, "to": bound_to, **more}, expires_at=expires_at)

    def _refuse_form(self, request: Request, fault: FormFault, back: str) -> Response:
        events.form_refused(reason=fault, client_address=client_address(request))
        if fault is FormFault.NO_COOKIE:
            heading = "Your browser did not send our cookie"
            sentence = "Allow cookies for this address, then open the page anew."
        else:
            heading = "This form cannot be used"
            sentence = "It was opened in another window, a while ago or on another site. Open the page anew."
        return problem(request, 403, heading, sentence, actions=[Action("Open the page anew", back)])


def _set_cookie(response: Response, name: str, value: str) -> None:
    """Give the browser a cookie for as long as it stays open; the session knows its own end."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")


def _drop_cookie(response: Response, name: str) -> None:
    # Without Secure a browser ignores even the removal of a cookie with the __Host- prefix.
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def _next_of(sealed: Sealed | None) -> str:
    return rules.HOME if sealed is None else rules.local_path(sealed.payload.get("next", ""))


def _visitor(request: Request) -> Visitor:
    language = preferred(",".join(request.headers.getlist("accept-language")))
    return Visitor(client_address(request), request.headers.get("user-agent", "")[:200], language)


def _sent(request: Request, bound_to: str, sealed: Sealed | None) -> Sent:
    headers: Mapping[str, str] = request.headers
    return Sent(headers.get("origin", ""), headers.get("sec-fetch-site", ""), bound_to, sealed)
