"""The second factor: what is offered, codes sent and checked, and the way on.

See `machine` for the states, `pending` and `waits` for what limits guessing.
"""

import enum
from dataclasses import dataclass
from typing import Protocol

from yett.authn.otp import CodeRefused, CodeSent, Refusal
from yett.events import describe
from yett.identity import Person
from yett.identity.access import Assurance, assurance_of
from yett.sessions import Session
from yett.signin import events, machine, rules
from yett.signin.config import MFASettings
from yett.signin.factors import Factors, Given, Wrong
from yett.signin.flow import Flow
from yett.signin.machine import State
from yett.signin.memory import Memory
from yett.signin.model import (
    Factor,
    Method,
    MustEnrol,
    NeedsFactor,
    Outcome,
    Purpose,
    Turned,
    TurnedAway,
    Visitor,
)
from yett.signin.passwords import LDAP, SyncResult
from yett.signin.pending import Missing, Pending
from yett.signin.waits import CodeWaits, Wait
from yett.store import StoreUnavailable


class Directory(Protocol):
    """Who people are, now."""

    def person(self, name: str) -> Person | None: ...


@dataclass(frozen=True, slots=True)
class Open:
    """A half-finished sign-in that waits for a factor."""

    session: Session
    person: Person
    method: Method
    purpose: Purpose
    offers: frozenset[Factor]


@dataclass(frozen=True, slots=True)
class NotYet:
    """The code was not accepted; `left` is how many tries there still are."""

    why: Wrong
    left: int


class Sent(enum.Enum):
    """What became of a code that was asked for, as far as the page has to know."""

    SENT = "sent"
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"
    FAILED = "failed"


