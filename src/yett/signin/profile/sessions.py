"""The sessions of one person, as they see and end them."""

from collections.abc import Iterable
from typing import Protocol

from yett.sessions import Session
from yett.signin.profile import events, rules
from yett.signin.profile.model import Owner, ShownSession


class Sessions(Protocol):
    """The part of the session service that owners of sessions need."""

    def live(self, module_key: str | None = None) -> list[Session]: ...
    async def revoke(self, ref: str) -> bool: ...
    async def revoke_all(self, module_key: str) -> int: ...


class OwnSessions:
    """Lists and ends them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def shown(self, owner: Owner) -> tuple[ShownSession, ...]:
        """Every sign-in of the person, this one first."""
        return rules.shown_sessions(self._sessions.live(owner.person.name), owner.session)

    async def end(self, owner: Owner, ref: str) -> bool:
        """End one, and what hangs on it; whether it was one of theirs. What is somebody else's is left alone."""
        if ref not in {each.ref for each in self.shown(owner)}:
            return False
        is_ended = await self._sessions.revoke(ref)
        if is_ended:
            events.session_ended(user=owner.person.name, session=ref)
        return is_ended

    async def end_others(self, owner: Owner) -> int:
        """End all but this one, half-finished sign-ins too; how many."""
        count = await self._end(
            each for each in self._sessions.live(owner.person.name) if not _is_of(each, owner.session)
        )
        events.others_ended(user=owner.person.name, sessions=count)
        return count

    async def end_all(self, owner: Owner) -> int:
        """Sign the person out everywhere; how many sessions there were."""
        count = await self._sessions.revoke_all(owner.person.name)
        events.all_ended(user=owner.person.name, sessions=count)
        return count

    async def _end(self, sessions: Iterable[Session]) -> int:
        # What hangs on another goes with it, so it may be gone by its turn.
        return sum([await self._sessions.revoke(each.ref) for each in sessions])


def _is_of(session: Session, current: Session) -> bool:
    return current.ref in (session.ref, session.parent)
