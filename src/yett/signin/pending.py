"""Half-finished sign-ins: found by their cookie, tried at most so often, and used once.

What must stay true:
  a try counts before its code is looked at, so that many at once are not many for free;
  of any number of right answers to one half-finished sign-in exactly one goes on;
  when the store cannot say, nobody goes on.
"""

import asyncio
import enum
from weakref import WeakValueDictionary

from yett.events import describe
from yett.kernel import Clock
from yett.sessions import Session, SessionType
from yett.signin import events
from yett.signin.config import MFASettings
from yett.signin.flow import Sessions
from yett.store import Records, StoreUnavailable

_TRIES = "signin/tries/"
_USED = "signin/used/"
_ROUNDS = 200
"""How often a count is written. Each write that is lost means that another try of this sign-in was counted."""
_MARGIN = 5.0
"""Seconds that what is known of a sign-in outlives it, so that clocks may differ."""


class Missing(enum.Enum):
    """Why a half-finished sign-in does not go on."""

    OVER = "over"
    UNAVAILABLE = "unavailable"


class Pending:
    """The sessions of half-finished sign-ins."""

    def __init__(
        self, sessions: Sessions, records: Records, settings: MFASettings, clock: Clock, *, audience: str
    ) -> None:
        self._sessions = sessions
        self._records = records
        self._settings = settings
        self._clock = clock
        self._audience = audience
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def apply(self, settings: MFASettings) -> None:
        """Go by other settings from now on; tries that were counted stay so."""
        self._settings = settings

    async def find(
        self,
        token: str,
        type: SessionType = SessionType.MFA_PENDING,  # noqa: A002 - the session service's own name for it
    ) -> Session | Missing:
        """The half-finished sign-in of a browser."""
        events.validating()
        try:
            session = await self._validate(token, type)
        except (TimeoutError, StoreUnavailable) as problem:
            events.validation_failed(error=describe(problem))
            return Missing.UNAVAILABLE
        if session is None:
            events.not_valid()
            return Missing.OVER
        events.validated(user=session.module_key, session=session.ref)
        return session

    def turn(self, token: str) -> asyncio.Lock:
        """What whoever tries holds meanwhile, so that tries of one sign-in come one after the other on this node."""
        return self._turns.setdefault(token, asyncio.Lock())

    async def count_try(self, session: Session) -> int | Missing:
        """Count one more try; how many are left after it."""
        most = self._settings.tries
        key = _TRIES + session.ref
        lifetime = self._lifetime(session)
        try:
            for _ in range(_ROUNDS):
                found = await self._records.get(key)
                tries = 0 if found is None else int(found.value)
                if tries >= most:
                    return Missing.OVER
                value = str(tries + 1).encode("ascii")
                if found is None:
                    version = await self._records.create(key, value, lifetime=lifetime)
                else:
                    version = await self._records.replace(
                        key, value, version=found.version, lifetime=lifetime
                    )
                if version is not None:
                    return most - tries - 1
        except (StoreUnavailable, ValueError) as problem:
            events.try_not_counted(user=session.module_key, error=describe(problem))
            return Missing.UNAVAILABLE
        return Missing.OVER

    async def use(self, token: str, session: Session) -> Session | Missing:
        """Use up a sign-in whose factor was given; only the first of any number of callers gets it."""
        events.retrieving(user=session.module_key)
        try:
            found = await self._validate(token, session.type)
            if found is None or found.ref != session.ref:
                events.not_valid()
                return Missing.OVER
            version = await self._records.create(_USED + session.ref, b"", lifetime=self._lifetime(session))
        except (TimeoutError, StoreUnavailable) as problem:
            events.retrieval_failed(user=session.module_key, error=describe(problem))
            return Missing.UNAVAILABLE
        if version is None:
            events.not_valid()
            return Missing.OVER
        await self._sessions.revoke(session.ref)
        events.retrieved(user=session.module_key, session=session.ref)
        return found

    async def end(self, session: Session) -> None:
        """End a sign-in that must not go on."""
        await self._sessions.revoke(session.ref)

    async def end_all(self, session: Session) -> None:
        """End whatever anybody has in the name of its person, this sign-in too."""
        await self._sessions.revoke_all(session.module_key)

    async def _validate(self, token: str, kind: SessionType) -> Session | None:
        if not token:
            return None
        async with asyncio.timeout(self._settings.check_timeout.total_seconds()):
            return await self._sessions.validate(token, audience=self._audience, type=kind)

    def _lifetime(self, session: Session) -> float:
        return max(session.expires_at - self._clock.now(), 0.0) + _MARGIN
