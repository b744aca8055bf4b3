"""The page for whoever needs a second factor and has none yet, `/signin/enrol`: an authenticator app.

It is reached with a half-finished sign-in that is good for nothing else, and ends in a whole one.
"""

from typing import Protocol

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.totp import Confirmed, Enrolment, EnrolmentFailed, TotpRejected
from yett.authn.totp import Reason as TotpReason
from yett.net.pages import PageResponse, render, sign_on_token
from yett.sessions import Session
from yett.signin import answers, rules
from yett.signin.exchange import PENDING_COOKIE, drop_cookie, pending_token, visitor_of
from yett.signin.flow import Flow
from yett.signin.forms import TOO_OLD, Forms, Notice
from yett.signin.model import Factor, SignedIn, Turned, TurnedAway, Use
from yett.signin.second import SecondFactor

_FAILED = Notice("This does not work at the moment.", "The fault is on our side. Try again.")
_WRONG = Notice("The code is not right.", "Enter the one that the app shows now.", marks=True)
_TOO_LATE = Notice("This took too long.", "Scan the new picture.")


class Enrolling(Protocol):
    """Sets up authenticator apps."""

    async def begin(self, user: str) -> Enrolment | EnrolmentFailed: ...
    async def confirm(self, user: str, code: str) -> Confirmed | TotpRejected: ...


class Scripted(Protocol):
    """A method whose part of the page is a script; its address, empty while the method is off."""

    @property
    def script(self) -> str: ...


class EnrolPage:
    """Shows and reads the forms for the first factor of one's own."""

    def __init__(
        self,
        flow: Flow,
        second: SecondFactor,
        totp: Enrolling,
        forms: Forms,
        passkeys: Scripted | None = None,
    ) -> None:
        self._flow = flow
        self._second = second
        self._totp = totp
        self._forms = forms
        self._passkeys = passkeys
        self.routes = [
            Route(answers.ENROL_PAGE, self._show),
            Route(answers.ENROL_PAGE, self._submit, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        to = rules.wanted_next(request.scope["query_string"])
        found = await self._second.enrolling(pending_token(request))
        if isinstance(found, TurnedAway):
            return answers.back_to_the_beginning(request, found, to=to)
        # Nothing is made here: opening the page again must not spoil what the app has scanned.
        return self._page(found[0], to)

    def _page(
        self,
        session: Session,
        to: str,
        *,
        enrolment: Enrolment | None = None,
        is_begun: bool = False,
        status: int = 200,
        notice: Notice | None = None,
    ) -> Response:
        script = self._passkeys.script if self._passkeys is not None else ""
        page = render(
            "signin/enrol.html",
            passkey=script,
            has_script=bool(script),
            site=self._forms.site,
            sealed=self._forms.seal(Use.ENROL, session.ref, next=to),
            name=session.module_key,
            qr=Markup(enrolment.qr) if enrolment else "",  # noqa: S704 - drawn by us, of numbers only
            secret=enrolment.secret if enrolment else "",
            is_begun=is_begun or enrolment is not None,
            notice=notice,
        )
        return PageResponse(page, status)

    async def _submit(self, request: Request) -> Response:
        token = pending_token(request)
        found = await self._second.enrolling(token)
        if isinstance(found, TurnedAway):
            return answers.back_to_the_beginning(request, found)
        session, person = found
        posted = await self._forms.read(request, Use.ENROL, session.ref, answers.ENROL_PAGE)
        if isinstance(posted, Response):
            return posted
        to = posted.to
        if posted.is_expired:
            return self._page(session, to, status=422, notice=TOO_OLD)
        if not await self._second.may_enrol(person):
            return answers.back_to_the_beginning(request, TurnedAway(Turned.OVER), to=to)
        code = posted.fields.get("code", "").strip()
        if not code:
            return await self._begin(session, to)
        confirmed = await self._totp.confirm(person.name, code)
        if isinstance(confirmed, TotpRejected):
            return await self._not_confirmed(session, to, confirmed)
        return await self._let_in(request, token, to, confirmed)

    async def _begin(self, session: Session, to: str, notice: Notice | None = None) -> Response:
        begun = await self._totp.begin(session.module_key)
        if isinstance(begun, EnrolmentFailed):
            return self._page(session, to, status=503, notice=_FAILED)
        return self._page(session, to, enrolment=begun, notice=notice, status=422 if notice else 200)

    async def _not_confirmed(self, session: Session, to: str, rejected: TotpRejected) -> Response:
        if rejected.reason is TotpReason.NOT_PENDING:
            return await self._begin(session, to, _TOO_LATE)
        if rejected.reason is TotpReason.UNAVAILABLE:
            return self._page(session, to, is_begun=True, status=503, notice=_FAILED)
        return self._page(session, to, is_begun=True, status=422, notice=_WRONG)

    async def _let_in(self, request: Request, token: str, to: str, confirmed: Confirmed) -> Response:
        current = await self._flow.current(sign_on_token(request))
        outcome = await self._second.enrolled(
            token, Factor.TOTP, visitor_of(request), earlier=current[0] if current else None
        )
        if not isinstance(outcome, SignedIn):
            # The app is set up all the same; the next sign-in asks for it. The codes are shown now or never.
            outcome = TurnedAway(Turned.OVER)
        onward = rules.with_next("/signin/done", to) if rules.is_leading_away(to) else to
        page = render(
            "signin/recovery.html",
            site=self._forms.site,
            codes=confirmed.recovery_codes,
            to=onward if isinstance(outcome, SignedIn) else rules.with_next("/signin", to),
        )
        response = PageResponse(page)
        if isinstance(outcome, SignedIn):
            answers.let_in(response, outcome)
        else:
            drop_cookie(response, PENDING_COOKIE)
        return response
