"""Sessions of people who went while the gateway was not running.

Whoever is disabled or removed while it runs loses their sessions at once. Nobody hears of it while it
stands still, and a session that waits in the store would be good again for the next person of that name.
Those of somebody who is not there at all wait on, good for nothing: a source may be late, and whoever
comes with the name is asked whether the sessions are theirs.
"""

from collections.abc import Iterable
from typing import Protocol

from yett.identity import Person, PersonChanged
from yett.kernel import Supervisor
from yett.sessions import Session, SessionType
from yett.signin import events, rules

_OF_PEOPLE = frozenset(
    {
        SessionType.AUTHENTICATED,
        SessionType.SIGN_ON,
        SessionType.MFA_PENDING,
        SessionType.PASSWORD_EXPIRED,
        SessionType.REAUTH,
    }
)


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Sessions(Protocol):
    """The part of the session service that is needed here."""

    def live(self, module_key: str | None = None) -> Iterable[Session]: ...
    async def revoke(self, ref: str) -> bool: ...


class Leftovers:
    """Ends them. Start it after the sessions and the directory, and before anybody is served."""

    def __init__(self, sessions: Sessions, directory: Directory, tasks: Supervisor) -> None:
        self._sessions = sessions
        self._directory = directory
        self._tasks = tasks

    async def start(self) -> None:
        """End the sessions of everybody who is disabled, or is another person now."""
        await self._end(self._foreign(self._sessions.live()))

    def told(self, change: PersonChanged) -> None:
        """Somebody is there who was not: end the sessions of whoever had the name before."""
        if change.before is None and change.person is not None:
            foreign = self._foreign(self._sessions.live(change.name))
            if foreign:
                self._tasks.run(self._end(foreign), name=f"signin.leftovers.{change.name}")

    def _foreign(self, live: Iterable[Session]) -> list[Session]:
        return [session for session in live if session.type in _OF_PEOPLE and self._is_out(session)]

    def _is_out(self, session: Session) -> bool:
        person = self._directory.person(session.module_key)
        return person is not None and (person.is_disabled or not rules.is_of(session, person))

    async def _end(self, foreign: list[Session]) -> None:
        count = sum([await self._sessions.revoke(session.ref) for session in foreign])
        if count:
            events.left_over_ended(sessions=count)
