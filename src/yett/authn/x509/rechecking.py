"""Sessions that rest on a certificate end with it, also when it ends before its time.

Two look again: the sessions ask whenever one of them would go on, and a round is made from time to
time over everybody who is signed in. Whoever finds a revocation ends the session at once, with
everything that hangs on it and is open; whatever else is wrong only keeps it from going on.
"""

import asyncio
from typing import Protocol

from yett.authn.x509 import events, rules
from yett.authn.x509.model import CA, METHOD, Chain, Origin, Parsed, Reason, Stage, Standing, kept_der
from yett.authn.x509.service import X509
from yett.kernel import Clock, Supervisor
from yett.sessions import Session, SessionType

_TICK = 1.0
_AT_A_TIME = 16
"""Certificates that responders are asked about at a time, which leaves them free for those who sign in."""


class Sessions(Protocol):
    """The part of the session service that is needed here."""

    def live(self, module_key: str | None = None) -> list[Session]: ...
    async def revoke(self, ref: str) -> bool: ...


class Rechecks:
    """Looks at the certificates of those who are signed in."""

    def __init__(self, method: X509, sessions: Sessions, tasks: Supervisor, clock: Clock) -> None:
        self._method = method
        self._sessions = sessions
        self._tasks = tasks
        self._clock = clock
        self._due = 0.0
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go round from now on."""
        self._due = self._clock.monotonic() + self._method.settings.recheck_every.total_seconds()
        self._running = self._tasks.every(_TICK, self.tick, name="x509.recheck")

    async def stop(self) -> None:
        """Go round no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    # When a session would go on.

    async def may_extend(self, session: Session) -> bool:
        """Whether a session may go on as far as its certificate is concerned. For `add_extend_validator`."""
        resting = self._resting(session)
        if resting is None:
            return True
        user, ref = resting.module_key, resting.ref
        events.checking_for_extension(session=ref, user=user)
        is_lenient = self._method.settings.allow_incomplete_sessions
        der = kept_der(resting.metadata)
        if der is None:
            say = events.metadata_missing_allowed if is_lenient else events.metadata_missing_rejected
            say(session=ref, user=user)
            return is_lenient
        if resting.metadata.get(CA) != Origin.EXTERNAL.value:
            say = events.authority_unknown_allowed if is_lenient else events.authority_unknown_rejected
            say(session=ref, user=user)
            return is_lenient
        parsed = rules.parse(der)
        if parsed is None:
            if is_lenient:
                events.extension_soft_parse(session=ref, user=user)
            else:
                events.extension_of_unacceptable(session=ref, user=user, reason=Reason.MALFORMED)
            return is_lenient
        chain = self._method.vouch_again(parsed, user)
        if isinstance(chain, Reason):
            events.extension_of_unacceptable(session=ref, user=user, reason=chain)
            return False
        return await self._is_unrevoked(resting, parsed, chain)

    async def _is_unrevoked(self, session: Session, parsed: Parsed, chain: Chain) -> bool:
        user, ref, serial = session.module_key, session.ref, parsed.serial
        listed, answered = await self._method.standings(chain, is_extension=True)
        if Standing.REVOKED in {listed, answered}:
            stage = Stage.CRL if listed is Standing.REVOKED else Stage.OCSP
            events.extension_of_revoked(session=ref, user=user, serial=serial, stage=stage)
            # Not awaited: this is asked in the middle of extending that very session.
            self._tasks.run(self._sessions.revoke(ref), name="x509.end_session")
            return False
        is_soft = self._method.settings.soft_fail
        for standing, stage in ((listed, Stage.CRL), (answered, Stage.OCSP)):
            if rules.is_doubtful(standing, soft_fail=is_soft):
                events.extension_not_checked(session=ref, user=user, serial=serial, stage=stage)
                return False
        if listed is Standing.UNKNOWN:
            events.extension_soft_list(session=ref, user=user, serial=serial)
        if answered is Standing.UNKNOWN:
            events.extension_soft_responder(session=ref, user=user, serial=serial)
        return True

    def _resting(self, session: Session) -> Session | None:
        """The sign-on that a session hangs on, or itself, if that rests on a certificate."""
        if session.type is SessionType.SIGN_ON:
            return session if _rests(session) else None
        if not session.parent:
            return None
        for each in self._sessions.live(session.module_key):
            if each.ref == session.parent:
                return each if _rests(each) else None
        return None

    # From time to time.

    async def tick(self) -> None:
        """Make the round when it is time."""
        settings = self._method.settings
        pause = settings.recheck_every.total_seconds()
        now = self._clock.monotonic()
        if not settings.enabled or not pause or now < min(self._due, now + pause):
            self._due = min(self._due, now + pause)
            return
        self._due = now + pause
        await self.check_all()

    async def check_all(self) -> int:
        """Look at every certificate that somebody is signed in with; how many sessions were ended.

        Lists come first: whom they name does not stay for as long as responders take over others.
        """
        ended = 0
        asked: list[tuple[Session, Parsed, Chain]] = []
        for session in self._sessions.live():
            if session.type is not SessionType.SIGN_ON or not _rests(session):
                continue
            found = self._vouched(session)
            if found is not None:
                parsed, chain = found
                if self._method.listed(chain) is Standing.REVOKED:
                    events.check_found_listed(user=session.module_key, serial=parsed.serial)
                    ended += await self._sessions.revoke(session.ref)
                else:
                    asked.append((session, parsed, chain))
            # Each takes half a millisecond; others are not to wait for a thousand.
            await asyncio.sleep(0)
        for place in range(0, len(asked), _AT_A_TIME):
            batch = asked[place : place + _AT_A_TIME]
            ended += sum(await asyncio.gather(*(self._ask(*each) for each in batch)))
        return ended

    def _vouched(self, session: Session) -> tuple[Parsed, Chain] | None:
        """The certificate of a session with its path, as of now."""
        user = session.module_key
        der = kept_der(session.metadata)
        if der is None:
            events.check_without_certificate(user=user)
            return None
        parsed = rules.parse(der)
        if parsed is None:
            events.check_not_parsed(user=user)
            return None
        events.checking(user=user, serial=parsed.serial)
        chain = self._method.vouch_again(parsed, user)
        # What is wrong is said when the session would be extended, which it is not.
        return None if isinstance(chain, Reason) else (parsed, chain)

    async def _ask(self, session: Session, parsed: Parsed, chain: Chain) -> bool:
        """Whether a session was ended because its certificate is revoked."""
        user, serial = session.module_key, parsed.serial
        listed, answered = await self._method.standings(chain, is_extension=True)
        if listed is Standing.REVOKED:
            events.check_found_listed(user=user, serial=serial)
        elif answered is Standing.REVOKED:
            events.check_found_revoked(user=user, serial=serial)
        else:
            self._say_unrevoked(user, serial, listed, answered)
            return False
        return await self._sessions.revoke(session.ref)

    def _say_unrevoked(self, user: str, serial: str, listed: Standing, answered: Standing) -> None:
        unknown = {Standing.UNKNOWN, Standing.STRANGE}
        if answered in unknown:
            events.check_failed(user=user, serial=serial, stage=Stage.OCSP)
        elif listed in unknown:
            events.check_failed(user=user, serial=serial, stage=Stage.CRL)
        elif answered is Standing.GOOD:
            events.check_passed(user=user, serial=serial)
        else:
            events.check_valid(user=user, serial=serial)


def _rests(session: Session) -> bool:
    """Whether somebody signed in with a certificate to get this session."""
    return session.metadata.get("method") == METHOD
