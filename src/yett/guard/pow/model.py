"""The nouns of proof of work."""

import enum
from dataclasses import dataclass

import msgspec

KIND = "challenge"
"""What the store is told that a token is."""


class Reason(enum.Enum):
    """Why a solution was refused."""

    FORMAT = "format"
    UNKNOWN = "unknown"
    """Never issued, used already, or issued to somebody else."""
    EXPIRED = "expired"
    TOO_FAST = "too_fast"
    DECOY = "decoy"
    WRONG = "wrong"
    UNAVAILABLE = "unavailable"
    """The store could not say."""


class Check(enum.Enum):
    """How a hash compares with a difficulty."""

    PASSED = "passed"
    FULL_BYTE = "full_byte"
    """One of the bytes that have to be zero is not."""
    PARTIAL_BYTE = "partial_byte"
    """The bits beyond them are not."""


class Standing(enum.Enum):
    """What a request's pass is worth."""

    NONE = "none"
    KNOWN = "known"
    NEW = "new"
    """Good, and not met before by this node."""
    EXPIRED = "expired"
    FORGED = "forged"
    """Not ours, or somebody else's."""


class Kept(enum.Enum):
    """What became of the body of a request that met the wall."""

    NONE = "none"
    """There was none, or nothing that a page can send again."""
    FOREIGN = "foreign"
    """Sent from another site, which must not look as if it came from here."""
    TOO_LARGE = "too_large"
    LOST = "lost"
    """It could not be stored."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whom a challenge, a pass or a body belongs to."""

    host: str
    network: str
    """The client's address; of IPv6, its /64."""


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A challenge as it is stored."""

    type: str
    challenge: str
    difficulty: int
    host: str
    network: str
    made_at: float
    expires_at: float
    minimum: float
    """Seconds before which no answer counts."""
    decoys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge as the client gets it."""

    id: str
    token: Token


@dataclass(frozen=True, slots=True)
class Solution:
    """What a client claims."""

    id: str
    nonce: str
    fields: dict[str, str]
    """Everything else that was sent along."""


@dataclass(frozen=True, slots=True)
class Form:
    """A body that can be sent again."""

    content_type: str
    body: bytes
