"""Leaving for a provider and coming back from it: `/signin/with/NAME` and `/signin/with/NAME/callback`.

Whoever follows a link to the first is sent on; nobody is signed in by that but the one who signs in over
there, and the answer counts only in the browser that left.
"""

import math
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.authn.guessing import Allowance, address_key
from yett.identity import Person
from yett.identity.federation import (
    GRANT,
    PROVIDER,
    Answer,
    Arrived,
    Federation,
    Joining,
    Lost,
    Refused,
    Staying,
)
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    client_address,
    once,
    parse_fields,
    plain_problem,
    problem,
    redirect,
    sign_on_token,
)
from yett.signin import answers, rules
from yett.signin.exchange import PRE_COOKIE, device_name, device_of, pre_cookie_or_new, set_cookie, visitor_of
from yett.signin.federated import events
from yett.signin.federated.words import words_for
from yett.signin.flow import Flow
from yett.signin.model import Method, Outcome, SignedIn, Turned, TurnedAway

PAGE = "/signin/with"
_MINUTE = 60.0
_GRANT_LASTS = 7 * 86400.0
"""Seconds for which a provider's tokens are kept; sessions that are older are not asked about."""


class Arrivals(Protocol):
    """Whoever receives people who left to connect an account."""

    async def receive(self, request: Request, arrived: Arrived) -> Response: ...


