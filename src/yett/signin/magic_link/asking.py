"""Asking for a link, and the browser that waits for it.

Looking at the waiting page changes nothing; the sign-in itself takes a form, or the call of the
page's script. What the browser waits with is in a sealed cookie of its own.
"""

import hashlib
import math
from pathlib import Path
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.authn.device_code import Origin
from yett.authn.magic_link import Fault, NotStarted, Over, Proven, Started, Waiting
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    PageResponse,
    client_address,
    plain_problem,
    problem,
    redirect,
    render,
    sign_on_token,
)
from yett.signin import answers, rules
from yett.signin.exchange import (
    PRE_COOKIE,
    device_name,
    drop_cookie,
    pre_cookie,
    pre_cookie_or_new,
    set_cookie,
    visitor_of,
)
from yett.signin.flow import Flow
from yett.signin.magic_link import events
from yett.signin.model import Method, Outcome, Sealed, TurnedAway
from yett.signin.passkey.calls import read_call
from yett.signin.steps import Forms, Received, Sealer

ASK, WAIT = "/signin/link", "/signin/link/wait"
API, POLL = "/api/signin/link", "/api/signin/link/poll"
SCRIPT = "/signin/link/wait.js"
COOKIE = "__Host-yett-link"
_HERE = Path(__file__).parent
_SLOWER = 5
_UNCACHED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_OVER = {
    Fault.DENIED: "The link was not confirmed for this browser.",
    Fault.EXPIRED: "Nobody confirmed the link in time.",
    Fault.NOBODY: "You could not be signed in.",
    Fault.UNAVAILABLE: "Signing in does not work at the moment.",
}
_GONE = "There is no link that this browser waits for."


class Links(Protocol):
    """The part of the method that is needed here."""

    @property
    def is_enabled(self) -> bool: ...
    async def initiate(self, typed: str, origin: Origin, *, device: str, to: str) -> Started | NotStarted: ...
    async def poll(self, device_code: str) -> Waiting | Over | Proven: ...
    async def is_decided(self, device_code: str) -> bool: ...


