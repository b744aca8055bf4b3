"""The door of the console: who reads, and what they have to prove first."""

from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from yett.events import current_scope
from yett.identity import Person
from yett.kernel import Clock
from yett.net.pages import Action, client_address, plain_problem, problem, redirect, sign_on_token
from yett.net.trust import Networks
from yett.ops.console import events, rules
from yett.ops.console.config import ConsoleSettings
from yett.ops.console.model import Reader, Refused, Way
from yett.sessions import Session

_SENTENCES = {
    Refused.NO_GROUP: "The log is read by a few people only, and you are not among them.",
    Refused.NETWORK: "The log cannot be read from where you are.",
}


class Flow(Protocol):
    """What knows who is signed in."""

    async def current(self, token: str) -> tuple[Session, Person] | None: ...
    def is_fresh(self, session: Session) -> bool: ...


class Door:
    """Lets in whom the settings name, and nobody else."""

    def __init__(self, flow: Flow, settings: ConsoleSettings, clock: Clock) -> None:
        self._flow = flow
        self._clock = clock
        self.settings = settings
        self._networks = Networks(settings.networks)

    async def start(self) -> None:
        """Say who may read, if anybody may."""
        if self.settings.is_enabled:
            events.registered(groups=self.settings.groups, masked_groups=self.settings.masked_groups)

    async def apply(self, settings: ConsoleSettings) -> None:
        """Go by other settings from now on."""
        before, self.settings = self.settings, settings
        self._networks = Networks(settings.networks)
        who = (settings.groups, settings.masked_groups)
        if who != (before.groups, before.masked_groups):
            if settings.is_enabled:
                await self.start()
            else:
                events.disabled()

    async def open(self, request: Request) -> Reader | Response:
        """Whoever reads, or where they have to go instead."""
        settings = self.settings
        if not settings.is_enabled:
            return plain_problem(request, 404)
        back = address_of(request)
        known = await self._flow.current(sign_on_token(request))
        if known is None:
            return redirect(rules.sign_in_at(back))
        session, person = known
        # The records of this request say whose it is, and it is cut when the session ends.
        scope = current_scope()
        scope.user, scope.session = person.name, session.ref
        address = client_address(request)
        refusal = rules.refusal(person, address, settings, self._networks)
        if refusal is not None:
            events.denied(user=person.name, reason=refusal, client_address=address)
            home = [Action("Your account", "/")]
            return problem(request, 403, "This is not for you", _SENTENCES[refusal], actions=home)
        match rules.way(session, self._clock.now(), settings, is_fresh=self._flow.is_fresh(session)):
            case Way.AGAIN:
                return redirect(rules.sign_in_at(back, again=True))
            case Way.MORE:
                return redirect(rules.step_up_at(back, settings.assurance))
        return Reader(session, person, rules.is_masked(person, settings))


def address_of(request: Request) -> str:
    """The address of a request, to come back to."""
    query = request.scope["query_string"].decode("ascii", "replace")
    path = quote(request.url.path, safe="/~@+")
    return f"{path}?{query}" if query else path


def foreign(request: Request, what: str) -> Response | None:
    """The page for a request that another site caused, which must not read in somebody's name; None for others."""
    if rules.is_own(request.headers.get("sec-fetch-site", "")):
        return None
    return problem(
        request,
        403,
        "You came here by a link from another site",
        f"{what} is put on record under your name. Go on only if you trust where the link came from.",
        actions=[Action("Go on", address_of(request))],
    )
