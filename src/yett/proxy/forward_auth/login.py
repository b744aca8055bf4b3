"""Signing in for applications behind other proxies, `/login`, and out, `/logout`, on the sign-in host.

Who somebody is, the sign-in flow knows; here they get the token that proxies ask about, in a cookie
for the whole domain. It rests on the sign-on session and is over with it.
"""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from msgspec import UNSET
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.identity import Person
from yett.identity.access import Assurance, assurance_named, assurance_of
from yett.net.pages import (
    SIGN_ON_COOKIE,
    Action,
    PageResponse,
    client_address,
    once,
    parse_fields,
    problem,
    redirect,
    render,
    sign_on_token,
)
from yett.proxy.forward_auth import events
from yett.proxy.forward_auth.config import ForwardAuthSettings
from yett.proxy.forward_auth.credentials import tokens_in_cookies
from yett.proxy.forward_auth.returning import judge_return
from yett.sessions import Session
from yett.store import StoreUnavailable
from yett.tokens import TokenData, TokensSettings

LOGIN = "/login"
LOGOUT = "/logout"
_LONGEST = 6000
"""Characters of an address of ours that the sign-in comes back to."""
_FROM_HERE = frozenset({"same-origin", "same-site", "none"})
_OWN = "user:token"


class Flow(Protocol):
    """The sign-in."""

    async def current(self, token: str) -> tuple[Session, Person] | None: ...
    def is_fresh(self, session: Session) -> bool: ...
    async def sign_out(self, session: Session) -> None: ...


class Tokens(Protocol):
    """Scoped tokens, as far as browsers go."""

    @property
    def settings(self) -> TokensSettings: ...
    async def find(self, text: str) -> TokenData | None: ...
    def scopes_for(self, person: Person) -> frozenset[str]: ...
    async def make_session(
        self,
        person: Person,
        *,
        scopes: frozenset[str],
        session_ref: str,
        expires_at: float | None,
        address: str,
    ) -> str: ...
    async def end_session_token(self, text: str, address: str = "") -> bool: ...