class Asking:
    """The form, the waiting page and its script. Making one reads the script; OSError when that is not there."""

    def __init__(
        self, flow: Flow, links: Links, sealer: Sealer, clock: Clock, *, origin: str, folder: Path = _HERE
    ) -> None:
        self._flow = flow
        self._links = links
        self._sealer = sealer
        self._clock = clock
        self._origin = origin
        self._site = urlsplit(origin).netloc
        self._asking = Forms(sealer, clock, step="link", origin=origin)
        self._going_on = Forms(sealer, clock, step="link.wait", origin=origin)
        self._code = (folder / "wait.js").read_bytes()
        self._source = f"{SCRIPT}?{hashlib.sha256(self._code).hexdigest()[:16]}"
        self.routes = [
            Route(ASK, self._form),
            Route(ASK, self._ask, methods=["POST"]),
            Route(WAIT, self._wait),
            Route(WAIT, self._go_on, methods=["POST"]),
            Route(SCRIPT, self._script, methods=["GET"]),
            Route(API, self._call, methods=["POST"]),
            Route(POLL, self._poll, methods=["POST"]),
        ]

    @property
    def address(self) -> str:
        """Where the sign-in page leads to for a link; empty where there are none."""
        return ASK if self._links.is_enabled else ""

    # Asking.

    async def _form(self, request: Request) -> Response:
        if not self._links.is_enabled:
            return plain_problem(request, 404)
        query = request.scope["query_string"]
        return self._show_form(request, rules.wanted_next(query), again=rules.wants_again(query))

    def _show_form(
        self, request: Request, to: str, *, again: bool, typed: str = "", refused: NotStarted | None = None
    ) -> Response:
        pre = pre_cookie_or_new(request)
        status, notice = _notice(refused)
        page = render(
            "signin/link.html",
            site=self._site,
            sealed=self._asking.seal(pre, next=to, again="1" if again else ""),
            typed=typed,
            notice=notice,
            back=_with(rules.with_next("/signin", to), again=again),
        )
        response = PageResponse(page, status)
        if refused is not None and refused.retry_after > 0:
            response.headers["Retry-After"] = str(math.ceil(refused.retry_after))
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _ask(self, request: Request) -> Response:
        if not self._links.is_enabled:
            return plain_problem(request, 404)
        pre = pre_cookie(request)
        received = await self._asking.read(request, pre, back=ASK)
        if not isinstance(received, Received):
            return received
        to, again = rules.local_path(received.kept.get("next", "")), bool(received.kept.get("again"))
        typed = received.fields.get("email", "")
        started = await self._start(request, typed, device_name(pre), to)
        if isinstance(started, NotStarted):
            return self._show_form(request, to, again=again, typed=typed[:254], refused=started)
        response = redirect(rules.with_next(WAIT, to))
        await self._set_waiting(request, response, started, again=again)
        return response

    async def _start(self, request: Request, typed: str, device: str, to: str) -> Started | NotStarted:
        agent = request.headers.get("user-agent", "")[:200]
        origin = Origin(client_address(request), agent)
        started = await self._links.initiate(typed, origin, device=device, to=to)
        if isinstance(started, NotStarted) and started.fault is Fault.UNAVAILABLE:
            events.initiate_failed(reason=started.fault, client_address=origin.address)
        return started

    async def _set_waiting(
        self, request: Request, response: Response, started: Started, *, again: bool
    ) -> None:
        known = await self._flow.current(sign_on_token(request))
        payload = {
            "code": started.device_code,
            "check": started.check,
            "interval": str(started.interval),
            # The session that the browser has already: only another one means that it may go on.
            "earlier": known[0].ref if known else "",
            "again": "1" if again else "",
        }
        set_cookie(response, COOKIE, self._sealer.seal(payload, expires_at=started.expires_at))

    # Waiting.

    def _waiting(self, request: Request) -> Sealed | None:
        opened = self._sealer.open(request.cookies.get(COOKIE, ""), now=self._clock.now())
        return None if opened is None or opened.is_expired or "code" not in opened.payload else opened

    async def _is_in(self, request: Request, waiting: Sealed) -> bool:
        """Whether the browser was signed in meanwhile, in another window."""
        known = await self._flow.current(sign_on_token(request))
        return known is not None and known[0].ref != waiting.payload.get("earlier", "")

    async def _wait(self, request: Request) -> Response:
        to = rules.wanted_next(request.scope["query_string"])
        waiting = self._waiting(request)
        if waiting is None:
            return _over_page(request, Fault.GONE, to)
        if await self._is_in(request, waiting):
            return _without_cookie(redirect(to))
        pre = pre_cookie_or_new(request)
        page = render(
            "signin/link_wait.html",
            has_script=True,
            site=self._site,
            check=waiting.payload["check"],
            interval=waiting.payload["interval"],
            script=self._source,
            poll=f"{POLL}?{urlencode({'next': to})}",
            is_decided=await self._links.is_decided(waiting.payload["code"]),
            sealed=self._going_on.seal(pre, next=to),
            again=rules.with_next(ASK, to),
        )
        response = PageResponse(page)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _go_on(self, request: Request) -> Response:
        received = await self._going_on.read(request, pre_cookie(request), back=WAIT)
        if not isinstance(received, Received):
            return received
        to = rules.local_path(received.kept.get("next", ""))
        waiting = self._waiting(request)
        if waiting is None:
            return _over_page(request, Fault.GONE, to)
        if await self._is_in(request, waiting):
            return _without_cookie(redirect(to))
        outcome = await self._finish(request, waiting)
        match outcome:
            case Waiting():
                return redirect(rules.with_next(WAIT, to))
            case Over(fault):
                return _without_cookie(_over_page(request, fault, to))
            case _:
                return _without_cookie(answers.page(request, outcome, to=to))

    async def _finish(self, request: Request, waiting: Sealed) -> Outcome | Waiting | Over:
        """Whoever confirmed the link has proven who uses this browser; what follows is the flow's."""
        polled = await self._links.poll(waiting.payload["code"])
        if not isinstance(polled, Proven):
            return polled
        earlier = await self._flow.current(sign_on_token(request))
        outcome = await self._flow.proved(
            polled.user,
            Method.MAGIC_LINK,
            visitor_of(request),
            earlier=earlier[0] if earlier else None,
            again=bool(waiting.payload.get("again")),
        )
        if isinstance(outcome, TurnedAway):
            events.not_finalized(user=polled.user, reason=outcome.why)
        return outcome

    # The same for scripts and programs.

    async def _call(self, request: Request) -> Response:
        if not self._links.is_enabled:
            return answers.json_problem(404, "disabled", "There are no links by mail.")
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        typed, to = call.get("email"), call.get("next", "")
        if not isinstance(typed, str) or not isinstance(to, str):
            return answers.json_problem(400, "malformed", "This request could not be understood.")
        pre = pre_cookie_or_new(request)
        started = await self._start(request, typed, device_name(pre), rules.local_path(to))
        if isinstance(started, NotStarted):
            status, notice = _notice(started)
            title = notice[0] if notice else ""
            return answers.json_problem(status, started.fault.value, title, retry_after=started.retry_after)
        content = {
            "state": "pending",
            "check": started.check,
            "interval": started.interval,
            "expires_in": math.floor(started.expires_at - self._clock.now()),
        }
        response = JSONResponse(content, headers=_UNCACHED)
        set_cookie(response, PRE_COOKIE, pre)
        await self._set_waiting(request, response, started, again=call.get("again") is True)
        return response

    async def _poll(self, request: Request) -> Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        to = rules.wanted_next(request.scope["query_string"])
        waiting = self._waiting(request)
        if waiting is None:
            return answers.json_problem(410, Fault.GONE.value, _GONE)
        if await self._is_in(request, waiting):
            return _without_cookie(JSONResponse({"state": "signed_in", "next": to}, headers=_UNCACHED))
        outcome = await self._finish(request, waiting)
        match outcome:
            case Waiting():
                slower = _SLOWER if outcome is Waiting.SLOW_DOWN else 0
                interval = int(waiting.payload["interval"]) + slower
                return JSONResponse({"state": "pending", "interval": interval}, headers=_UNCACHED)
            case Over(fault):
                problem = answers.json_problem(410, fault.value, _OVER.get(fault, _GONE))
                return _without_cookie(problem)
            case _:
                return _without_cookie(answers.json(outcome, to=to))

    async def _script(self, _: Request) -> Response:
        """The script. Its address names its content, so that browsers may keep it."""
        headers = {
            "Content-Type": "text/javascript; charset=utf-8",
            "Cache-Control": "public, max-age=86400, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(self._code, headers=headers)


def _notice(refused: NotStarted | None) -> tuple[int, tuple[str, str] | None]:
    """The status and the words for a link that was not made."""
    match refused:
        case None:
            return 200, None
        case NotStarted(Fault.MALFORMED):
            return 422, ("That is not a mail address.", "Check it, then try again.")
        case NotStarted(Fault.THROTTLED):
            return 429, ("Too many links were asked for from here.", "Wait a while before you try again.")
        case _:
            return 503, (
                "No link could be sent.",
                "The fault is on our side. Wait a little, then try again.",
            )


def _over_page(request: Request, fault: Fault, to: str) -> Response:
    return problem(
        request,
        410,
        _OVER.get(fault, _GONE),
        "You can ask for another link, or sign in another way.",
        actions=[
            Action("Ask for another link", rules.with_next(ASK, to)),
            Action("Sign in another way", rules.with_next("/signin", to)),
        ],
    )


def _without_cookie(response: Response) -> Response:
    drop_cookie(response, COOKIE)
    return response


def _with(path: str, *, again: bool) -> str:
    if not again:
        return path
    return f"{path}{'&' if '?' in path else '?'}again=1"
