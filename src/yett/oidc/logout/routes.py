"""Signing out over HTTP: `/oidc/logout`, where clients send people, and the page that asks them.

A client may send a form, and with one from another site no browser sends our cookies. So what it asked for is
judged, sealed, and asked again with GET, for which browsers do.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.kernel import Clock
from yett.net.pages import (
    SIGN_ON_COOKIE,
    Action,
    Fault,
    PageResponse,
    once,
    parse_fields,
    plain_problem,
    problem,
    read_form,
    redirect,
    render,
    sign_on_token,
)
from yett.oidc.forms import Forms, Sealer
from yett.oidc.logout import events, rules
from yett.oidc.logout.model import Next, Refused, Wanted, Way, Wrong
from yett.oidc.logout.rules import CONFIRM, LOGOUT
from yett.oidc.logout.service import Logout
from yett.oidc.rules import answer_to
from yett.sessions import Session

_LIFETIME = 300.0
"""Seconds that a request may take from its form to the question."""
_MAX_FORM = 32 * 1024
_SENTENCES = {
    Wrong.MALFORMED: "The address is damaged. If you want to sign out, you can do so here.",
    Wrong.OTHER_CLIENT: "The application asked in the name of another. If you want to sign out, you can do so here.",
    Wrong.REDIRECT_URI: "The application wants you sent to an address that it has not registered. "
    "If you want to sign out, you can do so here.",
}


class LogoutPages:
    """The addresses."""

    def __init__(self, logout: Logout, sealer: Sealer, clock: Clock, *, origin: str) -> None:
        self._logout = logout
        self._sealer = sealer
        self._clock = clock
        self._forms = Forms(sealer, clock, step="logout", origin=origin)
        self._site = urlsplit(origin).netloc
        asking = Route(LOGOUT, self._ask)
        # Starlette adds HEAD to GET, but a look at the head must sign nobody out.
        asking.methods = {"GET"}
        self.routes = [
            asking,
            Route(LOGOUT, self._receive, methods=["POST"]),
            Route(CONFIRM, self._confirm, methods=["POST"]),
        ]

    async def _ask(self, request: Request) -> Response:
        fields = parse_fields(request.scope["query_string"])
        sealed = (once(fields or ()) or {}).get("request", "")
        wanted = self._open(sealed) if sealed else rules.read(fields, self._logout.find, self._logout.verify)
        if isinstance(wanted, Refused):
            return _refuse(request, wanted)
        session = await self._logout.current(sign_on_token(request))
        user, ref = ("", "") if session is None else (session.module_key, session.ref)
        match rules.judge(wanted, user, ref):
            case Next.SIGN_OUT if session is not None:
                await self._logout.end(session, wanted)
                return self._leave(request, wanted)
            case Next.ASK if session is not None:
                events.asked(user=user, client=wanted.client_id[:80])
                return self._question(session, wanted)
            case _:
                return self._leave(request, wanted)

    async def _receive(self, request: Request) -> Response:
        form = await read_form(request, limit=_MAX_FORM)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        wanted = rules.read(tuple(form.items()), self._logout.find, self._logout.verify)
        if isinstance(wanted, Refused):
            return _refuse(request, wanted)
        sealed = self._sealer.seal(_kept(wanted), expires_at=self._clock.now() + _LIFETIME)
        return redirect(f"{LOGOUT}?{urlencode({'request': sealed})}")

    def _question(self, session: Session, wanted: Wanted) -> Response:
        client = self._logout.find(wanted.client_id) if wanted.client_id else None
        page = render(
            "oidc/logout.html",
            site=self._site,
            name=session.module_key,
            client=client.title if client is not None else "",
            action=CONFIRM,
            sealed=self._forms.seal(session.ref, **_kept(wanted)),
        )
        return PageResponse(page)

    async def _confirm(self, request: Request) -> Response:
        session = await self._logout.current(sign_on_token(request))
        if session is None:
            return redirect("/signout")
        received = await self._forms.read(request, session.ref, back="/signout")
        if isinstance(received, Response):
            return received
        wanted = _wanted_of(received.kept)
        await self._logout.end(session, wanted)
        return self._leave(request, wanted, is_asked=True)

    def _leave(self, request: Request, wanted: Wanted, *, is_asked: bool = False) -> Response:
        """Where somebody goes who is signed out."""
        client = self._logout.find(wanted.client_id) if wanted.client_id else None
        way = rules.way_out(wanted, client, is_asked=is_asked)
        to = answer_to(wanted.uri, {"state": wanted.state}) if wanted.state else wanted.uri
        if way is Way.STAY or client is None:
            response = redirect("/signout")
        elif way is Way.GO and not is_asked:
            response = redirect(to)
        else:
            # After a form of ours Chromium would take the client's address for the form's: so over a page.
            page = render(
                "oidc/logged_out.html", site=self._site, client=client.title, to=to, goes=way is Way.GO
            )
            response = PageResponse(page)
        if SIGN_ON_COOKIE in request.cookies:
            # Without Secure a browser ignores even the removal of a cookie with the __Host- prefix.
            response.delete_cookie(SIGN_ON_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _open(self, text: str) -> Wanted | Refused:
        """The request that was sealed when its form came."""
        opened = self._sealer.open(text, now=self._clock.now())
        is_usable = opened is not None and not opened.is_expired and "is_hinted" in opened.payload
        return _wanted_of(opened.payload) if opened is not None and is_usable else Refused(Wrong.MALFORMED)


def _kept(wanted: Wanted) -> dict[str, str]:
    """A request as a form or an address carries it, sealed."""
    return {
        "client_id": wanted.client_id,
        "uri": wanted.uri,
        "state": wanted.state,
        "user": wanted.user,
        "session": wanted.session,
        "is_hinted": "1" if wanted.is_hinted else "",
    }


def _wanted_of(kept: Mapping[str, str]) -> Wanted:
    texts = {name: kept.get(name, "") for name in ("client_id", "uri", "state", "user", "session")}
    return Wanted(**texts, is_hinted=bool(kept.get("is_hinted")))


def _refuse(request: Request, refused: Refused) -> Response:
    events.refused(client=refused.client_id or "unknown", reason=refused.reason)
    return problem(
        request,
        400,
        "This request to sign out cannot be used",
        _SENTENCES[refused.reason],
        actions=[Action("Sign out", "/signout")],
    )
