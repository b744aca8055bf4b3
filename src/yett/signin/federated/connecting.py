"""Accounts at providers that lead to one's own: `/profile/connections`.

Connecting one is a new way to sign in, so it takes a sign-in that was asked for anew, before the browser
leaves and after it comes back. What came back is shown, and confirmed with a form: a browser may be signed
in over there as somebody else.
"""

from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from yett.identity import Person
from yett.identity.federation import (
    SOURCE,
    Arrived,
    Federation,
    Identity,
    Joining,
    Link,
    Reason,
    Refused,
    shown_as,
)
from yett.kernel import Clock
from yett.net.pages import PageResponse, client_address, once, parse_fields, problem, redirect, render
from yett.signin.federated import events
from yett.signin.federated.routes import turn
from yett.signin.forms import Notice
from yett.signin.profile.entry import Entry, unavailable
from yett.signin.profile.entry import turn as turn_way
from yett.signin.profile.model import Owner, Way
from yett.signin.steps import Forms, Sealer
from yett.store import StoreUnavailable

PAGE = "/profile/connections"
_DONE = {
    "connected": Notice("The account is connected.", "You can sign in with it from now on.", is_good=True),
    "disconnected": Notice("The account is disconnected.", is_good=True),
}


class Leaving(Protocol):
    """Whoever sends browsers to providers."""

    async def send(
        self, request: Request, provider: str, *, to: str, again: bool = False, session: str = ""
    ) -> Response: ...


class Connecting:
    """The page, what leads away from it, and what comes back."""

    def __init__(
        self,
        entry: Entry,
        federation: Federation,
        joining: Joining,
        leaving: Leaving,
        sealer: Sealer,
        clock: Clock,
        *,
        origin: str,
    ) -> None:
        self._entry = entry
        self._federation = federation
        self._joining = joining
        self._leaving = leaving
        self._forms = Forms(sealer, clock, step="connections", origin=origin)
        self._site = urlsplit(origin).netloc
        self.routes = [
            Route(PAGE, self._show),
            Route(PAGE, self._disconnect, methods=["POST"]),
            Route(f"{PAGE}/confirm", self._confirm, methods=["POST"]),
            Route(f"{PAGE}/with/{{provider}}", self._leave, methods=["GET"]),
        ]

    async def _show(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        try:
            links = await self._own(owner.person)
        except StoreUnavailable:
            return unavailable(request, PAGE)
        fields = once(parse_fields(request.scope["query_string"]) or ()) or {}
        offered = {each.name: each.title for each in self._federation.offered()}
        may_end = _may_end(owner.person, links)
        page = render(
            "signin/connections.html",
            site=self._site,
            person=owner.person,
            notice=_DONE.get(fields.get("done", "")),
            links=[
                {
                    "title": offered.get(link.provider, link.provider),
                    "shown": link.shown,
                    "since": datetime.fromtimestamp(link.linked_at, UTC),
                    "sealed": self._forms.seal(
                        owner.session.ref, what="disconnect", iss=link.issuer, sub=link.subject
                    )
                    if may_end
                    else "",
                }
                for link in links
            ],
            providers=[{"title": title, "href": f"{PAGE}/with/{name}"} for name, title in offered.items()],
        )
        return PageResponse(page)

    async def _own(self, person: Person) -> list[Link]:
        return [link for link in await self._joining.links.of(person.name) if link.is_of(person)]

    # Connecting.

    async def _leave(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        back = f"{PAGE}/with/{request.path_params['provider']}"
        way = await self._entry.way_to_add(owner)
        if way is not Way.OPEN:
            return turn_way(request, way, back)
        provider = request.path_params["provider"]
        return await self._leaving.send(request, provider, to=PAGE, session=owner.session.ref)

    async def receive(self, request: Request, arrived: Arrived) -> Response:
        """Show somebody who came back what they are about to connect."""
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        provider = arrived.trip.provider
        if owner.session.ref != arrived.trip.session:
            return turn(request, Refused(Reason.OTHER_BROWSER), PAGE, provider)
        identity = arrived.profile.identity
        shown = shown_as(arrived.profile)
        offered = {each.name: each.title for each in self._federation.offered()}
        page = render(
            "signin/connect.html",
            site=self._site,
            person=owner.person,
            title=offered.get(provider, provider),
            shown=shown,
            display_name=arrived.profile.display_name,
            sealed=self._forms.seal(
                owner.session.ref,
                what="connect",
                provider=provider,
                iss=identity.issuer,
                sub=identity.subject,
                shown=shown,
            ),
        )
        return PageResponse(page)

    async def _confirm(self, request: Request) -> Response:
        owner = await self._ready(request)
        if isinstance(owner, Response):
            return owner
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        kept = received.kept
        if kept.get("what") != "connect":
            return redirect(PAGE)
        identity = Identity(kept["iss"], kept["sub"])
        provider = kept["provider"]
        if not self._federation.admits(provider):
            # It was, when the form was made.
            return redirect(PAGE)
        try:
            link = await self._joining.links.find(identity)
            is_other = link is not None and not link.is_of(owner.person) and self._joining.holds(link)
            is_linked = not is_other and await self._joining.links.add(
                identity, owner.person, provider, shown=kept.get("shown", ""), how="confirm", seen=link
            )
        except StoreUnavailable:
            return unavailable(request, PAGE)
        if not is_linked:
            events.not_linked(
                user=owner.person.name, provider=provider, client_address=client_address(request)
            )
            return problem(
                request,
                409,
                "That account is connected with another one here",
                "Sign in with it, and disconnect it there first.",
            )
        return redirect(f"{PAGE}?done=connected")

    async def _ready(self, request: Request) -> Owner | Response:
        """Who may change how they sign in, now."""
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        way = await self._entry.way_to_add(owner)
        return owner if way is Way.OPEN else turn_way(request, way, PAGE)

    # Disconnecting.

    async def _disconnect(self, request: Request) -> Response:
        owner = await self._entry.open(request)
        if isinstance(owner, Response):
            return owner
        way = self._entry.way_to_change(owner)
        if way is not Way.OPEN:
            return turn_way(request, way, PAGE)
        received = await self._forms.read(request, owner.session.ref, back=PAGE)
        if isinstance(received, Response):
            return received
        if received.kept.get("what") != "disconnect":
            return redirect(PAGE)
        identity = Identity(received.kept["iss"], received.kept["sub"])
        try:
            links = await self._own(owner.person)
            if _may_end(owner.person, links):
                for link in links:
                    if link.identity == identity:
                        await self._joining.links.remove(link, by="owner")
        except StoreUnavailable:
            return unavailable(request, PAGE)
        return redirect(f"{PAGE}?done=disconnected")


def _may_end(person: Person, links: list[Link]) -> bool:
    """Whether somebody may disconnect an account: not the last one of who has no other way in."""
    return person.source != SOURCE or len(links) > 1
