"""What rewriting is about."""

import enum
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A host and port by which an application knows itself."""

    host: str
    """In lower case, an IPv6 address in brackets."""
    port: int


class Untouched(enum.Enum):
    """Why the body of a response was not rewritten."""

    TYPE = "type"
    """It is no HTML."""
    CODING = "coding"
    """It came in a coding that was not asked for."""
    CHARSET = "charset"
    """Its characters are no superset of ASCII."""
    PART = "part"
    """It is a part of something."""


class TooLarge(enum.Enum):
    """What was larger than it may be."""

    LENGTH = "length"
    """The whole page, as its head said."""
    BODY = "body"
    """The whole page, as it turned out. What came before was rewritten."""
    TAG = "tag"
    """One tag. What came before was rewritten."""
