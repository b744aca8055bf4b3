"""Signing in with a passkey: `/signin/passkey/begin` and `finish`, called by the script of the sign-in page."""

from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from yett.authn.passkey import Ceremony, PasskeyAccepted, PasskeyRejected, Reason
from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import client_address, sign_on_token
from yett.signin import answers, rules
from yett.signin import events as signin_events
from yett.signin.exchange import device_of, pending_token, pre_cookie, visitor_of
from yett.signin.flow import Flow
from yett.signin.model import Factor, FormFault, Method, Outcome, Sealed, Sent, Turned, TurnedAway, Use
from yett.signin.passkey import events
from yett.signin.passkey.calls import read_call, text_of
from yett.signin.passwords import LDAP, SyncResult
from yett.signin.second import SecondFactor

BEGIN, FINISH = "/signin/passkey/begin", "/signin/passkey/finish"
_MAX_SEALED = 16 * 1024
_MAX_CEREMONY = 64
_AGAIN = "Open the page anew."


class Passkeys(Protocol):
    """The part of the method that signing in needs."""

    async def begin_authentication(self, *, user: str = "", device: str) -> Ceremony | PasskeyRejected: ...
    async def finish_authentication(
        self, ceremony: str, answer: object, *, device: str
    ) -> PasskeyAccepted | PasskeyRejected: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Opener(Protocol):
    """Opens what the sign-in form carries."""

    def open(self, text: str, *, now: float) -> Sealed | None: ...


