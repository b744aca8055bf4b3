"""Clients that register themselves."""

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from starlette.routing import BaseRoute

from yett.config import Snapshot
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey
from yett.oidc import OIDCSettings
from yett.oidc.clients import Clients
from yett.oidc.discovery import Discovery
from yett.oidc.registration import (
    Mode,
    Place,
    RegistrationCommands,
    RegistrationEndpoint,
    Registrations,
    RegistrationSettings,
)
from yett.oidc.signing import Signing
from yett.oidc.tokens import Tokens
from yett.proxy import ProxySettings
from yett.store import Records


class Registering:
    """The endpoint, and the finding of those who used it."""

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
        signing: Signing,
        tokens: Tokens,
        clients: Clients,
        discovery: Discovery,
    ) -> None:
        host = urlsplit(origin).hostname or ""
        self._places = _places(snapshot)
        self._registrations = Registrations(
            records,
            master,
            _settings(snapshot),
            clock,
            tasks,
            algorithms=lambda: signing.algorithms,
            titles=lambda: (host, "Yett", *(client.title for client in clients.configured)),
            places=lambda: self._places,
            own_host=host,
            end_tokens=partial(_end, tokens),
        )
        lifecycle.add("registered clients", self._registrations.start, self._registrations.stop)
        clients.find_with(self._registrations.find)
        endpoint = RegistrationEndpoint(self._registrations, issuer=origin)
        self.routes: list[BaseRoute] = [*endpoint.routes]
        self.commands: list[Any] = [RegistrationCommands(self._registrations, clock)]
        discovery.join(endpoint.facts)

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._places = _places(new)
        self._registrations.apply(_settings(new))


async def _end(tokens: Tokens, client_id: str) -> None:
    """End what people granted to a client. Raises StoreUnavailable."""
    for family in tokens.families():
        if family.client_id == client_id:
            await tokens.revoke_family(family.grant_ref, family.user)


def _places(snapshot: Snapshot) -> tuple[Place, ...]:
    """The applications behind the proxy: what they are called, and where people open them."""
    return tuple({Place(each.app, each.host) for each in snapshot[ProxySettings].mapping})


def _settings(snapshot: Snapshot) -> RegistrationSettings:
    """What is in force: where no application is served, none registers, and none that did is known."""
    settings = snapshot[RegistrationSettings]
    return settings if snapshot[OIDCSettings].enabled else replace(settings, mode=Mode.OFF)
