"""Type the code, see who asks, decide. All of it takes a sign-on session, and nothing is decided by opening a page.

A complete address (`verification_uri_complete`) fills the code in and does no more: whoever sends
somebody such an address must not get further by it than by reading the code out (RFC 8628, 5.4).
"""

import math
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.agents import describe_agent
from yett.authn.device_code import Approval, Completed, Declined, Question, Reason
from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import (
    PageResponse,
    client_address,
    once,
    parse_fields,
    plain_problem,
    redirect,
    render,
    sign_on_token,
)
from yett.sessions import Session
from yett.signin import rules
from yett.signin.flow import Flow
from yett.signin.steps import Forms, Received, Sealer

PAGE = "/device"
_MOST_TYPED = 64
_STATUS = {Reason.THROTTLED: 429, Reason.UNAVAILABLE: 503, Reason.NOT_ALLOWED: 403, Reason.NO_TOKENS: 503}
_WORDS = {
    Reason.MALFORMED: ("That is not a code.", "A code has eight letters, such as WDJB-MJHT."),
    Reason.UNKNOWN: ("There is no such code.", "Check each letter against what your device shows."),
    Reason.EXPIRED: ("This code is too old.", "Have your device show a new one."),
    Reason.HANDLED: ("This code was used already.", "If that was not you, tell your administrator."),
    Reason.CONCURRENT: ("This code was used already.", "If that was not you, tell your administrator."),
    Reason.THROTTLED: ("Too many wrong codes.", "Wait a while before you try again."),
    Reason.NOT_ALLOWED: ("You may not confirm this.", "Ask your administrator if you need to."),
    Reason.NO_TOKENS: (
        "This device cannot be let in at the moment.",
        "The fault is on our side. Tell your administrator.",
    ),
}
_UNAVAILABLE = ("That did not work.", "The fault is on our side. Wait a little, then try again.")


class DeviceCodes(Protocol):
    """The part of device codes that the page needs."""

    @property
    def is_enabled(self) -> bool: ...
    async def find(self, typed: str, person: Person, address: str) -> Question | Declined: ...
    async def complete(
        self, ref: str, approval: Approval, *, is_approved: bool, person: Person | None = None
    ) -> Completed | Declined: ...


class DeviceStep:
    """The page and its two forms."""

    def __init__(self, flow: Flow, codes: DeviceCodes, sealer: Sealer, clock: Clock, *, origin: str) -> None:
        self._flow = flow
        self._codes = codes
        self._site = urlsplit(origin).netloc
        self._typing = Forms(sealer, clock, step="device", origin=origin)
        self._deciding = Forms(sealer, clock, step="device.decide", origin=origin)
        self.routes = [
            Route(PAGE, self._form),
            Route(PAGE, self._find, methods=["POST"]),
            Route(f"{PAGE}/decide", self._decide, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> Response:
        if not self._codes.is_enabled:
            return plain_problem(request, 404)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        typed = fields.get("user_code", "")[:_MOST_TYPED]
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", _own_path(typed)))
        return self._ask(known, typed)

    def _ask(
        self, known: tuple[Session, Person], typed: str = "", declined: Declined | None = None
    ) -> Response:
        session, person = known
        status, notice = 200, None
        if declined is not None:
            status = _STATUS.get(declined.reason, 422)
            notice = _WORDS.get(declined.reason, _UNAVAILABLE)
        page = render(
            "signin/device.html",
            site=self._site,
            person=person,
            typed=typed,
            notice=notice,
            sealed=self._typing.seal(session.ref),
        )
        response = PageResponse(page, status)
        if declined is not None and declined.retry_after > 0:
            response.headers["Retry-After"] = str(math.ceil(declined.retry_after))
        return response

    async def _find(self, request: Request) -> Response:
        if not self._codes.is_enabled:
            return plain_problem(request, 404)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", PAGE))
        session, person = known
        received = await self._typing.read(request, session.ref, back=PAGE)
        if not isinstance(received, Received):
            return received
        typed = received.fields.get("user_code", "")
        found = await self._codes.find(typed, person, client_address(request))
        if isinstance(found, Declined):
            return self._ask(known, typed[:_MOST_TYPED], found)
        code = found.code
        page = render(
            "signin/device_decide.html",
            site=self._site,
            person=person,
            offer=found.offer,
            code=typed.strip().upper()[:_MOST_TYPED],
            program=describe_agent(code.origin.user_agent),
            address=code.origin.address,
            asked_at=datetime.fromtimestamp(code.asked_at, UTC),
            sealed=self._deciding.seal(session.ref, ref=found.ref, name=found.offer.client_name),
        )
        return PageResponse(page)

    async def _decide(self, request: Request) -> Response:
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", PAGE))
        session, person = known
        received = await self._deciding.read(request, session.ref, back=PAGE)
        if not isinstance(received, Received):
            return received
        decision = received.fields.get("decision", "")
        if decision not in {"allow", "deny"}:
            return plain_problem(request, 400)
        is_approved = decision == "allow"
        approval = Approval(
            person.name, session.ref, session.created_at, session.ends_at, client_address(request)
        )
        outcome = await self._codes.complete(
            received.kept.get("ref", ""), approval, is_approved=is_approved, person=person
        )
        if isinstance(outcome, Declined):
            return self._ask(known, declined=outcome)
        page = render(
            "signin/device_done.html",
            site=self._site,
            is_approved=is_approved,
            name=received.kept.get("name", ""),
        )
        return PageResponse(page)


def _own_path(typed: str) -> str:
    return f"{PAGE}?{urlencode({'user_code': typed})}" if typed else PAGE