class SecondFactor:
    """Takes half-finished sign-ins to their end."""

    def __init__(
        self,
        flow: Flow,
        pending: Pending,
        factors: Factors,
        waits: CodeWaits,
        memory: Memory,
        directory: Directory,
        settings: MFASettings,
        ldap: LDAP | None = None,
    ) -> None:
        self._flow = flow
        self._pending = pending
        self._factors = factors
        self._waits = waits
        self._memory = memory
        self._directory = directory
        self._settings = settings
        self._ldap = ldap

    def apply(self, settings: MFASettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings
        self._pending.apply(settings)
        self._factors.apply(settings)
        self._waits.apply(settings)

    async def find(self, token: str) -> Open | TurnedAway:
        """The half-finished sign-in of a browser, if it waits for a factor."""
        session = await self._pending.find(token)
        if isinstance(session, Missing):
            return _missing(session)
        method, purpose = rules.method_of(session), rules.purpose_of(session)
        person = self._directory.person(session.module_key)
        if method is None or purpose not in _ASKING:
            return TurnedAway(Turned.OVER)
        if person is None or person.is_disabled or not rules.is_of(session, person):
            await self._pending.end(session)
            return TurnedAway(Turned.OVER)
        offers = await self._offers(person, method, rules.needed_of(session))
        if isinstance(offers, TurnedAway):
            return offers
        return Open(session, person, method, purpose, offers)

    async def _offers(
        self, person: Person, method: Method, needed: Assurance
    ) -> frozenset[Factor] | TurnedAway:
        """With what somebody may answer who signed in by a method and has to prove so much."""
        try:
            standing = rules.other_than(method, await self._factors.standing(person))
        except StoreUnavailable as problem:
            events.enrolment_unknown(user=person.name, error=describe(problem))
            return TurnedAway(Turned.UNAVAILABLE)
        policy = rules.policy_for(person.groups, method, self._settings)
        return machine.lifting(machine.offers(standing, policy), method, needed)

    # Proving more than at the sign-in.

    async def demand(
        self, session: Session, person: Person, needed: Assurance, visitor: Visitor
    ) -> NeedsFactor | TurnedAway:
        """Ask somebody who is signed in for the factor that they lack; no other is worth asking for."""
        method, held = rules.method_of(session), assurance_of(session.metadata)
        offers = await self._offers(person, method, needed) if method is not None else frozenset()
        if isinstance(offers, TurnedAway):
            return offers
        if method is None or not offers:
            events.step_up_impossible(user=person.name, session=session.ref, needed=needed, held=held)
            return TurnedAway(Turned.NO_FACTOR)
        events.factor_required(user=person.name, method=method.value)
        facts = {**session.metadata, rules.NEEDED: needed.value}
        issued = await self._flow.pend(person, Purpose.STEP_UP, facts, parent=session.ref)
        if isinstance(issued, TurnedAway):
            return issued
        await self._factors.send_first(person, offers, visitor)
        return NeedsFactor(issued, offers)

    async def lifting(self, token: str, session: Session, needed: Assurance = Assurance.SINGLE) -> bool:
        """Whether the browser's half-finished sign-in is the step-up of its session, to this much at least."""
        waiting = await self.find(token) if token else None
        return (
            isinstance(waiting, Open)
            and waiting.purpose is Purpose.STEP_UP
            and waiting.session.parent == session.ref
            and rules.needed_of(waiting.session).reaches(needed)
        )

    # Codes by mail.

    async def send(self, waiting: Open, visitor: Visitor) -> tuple[Sent, float]:
        """Send a code because it was asked for; what came of it, and how many seconds until the next may be."""
        if Factor.EMAIL not in waiting.offers:
            return Sent.FAILED, 0.0
        sent = await self._factors.send(waiting.person, visitor)
        user = waiting.person.name
        match sent:
            case CodeSent():
                events.resent(user=user)
                return Sent.SENT, sent.resend_after
            case CodeRefused():
                events.resend_failed(user=user, reason=sent.reason)
                return _SENT.get(sent.reason, Sent.FAILED), sent.retry_after
            case None:
                return Sent.FAILED, 0.0

    # Checking.

    async def submit(
        self,
        token: str,
        typed: str,
        by: Factor,
        visitor: Visitor,
        *,
        earlier: Session | None,
        sign_on: str = "",
    ) -> Outcome | NotYet:
        """Check what was typed, and go on if it is right. The try counts before anything is looked at.

        `sign_on` is the token of the browser's sign-on session, which a step-up exchanges.
        """
        # One after the other: or the last wrong try would end the sign-in while a right one is on its way.
        async with self._pending.turn(token):
            return await self._submit(token, typed, by, visitor, earlier, sign_on)

    async def _submit(
        self, token: str, typed: str, by: Factor, visitor: Visitor, earlier: Session | None, sign_on: str
    ) -> Outcome | NotYet:
        waiting = await self.find(token)
        if isinstance(waiting, TurnedAway):
            return waiting
        user = waiting.person.name
        if by not in _offered(waiting.offers):
            return NotYet(Wrong.WRONG, self._settings.tries)
        is_known = await self._memory.knows(user, visitor.address)
        begun = await self._waits.begin(user, visitor.address, is_known=is_known)
        if isinstance(begun, Wait):
            return TurnedAway(Turned.UNAVAILABLE if begun.is_ours else Turned.THROTTLED, begun.seconds)
        left = await self._pending.count_try(waiting.session)
        if isinstance(left, Missing):
            return await self._end(waiting, left)
        checked = await self._factors.check(user, typed, by, visitor)
        if isinstance(checked, Wrong):
            self._waits.wrong(user, begun)
            if left == 0:
                return await self._end(waiting, Missing.OVER)
            return NotYet(checked, left)
        await self._waits.right(begun)
        return await self._go_on(token, waiting, checked, visitor, earlier, sign_on)

    async def _end(self, waiting: Open, why: Missing) -> TurnedAway:
        if why is Missing.OVER:
            events.tries_used_up(user=waiting.person.name, session=waiting.session.ref)
            await self._pending.end(waiting.session)
        return _missing(why)

    async def _go_on(
        self,
        token: str,
        waiting: Open,
        given: Given,
        visitor: Visitor,
        earlier: Session | None,
        sign_on: str,
    ) -> Outcome:
        used = await self._pending.use(token, waiting.session)
        if isinstance(used, Missing):
            return _missing(used)
        person, groups = await self._reread(waiting, used)
        if person is None:
            return TurnedAway(Turned.OVER)
        if waiting.purpose is Purpose.STEP_UP:
            return await self._flow.lift(sign_on, used.parent, given.factor)
        facts = rules.with_factor(used.metadata, given.factor, waiting.method)
        not_after = used.certificate_not_after
        policy = rules.policy_for(groups, waiting.method, self._settings)
        has_own = bool(waiting.offers - {Factor.EMAIL, Factor.RECOVERY})
        needs_own = policy.is_required and not has_own
        purpose = Purpose.SIGN_UP if needs_own else waiting.purpose
        outcome: Outcome
        if machine.after_code(purpose) is State.ENROL:
            events.signup_verified(user=person.name)
            issued = await self._flow.pend(person, Purpose.ENROL, facts, not_after=not_after)
            outcome = issued if isinstance(issued, TurnedAway) else MustEnrol(issued)
        else:
            outcome = await self._flow.finish(
                person, waiting.method, visitor, facts, earlier=earlier, not_after=not_after
            )
        if not isinstance(outcome, TurnedAway):
            events.answered(user=person.name, purpose=purpose)
        return outcome

    async def _reread(self, waiting: Open, used: Session) -> tuple[Person | None, tuple[str, ...]]:
        """The person as the directory has them by now, nobody who is gone or disabled; and their groups."""
        ldap, groups = self._ldap, None
        if ldap is not None and waiting.person.source == ldap.source:
            synced = await ldap.sync(waiting.person.name)
            if synced is SyncResult.NOT_THERE:
                return None, ()
            if synced is SyncResult.FAILED:
                events.groups_cached(user=waiting.person.name)
                groups = tuple(used.metadata.get("groups", "").split())
        person = self._directory.person(waiting.person.name)
        if person is None or person.is_disabled:
            return None, ()
        return person, person.groups if groups is None else groups

    async def given(
        self,
        token: str,
        user: str,
        factor: Factor,
        visitor: Visitor,
        *,
        earlier: Session | None,
        sign_on: str = "",
    ) -> Outcome | None:
        """Go on with a factor that another step has checked; None when no sign-in of that person waits for it."""
        waiting = await self.find(token) if token else None
        if not isinstance(waiting, Open) or waiting.person.name != user or factor not in waiting.offers:
            return None
        return await self._go_on(token, waiting, Given(factor), visitor, earlier, sign_on)

    # Enrolling.

    async def enrolling(self, token: str) -> tuple[Session, Person] | TurnedAway:
        """Whoever has to enrol a factor before they are let in."""
        session = await self._pending.find(token)
        if isinstance(session, Missing):
            return _missing(session)
        person = self._directory.person(session.module_key)
        if rules.purpose_of(session) is not Purpose.ENROL or person is None or person.is_disabled:
            return TurnedAway(Turned.OVER)
        return (session, person) if rules.is_of(session, person) else TurnedAway(Turned.OVER)

    async def may_enrol(self, person: Person) -> bool:
        """Whether the person still has no factor of their own: whoever came first has it."""
        try:
            return not machine.has_own(await self._factors.standing(person))
        except StoreUnavailable as problem:
            events.enrolment_unknown(user=person.name, error=describe(problem))
            return False

    async def enrolled(
        self, token: str, factor: Factor, visitor: Visitor, *, earlier: Session | None
    ) -> Outcome:
        """Let somebody in who has just enrolled the factor they needed."""
        found = await self.enrolling(token)
        if isinstance(found, TurnedAway):
            return found
        session, person = found
        method = rules.method_of(session)
        if method is None:
            return TurnedAway(Turned.OVER)
        used = await self._pending.use(token, session)
        if isinstance(used, Missing):
            return _missing(used)
        facts = rules.with_factor(used.metadata, factor, method, is_new=True)
        return await self._flow.finish(
            person, method, visitor, facts, earlier=earlier, not_after=used.certificate_not_after
        )


_ASKING = frozenset({Purpose.SIGN_IN, Purpose.SIGN_UP, Purpose.STEP_UP})
"""What a code may be asked for."""
_SENT = {
    Refusal.TOO_SOON: Sent.TOO_SOON,
    Refusal.TOO_MANY: Sent.TOO_MANY,
    Refusal.LOCKED: Sent.TOO_MANY,
}


def _offered(offers: frozenset[Factor]) -> frozenset[Factor]:
    """What a typed code may be checked as."""
    return offers & {Factor.TOTP, Factor.RECOVERY, Factor.EMAIL}


def _missing(why: Missing) -> TurnedAway:
    return TurnedAway(Turned.OVER if why is Missing.OVER else Turned.UNAVAILABLE)
