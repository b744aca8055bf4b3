"""What stands around authorization requests: pushing them, allowing and withdrawing, and saying what there is."""

from starlette.routing import BaseRoute

from yett.app.exchanging import Proving
from yett.config import Snapshot
from yett.kernel import Clock
from yett.keys import MasterKey, Sealer
from yett.oidc import OIDCSettings, Provider
from yett.oidc.consent import APPLICATIONS, ApplicationsPage, Consents
from yett.oidc.discovery import Discovery
from yett.oidc.par import PushedRequests
from yett.signin.profile import Link, Portal


class Asking:
    """The endpoints and pages besides the one that applications send people to."""

    def __init__(
        self,
        provider: Provider,
        proving: Proving,
        consents: Consents,
        master: MasterKey,
        snapshot: Snapshot,
        clock: Clock,
        *,
        origin: str,
        portal: Portal,
    ) -> None:
        self._settings = snapshot[OIDCSettings]
        self._pushes = PushedRequests(
            provider.shelf,
            provider.clients,
            proving.clients,
            provider.rates,
            self._settings,
            clock,
            issuer=origin,
            proofs=proving.proofs,
        )
        self.discovery = Discovery(
            issuer=origin, is_enabled=lambda: self._settings.enabled, can_push=lambda: True
        )
        self.applications = ApplicationsPage(
            provider,
            consents,
            provider.clients,
            Sealer(master, "oidc/applications"),
            clock,
            origin=origin,
            is_enabled=lambda: portal.is_enabled,
        )
        portal.links.append(Link(APPLICATIONS, "Applications with access"))

    @property
    def routes(self) -> list[BaseRoute]:
        """The endpoints and pages."""
        return [*self._pushes.routes, *self.discovery.routes, *self.applications.routes]

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._settings = new[OIDCSettings]
        self._pushes.apply(self._settings)
