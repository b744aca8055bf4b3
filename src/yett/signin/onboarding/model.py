"""Nouns of onboarding."""

import enum
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

Instant = Annotated[float, Meta(ge=0, lt=253_402_300_800)]


class Step(enum.Enum):
    """What comes next for somebody."""

    WELCOME = "welcome"
    """They have to sign in first, now."""
    CODE = "code"
    """They have to prove that their mail is theirs."""
    ENROL = "enrol"
    DONE = "done"
    """They have a factor of their own."""
    ASK = "ask"
    """They have to ask for an invitation."""


class Refusal(enum.Enum):
    """Why an invitation leads nowhere."""

    NOT_OPEN = "not_open"
    """It was used or withdrawn, has run out, or never was."""
    GONE = "gone"
    """Its person is gone or disabled."""
    HAS_FACTOR = "has_factor"
    """Its person has a factor already."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What is kept of an invitation."""

    user: str
    by: str
    made_at: Instant
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class Invited:
    """A new invitation; the token is shown once."""

    token: str = field(repr=False)
    invitation: Invitation
