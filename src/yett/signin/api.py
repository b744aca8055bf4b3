"""Signing in for programs and scripts: the same flow, limits and records as the pages, in JSON.

A call is believed when it is JSON and comes from no other site; cookies carry the sessions, as they
do for the pages. Answers name a state and where it goes on, or a problem (RFC 9457).
"""

from collections.abc import Mapping

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.identity.access import assurance_named, assurance_of
from yett.net.pages import MAX_FORM, client_address, sign_on_token
from yett.sessions import Session
from yett.signin import answers, events, rules
from yett.signin.exchange import PRE_COOKIE, pending_token, pre_cookie_or_new, set_cookie, visitor_of
from yett.signin.factors import Wrong
from yett.signin.flow import Flow
from yett.signin.model import FormFault, TurnedAway
from yett.signin.password_page import PasswordChange
from yett.signin.proving import PasswordDoor, prove_password
from yett.signin.second import NotYet, SecondFactor, Sent

SIGN_IN = "/api/signin"
FACTOR = "/api/signin/factor"
STEP_UP = "/api/signin/step-up"
RESEND = "/api/signin/resend"
PASSWORD = "/api/signin/password"  # noqa: S105 - an address

_decode = msgspec.json.Decoder(dict[str, str]).decode
_TITLES = {
    Wrong.WRONG: "The code is not right.",
    Wrong.EXPIRED: "There is no such code any more. Ask for a new one.",
    Wrong.LOCKED: "That was wrong too often. Wait a while, or sign in another way.",
    Wrong.UNAVAILABLE: "The code could not be checked.",
}
_NOT_SENT = {
    Sent.TOO_SOON: (429, "A code was sent a moment ago."),
    Sent.TOO_MANY: (429, "No more codes can be sent for now."),
    Sent.FAILED: (503, "The code could not be sent."),
}


class API:
    """The calls below `/api/signin`."""

    def __init__(
        self,
        flow: Flow,
        passwords: PasswordDoor,
        second: SecondFactor,
        change: PasswordChange,
        *,
        origin: str,
    ) -> None:
        self._flow = flow
        self._passwords = passwords
        self._second = second
        self._change = change
        self._origin = origin
        self.routes = [
            Route(SIGN_IN, self._sign_in, methods=["POST"]),
            Route(FACTOR, self._factor, methods=["POST"]),
            Route(STEP_UP, self._step_up, methods=["POST"]),
            Route(RESEND, self._resend, methods=["POST"]),
            Route(PASSWORD, self._password, methods=["POST"]),
        ]

    async def _sign_in(self, request: Request) -> Response:
        call = await self._read(request, ("name", "password"))
        if isinstance(call, Response):
            return call
        # Whoever has no cookie of ours gets one first, so that a code by mail is bound to it.
        pre = pre_cookie_or_new(request)
        outcome = await prove_password(
            self._passwords,
            self._flow,
            (call["name"], call["password"]),
            visitor_of(request, pre=pre),
            earlier=await self._earlier(request),
            again=call.get("again") == "1",
        )
        to = rules.local_path(call.get("next", rules.HOME))
        response = answers.json(outcome, to=to)
        if not any(PRE_COOKIE in line for line in response.headers.getlist("set-cookie")):
            set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _factor(self, request: Request) -> Response:
        call = await self._read(request, ("code",))
        if isinstance(call, Response):
            return call
        token = pending_token(request)
        waiting = await self._second.find(token)
        if isinstance(waiting, TurnedAway):
            return answers.json(waiting)
        by = rules.factor_named(call.get("by", ""), waiting.offers)
        if by is None:
            return answers.json_problem(409, "no_code", "No code can be used here.")
        outcome = await self._second.submit(
            token,
            call["code"].strip(),
            by,
            visitor_of(request),
            earlier=await self._earlier(request),
            sign_on=sign_on_token(request),
        )
        if isinstance(outcome, NotYet):
            return answers.json_problem(
                503 if outcome.why is Wrong.UNAVAILABLE else 422,
                outcome.why.value,
                _TITLES[outcome.why],
                tries_left=outcome.left,
            )
        return answers.json(outcome, to=rules.local_path(call.get("next", rules.HOME)))

    async def _step_up(self, request: Request) -> Response:
        call = await self._read(request, ("acr",))
        if isinstance(call, Response):
            return call
        known = await self._flow.current(sign_on_token(request))
        needed = assurance_named(call["acr"])
        if known is None:
            return answers.json_problem(401, "signed_out", "You are not signed in.", next="/signin")
        if needed is None:
            return answers.json_problem(400, "malformed", "There is no such assurance.")
        session, person = known
        to = rules.local_path(call.get("next", rules.HOME))
        if assurance_of(session.metadata).reaches(needed):
            return JSONResponse({"state": "signed_in", "next": to}, headers=answers.SAFE)
        pre = pre_cookie_or_new(request)
        outcome = await self._second.demand(session, person, needed, visitor_of(request, pre=pre))
        response = answers.json(outcome, to=to)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _resend(self, request: Request) -> Response:
        call = await self._read(request, ())
        if isinstance(call, Response):
            return call
        waiting = await self._second.find(pending_token(request))
        if isinstance(waiting, TurnedAway):
            return answers.json(waiting)
        sent, wait = await self._second.send(waiting, visitor_of(request))
        if sent is Sent.SENT:
            return JSONResponse({"state": "code_sent", "resend_after": round(wait)}, headers=answers.SAFE)
        status, title = _NOT_SENT[sent]
        return answers.json_problem(status, sent.value, title, retry_after=wait)

    async def _password(self, request: Request) -> Response:
        call = await self._read(request, ("old", "new"))
        if isinstance(call, Response):
            return call
        outcome = await self._change.change(pending_token(request), call["old"], call["new"])
        if isinstance(outcome, TurnedAway):
            return answers.json(outcome)
        if outcome is not None:
            return answers.json_problem(422, "not_changed", outcome.heading, detail=outcome.sentence)
        return JSONResponse({"state": "password_changed", "next": "/signin"}, headers=answers.SAFE)

    async def _earlier(self, request: Request) -> Session | None:
        known = await self._flow.current(sign_on_token(request))
        return known[0] if known else None

    async def _read(self, request: Request, needed: tuple[str, ...]) -> Mapping[str, str] | Response:
        """The texts of a call, those that are needed among them; or why it is not believed."""
        headers = request.headers
        if not rules.judge_call(
            headers.get("origin", ""),
            headers.get("sec-fetch-site", ""),
            headers.get("content-type", ""),
            self._origin,
        ):
            events.form_refused(reason=FormFault.CROSS_SITE, client_address=client_address(request))
            return answers.json_problem(
                403, "cross_site", "This call is not for other sites, and takes JSON."
            )
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_FORM:
                    return answers.json_problem(413, "too_large", "That was too much.")
        except ClientDisconnect:
            return answers.json_problem(400, "incomplete", "The call broke off.")
        try:
            call = _decode(bytes(body))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return answers.json_problem(400, "malformed", "This is no object of texts.")
        if not all(call.get(name) for name in needed):
            return answers.json_problem(400, "incomplete", f"This takes {' and '.join(needed)}.")
        return call