class Browser:
    """The pages `/login` and `/logout`."""

    def __init__(
        self,
        flow: Flow,
        tokens: Tokens,
        settings: ForwardAuthSettings,
        *,
        origin: str,
    ) -> None:
        """`origin` is what browsers call the sign-in host: "https://name", with the port unless it is 443."""
        self._flow = flow
        self._tokens = tokens
        self._settings = settings
        self._origin = origin
        self._host = urlsplit(origin).hostname or ""
        login = Route(LOGIN, self._login)
        # Starlette adds HEAD to GET, but a look at the head must not make a token.
        login.methods = {"GET"}
        logout = Route(LOGOUT, self._ask_to_leave)
        logout.methods = {"GET"}
        self.routes = [login, logout, Route(LOGOUT, self._leave, methods=["POST"])]

    def apply(self, settings: ForwardAuthSettings) -> None:
        """Go by these settings from now on."""
        self._settings = settings

    # Signing in.

    async def _login(self, request: Request) -> Response:
        self._check_is_there()
        query = _query(request)
        wanted = query.get("rd") or request.headers.get("x-auth-request-redirect", "")
        to = self._judged(request, wanted) if wanted else f"{self._origin}/"
        if isinstance(to, Response):
            return to
        needed = assurance_named(query.get("acr", "")) or Assurance.SINGLE
        wants_fresh = query.get("fresh") == "1"
        here = self._here(to, needed, fresh=wants_fresh)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            events.redirecting(login_url="/signin", return_url=_shown(to))
            return redirect(f"/signin?{urlencode({'next': here})}")
        session, person = known
        if wants_fresh and not self._flow.is_fresh(session):
            events.redirecting(login_url="/signin", return_url=_shown(to))
            return redirect(f"/signin?{urlencode({'again': '1', 'next': here})}")
        if not assurance_of(session.metadata).reaches(needed):
            events.redirecting(login_url="/signin/step-up", return_url=_shown(to))
            return redirect(f"/signin/step-up?{urlencode({'acr': needed.value, 'next': here})}")
        return await self._enter(request, session, person, to, wants_fresh=wants_fresh)

    async def _enter(
        self, request: Request, session: Session, person: Person, to: str, *, wants_fresh: bool
    ) -> Response:
        """Have the browser carry a token of the person, and send it where it wanted."""
        scopes = self._tokens.scopes_for(person)
        if not scopes and self._settings.without_scopes:
            scopes = frozenset({_OWN})
        if not scopes:
            error = "User is not in any authorized group"
            events.login_refused(user=person.name, return_url=_shown(to), error=error)
            return problem(
                request,
                403,
                "You may not use these applications",
                f"You are signed in as {person.name}, but your account is in no group that may. If you need "
                "an application, ask those who look after it, and give them the request id below.",
                actions=[Action("Sign out", "/signout")],
            )
        now = await self._current(request)
        is_same = now is not None and now[1].session_ref == session.ref
        if is_same and wants_fresh:
            # They have just signed in, and it does not last long enough: going round again would not help.
            return problem(
                request,
                403,
                "This application needs a longer sign-in",
                "A sign-in here ends sooner than the application needs. Tell those who look after it.",
            )
        if now is not None and is_same and now[1].scopes == scopes and now[1].username == person.name:
            return redirect(to)
        try:
            if now is not None and is_same:
                await self._tokens.end_session_token(now[0], client_address(request))
            token = await self._tokens.make_session(
                person,
                scopes=scopes,
                session_ref=session.ref,
                expires_at=session.ends_at,
                address=client_address(request),
            )
        except StoreUnavailable:
            events.login_failed(user=person.name, return_url=_shown(to), error="Token could not be stored")
            return problem(
                request,
                503,
                "The gateway cannot sign you in",
                "The fault is on our side, and its operators have been told. Try again in a moment.",
                headers={"Retry-After": "5"},
            )
        response = redirect(to)
        self._set_cookie(response, token)
        return response

    async def _current(self, request: Request) -> tuple[str, TokenData] | None:
        """The good token that the browser has already; None where there are several."""
        cookie = "; ".join(request.headers.getlist("cookie")).encode("latin-1", "replace")
        texts = tokens_in_cookies(cookie, self._tokens.settings.cookie)
        found = [(text, data) for text in texts if (data := await self._tokens.find(text)) is not None]
        return found[0] if len(found) == 1 else None

    def _here(self, to: str, needed: Assurance, *, fresh: bool) -> str:
        """This page again, after signing in."""
        fields = {"rd": to}
        if needed is not Assurance.SINGLE:
            fields["acr"] = needed.value
        if fresh:
            fields["fresh"] = "1"
        here = f"{LOGIN}?{urlencode(fields)}"
        if len(here) <= _LONGEST:
            return here
        parts = urlsplit(to)
        return f"{LOGIN}?{urlencode(fields | {'rd': f'{parts.scheme}://{parts.netloc}/'})}"

    # Signing out.

    async def _ask_to_leave(self, request: Request) -> Response:
        self._check_is_there()
        to = self._goal(request)
        if isinstance(to, Response):
            return to
        current = await self._current(request)
        known = await self._flow.current(sign_on_token(request))
        is_navigation = request.headers.get("sec-fetch-site", "") in _FROM_HERE
        if (current is None and known is None) or is_navigation:
            return await self._out(request, to)
        parts = urlsplit(to)
        page = render(
            "proxy/leave.html",
            form_action=(f"{parts.scheme}://{parts.netloc}",) if to else (),
            name=known[1].name if known is not None else current[1].username if current else "",
            site=self._host,
            action=f"{LOGOUT}?{urlencode({'rd': to})}" if to else LOGOUT,
            ends_all=self._settings.end_sign_on,
        )
        return PageResponse(page)

    async def _leave(self, request: Request) -> Response:
        self._check_is_there()
        to = self._goal(request)
        if isinstance(to, Response):
            return to
        if not self._is_from_here(request):
            current = await self._current(request)
            events.csrf_failed(
                user=current[1].username if current else "", error="The form is from another site"
            )
            return problem(
                request,
                403,
                "That did not come from this page",
                "Open the sign-out page here and use its button.",
                actions=[Action("Sign out", LOGOUT)],
            )
        return await self._out(request, to)

    def _is_from_here(self, request: Request) -> bool:
        """Whether a form was sent from a page of this very host. Every browser says so in one way at least."""
        origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
        if origin is not None and origin != self._origin:
            return False
        if site is not None and site != "same-origin":
            return False
        return origin is not None or site is not None

    async def _out(self, request: Request, to: str) -> Response:
        current = await self._current(request)
        known = await self._flow.current(sign_on_token(request))
        response = redirect(to) if to else PageResponse(render("proxy/signedout.html", home="/signin"))
        self._set_cookie(response, "")
        if current is not None:
            await self._tokens.end_session_token(current[0], client_address(request))
        if known is not None and self._settings.end_sign_on:
            await self._flow.sign_out(known[0])
            response.delete_cookie(SIGN_ON_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        if current is not None:
            events.logged_out(user=current[1].username, token=current[1].key, return_url=_shown(to))
        elif known is not None and self._settings.end_sign_on:
            events.logged_out(user=known[1].name, token=UNSET, return_url=_shown(to))
        else:
            events.logged_out_again(return_url=_shown(to))
        return response

    def _goal(self, request: Request) -> str | Response:
        wanted = _query(request).get("rd", "")
        return self._judged(request, wanted) if wanted else self._settings.after_logout

    # Both.

    def _check_is_there(self) -> None:
        """Without tokens there is nothing to sign in for that /signin would not do."""
        if not self._tokens.settings.enabled:
            raise HTTPException(404)

    def _judged(self, request: Request, wanted: str) -> str | Response:
        """Where to go on to, or the answer to somebody who must not be sent there."""
        domain = self._tokens.settings.cookie_domain or self._host
        to = judge_return(wanted, domain, self._host)
        if to is not None:
            return to
        error = f"URL is not at {domain}"
        events.return_url_bad(return_url=_shown(wanted), error=error)
        if "text/html" in request.headers.get("accept", ""):
            return problem(
                request,
                422,
                "This link leads elsewhere",
                f"It wanted to send you on to an address that does not belong to {domain}.",
            )
        detail = [{"loc": ["query", "rd"], "msg": error, "type": "invalid_return_url"}]
        return JSONResponse({"detail": detail}, 422, headers={"Cache-Control": "no-store"})

    def _set_cookie(self, response: Response, value: str) -> None:
        """Give the browser its token for as long as it stays open, or take it back."""
        settings = self._tokens.settings
        response.set_cookie(
            settings.cookie,
            value,
            max_age=None if value else 0,
            path="/",
            domain=settings.cookie_domain or None,
            secure=True,
            httponly=True,
            samesite="lax",
        )


def _query(request: Request) -> Mapping[str, str]:
    return once(parse_fields(request.scope["query_string"]) or ()) or {}


def _shown(url: str) -> str:
    """An address without its query, which may hold secrets of an application."""
    return url.partition("?")[0].partition("#")[0][:500]
