"""What applications know of a person, and how they take it back: `/profile/applications`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.events import describe
from yett.kernel import Clock
from yett.net.pages import (
    Action,
    PageResponse,
    once,
    parse_fields,
    plain_problem,
    problem,
    redirect,
    render,
    sign_on_token,
)
from yett.oidc.clients import Clients
from yett.oidc.consent import events, rules
from yett.oidc.consent.page import People
from yett.oidc.consent.service import Consents
from yett.oidc.forms import Forms, Received, Sealer
from yett.sessions import Session
from yett.store import StoreUnavailable

APPLICATIONS = "/profile/applications"
_STEP = "oidc/applications"


class Family(Protocol):
    """Everything that came of one grant."""

    @property
    def client_id(self) -> str: ...
    @property
    def grant_ref(self) -> str: ...


class Tokens(Protocol):
    """The tokens that applications have."""

    def families(self, user: str) -> Iterable[Family]: ...
    async def revoke_family(self, grant_ref: str, user: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """An application as its person sees it."""

    client_id: str
    name: str
    sentences: tuple[str, ...]
    since: datetime | None
    """When it was allowed; None for one that nobody had to allow."""
    sign_ins: int
    """How many times it has tokens now."""


class ApplicationsPage:
    """Shows and withdraws."""

    def __init__(
        self,
        people: People,
        consents: Consents,
        clients: Clients,
        sealer: Sealer,
        clock: Clock,
        *,
        origin: str,
        is_enabled: Callable[[], bool],
    ) -> None:
        self._people = people
        self._consents = consents
        self._clients = clients
        self._forms = Forms(sealer, clock, step=_STEP, origin=origin)
        self._site = urlsplit(origin).netloc
        self._is_enabled = is_enabled
        self.tokens: Tokens | None = None
        """Set when there are any."""
        self.routes = [
            Route(APPLICATIONS, self._show),
            Route(APPLICATIONS, self._withdraw, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        session = await self._open(request)
        if isinstance(session, Response):
            return session
        try:
            shown = await self._shown(session.module_key)
        except StoreUnavailable:
            return _unavailable(request)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        person = self._people.person(session.module_key)
        page = render(
            "oidc/applications.html",
            site=self._site,
            name=person.display_name or person.name if person is not None else session.module_key,
            applications=shown,
            is_done=fields.get("done") == "1",
            sealed=self._forms.seal(session.ref),
        )
        return PageResponse(page)

    async def _open(self, request: Request) -> Session | Response:
        if not self._is_enabled():
            return plain_problem(request, 404)
        session = await self._people.signed_on(sign_on_token(request))
        return redirect(f"/signin?{urlencode({'next': APPLICATIONS})}") if session is None else session

    async def _shown(self, user: str) -> list[Shown]:
        """Every application that was allowed something or has tokens, by name."""
        counts: dict[str, int] = {}
        for family in self._families(user):
            counts[family.client_id] = counts.get(family.client_id, 0) + 1
        given = {each.client_id: each for each in await self._consents.given(user)}
        found = []
        for client_id in {*counts, *given}:
            client, consent = self._clients.get(client_id), given.get(client_id)
            name = client.title if client is not None else consent.name if consent is not None else ""
            found.append(
                Shown(
                    client_id,
                    name or client_id[:80],
                    () if consent is None else rules.sentences(sorted(consent.scopes)),
                    None if consent is None else datetime.fromtimestamp(consent.at, UTC),
                    counts.get(client_id, 0),
                )
            )
        return sorted(found, key=lambda each: each.name.casefold())

    def _families(self, user: str) -> list[Family]:
        return [] if self.tokens is None else list(self.tokens.families(user))

    async def _withdraw(self, request: Request) -> Response:
        session = await self._open(request)
        if isinstance(session, Response):
            return session
        received = await self._forms.read(request, session.ref, back=APPLICATIONS)
        if not isinstance(received, Received):
            return received
        user, client_id = session.module_key, received.fields.get("client", "")
        known = {each.client_id for each in self._families(user)}
        try:
            if client_id not in known:
                known |= {each.client_id for each in await self._consents.given(user)}
            if client_id not in known:
                return redirect(APPLICATIONS)
            revoked = await self._take_back(user, client_id)
        except StoreUnavailable as trouble:
            events.not_withdrawn(user=user, client=self._label(client_id), error=describe(trouble))
            return _unavailable(request)
        events.withdrawn(user=user, client=self._label(client_id), session=session.ref, revoked=revoked)
        return redirect(f"{APPLICATIONS}?done=1")

    async def _take_back(self, user: str, client_id: str) -> int:
        """First the consent, so that nothing new comes while the old goes; how many sign-ins lost their tokens.

        Whatever fails, the rest is tried: tokens that cannot be ended in the store are refused here all the same.
        """
        trouble: StoreUnavailable | None = None
        try:
            await self._consents.withdraw(user, client_id)
        except StoreUnavailable as problem:
            trouble = problem
        revoked = 0
        for family in self._families(user):
            if self.tokens is not None and family.client_id == client_id:
                try:
                    await self.tokens.revoke_family(family.grant_ref, user)
                    revoked += 1
                except StoreUnavailable as problem:
                    trouble = problem
        if trouble is not None:
            raise trouble
        return revoked

    def _label(self, client_id: str) -> str:
        client = self._clients.get(client_id)
        return client.label if client is not None else client_id[:80]


def _unavailable(request: Request) -> Response:
    return problem(
        request,
        503,
        "This does not work at the moment",
        "The fault is on our side. Wait a little, then try again.",
        actions=[Action("Try again", APPLICATIONS)],
        headers={"Retry-After": "5"},
    )