class FederatedSignIn:
    """The two addresses, for every provider."""

    def __init__(
        self, federation: Federation, joining: Joining, staying: Staying, flow: Flow, clock: Clock
    ) -> None:
        self._clock = clock
        self._federation = federation
        self._joining = joining
        self._staying = staying
        self._flow = flow
        self._connecting: Arrivals | None = None
        self._allowance = Allowance(federation.trips_per_minute, _MINUTE)
        self.routes = [
            Route(f"{PAGE}/{{provider}}", self._leave, methods=["GET"]),
            Route(f"{PAGE}/{{provider}}/callback", self._return, methods=["GET"]),
        ]

    def connect_with(self, connecting: Arrivals) -> None:
        """Hand over to this who comes back to connect an account."""
        self._connecting = connecting

    def apply(self) -> None:
        """Go by what the settings of the providers say now."""
        self._allowance.use(self._federation.trips_per_minute, _MINUTE)

    def ways(self, to: str, *, again: bool = False) -> list[dict[str, str]]:
        """The providers as the sign-in page offers them."""
        return [
            {"title": each.title, "href": _address(each.name, to, again=again)}
            for each in self._federation.offered()
        ]

    def way(self, provider: str, to: str, *, again: bool = False) -> str:
        """Where people leave for this provider; empty when there is none of that name."""
        return _address(provider, to, again=again) if self._federation.admits(provider) else ""

    def farewell(self, provider: str) -> dict[str, str] | None:
        """How somebody who came from a provider signs out there, too; None when they cannot."""
        party = self._federation.party(provider)
        href = party.farewell() if party is not None else ""
        return {"title": party.settings.title, "href": href} if party is not None and href else None

    @property
    def is_offered(self) -> bool:
        """Whether there is any provider."""
        return self._federation.is_used

    # Leaving.

    async def _leave(self, request: Request) -> Response:
        query = request.scope["query_string"]
        to, again = rules.wanted_next(query), rules.wants_again(query)
        if not again and await self._flow.current(sign_on_token(request)) is not None:
            return redirect(to)
        return await self.send(request, request.path_params["provider"], to=to, again=again)

    async def send(
        self, request: Request, provider: str, *, to: str, again: bool = False, session: str = ""
    ) -> Response:
        """Send a browser to a provider; `session` is that of somebody who connects an account."""
        address = client_address(request)
        if not self._federation.admits(provider):
            return plain_problem(request, 404)
        # A trip is kept until it ends, and the provider may be asked for it: not as often as pages are opened.
        wait = self._allowance.take(address_key(address), self._clock.monotonic())
        if wait:
            events.too_many(provider=provider, client_address=address, retry_after=round(wait, 3))
            return problem(
                request,
                429,
                "Too many sign-ins at once",
                "Somebody at your address left to sign in very often. Wait a little and try again.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
        pre = pre_cookie_or_new(request)
        begun = await self._federation.begin(
            provider,
            browser=device_name(pre),
            to=to,
            is_again=again,
            session=session,
            client_address=address,
        )
        if begun is None:
            return plain_problem(request, 404)
        if isinstance(begun, Refused):
            return turn(request, begun, to, provider)
        events.started(provider=provider, client_address=address)
        response = redirect(begun.url)
        set_cookie(response, PRE_COOKIE, pre)
        return response

    # Coming back.

    async def _return(self, request: Request) -> Response:
        provider = request.path_params["provider"]
        arrived = await self._federation.arrive(
            provider,
            _answer_of(request),
            browser=device_of(request),
            client_address=client_address(request),
        )
        if arrived is None:
            return plain_problem(request, 404)
        if isinstance(arrived, Lost):
            return turn(request, arrived.refused, arrived.trip.to if arrived.trip else rules.HOME, provider)
        if arrived.trip.session:
            if self._connecting is None:
                return plain_problem(request, 404)
            return await self._connecting.receive(request, arrived)
        return await self._sign_in(request, provider, arrived)

    async def _sign_in(self, request: Request, provider: str, arrived: Arrived) -> Response:
        to = rules.local_path(arrived.trip.to)
        party = self._federation.party(provider)
        if party is None:
            return plain_problem(request, 404)
        person = await self._joining.person_for(
            party.settings, arrived.profile, client_address=client_address(request)
        )
        if isinstance(person, Refused):
            return turn(request, person, to, provider)
        outcome = await self._prove(request, provider, arrived, person)
        return answers.page(request, outcome, to=to)

    async def _prove(self, request: Request, provider: str, arrived: Arrived, person: Person) -> Outcome:
        earlier = await self._flow.current(sign_on_token(request))
        address = client_address(request)
        kept = await self._staying.keep(arrived, lifetime=_GRANT_LASTS)
        outcome = await self._flow.proved(
            person.name,
            Method.FEDERATED,
            visitor_of(request),
            earlier=earlier[0] if earlier else None,
            again=arrived.trip.is_again,
            is_two_factor=arrived.profile.is_two_factor,
            metadata={PROVIDER: provider, **({GRANT: kept} if kept else {})},
        )
        if isinstance(outcome, TurnedAway):
            if outcome.why is Turned.UNAVAILABLE:
                events.session_failed(user=person.name, provider=provider)
            else:
                events.turned_away(
                    user=person.name, provider=provider, why=outcome.why, client_address=address
                )
            if kept:
                await self._staying.give_back(kept)
            return outcome
        if isinstance(outcome, SignedIn):
            now = await self._flow.current(outcome.issued.token)
            if now is None or now[1].name != person.name:
                events.session_failed(user=person.name, provider=provider)
                return TurnedAway(Turned.UNAVAILABLE)
        events.succeeded(
            user=person.name, provider=provider, outcome=type(outcome).__name__, client_address=address
        )
        return outcome


def turn(request: Request, refused: Refused, to: str, provider: str) -> Response:
    """The page for somebody who is not let in."""
    words = words_for(refused.reason, is_passing=refused.is_passing)
    to = rules.local_path(to)
    actions = [Action("Sign in another way", rules.with_next("/signin", to))]
    if words.may_connect:
        actions.insert(
            0, Action("Sign in and connect it", rules.with_next("/signin", "/profile/connections"))
        )
    else:
        actions.append(Action("Try again", rules.with_next(f"{PAGE}/{provider}", to)))
    headers = {"Retry-After": "5"} if words.status == 503 else None
    return problem(request, words.status, words.heading, words.sentence, actions=actions, headers=headers)


def _address(provider: str, to: str, *, again: bool) -> str:
    return rules.with_next(f"{PAGE}/{provider}" + ("?again=1" if again else ""), to)


def _answer_of(request: Request) -> Answer:
    """What the query says. With a name that comes twice it says nothing (RFC 6749, 3.1)."""
    fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
    return Answer(fields.get("state", ""), fields.get("code", ""), fields.get("error", ""), fields.get("iss"))
