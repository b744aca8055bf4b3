"""Where a mailed link leads: see who asked, then decide. Opening the page uses nothing up.

Mail scanners and previews open links before people do, so the link is only looked at; the decision
takes a form that is bound to the browser it was shown in.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.agents import describe_agent
from yett.authn.magic_link import (
    OPEN,
    Action,
    Authorized,
    DeniedByPerson,
    Fault,
    Preview,
    Refused,
    SignInHere,
)
from yett.kernel import Clock
from yett.net.pages import Action as PageAction
from yett.net.pages import (
    PageResponse,
    client_address,
    once,
    parse_fields,
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
    device_of,
    pre_cookie,
    pre_cookie_or_new,
    set_cookie,
    visitor_of,
)
from yett.signin.flow import Flow
from yett.signin.magic_link import events
from yett.signin.model import Method, TurnedAway
from yett.signin.steps import Forms, Received, Sealer

_ASK = "/signin/link"
GO = "/signin/link/go"
_AUTHORIZE = "/oidc/authorize"
_REFUSED = {
    Fault.GONE: (410, "This link was used already", "Each link works once. You can ask for another."),
    Fault.EXPIRED: (410, "This link is too old", "You can ask for another."),
    Fault.FORGED: (400, "This link is damaged", "Open it from the mail again, all of it."),
    Fault.NOBODY: (403, "You could not be signed in", "Ask your administrator for help."),
    Fault.WRONG_CHECK: (
        403,
        "That was not the number, too often",
        "The link is used up. If somebody sent you here, they may have asked for it in your name.",
    ),
    Fault.UNAVAILABLE: (
        503,
        "Signing in does not work at the moment",
        "The fault is on our side. Wait a little, then open the link again.",
    ),
}


class Links(Protocol):
    """The part of the method that is needed here."""

    @property
    def is_enabled(self) -> bool: ...
    async def preverify(
        self, token: str, sealed: str, *, device: str, client_address: str
    ) -> Preview | Refused: ...
    async def verify(
        self, token: str, sealed: str, action: Action, *, check: str, device: str, client_address: str
    ) -> Authorized | SignInHere | DeniedByPerson | Refused: ...


class Opening:
    """The page and its form."""

    def __init__(
        self,
        flow: Flow,
        links: Links,
        sealer: Sealer,
        clock: Clock,
        *,
        origin: str,
        application_of: Callable[[bytes], str],
    ) -> None:
        """`application_of` tells where the application is that a query for a code came from."""
        self._flow = flow
        self._application_of = application_of
        self._links = links
        self._site = urlsplit(origin).netloc
        self._forms = Forms(sealer, clock, step="link.open", origin=origin)
        self.routes = [
            Route(OPEN, self._look),
            Route(OPEN, self._decide, methods=["POST"]),
            Route(GO, self._go),
        ]

    async def _look(self, request: Request) -> Response:
        if not self._links.is_enabled:
            return plain_problem(request, 404)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        return await self._show(request, fields.get("t", ""), fields.get("r", ""))

    async def _show(self, request: Request, token: str, sealed: str, *, left: int = 0) -> Response:
        """What is asked; `left` is how many tries there are after a wrong number."""
        preview = await self._links.preverify(
            token, sealed, device=device_of(request), client_address=client_address(request)
        )
        if isinstance(preview, Refused):
            return _refuse(request, preview.fault)
        pre = pre_cookie_or_new(request)
        page = render(
            "signin/link_open.html",
            site=self._site,
            email=preview.email,
            program=describe_agent(preview.origin.user_agent),
            address=preview.origin.address,
            asked_at=datetime.fromtimestamp(preview.asked_at, UTC),
            is_same_browser=preview.is_same_browser,
            left=left,
            sealed=self._forms.seal(pre, t=token, r=sealed),
        )
        response = PageResponse(page, 422 if left else 200)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _decide(self, request: Request) -> Response:
        if not self._links.is_enabled:
            return plain_problem(request, 404)
        pre = pre_cookie(request)
        received = await self._forms.read(request, pre, back=_ASK)
        if not isinstance(received, Received):
            return received
        token, sealed = received.kept.get("t", ""), received.kept.get("r", "")
        try:
            action = Action(received.fields.get("action", ""))
        except ValueError:
            return plain_problem(request, 400)
        outcome = await self._links.verify(
            token,
            sealed,
            action,
            check=received.fields.get("check", "")[:16],
            device=device_name(pre),
            client_address=client_address(request),
        )
        match outcome:
            case Refused(Fault.WRONG_CHECK, left) if left:
                return await self._show(request, token, sealed, left=left)
            case Refused(fault):
                back = f"{OPEN}?{urlencode({'t': token, 'r': sealed})}" if fault is Fault.UNAVAILABLE else ""
                return _refuse(request, fault, back)
            case SignInHere(user, to, is_same_browser):
                wanted = rules.local_path(to)
                way = wanted if is_same_browser else rules.with_next(GO, wanted)
                return await self._sign_in(request, user, way)
            case Authorized(user):
                events.verified(user=user, action=action, client_address=client_address(request))
        page = render("signin/link_done.html", site=self._site, is_authorized=isinstance(outcome, Authorized))
        return PageResponse(page)

    async def _sign_in(self, request: Request, user: str, to: str) -> Response:
        events.verified(user=user, action=Action.SIGN_IN_HERE, client_address=client_address(request))
        earlier = await self._flow.current(sign_on_token(request))
        outcome = await self._flow.proved(
            user, Method.MAGIC_LINK, visitor_of(request), earlier=earlier[0] if earlier else None
        )
        if isinstance(outcome, TurnedAway):
            events.not_finalized(user=user, reason=outcome.why)
        return answers.page(request, outcome, to=to)

    async def _go(self, request: Request) -> Response:
        """On to the application, for a browser that did not come from there.

        What the other browser wanted is bound to that one; here the application is entered anew.
        """
        to = rules.wanted_next(request.scope["query_string"])
        path, _, query = to.partition("?")
        if path != _AUTHORIZE:
            return redirect(to)
        application = self._application_of(query.encode("ascii"))
        return redirect(f"{application}/" if application else rules.HOME)


def _refuse(request: Request, fault: Fault, back: str = "") -> Response:
    status, heading, sentence = _REFUSED.get(fault, _REFUSED[Fault.FORGED])
    action = PageAction("Open it again", back) if back else PageAction("Ask for another link", _ASK)
    return problem(request, status, heading, sentence, actions=[action])
