"""What becomes of a proof: look the person up, ask for what is missing, make the session.

It fails closed at each step. See `machine` for the states and what must stay true.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from yett.events import current_scope, describe, is_in_scope
from yett.identity import Person
from yett.identity.access import assurance_of
from yett.sessions import PROVING, Issued, Session, SessionNotCreated, SessionType
from yett.signin import events, machine, rules
from yett.signin.config import MFASettings, SignInSettings
from yett.signin.machine import Standing, State
from yett.signin.memory import Memory
from yett.signin.model import (
    Factor,
    Method,
    MustChangePassword,
    MustEnrol,
    NeedsFactor,
    Outcome,
    Purpose,
    SignedIn,
    Turned,
    TurnedAway,
    Visit,
    Visitor,
)
from yett.store import StoreUnavailable

_NOTHING: Mapping[str, str] = {}


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
        parent: str = "",
        lifetime: timedelta | None = None,
        certificate_not_after: float | None = None,
    ) -> Issued: ...
    async def validate(
        self,
        token: str,
        *,
        audience: str | None,
        type: SessionType | None = None,  # noqa: A002 - as above
    ) -> Session | None: ...
    async def annotate(self, ref: str, metadata: Mapping[str, str]) -> Session | None: ...
    async def regenerate(self, token: str) -> Issued | None: ...
    async def revoke(self, ref: str) -> bool: ...
    async def revoke_all(self, module_key: str) -> int: ...
    def live(self, module_key: str | None = None) -> list[Session]: ...


class Factors(Protocol):
    """Which second factors people have."""

    async def standing(self, person: Person) -> Standing: ...
    async def send_first(self, person: Person, offers: frozenset[Factor], visitor: Visitor) -> None: ...


class Flow:
    """Signing in and out, without HTTP."""

    def __init__(
        self,
        sessions: Sessions,
        directory: Directory,
        memory: Memory,
        factors: Factors,
        settings: SignInSettings,
        mfa: MFASettings,
        *,
        audience: str,
    ) -> None:
        self._sessions = sessions
        self._directory = directory
        self._memory = memory
        self._factors = factors
        self._settings = settings
        self._mfa = mfa
        self.audience = audience

    def apply(self, settings: SignInSettings, mfa: MFASettings) -> None:
        """Go by other settings from now on."""
        self._settings, self._mfa = settings, mfa

    # Who is there.

    async def current(self, token: str) -> tuple[Session, Person] | None:
        """The sign-on session of a browser and whose it is; nobody who is gone or disabled."""
        if not token:
            return None
        session = await self._sessions.validate(token, audience=self.audience)
        if session is None or session.type is not SessionType.SIGN_ON:
            return None
        person = self._directory.person(session.module_key)
        if person is None or person.is_disabled or not rules.is_of(session, person):
            return None
        return session, person

    def live(self, person: Person) -> list[Session]:
        """Every session that proves the person now."""
        return [each for each in self._sessions.live(person.name) if each.type in PROVING]

    def is_fresh(self, session: Session) -> bool:
        """Whether the person of a sign-on session has just been asked anew who they are."""
        return any(
            each.type is SessionType.REAUTH and each.parent == session.ref
            for each in self._sessions.live(session.module_key)
        )

    async def before(self, session: Session) -> Visit | None:
        """The person's sign-in before the one that made this session, if one is remembered."""
        return await self._memory.before(session)

    # Going on.

    async def proved(
        self,
        user: str,
        method: Method,
        visitor: Visitor,
        *,
        earlier: Session | None,
        is_two_factor: bool = False,
        again: bool = False,
        certificate_not_after: float | None = None,
        metadata: Mapping[str, str] = _NOTHING,
    ) -> Outcome:
        """Go on with somebody who has proven by a method that they are `user`.

        `earlier` is the browser's sign-on session so far, which a new one ends. `is_two_factor`
        says that the method proved two factors at once; `again`, that the person was asked to sign
        in anew. `metadata` is kept in the session, besides what the flow writes into it.
        """
        found = self._known(user, method, visitor)
        if isinstance(found, TurnedAway):
            return found
        person = found
        _know(user=person.name)
        policy = rules.policy_for(person.groups, method, self._mfa)
        try:
            standing = Standing() if is_two_factor else await self._factors.standing(person)
            standing = rules.other_than(method, standing)
        except StoreUnavailable as problem:
            events.enrolment_unknown(user=person.name, error=describe(problem))
            return TurnedAway(Turned.UNAVAILABLE)
        facts = rules.facts_of(method, visitor, again=again, is_two_factor=is_two_factor, more=metadata)
        match machine.after_first(policy, standing, is_two_factor=is_two_factor):
            case State.SIGNED_IN:
                return await self.finish(
                    person, method, visitor, facts, earlier=earlier, not_after=certificate_not_after
                )
            case State.FACTOR | State.SIGN_UP as state:
                events.factor_required(user=person.name, method=method.value)
                purpose = Purpose.SIGN_UP if state is State.SIGN_UP else Purpose.SIGN_IN
                issued = await self.pend(person, purpose, facts, not_after=certificate_not_after)
                if isinstance(issued, TurnedAway):
                    return issued
                offers = machine.offers(standing, policy)
                await self._factors.send_first(person, offers, visitor)
                return NeedsFactor(issued, offers)
            case State.ENROL:
                events.factor_required(user=person.name, method=method.value)
                issued = await self.pend(person, Purpose.ENROL, facts, not_after=certificate_not_after)
                return issued if isinstance(issued, TurnedAway) else MustEnrol(issued)
            case _:
                events.no_factor(user=person.name, method=method.value)
                return TurnedAway(Turned.NO_FACTOR)

    def _known(self, user: str, method: Method, visitor: Visitor) -> Person | TurnedAway:
        """The person, as far as they may be let in."""
        person = self._directory.person(user)
        if person is None:
            events.person_gone(user=user, method=method.value, client_address=visitor.address)
            return TurnedAway(Turned.WRONG)
        if person.is_disabled:
            events.account_disabled(user=person.name, method=method.value, client_address=visitor.address)
            return TurnedAway(Turned.WRONG)
        return person

    async def pend(
        self,
        person: Person,
        purpose: Purpose,
        facts: Mapping[str, str],
        *,
        not_after: float | None = None,
        parent: str = "",
    ) -> Issued | TurnedAway:
        """A session for a sign-in that is not finished yet; `parent` is the sign-on session that it lifts."""
        metadata = {
            **facts,
            rules.ENTRY: person.entry,
            "purpose": purpose.value,
            "groups": rules.groups_text(person.groups),
        }
        try:
            return await self._sessions.create(
                SessionType.MFA_PENDING,
                person.name,
                audience=self.audience,
                metadata=metadata,
                parent=parent,
                certificate_not_after=not_after,
            )
        except SessionNotCreated as problem:
            events.session_failed(user=person.name, reason=problem.reason)
            return TurnedAway(Turned.UNAVAILABLE)

    async def expired_password(self, user: str, visitor: Visitor) -> MustChangePassword | TurnedAway:
        """Go on with somebody whose password was right but has run out: they may change it, nothing else."""
        found = self._known(user, Method.PASSWORD, visitor)
        if isinstance(found, TurnedAway):
            return found
        events.password_expired(user=found.name)
        try:
            issued = await self._sessions.create(
                SessionType.PASSWORD_EXPIRED,
                found.name,
                audience=self.audience,
                metadata={
                    rules.ENTRY: found.entry,
                    "client_address": visitor.address,
                    "user_agent": visitor.user_agent,
                },
            )
        except SessionNotCreated as problem:
            events.password_session_failed(user=found.name, reason=problem.reason)
            return TurnedAway(Turned.UNAVAILABLE)
        return MustChangePassword(issued)

    # Being in.

    async def finish(
        self,
        person: Person,
        method: Method,
        visitor: Visitor,
        facts: Mapping[str, str],
        *,
        earlier: Session | None,
        not_after: float | None = None,
    ) -> SignedIn | TurnedAway:
        """A new sign-on session for somebody who has proven everything; `earlier` ends."""
        events.completed(user=person.name, method=method.value)
        kept = {name: value for name, value in facts.items() if name != rules.AGAIN}
        metadata = {**kept, rules.ENTRY: person.entry}
        try:
            issued = await self._sessions.create(
                SessionType.SIGN_ON,
                person.name,
                audience=self.audience,
                metadata=metadata,
                certificate_not_after=not_after,
            )
        except SessionNotCreated as problem:
            events.session_failed(user=person.name, reason=problem.reason)
            return TurnedAway(Turned.UNAVAILABLE)
        now = self._known(person.name, method, visitor)
        if isinstance(now, TurnedAway) or now.entry != person.entry:
            # Whoever ended all sessions of theirs meanwhile may have come too early to see this one.
            await self._sessions.revoke(issued.session.ref)
            return TurnedAway(Turned.WRONG)
        if earlier is not None:
            await self._sessions.revoke(earlier.ref)
        ref = issued.session.ref
        _know(session=ref)
        events.signed_in(user=person.name, method=method.value, session=ref, client_address=visitor.address)
        if rules.is_asked_anew(facts, method):
            await self._freshen(issued.session)
        await self._memory.keep(issued.session, visitor)
        return SignedIn(issued)

    async def _freshen(self, session: Session) -> None:
        """Note that the person was asked anew. Without the note they are in all the same, and not fresh."""
        try:
            await self._sessions.create(
                SessionType.REAUTH,
                session.module_key,
                audience=self.audience,
                metadata={"method": session.metadata.get("method", "")},
                parent=session.ref,
                lifetime=self._settings.fresh_for,
            )
        except SessionNotCreated as problem:
            events.reauth_failed(user=session.module_key, reason=problem.reason)
            return
        if not self.is_fresh(session):
            # Whoever ended what the person has came between; the sign-on session is over as well.
            events.reauth_invalid(user=session.module_key, session=session.ref)
            return
        events.reauth_created(user=session.module_key, session=session.ref)

    async def lift(self, token: str, ref: str, factor: Factor) -> SignedIn | TurnedAway:
        """Let the sign-on session `ref`, whose token this is, know of one more factor, under a new token.

        The old token is dead before the session knows more: whoever has seen it gains nothing.
        """
        known = await self.current(token)
        method = rules.method_of(known[0]) if known is not None else None
        if known is None or method is None or known[0].ref != ref:
            return TurnedAway(Turned.OVER)
        user = known[1].name
        issued = await self._sessions.regenerate(token)
        if issued is None:
            events.step_up_failed(user=user, session=ref)
            return TurnedAway(Turned.OVER)
        try:
            session = await self._sessions.annotate(
                ref, rules.lifted(issued.session.metadata, factor, method)
            )
        except StoreUnavailable:
            session = None
        if session is None:
            # Nobody has the new token, so nobody would ever end it.
            await self._sessions.revoke(ref)
            events.step_up_failed(user=user, session=ref)
            return TurnedAway(Turned.UNAVAILABLE)
        _know(user=user, session=ref)
        events.stepped_up(user=user, session=ref, factor=factor, assurance=assurance_of(session.metadata))
        return SignedIn(Issued(issued.token, session))

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
