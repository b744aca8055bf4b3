"""Who is signed in, and whom an application may hear of, now."""

from typing import Protocol

from yett.identity import Person
from yett.oidc.clients import Clients
from yett.sessions import Session, SessionType


class Sessions(Protocol):
    """The part of the session service that the provider needs."""

    async def validate(self, token: str, *, audience: str | None) -> Session | None: ...
    async def revoke(self, ref: str) -> bool: ...
    def is_live(self, ref: str) -> bool: ...
    def live(self, module_key: str | None = None) -> list[Session]: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Who:
    """Knows sessions, people and clients."""

    def __init__(self, sessions: Sessions, directory: Directory, clients: Clients, *, audience: str) -> None:
        """`audience` is the sign-in host, which sign-on sessions are for."""
        self.clients = clients
        self._sessions = sessions
        self._directory = directory
        self._audience = audience

    async def session(self, token: str) -> Session | None:
        """The sign-on session that a token proves; None without one."""
        found = await self._sessions.validate(token, audience=self._audience) if token else None
        return found if found is not None and found.type is SessionType.SIGN_ON else None

    def person(self, name: str) -> Person | None:
        """Who somebody is."""
        return self._directory.person(name)

    def is_welcome(self, user: str) -> bool:
        """Whether a person is there and not switched off."""
        person = self._directory.person(user)
        return person is not None and not person.is_disabled

    def may_use(self, client_id: str, user: str) -> bool:
        """Whether the client's groups, if it has some, hold the person."""
        client, person = self.clients.get(client_id), self._directory.person(user)
        if client is None or person is None:
            return False
        return not client.groups or not client.groups.isdisjoint(person.groups)

    def label(self, client_id: str) -> str:
        """What log lines call a client: only those that are known have a name there."""
        client = self.clients.get(client_id)
        return "unknown" if client is None else client.label
