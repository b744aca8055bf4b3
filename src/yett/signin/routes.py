"""The sign-in host's own pages over HTTP: read, ask the flow, show."""

from datetime import UTC, datetime
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.identity.federation import PROVIDER, SIGNED_OUT
from yett.kernel import Clock
from yett.net.pages import (
    SIGN_ON_COOKIE,
    Action,
    Fault,
    PageResponse,
    plain_problem,
    problem,
    read_form,
    redirect,
    render,
    sign_on_token,
)
from yett.sessions import Session
from yett.signin import answers, rules
from yett.signin.config import SignInSettings
from yett.signin.exchange import (
    PENDING_COOKIE,
    PRE_COOKIE,
    pre_cookie_or_new,
    set_cookie,
    take_back,
    visitor_of,
)
from yett.signin.flow import Flow
from yett.signin.forms import Forms, Notice, Sealer
from yett.signin.model import Turned, TurnedAway, Use
from yett.signin.proving import PasswordDoor, prove_password

_WRONG = Notice(
    "The user name or the password is not right.",
    "Check both, mind capital letters, and try again.",
    marks=True,
)
_THROTTLED = Notice("Too many wrong passwords.", "Wait a while before you try again.")
_BUSY = Notice("Too many people are signing in.", "Wait a few seconds, then try again.")
_EMPTY = Notice("Enter your user name and your password.", marks=True)
_EXPIRED = Notice("This page was open for too long.", "For your safety, enter your password again.")
_CHANGED = Notice("Your password is changed.", "Sign in with the new one.", is_good=True)

_NOTICES = {
    Turned.WRONG: _WRONG,
    Turned.THROTTLED: _THROTTLED,
    Turned.BUSY: _BUSY,
}


class Scripted(Protocol):
    """A method whose part of the sign-in page is a script; its address, empty while the method is off."""

    @property
    def script(self) -> str: ...


class Addressed(Protocol):
    """A method with a page of its own, which the sign-in page leads to."""

    @property
    def address(self) -> str: ...


class Providers(Protocol):
    """Other providers, each with a button of its own."""

    def ways(self, to: str, *, again: bool = False) -> list[dict[str, str]]: ...

    def way(self, provider: str, to: str, *, again: bool = False) -> str: ...

    def farewell(self, provider: str) -> dict[str, str] | None: ...


class Portal(Protocol):
    """Whether people have a page of their own account."""

    @property
    def is_enabled(self) -> bool: ...


