"""Nouns of bearer tokens."""

import enum
from dataclasses import dataclass, field

from yett.identity import Person
from yett.identity.federation import Trade, Wrong
from yett.oidc import Unminted, Wanted


@dataclass(frozen=True, slots=True)
class WantedElsewhere(Wanted):
    """A wish for another authorization server's token; it is used for `lifetime` at most."""

    # Wishes are looked up with every request. What differs in this alone is told apart when it is compared.
    trade: Trade = field(kw_only=True, hash=False)


class Cause(enum.Enum):
    """Why there is no token."""

    KEY = Unminted.KEY.value
    PERSON = Unminted.PERSON.value
    OVER = Unminted.OVER.value
    """It would be over at once: the session ends now, or so does the token that a provider gave."""
    TOO_LONG = Unminted.TOO_LONG.value
    MALFORMED = Unminted.MALFORMED.value
    NOT_KEPT = Unminted.NOT_KEPT.value
    PROVIDER = "provider"
    """The provider whose token is wanted is not there, or not as it was when that was set up."""
    UNREACHABLE = "unreachable"
    """That provider could not be asked now."""
    REFUSED = "refused"
    """It was asked, and gave none."""


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no token to be had."""

    why: Cause | Wrong
    error: str = ""
    """More about it: the code that the provider gave, or our own words."""

    def __str__(self) -> str:
        return f"{self.why.value}: {self.error}" if self.error else self.why.value


@dataclass(frozen=True, slots=True)
class Held:
    """A token that this node has, ready to be sent."""

    token: str = field(repr=False)
    line: bytes = field(repr=False)
    """The header line."""
    person: Person
    """Whom it describes, as they were known when it was made."""
    issued_at: float
    refresh_at: float
    """From here on it is renewed, by whoever uses it."""
    expires_at: float
    """From here on it is not sent any more; it is good for a little longer, for the way."""
