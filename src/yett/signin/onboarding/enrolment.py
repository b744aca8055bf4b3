"""The half-finished sign-in in which somebody enrols their first factor."""

from collections.abc import Mapping
from typing import Protocol

from yett.identity import Person
from yett.sessions import Session
from yett.signin.flow import Factors, Flow
from yett.signin.model import (
    Factor,
    MustEnrol,
    NeedsFactor,
    Purpose,
    Turned,
    TurnedAway,
    Visitor,
)
from yett.signin.onboarding import events, rules
from yett.signin.rules import AGAIN


class Second(Protocol):
    """The part of the second factor that is needed here."""

    async def enrolling(self, token: str) -> tuple[Session, Person] | TurnedAway: ...


class Enrolment:
    """Makes it, and makes sure that it is what was asked for."""

    def __init__(self, flow: Flow, second: Second, factors: Factors) -> None:
        self._flow = flow
        self._second = second
        self._factors = factors

    async def by_code(self, session: Session, person: Person, visitor: Visitor) -> NeedsFactor | TurnedAway:
        """Send a code to the person's mail; once it is typed, they enrol."""
        facts = {**_facts(session), rules.MARK: "1"}
        issued = await self._flow.pend(
            person, Purpose.SIGN_UP, facts, not_after=session.certificate_not_after
        )
        if isinstance(issued, TurnedAway):
            events.session_not_created(user=person.name)
            return issued
        offers = frozenset({Factor.EMAIL})
        await self._factors.send_first(person, offers, visitor)
        return NeedsFactor(issued, offers)

    async def at_once(self, session: Session, person: Person) -> MustEnrol | TurnedAway:
        """Let somebody enrol who has proven enough by the session they have."""
        return await self.of(person, _facts(session), not_after=session.certificate_not_after)

    async def of(
        self, person: Person, facts: Mapping[str, str], *, not_after: float | None = None
    ) -> MustEnrol | TurnedAway:
        """Let somebody enrol of whom these facts are known."""
        issued = await self._flow.pend(person, Purpose.ENROL, facts, not_after=not_after)
        if isinstance(issued, TurnedAway):
            events.session_not_created(user=person.name)
            return issued
        found = await self._second.enrolling(issued.token)
        if isinstance(found, TurnedAway) or found[1].name != person.name:
            events.session_invalid(user=person.name)
            return TurnedAway(Turned.UNAVAILABLE)
        events.entering(user=person.name, method=facts.get("method", ""))
        return MustEnrol(issued)

    def told(self, session: Session) -> None:
        """A session was made: it may be the one after the code that was sent from here."""
        if rules.comes_from_here(session):
            events.entering(user=session.module_key, method=session.metadata.get("method", ""))


def _facts(session: Session) -> dict[str, str]:
    """What is known of the person from the sign-in they came with, which was asked for anew."""
    return {**session.metadata, AGAIN: "1"}
