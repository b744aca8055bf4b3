"""What becomes of sessions that rest on a provider's word: asked about now and then, and told when they end."""

import asyncio
from collections.abc import Iterable
from typing import Final, Protocol

from yett.identity.federation import GRANT, PROVIDER, Federation, Staying, Welcome
from yett.kernel import Supervisor
from yett.sessions import Ended, Session, SessionType
from yett.signin.federated import events

_LOOK_EVERY: Final = 5.0
_AT_A_TIME: Final = 16


class Sessions(Protocol):
    """The part of the session service that is needed."""

    def live(self) -> Iterable[Session]: ...
    async def revoke(self, ref: str) -> bool: ...


class Watching:
    """Asks, and hears of ends."""

    def __init__(
        self, sessions: Sessions, federation: Federation, staying: Staying, tasks: Supervisor
    ) -> None:
        self._sessions = sessions
        self._federation = federation
        self._staying = staying
        self._tasks = tasks

    async def start(self) -> None:
        """Ask from now on."""
        self._tasks.every(_LOOK_EVERY, self.look, name="signin.federated.watching")

    async def look(self) -> None:
        """Ask about everybody whose time has come."""
        if not self._federation.is_rechecking:
            return
        resting = [session for session in self._sessions.live() if _grant_of(session)]
        for place in range(0, len(resting), _AT_A_TIME):
            # Side by side: a provider that is slow must not keep the others waiting.
            await asyncio.gather(*(self._ask(session) for session in resting[place : place + _AT_A_TIME]))

    async def _ask(self, session: Session) -> None:
        provider = session.metadata.get(PROVIDER, "")
        if await self._staying.ask(_grant_of(session), provider) is Welcome.NO_MORE:
            await self._sessions.revoke(session.ref)
            events.no_longer_vouched(user=session.module_key, provider=provider, session=session.ref)

    def told(self, ended: Ended) -> None:
        """A session is over: what was kept for it goes back to the provider."""
        number = _grant_of(ended.session)
        if number:
            self._tasks.run(self._staying.give_back(number), name="signin.federated.give_back")


def _grant_of(session: Session) -> str:
    """What is kept for a session; half-finished sign-ins hand it on."""
    return session.metadata.get(GRANT, "") if session.type is SessionType.SIGN_ON else ""
