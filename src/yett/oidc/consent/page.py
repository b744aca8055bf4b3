"""The question whether an application may know somebody, `/oidc/consent`.

It is shown in place of an answer to the application, and carries the whole request, sealed: what is allowed is what
was asked, by whom it was asked.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import PageResponse, plain_problem, problem, render, sign_on_token
from yett.oidc.clients import Client, Kind, is_claimed, origin_of
from yett.oidc.consent import events, rules
from yett.oidc.forms import Forms, Received, Sealer
from yett.oidc.model import Asked, NeedsConsent
from yett.sessions import Session

CONSENT = "/oidc/consent"
_STEP = "oidc/consent"

GoOn = Callable[[Request, str, frozenset[str] | None], Awaitable[Response]]
"""What answers the request in a query, once its person has said yes to what they were shown, or no (None)."""


class People(Protocol):
    """Whoever is signed in, and who that is."""

    async def signed_on(self, token: str) -> Session | None: ...
    def person(self, name: str) -> Person | None: ...


class ConsentPage:
    """Asks, and takes the answer."""

    def __init__(self, people: People, sealer: Sealer, clock: Clock, go_on: GoOn, *, origin: str) -> None:
        self._people = people
        self._go_on = go_on
        self._forms = Forms(sealer, clock, step=_STEP, origin=origin)
        self._site = urlsplit(origin).netloc
        self.routes = [Route(CONSENT, self._answer, methods=["POST"])]

    def ask(
        self, request: Request, client: Client, asked: Asked, needed: NeedsConsent, query: str
    ) -> Response:
        """The page with the question; `query` is the request that it is about."""
        person = self._people.person(needed.user)
        if person is None:
            return plain_problem(request, 403)
        try:
            sealed = self._forms.seal(needed.session, query=query, scopes=" ".join(needed.scopes))
        except ValueError:
            return problem(
                request, 400, "This sign-in cannot go on", "The application asked in too many words."
            )
        page = render(
            "oidc/consent.html",
            site=self._site,
            name=client.title,
            place=_place_of(asked.redirect_uri),
            is_claimed=is_claimed(asked.redirect_uri),
            is_stranger=client.kind is Kind.REGISTERED,
            sentences=rules.sentences(needed.scopes),
            person=person,
            again="/signin?" + urlencode({"next": f"/oidc/authorize?{query}", "again": "1"}),
            sealed=sealed,
        )
        return PageResponse(page)

    async def _answer(self, request: Request) -> Response:
        session = await self._people.signed_on(sign_on_token(request))
        received = await self._forms.read(request, session.ref if session is not None else "")
        if not isinstance(received, Received):
            return received
        decision = received.fields.get("decision", "")
        if decision not in {"allow", "deny"}:
            return plain_problem(request, 400)
        shown = frozenset(received.kept.get("scopes", "").split())
        query = received.kept.get("query", "")
        return await self._go_on(request, query, shown if decision == "allow" else None)


def say_denied(needed: NeedsConsent, client: Client) -> None:
    """Record that somebody said no."""
    events.denied(user=needed.user, client=client.label, session=needed.session)


def say_given(needed: NeedsConsent, client: Client) -> None:
    """Record that somebody said yes."""
    events.given(user=needed.user, client=client.label, session=needed.session, scopes=needed.scopes)


def _place_of(uri: str) -> str:
    """Where the answer goes, as people can compare it: a host, or a scheme."""
    origin = origin_of(uri)
    return origin.partition("://")[2] if origin else uri.partition(":")[0]
