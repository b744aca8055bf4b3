"""Nouns of bearer tokens."""

from dataclasses import dataclass, field

from yett.identity import Person


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
