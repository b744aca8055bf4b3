"""Signing out: asked for by clients, and told to those that had something of the session."""

from starlette.routing import BaseRoute

from yett.config import Snapshot
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.fetching import Fetcher
from yett.oidc.clients import Clients
from yett.oidc.discovery import Discovery
from yett.oidc.logout import BackChannel, Logout, LogoutPages, LogoutSettings, facts
from yett.oidc.signing import Signing
from yett.oidc.tokens import Tokens
from yett.sessions import Sessions
from yett.signin import Flow
from yett.store import Records


class SigningOut:
    """The pages of it, and the telling."""

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
        sessions: Sessions,
        flow: Flow,
        fetcher: Fetcher,
        signing: Signing,
        tokens: Tokens,
        clients: Clients,
        discovery: Discovery,
    ) -> None:
        self._telling = BackChannel(
            records,
            clients.get,
            signing,
            fetcher,
            sessions,
            snapshot[LogoutSettings],
            clock,
            tasks,
            issuer=origin,
        )
        tokens.note_with(self._telling.note)
        sessions.ended.connect(self._telling.told)
        lifecycle.add("back-channel logout", self._telling.start, _nothing)
        pages = LogoutPages(
            Logout(flow, tokens, clients), Sealer(master, "oidc/logout"), clock, origin=origin
        )
        self.routes: list[BaseRoute] = [*pages.routes]
        discovery.join(lambda: facts(origin))

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self._telling.settings = new[LogoutSettings]


async def _nothing() -> None:
    """A part without an end of its own."""
