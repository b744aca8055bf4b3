"""The page where people see, add and remove their passkeys, and the calls that make new ones.

The page of those who have to enrol a factor before they are let in makes the same calls.
Who may change how somebody signs in is more than who has their session: the sign-in has to be
fresh, so that a browser left alone is not enough.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.authn.passkey import Ceremony, Passkey, PasskeyRejected, Reason, Registered
from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import (
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
from yett.sessions import Session
from yett.signin import answers, rules
from yett.signin import events as signin_events
from yett.signin.exchange import pending_token, visitor_of
from yett.signin.flow import Flow
from yett.signin.model import Factor, FormFault, Sealed, Sent, Turned, TurnedAway, Use
from yett.signin.passkey.calls import read_call, text_of
from yett.signin.passkey.routes import asking
from yett.signin.passkey.script import PasskeyScript
from yett.signin.second import SecondFactor
from yett.store import StoreUnavailable

PAGE = "/profile/passkeys"
BEGIN, FINISH, REMOVE, RENAME = f"{PAGE}/begin", f"{PAGE}/finish", f"{PAGE}/remove", f"{PAGE}/rename"
_FORM_LIFETIME = 1800.0
_HASH = re.compile(r"[0-9a-f]{32}")
_WORDS = {
    Reason.TAKEN: (409, "This device has a passkey here already."),
    Reason.TOO_MANY: (409, "You have as many passkeys as you may have. Remove one first."),
    Reason.NO_CEREMONY: (409, "That took too long. Try again."),
    Reason.NOT_VERIFIED: (422, "The device has to check that it is you, by finger, face or PIN."),
    Reason.ATTESTATION: (422, "Devices of this kind are not allowed here."),
    Reason.MODEL: (422, "Devices of this kind are not allowed here."),
}


class Passkeys(Protocol):
    """The part of the method that the page needs."""

    @property
    def is_ready(self) -> bool: ...
    async def begin_registration(
        self, user: str, display_name: str, *, device: str
    ) -> Ceremony | PasskeyRejected: ...
    async def finish_registration(
        self, ceremony: str, answer: object, *, user: str, device: str
    ) -> Registered | PasskeyRejected: ...
    async def enrol(self, registered: Registered, *, name: str = "") -> Passkey | PasskeyRejected: ...
    async def list(self, user: str) -> tuple[Passkey, ...]: ...
    async def rename(self, user: str, credential_hash: str, name: str) -> bool: ...
    async def revoke(self, user: str, credential_hash: str, *, by: str, reason: str) -> bool: ...


class Entry(Protocol):
    """Lets people in to their account."""

    @property
    def is_enabled(self) -> bool: ...
    async def refuse_adding(self, session: Session, person: Person) -> Response | None:
        """What to answer somebody who may not set up another way to sign in; None when they may."""
        ...


class Sealer(Protocol):
    """Seals what a form carries."""

    def seal(self, payload: dict[str, str], *, expires_at: float) -> str: ...
    def open(self, text: str, *, now: float) -> Sealed | None: ...


@dataclass(frozen=True, slots=True)
class Entitled:
    """Somebody who may add a passkey."""

    session: Session
    person: Person
    pending: str
    """The token of a sign-in that waits for them to enrol; empty when they are signed in."""


class PasskeyPages:
    """`/profile/passkeys` and what belongs to it."""

    def __init__(
        self,
        flow: Flow,
        second: SecondFactor,
        entry: Entry,
        passkeys: Passkeys,
        script: PasskeyScript,
        sealer: Sealer,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        self._flow = flow
        self._entry = entry
        self._second = second
        self._passkeys = passkeys
        self._script = script
        self._sealer = sealer
        self._clock = clock
        self._origin = origin
        self._site = urlsplit(origin).netloc
        self.routes = [
            Route(PAGE, self._page, methods=["GET"]),
            Route(BEGIN, self._begin, methods=["POST"]),
            Route(FINISH, self._finish, methods=["POST"]),
            Route(REMOVE, self._remove, methods=["POST"]),
            Route(RENAME, self._rename, methods=["POST"]),
        ]

    # The page.

    async def _page(self, request: Request) -> Response:
        if not self._passkeys.is_ready or not self._entry.is_enabled:
            return plain_problem(request, 404)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", PAGE))
        session, person = known
        try:
            passkeys = await self._passkeys.list(person.name)
        except StoreUnavailable:
            return _unavailable(request)
        now = self._clock.now()
        page = render(
            "signin/passkeys.html",
            site=self._site,
            script=self._script.script,
            has_script=True,
            person=person,
            passkeys=[_shown(passkey, now) for passkey in passkeys],
            fresh=self._flow.is_fresh(session),
            again=_again(),
            sealed=self._seal(session),
        )
        return PageResponse(page)

    async def _remove(self, request: Request) -> Response:
        """A plain form, so that a lost device can be struck off wherever there is a browser."""
        posted = await self._posted(request)
        if isinstance(posted, Response):
            return posted
        user, passkey, _ = posted
        try:
            await self._passkeys.revoke(user, passkey, by=user, reason="removed by its owner")
        except StoreUnavailable:
            return _unavailable(request)
        return redirect(PAGE)

    async def _rename(self, request: Request) -> Response:
        posted = await self._posted(request)
        if isinstance(posted, Response):
            return posted
        user, passkey, name = posted
        try:
            await self._passkeys.rename(user, passkey, name)
        except StoreUnavailable:
            return _unavailable(request)
        return redirect(PAGE)

    async def _posted(self, request: Request) -> tuple[str, str, str] | Response:
        """Whose passkey a form is about, which, and what it is to be called; or why that is not believed."""
        if not self._entry.is_enabled:
            return plain_problem(request, 404)
        form = await read_form(request)
        if isinstance(form, Fault):
            return plain_problem(request, form.status)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.with_next("/signin", PAGE))
        session, person = known
        fault = self._fault(request, session, form.get("form", ""))
        if fault is not None:
            signin_events.form_refused(reason=fault, client_address=client_address(request))
            return problem(
                request,
                403,
                "This form cannot be used",
                "It is too old, or was opened in another window. Open the page anew.",
                actions=[Action("Open the page anew", PAGE)],
            )
        if not self._flow.is_fresh(session):
            return redirect(_again())
        passkey = form.get("passkey", "")
        if not _HASH.fullmatch(passkey):
            return plain_problem(request, 400)
        return person.name, passkey, form.get("name", "")

    # The calls of its script.

    async def _begin(self, request: Request) -> Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        known = await self._entitled(request)
        if isinstance(known, Response):
            return known
        person = known.person
        asked = await self._passkeys.begin_registration(
            person.name, person.display_name, device=known.session.ref
        )
        return _rejected(asked.reason) if isinstance(asked, PasskeyRejected) else asking(asked)

    async def _finish(self, request: Request) -> Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        known = await self._entitled(request)
        if isinstance(known, Response):
            return known
        user = known.person.name
        made = await self._passkeys.finish_registration(
            text_of(call, "ceremony", 64), call.get("credential"), user=user, device=known.session.ref
        )
        if isinstance(made, PasskeyRejected):
            return _rejected(made.reason)
        kept = await self._passkeys.enrol(made, name=text_of(call, "name", 512))
        if isinstance(kept, PasskeyRejected):
            return _rejected(kept.reason)
        if known.pending:
            to = rules.local_path(text_of(call, "next", rules.MAX_NEXT) or rules.HOME)
            return await self._let_in(request, known.pending, to)
        content = {"state": "enrolled", "passkey": kept.hash, "device": kept.device, "next": PAGE}
        return JSONResponse(content, 201, headers={"Cache-Control": "no-store"})

    async def _entitled(self, request: Request) -> Entitled | Response:
        """Who may add a passkey: whose sign-in is fresh, or waits for nothing but that."""
        pending = pending_token(request)
        waiting = await self._second.enrolling(pending) if pending else None
        if isinstance(waiting, tuple):
            # Only the first one: whoever has a factor proves that one instead.
            if await self._second.may_enrol(waiting[1]):
                return Entitled(*waiting, pending)
            return answers.json(TurnedAway(Turned.OVER))
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return answers.json_problem(401, "signed_out", "You are not signed in any more.", next=_again())
        refused = await self._entry.refuse_adding(*known)
        return Entitled(*known, "") if refused is None else refused

    async def _let_in(self, request: Request, pending: str, to: str) -> Response:
        """End the sign-in that waited for this passkey."""
        known = await self._flow.current(sign_on_token(request))
        outcome = await self._second.enrolled(
            pending, Factor.PASSKEY, visitor_of(request), earlier=known[0] if known else None
        )
        return answers.json(outcome, to=to)

    def _seal(self, session: Session) -> str:
        payload = {"use": Use.STEP.value, "to": session.ref}
        return self._sealer.seal(payload, expires_at=self._clock.now() + _FORM_LIFETIME)

    def _fault(self, request: Request, session: Session, form: str) -> FormFault | None:
        headers = request.headers
        sealed = self._sealer.open(form, now=self._clock.now())
        sent = Sent(headers.get("origin", ""), headers.get("sec-fetch-site", ""), session.ref, sealed)
        return rules.judge_form(sent, Use.STEP, self._origin)


def _again() -> str:
    return rules.with_next("/signin", PAGE) + "&again=1"


def _shown(passkey: Passkey, now: float) -> dict[str, Any]:
    """A passkey as the page shows it."""
    ends = passkey.expires_at
    return {
        "hash": passkey.hash,
        "device": passkey.device,
        "created": datetime.fromtimestamp(passkey.created_at, UTC),
        "used": None if passkey.last_used_at is None else datetime.fromtimestamp(passkey.last_used_at, UTC),
        "ends": None if ends is None else datetime.fromtimestamp(ends, UTC),
        "is_over": ends is not None and ends <= now,
    }


def _rejected(reason: Reason) -> Response:
    if reason is Reason.UNAVAILABLE:
        return answers.json(TurnedAway(Turned.UNAVAILABLE))
    status, words = _WORDS.get(reason, (422, "The passkey could not be made. Try again."))
    return answers.json_problem(status, reason.value, words)


def _unavailable(request: Request) -> Response:
    return problem(
        request,
        503,
        "Your passkeys cannot be shown at the moment",
        "The fault is on our side. Wait a little, then try again.",
        actions=[Action("Try again", PAGE)],
        headers={"Retry-After": "5"},
    )
