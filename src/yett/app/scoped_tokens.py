"""Scoped tokens: kept, ended with whom and what they hang on, and offered to programs and people."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from starlette.routing import BaseRoute

from yett.config import Snapshot
from yett.identity import Directory
from yett.kernel import Clock, Lifecycle, Supervisor
from yett.keys import MasterKey
from yett.oidc.clients import Client
from yett.oidc.tokens import Tokens
from yett.proxy.forward_auth import ForwardAuthSettings
from yett.sessions import Ended, Sessions
from yett.signin.profile import Link, Portal
from yett.store import Records
from yett.tokens import ScopedTokenCommands, ScopedTokens, TokensSettings, TokenType
from yett.tokens.api import ClientForm, Door, TokenAPI
from yett.tokens.pages import PAGE, TokenPages

_LINK = Link(PAGE, "Tokens with scopes")


class ScopedTokensRoom:
    """Everything about them but the questions of other proxies."""

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
        host: str,
        directory: Directory,
        sessions: Sessions,
        clients: Callable[[], Iterable[Client]],
        access: Tokens,
        portal: Portal,
    ) -> None:
        self.tokens = ScopedTokens(
            records,
            directory,
            master,
            snapshot[TokensSettings],
            clock,
            tasks,
            is_session_live=sessions.is_live,
            is_grant_live=access.lists,
        )
        lifecycle.add("scoped tokens", self.tokens.start, self.tokens.stop)
        directory.on_disabled("scoped tokens", self.tokens.forget)
        directory.changed.connect(self.tokens.told)
        sessions.ended.connect(self._session_ended)
        door = Door(self.tokens, master, host=host)
        api = TokenAPI(self.tokens, door, clock, origin=origin, clients=lambda: map(_form_of, clients()))
        pages = TokenPages(self.tokens, door, clock, origin=origin)
        access.make_opaque_with(_Opaque(self.tokens))
        self._portal = portal
        self._show_page(snapshot)
        self.commands: list[Any] = [ScopedTokenCommands(self.tokens)]
        """Objects whose methods operators may call."""
        self.routes: list[BaseRoute] = [*api.routes, *pages.routes]

    def apply(self, new: Snapshot) -> None:
        """Go by other settings from now on."""
        self.tokens.apply(new[TokensSettings])
        self._show_page(new)

    def _show_page(self, snapshot: Snapshot) -> None:
        """Lead to the page where there are tokens, and a `/login` that gives browsers the one that it asks for."""
        links = self._portal.links
        is_shown = snapshot[TokensSettings].enabled and snapshot[ForwardAuthSettings].enabled
        if is_shown and _LINK not in links:
            links.append(_LINK)
        elif not is_shown and _LINK in links:
            links.remove(_LINK)

    def _session_ended(self, ended: Ended) -> None:
        self.tokens.session_ended(ended.session.ref)


class _Opaque:
    """Access tokens of the OpenID provider that are scoped tokens of type oidc."""

    def __init__(self, tokens: ScopedTokens) -> None:
        self._tokens = tokens

    @property
    def is_on(self) -> bool:
        """Whether there are scoped tokens here."""
        return self._tokens.settings.enabled

    async def make(self, user: str, sign_on_ref: str, expires_at: float, *, jti: str) -> str:
        """A new one. Raises StoreUnavailable."""
        return await self._tokens.make_oidc(user, sign_on_ref, expires_at, grant=jti)

    def is_good(self, token: str) -> bool:
        """Whether nobody deleted it, and there are scoped tokens still."""
        data = self._tokens.look(token) if self.is_on else None
        return data is not None and data.type is TokenType.OIDC

    async def end(self, token: str) -> object:
        """End one that was made just now."""
        return await self._tokens.end_session_token(token)

    def ended(self, user: str, names: Collection[str]) -> None:
        """The provider took them back."""
        self._tokens.grants_ended(user, names)


def _form_of(client: Client) -> ClientForm:
    addresses = tuple(sorted(client.redirect_uris))
    return ClientForm(client.client_id, addresses[0] if addresses else "", client.name, addresses)
