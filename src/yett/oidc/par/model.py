"""Nouns of pushed requests."""

import enum
from dataclasses import dataclass

PREFIX = "urn:ietf:params:oauth:request_uri:"
"""How a reference begins (RFC 9126, section 2.2)."""


class Use(enum.Enum):
    """Which use of a request this is."""

    FIRST = "first"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request as it is kept."""

    client_id: str
    query: str
    """Its parameters, without what the client proved itself with."""
    pushed_at: float
    ends_at: float
    is_begun: bool = False
    """Whether its person has come, and may take their time to sign in."""
    is_spent: bool = False
