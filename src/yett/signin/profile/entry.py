"""Who looks at their account, and whether they may change how they sign in."""

from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from yett.events import describe
from yett.identity import Person
from yett.net.pages import Action, plain_problem, problem, redirect, sign_on_token
from yett.sessions import Session
from yett.signin import answers, rules
from yett.signin import events as signin_events
from yett.signin.flow import Flow
from yett.signin.machine import Standing
from yett.signin.model import Turned, TurnedAway
from yett.signin.profile import events
from yett.signin.profile import rules as own_rules
from yett.signin.profile.model import Link, Owner, Way
from yett.store import StoreUnavailable

HOME = "/profile"
ONBOARDING = "/onboarding"
PASSKEYS = "/profile/passkeys"


Bearers = Callable[[str], tuple[Session, Person] | None]
"""Whose token this is that may read an account, and what stands for their session."""


class Factors(Protocol):
    """Which second factors people have."""

    async def standing(self, person: Person) -> Standing: ...


class Portal:
    """Whether there are such pages, and whether people without a factor are led to `/onboarding` first."""

    def __init__(self, *, is_enabled: bool, has_onboarding: bool) -> None:
        self.is_enabled = is_enabled
        self.has_onboarding = has_onboarding
        self.links: list[Link] = []
        """Further pages that the first one leads to."""

    async def start(self) -> None:
        """Say whether there are pages."""
        (events.registered if self.is_enabled else events.disabled)()

    async def apply(self, *, is_enabled: bool, has_onboarding: bool) -> None:
        """Go by other settings from now on."""
        self.has_onboarding = has_onboarding
        if is_enabled is not self.is_enabled:
            self.is_enabled = is_enabled
            await self.start()


class Entry:
    """Lets people in to their account, and nobody else."""

    def __init__(self, flow: Flow, factors: Factors, portal: Portal) -> None:
        self._flow = flow
        self._factors = factors
        self._portal = portal
        self._bearers: Bearers = _nobody

    def read_with(self, bearers: Bearers) -> None:
        """Let programs that show a token of their owner's read, too."""
        self._bearers = bearers

    async def owner(self, request: Request) -> Owner | None:
        """Whose browser this is; nobody who is gone or disabled."""
        token = sign_on_token(request)
        known = await self._flow.current(token)
        return None if known is None else Owner(*known, token)

    def is_fresh(self, owner: Owner) -> bool:
        """Whether the person was asked anew who they are a moment ago."""
        return self._flow.is_fresh(owner.session)

    async def standing(self, owner: Owner) -> Standing | None:
        """Which factors the person has; None when that cannot be read, which is told in the log."""
        try:
            return await self._factors.standing(owner.person)
        except StoreUnavailable as trouble:
            signin_events.enrolment_unknown(user=owner.person.name, error=describe(trouble))
            return None

    def way_to_change(self, owner: Owner) -> Way:
        """Whether the person may change what they have."""
        return own_rules.way_to_change(is_fresh=self.is_fresh(owner))

    @property
    def is_enabled(self) -> bool:
        """Whether there are such pages."""
        return self._portal.is_enabled

    @property
    def links(self) -> tuple[Link, ...]:
        """Further pages of one's account."""
        return tuple(self._portal.links)

    async def refuse_adding(self, session: Session, person: Person) -> Response | None:
        """What to answer a script of the page of passkeys, when its person may not add one; None when they may."""
        if not self.is_enabled:
            return answers.json_problem(404, "not_found", "There is nothing here.")
        way = await self.way_to_add(Owner(session, person, ""))
        return None if way is Way.OPEN else turn_call(way, PASSKEYS)

    async def way_to_add(self, owner: Owner) -> Way:
        """Whether the person may set up another way to sign in."""
        standing = await self.standing(owner)
        if standing is None:
            return Way.UNAVAILABLE
        return own_rules.way_to_add(
            owner.session,
            standing,
            is_fresh=self.is_fresh(owner),
            can_onboard=self._portal.has_onboarding,
        )

    # Pages.

    async def open(self, request: Request) -> Owner | Response:
        """The owner of the account that a page shows, or where to go instead."""
        if not self._portal.is_enabled:
            return plain_problem(request, 404)
        owner = await self.owner(request)
        return redirect(rules.with_next("/signin", request.url.path)) if owner is None else owner

    # Calls.

    async def call(self, request: Request) -> Owner | Response:
        """The same for programs, who are told in JSON."""
        if not self._portal.is_enabled:
            return answers.json_problem(404, "not_found", "There is nothing here.")
        owner = await self.owner(request)
        if owner is None:
            return answers.json_problem(401, "signed_out", "You are not signed in.", next="/signin")
        return owner

    async def reader(self, request: Request) -> Owner | Response:
        """The same for calls that change nothing, for which a token will do (RFC 6750, section 2.1)."""
        authorization = request.headers.get("authorization")
        if authorization is None or not self._portal.is_enabled:
            return await self.call(request)
        scheme, _, text = authorization.partition(" ")
        known = self._bearers(text.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            answer = answers.json_problem(401, "invalid_token", "This token is not good here.")
            answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return answer
        return Owner(*known, "")


def again(back: str) -> str:
    """Where somebody shows anew that it is them, and comes back from."""
    return rules.with_next("/signin", back) + "&again=1"


def turn(request: Request, way: Way, back: str) -> Response:
    """Where somebody goes who may not change something from here."""
    if way is Way.AGAIN:
        return redirect(again(back))
    if way is Way.ONBOARDING:
        return redirect(ONBOARDING)
    return unavailable(request, back)


def turn_call(way: Way, back: str) -> Response:
    """The same for programs."""
    if way is Way.AGAIN:
        title = "Confirm that it is you first."
        return answers.json_problem(403, "not_fresh", title, next=again(back))
    if way is Way.ONBOARDING:
        title = "Set up your account first."
        return answers.json_problem(403, "not_set_up", title, next=ONBOARDING)
    return answers.json(TurnedAway(Turned.UNAVAILABLE))


def unavailable(request: Request, back: str) -> Response:
    """The page for what cannot be read or written just now."""
    return problem(
        request,
        503,
        "This does not work at the moment",
        "The fault is on our side. Nothing was changed. Wait a little, then try again.",
        actions=[Action("Try again", back)],
        headers={"Retry-After": "5"},
    )


def _nobody(_text: str) -> None:
    return None
