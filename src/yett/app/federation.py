"""Signing in through other providers: the people who come from there, the protocol, and the pages."""

from typing import Any

from starlette.routing import BaseRoute

from yett.app.ldap import FromLDAP
from yett.config import Snapshot
from yett.identity import Directory
from yett.identity.federation import (
    FederatedPeople,
    Federation,
    FederationCommands,
    FederationSettings,
    Forgetting,
    Grants,
    Joining,
    Links,
    Staying,
    Trading,
)
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.fetching import Fetcher
from yett.sessions import Sessions
from yett.signin import Flow
from yett.signin.federated import CONNECTIONS, Connecting, FederatedSignIn, Watching
from yett.signin.profile import Link, Portal, Profile
from yett.store import Records

_LINK = Link(CONNECTIONS, "Connected accounts")


class Providers:
    """Everything of it; without providers in the settings nobody is offered any."""

    def __init__(
        self,
        records: Records,
        master: MasterKey,
        snapshot: Snapshot,
        tasks: Supervisor,
        clock: Clock,
        lifecycle: Lifecycle,
        *,
        origin: str,
        fetcher: Fetcher,
        people: FederatedPeople,
        directory: Directory,
        ldap: FromLDAP,
        sessions: Sessions,
        flow: Flow,
        profile: Profile,
        portal: Portal,
    ) -> None:
        self._portal = portal
        settings = snapshot[FederationSettings]
        self._federation = federation = Federation(
            settings, fetcher, records, master, tasks, clock, origin=origin
        )
        lifecycle.add("other providers", federation.start, _nothing)
        self.trading = Trading(federation)
        """Where tokens of the providers are to be had."""
        joining = Joining(people, Links(records, clock), directory, ldap)
        forgetting = Forgetting(joining.links, directory, tasks)
        directory.changed.connect(forgetting.told)
        lifecycle.add("accounts of people who went", forgetting.start, _nothing)
        staying = Staying(federation, Grants(records, Sealer(master, "federation/grants"), clock), joining)
        self.step = FederatedSignIn(federation, joining, staying, flow, clock)
        sealer = Sealer(master, "signin/connections")
        connecting = Connecting(profile.entry, federation, joining, self.step, sealer, clock, origin=origin)
        self.step.connect_with(connecting)
        watching = Watching(sessions, federation, staying, tasks)
        lifecycle.add("sessions that rest on other providers", watching.start, _nothing)
        sessions.ended.connect(watching.told)
        self.routes: list[BaseRoute] = [*self.step.routes, *connecting.routes]
        self.commands: list[Any] = [FederationCommands(federation, people, joining)]
        """Objects whose methods operators may call."""
        self._show_page(settings)

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._federation.apply(new[FederationSettings])
        self.step.apply()
        self._show_page(new[FederationSettings])

    def _show_page(self, settings: FederationSettings) -> None:
        """Lead to the page of connections where there is anything to connect."""
        links = self._portal.links
        is_offered = any(each.sign_in for each in settings.provider)
        if is_offered and _LINK not in links:
            links.append(_LINK)
        elif not is_offered and _LINK in links:
            links.remove(_LINK)


async def _nothing() -> None:
    """A part without an end of its own."""