class SignIn:
    """The pages `/signin`, `/signout` and `/` of the sign-in host."""

    def __init__(
        self,
        flow: Flow,
        passwords: PasswordDoor,
        sealer: Sealer,
        settings: SignInSettings,
        clock: Clock,
        *,
        origin: str,
        passkeys: Scripted | None = None,
        links: Addressed | None = None,
        kerberos: Addressed | None = None,
        certificates: Addressed | None = None,
        providers: Providers | None = None,
        portal: Portal | None = None,
    ) -> None:
        """`origin` is what browsers call this host: "https://name", with the port unless it is 443."""
        self._forms = Forms(sealer, settings, clock, origin=origin)
        self._site = self._forms.site
        self._flow = flow
        self._passwords = passwords
        self._settings = settings
        self._passkeys = passkeys
        self._links = links
        self._kerberos = kerberos
        self._certificates = certificates
        self._providers = providers
        self._portal = portal
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
        self._forms.apply(settings)

    # Signing in.

    async def _form(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to, again = rules.wanted_next(query), rules.wants_again(query)
        known = await self._flow.current(sign_on_token(request))
        if known is not None and not again:
            return redirect(to)
        way = self._way_out(rules.wanted_provider(query), to, known[0] if known else None, again=again)
        if way:
            return redirect(way)
        notice = _CHANGED if rules.has_changed_password(query) else None
        name = rules.wanted_name(query) or (known[1].name if known else "")
        return self._show_form(request, to, again=again, name=name, notice=notice)

    def _way_out(self, provider: str, to: str, earlier: Session | None, *, again: bool) -> str:
        """The address of the provider that somebody is to leave for; empty where they choose on the form.

        They do when there is none of that name, and when they came in another way and are to sign in anew: over
        there they may be nobody.
        """
        if not provider or self._providers is None:
            return ""
        if earlier is not None and earlier.metadata.get(PROVIDER) != provider:
            return ""
        return self._providers.way(provider, to, again=again)

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
        pre = pre_cookie_or_new(request)
        sealed = self._forms.seal(Use.SIGN_IN, pre, next=to, again="1" if again else "")
        script = self._passkeys.script if self._passkeys is not None else ""
        link = self._links.address if self._links is not None else ""
        tickets = self._kerberos.address if self._kerberos is not None and not again else ""
        certificate = self._certificates.address if self._certificates is not None else ""
        page = render(
            "signin/form.html",
            tickets=tickets and rules.with_next(tickets, to),
            certificate=certificate and rules.with_next(certificate, to),
            providers=self._providers.ways(to, again=again) if self._providers is not None else (),
            link=link and rules.with_next(link, to),
            site=self._site,
            sealed=sealed,
            name=name,
            again=again,
            notice=notice,
            help=self._settings.help,
            primary=self._settings.primary.value,
            passkey=script,
            has_script=bool(script),
        )
        response = PageResponse(page, status)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _sign_in(self, request: Request) -> Response:
        posted = await self._forms.read(request, Use.SIGN_IN, request.cookies.get(PRE_COOKIE, ""), "/signin")
        if isinstance(posted, Response):
            return posted
        to, again = posted.to, bool(posted.kept.get("again"))
        name, password = posted.fields.get("name", ""), posted.fields.get("password", "")
        if posted.is_expired:
            return self._show_form(request, to, status=422, again=again, name=name, notice=_EXPIRED)
        if not name or not password:
            return self._show_form(request, to, status=422, again=again, name=name, notice=_EMPTY)
        earlier = await self._flow.current(sign_on_token(request))
        outcome = await prove_password(
            self._passwords,
            self._flow,
            (name, password),
            visitor_of(request),
            earlier=earlier[0] if earlier else None,
            again=again,
        )
        if isinstance(outcome, TurnedAway) and outcome.why in _NOTICES:
            return self._turn_away(request, outcome, to, again=again, name=name)
        return answers.page(request, outcome, to=to)

    def _turn_away(
        self, request: Request, outcome: TurnedAway, to: str, *, again: bool, name: str
    ) -> Response:
        status, notice = answers.STATUS[outcome.why], _NOTICES[outcome.why]
        response = self._show_form(request, to, status=status, again=again, name=name, notice=notice)
        response.headers.update(answers.retry_headers(outcome))
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
            has_account=self._portal is not None and self._portal.is_enabled,
            hosts=sorted({other.audience for other in live if other.audience != session.audience}),
            sealed=self._forms.seal(Use.SIGN_OUT, session.ref),
        )
        return PageResponse(page)

    async def _ask_to_sign_out(self, request: Request) -> Response:
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            left = rules.left_provider(request.scope["query_string"])
            also = self._providers.farewell(left) if left and self._providers is not None else None
            return PageResponse(render("signin/signed_out.html", site=self._site, also=also))
        return self._ask(known[0])

    def _ask(self, session: Session, status: int = 200) -> Response:
        sealed = self._forms.seal(Use.SIGN_OUT, session.ref)
        page = render("signin/signout.html", site=self._site, name=session.module_key, sealed=sealed)
        return PageResponse(page, status)

    async def _sign_out(self, request: Request) -> Response:
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            form = await read_form(request)
            return plain_problem(request, form.status) if isinstance(form, Fault) else _signed_out(request)
        session = known[0]
        posted = await self._forms.read(request, Use.SIGN_OUT, session.ref, "/signout")
        if isinstance(posted, Response):
            return posted
        if posted.is_expired:
            return self._ask(session, status=422)
        await self._flow.sign_out(session)
        return _signed_out(request, rules.signed_out(session))


def _signed_out(request: Request, to: str = SIGNED_OUT) -> Response:
    response = redirect(to)
    take_back(request, response, SIGN_ON_COOKIE, PRE_COOKIE, PENDING_COOKIE)
    return response