class PasskeyStep:
    """The two calls."""

    def __init__(
        self,
        flow: Flow,
        second: SecondFactor,
        passkeys: Passkeys,
        directory: Directory,
        opener: Opener,
        clock: Clock,
        *,
        origin: str,
        ldap: LDAP | None = None,
    ) -> None:
        """`opener` opens the forms of the sign-in page: with one, a call shows that it comes from there."""
        self._flow = flow
        self._second = second
        self._passkeys = passkeys
        self._directory = directory
        self._opener = opener
        self._clock = clock
        self._origin = origin
        self._ldap = ldap
        self.routes = [
            Route(BEGIN, self._begin, methods=["POST"]),
            Route(FINISH, self._finish, methods=["POST"]),
        ]

    async def _begin(self, request: Request) -> Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        device = device_of(request)
        if not device:
            return no_cookie()
        events.beginning()
        # Nobody is named: which passkeys a name has is nothing to tell before it is proven.
        asked = await self._passkeys.begin_authentication(device=device)
        if isinstance(asked, PasskeyRejected):
            events.begin_failed(reason=asked.reason)
            return answers.json(TurnedAway(Turned.UNAVAILABLE))
        events.challenge_created(expires_in=asked.expires_in)
        return asking(asked)

    async def _finish(self, request: Request) -> Response:
        call = await read_call(request, self._origin)
        if isinstance(call, Response):
            return call
        sealed = self._opener.open(text_of(call, "form", _MAX_SEALED), now=self._clock.now())
        fault = self._fault(request, sealed)
        if sealed is None or fault is not None:
            return self._refuse(request, fault or FormFault.FORGED)
        events.finishing()
        verdict = await self._passkeys.finish_authentication(
            text_of(call, "ceremony", _MAX_CEREMONY), call.get("credential"), device=device_of(request)
        )
        if isinstance(verdict, PasskeyRejected):
            events.finish_failed(reason=verdict.reason, client_address=client_address(request))
            return _rejected(verdict)
        return await self._let_on(request, verdict, sealed)

    async def _let_on(self, request: Request, accepted: PasskeyAccepted, sealed: Sealed) -> Response:
        """Go on with whoever has the passkey, as the flow says."""
        synced = await self._read_anew(accepted.user)
        if synced is not SyncResult.DONE:
            is_gone = synced is SyncResult.NOT_THERE
            (events.person_gone if is_gone else events.directory_failed)(
                user=accepted.user,
                hash=accepted.credential_hash,
                client_address=client_address(request),
            )
            return answers.json(TurnedAway(Turned.WRONG if is_gone else Turned.UNAVAILABLE))
        self._say_who_is_out(request, accepted)
        known = await self._flow.current(sign_on_token(request))
        earlier, visitor = known[0] if known else None, visitor_of(request)
        outcome: Outcome | None = None
        token, again = pending_token(request), bool(sealed.payload.get("again"))
        is_lifting = earlier is not None and await self._second.lifting(token, earlier)
        # What the device did not check may still be the second half of a sign-in that has begun; and
        # whoever is in and has to prove more keeps their session, unless they were to sign in anew.
        if not again if is_lifting else not accepted.is_user_verified:
            outcome = await self._second.given(
                token,
                accepted.user,
                Factor.PASSKEY,
                visitor,
                earlier=earlier,
                sign_on=sign_on_token(request),
            )
        if outcome is None:
            outcome = await self._flow.proved(
                accepted.user,
                Method.PASSKEY,
                visitor,
                earlier=earlier,
                is_two_factor=accepted.is_user_verified,
                again=again,
                metadata={"passkey": accepted.credential_hash},
            )
        return answers.json(outcome, to=rules.local_path(sealed.payload.get("next", "")))

    async def _read_anew(self, user: str) -> SyncResult:
        """Have the directory know the person as of now: unlike a password, a passkey asks LDAP nothing."""
        person, ldap = self._directory.person(user), self._ldap
        if person is None or ldap is None or person.source != ldap.source:
            return SyncResult.DONE
        return await ldap.sync(user)

    def _say_who_is_out(self, request: Request, accepted: PasskeyAccepted) -> None:
        """The flow refuses them; which passkey it was only this knows."""
        person = self._directory.person(accepted.user)
        if person is None:
            say = events.person_gone
        elif person.is_disabled:
            say = events.account_disabled
        else:
            return
        say(user=accepted.user, hash=accepted.credential_hash, client_address=client_address(request))

    def _fault(self, request: Request, sealed: Sealed | None) -> FormFault | None:
        sent = Sent(
            request.headers.get("origin", ""),
            request.headers.get("sec-fetch-site", ""),
            pre_cookie(request),
            sealed,
        )
        return rules.judge_form(sent, Use.SIGN_IN, self._origin)

    def _refuse(self, request: Request, fault: FormFault) -> Response:
        if fault is FormFault.EXPIRED:
            signin_events.form_expired()
            return answers.json_problem(409, fault.value, f"This page was open for too long. {_AGAIN}")
        signin_events.form_refused(reason=fault, client_address=client_address(request))
        return (
            no_cookie()
            if fault is FormFault.NO_COOKIE
            else answers.json_problem(403, fault.value, f"This page cannot be used any more. {_AGAIN}")
        )


def asking(ceremony: Ceremony) -> Response:
    """A question for the script to put to the browser."""
    content: dict[str, Any] = {
        "ceremony": ceremony.id,
        "publicKey": ceremony.options,
        "expires_in": ceremony.expires_in,
    }
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return JSONResponse(content, headers=headers)


def no_cookie() -> Response:
    """For browsers that keep no cookies."""
    return answers.json_problem(
        403, FormFault.NO_COOKIE.value, f"Your browser did not send our cookie. Allow cookies. {_AGAIN}"
    )


def _rejected(rejected: PasskeyRejected) -> Response:
    """The same for nearly every reason: what is wrong with a passkey helps forgers more than people."""
    if rejected.reason is Reason.UNAVAILABLE:
        return answers.json(TurnedAway(Turned.UNAVAILABLE))
    if rejected.reason is Reason.NO_CEREMONY:
        return answers.json_problem(409, "over", "That took too long. Try again.")
    if rejected.reason is Reason.EXPIRED:
        # Only its holder gets this far: the signature was right.
        return answers.json_problem(
            422, "expired", "This passkey has run out. Sign in another way, then make a new one."
        )
    more = {"unknown": True} if rejected.reason is Reason.NOT_FOUND else {}
    return answers.json_problem(
        422, "wrong", "This passkey was not accepted. Try again, or sign in another way.", **more
    )
