"""Rules about who may reach something, and what can come out of applying one."""

import enum
from dataclasses import dataclass


class Reason(enum.Enum):
    """Why somebody who is signed in may not pass."""

    NO_GROUP = "no_group"
    """None of the person's groups is among those the rule names."""
    UNKNOWN_PERSON = "unknown_person"
    """The session names somebody whom the directory does not (or no longer) know."""
    DISABLED = "disabled"
    """The person is known and switched off."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may pass: everybody (`is_public`), members of one of `groups`, or, without groups, anyone signed in."""

    name: str
    groups: frozenset[str]
    is_public: bool = False


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


Verdict = Allowed | Denied | SignInFirst
