"""What somebody would be asked for if they signed in now, decided by what decides it when they do."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from yett.identity import Person
from yett.identity.access import Assurance
from yett.signin import machine, rules
from yett.signin.config import MFASettings
from yett.signin.machine import Standing, State
from yett.signin.model import Factor, Method

Offered = Callable[[Person], Awaitable[bool]]
"""Whether a person can use a method."""


class Factors(Protocol):
    """Which second factors people have."""

    async def standing(self, person: Person) -> Standing: ...


@dataclass(frozen=True, slots=True)
class Way:
    """One way in."""

    method: Method
    leads_to: State
    """Where the first factor leads; NOWHERE when that is the end of it."""
    factors: frozenset[Factor]
    """With which the person could go on, or prove more later."""
    proves: Assurance
    """How much is known of somebody who took it, without being asked for more."""

    def can_reach(self, needed: Assurance) -> bool:
        """Whether whoever took this way can prove as much as that."""
        if self.leads_to is State.NOWHERE:
            return False
        return self.proves.reaches(needed) or bool(machine.lifting(self.factors, self.method, needed))


class Foresight:
    """Knows which methods are on, and what is demanded after each."""

    def __init__(self, factors: Factors, settings: MFASettings, offered: Mapping[Method, Offered]) -> None:
        self._factors = factors
        self._settings = settings
        self._offered = offered

    def apply(self, settings: MFASettings) -> None:
        """Go by other settings from now on."""
        self._settings = settings

    async def ways(self, person: Person) -> tuple[Way, ...]:
        """Every way in for a person. Raises StoreUnavailable when their factors cannot be known."""
        standing = await self._factors.standing(person)
        found = [each for each, is_offered in self._offered.items() if await is_offered(person)]
        return tuple(self._way(person, method, standing) for method in found)

    async def after(self, person: Person, method: Method) -> Way:
        """What somebody who came by a method can go on with. Raises StoreUnavailable."""
        return self._way(person, method, await self._factors.standing(person))

    def _way(self, person: Person, method: Method, known: Standing) -> Way:
        policy = rules.policy_for(person.groups, method, self._settings)
        standing = rules.other_than(method, known)
        # Nearly every passkey checks its owner, and only whoever holds it could tell.
        is_two_factor = method is Method.PASSKEY
        state = machine.after_first(policy, standing, is_two_factor=is_two_factor)
        offers = machine.offers(standing, policy)
        return Way(method, state, offers, _proves(method, state, offers, is_two_factor=is_two_factor))


def _proves(method: Method, state: State, offers: frozenset[Factor], *, is_two_factor: bool) -> Assurance:
    """The most that the way proves by itself."""
    if state is State.SIGNED_IN:
        return machine.assurance(method, is_two_factor=is_two_factor)
    proven = [machine.assurance(method, is_two_factor=True, factor=factor) for factor in offers]
    # Whoever enrols a factor on the way has two afterwards, of which the new one resists nothing yet.
    least = Assurance.SINGLE if state is State.NOWHERE else Assurance.MFA
    return max(proven, key=lambda each: each.rank, default=least)
