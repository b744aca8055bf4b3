"""Nouns of one's own account."""

import enum
from dataclasses import dataclass

from yett.identity import Person
from yett.sessions import Session


class Way(enum.Enum):
    """How somebody gets to change how they sign in."""

    OPEN = "open"
    AGAIN = "again"
    """They have to show anew that it is them: a browser left alone is not enough."""
    ONBOARDING = "onboarding"
    """They have nothing but a password yet, and have to prove more before they set up something lasting."""
    UNAVAILABLE = "unavailable"
    """What they have cannot be read."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever looks at their account, by this session."""

    session: Session
    person: Person
    token: str


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session as its owner sees it."""

    ref: str
    host: str
    browser: str
    """In plain words; empty when nothing is known."""
    address: str
    since: float
    used: float
    is_this: bool
    applications: tuple[str, ...] = ()
    """The hosts of the application sessions that hang on it."""


@dataclass(frozen=True, slots=True)
class App:
    """The authenticator app of a person."""

    since: float
    """0 when it cannot be read."""
    recovery_left: int


@dataclass(frozen=True, slots=True)
class Link:
    """Another page of one's account, of a room that the profile knows nothing of."""

    href: str
    label: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What a person has. A part that is None they do not have, or it cannot be read: then it is not whole."""

    is_whole: bool
    app: App | None
    passkeys: int | None
    sessions: int
    language: str
    can_change_password: bool
    tokens: int | None = None
    """How many access tokens; None for whoever may have none."""
