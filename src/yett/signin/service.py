"""What a sign-in does: prove, look the person up, make the session. It fails closed at each step."""

from collections.abc import Mapping
from typing import Protocol

from yett.authn.password import Accepted, Rejected
from yett.events import current_scope, is_in_scope
from yett.identity import Person
from yett.sessions import Issued, Session, SessionNotCreated, SessionType
from yett.signin import events, rules
from yett.signin.memory import Memory
from yett.signin.model import AMR, METHOD, Turned, TurnedAway, Visit, Visitor


class Password(Protocol):
    """The method that checks passwords."""

    async def verify(self, name: str, password: str) -> Accepted | Rejected: ...


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


class Sessions(Protocol):
    """The part of the session service that signing in needs."""

    async def create(
        self,
        type: SessionType,  # noqa: A002 - the session service's own name for it
        module_key: str,
        *,
        audience: str,
        metadata: Mapping[str, str],
    ) -> Issued: ...
    async def validate(self, token: str, *, audience: str | None) -> Session | None: ...
    async def revoke(self, ref: str) -> bool: ...
    def live(self, module_key: str | None = None) -> list[Session]: ...


class Flow:
    """Signing in and out, without HTTP."""

    def __init__(
        self,
        password: Password,
        sessions: Sessions,
        directory: Directory,
        memory: Memory,
        audience: str,
    ) -> None:
        self._password = password
        self._sessions = sessions
        self._directory = directory
        self._memory = memory
        self._audience = audience

    async def current(self, token: str) -> tuple[Session, Person] | None:
        """The sign-on session of a browser and whose it is; nobody who is gone or disabled."""
        if not token:
            return None
        session = await self._sessions.validate(token, audience=self._audience)
        if session is None or session.type is not SessionType.SIGN_ON:
            return None
        person = self._directory.person(session.module_key)
        return None if person is None or person.is_disabled else (session, person)

    def live(self, person: Person) -> list[Session]:
        """Every session the person has now."""
        return self._sessions.live(person.name)

    async def before(self, session: Session) -> Visit | None:
        """The person's sign-in before the one that made this session, if one is remembered."""
        return await self._memory.before(session)

    async def sign_in(
        self, name: str, password: str, visitor: Visitor, *, earlier: Session | None
    ) -> Issued | TurnedAway:
        """A new sign-on session for whoever knows the password; `earlier`, the browser's session so far, ends."""
        verdict = await self._password.verify(name, password)
        if isinstance(verdict, Rejected):
            return rules.judge_rejection(verdict)
        person = self._directory.person(verdict.name)
        if person is None:
            events.person_gone(user=verdict.name, client_address=visitor.address)
            return TurnedAway(Turned.WRONG)
        if person.is_disabled:
            events.account_disabled(user=person.name, client_address=visitor.address)
            return TurnedAway(Turned.WRONG)
        _know(user=person.name)
        events.completed(user=person.name, method=METHOD)
        return await self._finalize(person, visitor, earlier)

    async def _finalize(
        self, person: Person, visitor: Visitor, earlier: Session | None
    ) -> Issued | TurnedAway:
        metadata = {
            "method": METHOD,
            "amr": AMR,
            "client_address": visitor.address,
            "user_agent": visitor.user_agent,
        }
        try:
            issued = await self._sessions.create(
                SessionType.SIGN_ON, person.name, audience=self._audience, metadata=metadata
            )
        except SessionNotCreated as problem:
            events.session_failed(user=person.name, reason=problem.reason)
            return TurnedAway(Turned.UNAVAILABLE)
        if earlier is not None:
            await self._sessions.revoke(earlier.ref)
        ref = issued.session.ref
        _know(session=ref)
        events.signed_in(user=person.name, method=METHOD, session=ref, client_address=visitor.address)
        await self._memory.keep(issued.session, visitor)
        return issued

    async def sign_out(self, session: Session) -> None:
        """End the sign-on session and every application session that hangs on it."""
        await self._sessions.revoke(session.ref)
        # Not sooner: requests of a session that ends are cut, and this one has to be answered.
        _know(user=session.module_key, session=session.ref)
        events.signed_out(user=session.module_key, session=session.ref)


def _know(*, user: str = "", session: str = "") -> None:
    """Let what is said from here on in this exchange carry who it is about."""
    if is_in_scope():
        scope = current_scope()
        scope.user = user or scope.user
        scope.session = session or scope.session
