"""The pages of first contact: `/onboarding` and `/onboarding/invitation`."""

from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.events import describe
from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import (
    Action,
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
from yett.sessions import Session
from yett.signin import answers
from yett.signin import rules as signin_rules
from yett.signin.config import MFASettings
from yett.signin.exchange import (
    PRE_COOKIE,
    pending_token,
    pre_cookie,
    pre_cookie_or_new,
    set_cookie,
    visitor_of,
)
from yett.signin.flow import Flow
from yett.signin.forms import Sealer
from yett.signin.machine import Standing
from yett.signin.model import Method, Turned, TurnedAway
from yett.signin.onboarding import events, rules
from yett.signin.onboarding.commands import INVITATION
from yett.signin.onboarding.config import OnboardingSettings
from yett.signin.onboarding.enrolment import Enrolment
from yett.signin.onboarding.invitations import Invitations
from yett.signin.onboarding.model import Refusal, Step
from yett.signin.steps import Forms
from yett.store import StoreUnavailable

HOME = "/onboarding"
_BEGIN = "/signin?again=1&next=%2Fonboarding"


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Factors(Protocol):
    """Which second factors people have."""

    async def standing(self, person: Person) -> Standing: ...


class Second(Protocol):
    """The part of the second factor that is needed here."""

    async def enrolling(self, token: str) -> tuple[Session, Person] | TurnedAway: ...
    async def may_enrol(self, person: Person) -> bool: ...


class Onboarding:
    """Leads people through it."""

    def __init__(
        self,
        flow: Flow,
        second: Second,
        factors: Factors,
        directory: Directory,
        enrolment: Enrolment,
        invitations: Invitations,
        sealer: Sealer,
        settings: OnboardingSettings,
        mfa: MFASettings,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        self._flow = flow
        self._second = second
        self._factors = factors
        self._directory = directory
        self._enrolment = enrolment
        self._invitations = invitations
        self._settings = settings
        self._mfa = mfa
        self._site = urlsplit(origin).netloc
        self._forms = Forms(sealer, clock, step="onboarding", origin=origin)
        self._links = Forms(sealer, clock, step="onboarding.invitation", origin=origin)
        self.routes = [
            Route(HOME, self._show),
            Route(HOME, self._begin, methods=["POST"]),
            Route(INVITATION, self._look),
            Route(INVITATION, self._accept, methods=["POST"]),
        ]

    @property
    def is_enabled(self) -> bool:
        """Whether there are such pages."""
        return self._settings.enabled

    async def start(self) -> None:
        """Say whether there are pages."""
        (events.registered if self._settings.enabled else events.disabled)()

    async def apply(self, settings: OnboardingSettings, mfa: MFASettings) -> None:
        """Go by other settings from now on; whoever enrols already goes on."""
        was_enabled, self._settings, self._mfa = self._settings.enabled, settings, mfa
        self._invitations.apply(settings)
        if settings.enabled is not was_enabled:
            await self.start()

    # Whoever signs in.

    async def _next(self, known: tuple[Session, Person] | None) -> Step:
        """What comes next for somebody. Raises StoreUnavailable."""
        if known is None:
            return Step.WELCOME
        session, person = known
        method = signin_rules.method_of(session) or Method.PASSWORD
        policy = signin_rules.policy_for(person.groups, method, self._mfa)
        standing = await self._factors.standing(person)
        return rules.next_step(session, standing, policy, is_fresh=self._flow.is_fresh(session))

    async def _show(self, request: Request) -> Response:
        if not self.is_enabled:
            return plain_problem(request, 404)
        pending = pending_token(request)
        if pending and isinstance(await self._second.enrolling(pending), tuple):
            # What was begun is gone on with; a second session would only leave the first one lying about.
            return redirect(signin_rules.with_next(answers.ENROL_PAGE, HOME))
        known = await self._flow.current(sign_on_token(request))
        try:
            step = await self._next(known)
        except StoreUnavailable:
            return answers.turned_away(request, TurnedAway(Turned.UNAVAILABLE), to=HOME)
        person = known[1] if known else None
        page = render(
            "signin/onboarding.html",
            site=self._site,
            step=step.value,
            person=person,
            begin=_BEGIN,
            sealed=self._forms.seal(known[0].ref) if known else "",
        )
        return PageResponse(page)

    async def _begin(self, request: Request) -> Response:
        if not self.is_enabled:
            return plain_problem(request, 404)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(HOME)
        session, person = known
        received = await self._forms.read(request, session.ref, back=HOME)
        if isinstance(received, Response):
            return received
        try:
            step = await self._next(known)
        except StoreUnavailable:
            return answers.turned_away(request, TurnedAway(Turned.UNAVAILABLE), to=HOME)
        match step:
            case Step.CODE:
                # A code is bound to the browser, which lost its cookie for that when it was signed in.
                pre = pre_cookie_or_new(request)
                coming = await self._enrolment.by_code(session, person, visitor_of(request, pre=pre))
                response = answers.page(request, coming, to=HOME)
                set_cookie(response, PRE_COOKIE, pre)
                return response
            case Step.ENROL:
                return answers.page(request, await self._enrolment.at_once(session, person), to=HOME)
        return redirect(HOME)

    # Whoever was invited.

    async def _look(self, request: Request) -> Response:
        """Only looks: mail scanners and previews open links before people do."""
        if not self.is_enabled:
            return plain_problem(request, 404)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        token = fields.get("t", "")
        try:
            found = await self._invitations.look(token)
        except StoreUnavailable as trouble:
            return _broken(request, trouble)
        if found is None:
            return _refuse(request, "", Refusal.NOT_OPEN)
        pre = pre_cookie_or_new(request)
        page = render("signin/invitation.html", site=self._site, sealed=self._links.seal(pre, t=token))
        response = PageResponse(page)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    async def _accept(self, request: Request) -> Response:
        if not self.is_enabled:
            return plain_problem(request, 404)
        received = await self._links.read(request, pre_cookie(request), back=HOME)
        if isinstance(received, Response):
            return received
        try:
            found = await self._invitations.take(received.kept.get("t", ""))
        except StoreUnavailable as trouble:
            return _broken(request, trouble)
        if found is None:
            return _refuse(request, "", Refusal.NOT_OPEN)
        person = self._directory.person(found.user)
        if person is None or person.is_disabled:
            return _refuse(request, found.user, Refusal.GONE)
        if not await self._second.may_enrol(person):
            return _refuse(request, person.name, Refusal.HAS_FACTOR)
        visitor = visitor_of(request)
        events.used(user=person.name, client_address=visitor.address)
        facts = signin_rules.facts_of(
            Method.MAGIC_LINK, visitor, again=True, is_two_factor=False, more={"invited_by": found.by}
        )
        return answers.page(request, await self._enrolment.of(person, facts), to=HOME)


def _refuse(request: Request, user: str, reason: Refusal) -> Response:
    events.refused(user=user, reason=reason, client_address=client_address(request))
    return problem(
        request,
        410,
        "This invitation is good no more",
        "It works once, and only for a while. Ask whoever sent it for a new one, or sign in.",
        actions=[Action("Sign in", "/signin")],
    )


def _broken(request: Request, trouble: StoreUnavailable) -> Response:
    events.unreadable(error=describe(trouble))
    return answers.turned_away(request, TurnedAway(Turned.UNAVAILABLE), to=HOME)
