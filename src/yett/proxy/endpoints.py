"""The gateway's own pages on application hosts, under the reserved prefix `/_yett/`."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.events import current_scope, is_in_scope
from yett.net.pages import (
    Action,
    PageResponse,
    client_address,
    http_error,
    once,
    parse_fields,
    problem,
    redirect,
    render,
)
from yett.proxy import events
from yett.proxy.config import RESERVED
from yett.proxy.cookies import CSRF_COOKIE, SESSION_COOKIE, csrf_of, drop, keep_session, token_of
from yett.proxy.login import CALLBACK, Arrival, Login
from yett.proxy.proofs import Proofs
from yett.sessions import Sessions

SIGN_OUT = RESERVED + "signout"


class Endpoints:
    """Callback, sign-out, and what `proofs` has for services, for every application host.

    The gate says in the state of the ASGI scope which `host` a request is for, and under which
    path (`home`) that host has something to show.
    """

    def __init__(self, login: Login, sessions: Sessions, proofs: Proofs) -> None:
        self._login = login
        self._sessions = sessions
        callback = Route(CALLBACK, self._callback)
        # Starlette adds HEAD to GET, but a look at the head must not use up a code.
        callback.methods = {"GET"}
        self.app = Starlette(
            routes=[
                callback,
                Route(SIGN_OUT, self._ask_to_sign_out, methods=["GET"]),
                Route(SIGN_OUT, self._sign_out, methods=["POST"]),
                *proofs.routes,
            ],
            exception_handlers={HTTPException: http_error},
        )
        # Each page has one address; a redirect would repeat the query, which may hold a code.
        self.app.router.redirect_slashes = False

    async def _callback(self, request: Request) -> Response:
        fields = parse_fields(request.scope["query_string"])
        query = None if fields is None else once(fields)
        if query is None:
            return problem(
                request, 400, "This link is broken", "Parts of it are missing, damaged or there twice."
            )
        state, cookies = request.scope["state"], _cookies(request)
        outcome = await self._login.arrive(
            state["host"],
            query,
            csrf=csrf_of(cookies),
            metadata={
                "client_address": client_address(request),
                "user_agent": request.headers.get("user-agent", "")[:200],
            },
            earlier=token_of(cookies),
        )
        if isinstance(outcome, Arrival):
            # The other cookie stays: further tabs may be on their way back.
            response = redirect(outcome.return_to)
            response.headers.append("Set-Cookie", keep_session(outcome.issued.token))
            return response
        return problem(
            request,
            outcome.status,
            "You could not be signed in",
            outcome.sentence,
            actions=(Action("Start again", outcome.again or state["home"]),),
        )

    async def _ask_to_sign_out(self, request: Request) -> Response:
        state = request.scope["state"]
        session = await self._sessions.validate(token_of(_cookies(request)), audience=state["host"])
        if session is None:
            return _signed_out(state["home"])
        return PageResponse(
            render("proxy/signout.html", user=session.module_key, action=SIGN_OUT, home=state["home"])
        )

    async def _sign_out(self, request: Request) -> Response:
        if not _is_same_origin(request):
            return problem(
                request,
                403,
                "That did not come from this page",
                "Open the sign-out page here and use its button.",
                actions=(Action("Sign out", SIGN_OUT),),
            )
        state = request.scope["state"]
        token = token_of(_cookies(request))
        session = await self._sessions.validate(token, audience=state["host"])
        if session is not None:
            # Everything that came from the sign-on session ends with it, this one included.
            if session.parent:
                await self._sessions.revoke(session.parent)
            if self._sessions.peek(token, state["host"]) is not None:
                await self._sessions.revoke(session.ref)
            if is_in_scope():
                # Not sooner: requests of a session that ends are cut, and this one has to be answered.
                current_scope().user, current_scope().session = session.module_key, session.ref
            events.signed_out(user=session.module_key, host=state["host"])
        response = _signed_out(state["home"])
        for name in (SESSION_COOKIE, CSRF_COOKIE):
            response.headers.append("Set-Cookie", drop(name))
        response.headers["Clear-Site-Data"] = '"cache"'
        return response


def _signed_out(home: str) -> PageResponse:
    return PageResponse(render("proxy/signedout.html", home=home))


def _is_same_origin(request: Request) -> bool:
    """Whether a form was sent from a page of this very host. Every browser says so in one way at least.

    The cookie alone would not do: SameSite takes neighbouring hosts for the same site.
    """
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin != f"https://{headers.get('host', '')}":
        return False
    if site is not None and site != "same-origin":
        return False
    return origin is not None or site is not None


def _cookies(request: Request) -> bytes:
    return "; ".join(request.headers.getlist("cookie")).encode("latin-1")
