"""Rules about who may reach something, and what can come out of applying one."""

import enum
from dataclasses import dataclass

ASSURANCE = "assurance"
"""Under this name a session keeps how much is known of whoever has it."""
METHODS = "amr"
"""Under this name it keeps by which methods they proved who they are (RFC 8176, section 2)."""


class Assurance(enum.Enum):
    """How much is known of somebody who signed in, weakest first."""

    SINGLE = "single"
    MFA = "mfa"
    PHISHING_RESISTANT = "phishing_resistant"
    """Several factors, one of which cannot be relayed."""

    @property
    def rank(self) -> int:
        """Its place among all of them."""
        return _RANKS[self]

    def reaches(self, other: "Assurance") -> bool:
        """Whether it is as much as another, or more."""
        return self.rank >= other.rank


_RANKS = {each: rank for rank, each in enumerate(Assurance)}


class Reason(enum.Enum):
    """Why somebody who is signed in may not pass."""

    NO_GROUP = "no_group"
    """None of the person's groups is among those the rule names."""
    UNKNOWN_PERSON = "unknown_person"
    """The session names somebody whom the directory does not (or no longer) know."""
    DISABLED = "disabled"
    """The person is known and switched off."""


@dataclass(frozen=True, slots=True)
class Demand:
    """How much has to be known of members of one of `groups`; without groups, of everybody."""

    assurance: Assurance
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may pass: everybody (`is_public`), members of one of `groups`, or, without groups, anyone signed in.

    Of those who may, `demands` say how well they have to have proven who they are; the strictest counts.
    """

    name: str
    groups: frozenset[str]
    is_public: bool = False
    demands: tuple[Demand, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """Go on."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Denied:
    """Not for this person."""

    rule: Rule
    reason: Reason
    groups_needed: tuple[str, ...]
    groups_held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignInFirst:
    """Nobody is signed in, and the rule asks for somebody."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class StepUp:
    """The person may, once they have proven more than they did when they signed in."""

    rule: Rule
    needed: Assurance
    held: Assurance


Verdict = Allowed | Denied | SignInFirst | StepUp
