"""Ending a sign-on for a client: the session, what hangs on it, and the tokens that came of it."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from yett.identity import Person
from yett.oidc.clients import Client
from yett.oidc.logout import events
from yett.oidc.logout.model import Wanted
from yett.oidc.tokens import Family
from yett.sessions import Session


class Flow(Protocol):
    """Signing in and out."""

    async def current(self, token: str) -> tuple[Session, Person] | None: ...
    async def sign_out(self, session: Session) -> None: ...


class Tokens(Protocol):
    """What clients have."""

    def families(self, user: str | None = None) -> Iterable[Family]: ...
    async def revoke_session(self, sign_on_ref: str) -> int: ...
    def read_identity(
        self, text: str, *, client_id: str = "", expired: bool = False
    ) -> Mapping[str, Any] | None: ...


class Clients(Protocol):
    """Who may ask."""

    def get(self, client_id: str) -> Client | None: ...


class Logout:
    """Signs people out."""

    def __init__(self, flow: Flow, tokens: Tokens, clients: Clients) -> None:
        self._flow = flow
        self._tokens = tokens
        self._clients = clients

    def find(self, client_id: str) -> Client | None:
        """The client of that id."""
        return self._clients.get(client_id)

    def verify(self, hint: str) -> Mapping[str, Any] | None:
        """What an ID token of ours says, over or not; nothing for tokens of another kind."""
        return self._tokens.read_identity(hint, expired=True)

    async def current(self, token: str) -> Session | None:
        """The sign-on session of a browser."""
        known = await self._flow.current(token)
        return None if known is None else known[0]

    async def end(self, session: Session, wanted: Wanted) -> None:
        """Sign somebody out. Clients are told by whoever hears that the session ended."""
        user, ref = session.module_key, session.ref
        # Counted before: they go with their session, whoever comes first.
        ending = [
            each for each in self._tokens.families(user) if each.sign_on_ref == ref and not each.is_offline
        ]
        await self._flow.sign_out(session)
        await self._tokens.revoke_session(ref)
        client = self.find(wanted.client_id) if wanted.client_id else None
        events.completed(
            user=user, session=ref, client=client.label if client is not None else "", tokens=len(ending)
        )
