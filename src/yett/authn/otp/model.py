"""Nouns of codes by mail."""

import enum
from dataclasses import dataclass

import msgspec

KIND = "otp"
"""What the store is told that a code is."""


class CodeType(enum.Enum):
    """What codes are made of."""

    BASE20 = "base20"
    """Consonants only."""
    NUMERIC = "numeric"


class Refusal(enum.Enum):
    """Why no code was sent."""

    DOMAIN = "domain"
    """The person has no mail address that codes may be sent to."""
    DEVICE = "device"
    """The browser did not say which one it is."""
    OTHER_EMAIL = "other_email"
    """The browser has an open code of somebody else."""
    TOO_SOON = "too_soon"
    TOO_MANY = "too_many"
    """As many as may be asked for were sent."""
    LOCKED = "locked"
    """Too many wrong codes came from this browser."""
    NOT_MAILED = "not_mailed"
    """There is a code, but it could not be sent; another can be asked for."""
    UNAVAILABLE = "unavailable"
    """The fault is ours."""


class Reason(enum.Enum):
    """Why a code was not accepted."""

    NONE = "none"
    """This browser has no open code of this person."""
    WRONG = "wrong"
    EXPIRED = "expired"
    LOCKED = "locked"
    """Too many wrong ones; this code is good for nothing any more."""
    UNAVAILABLE = "unavailable"
    """The store could not say, or could not write down that the code is spent."""


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way. Times are in seconds from now."""

    code_type: CodeType
    length: int
    lifetime: float
    resend_after: float


@dataclass(frozen=True, slots=True)
class CodeRefused:
    """No code. `retry_after` is in seconds; 0 when waiting does not help."""

    reason: Refusal
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class CodeAccepted:
    """The code was right, and is spent."""


@dataclass(frozen=True, slots=True)
class CodeRejected:
    """Not accepted. `left` is how many wrong codes are forgiven before the lock."""

    reason: Reason
    left: int = 0


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code as it is kept: never itself, only its keyed hash. Instants are seconds since the epoch."""

    kind: str
    digest: bytes
    user: str
    email: str
    sent_at: float
    expires_at: float
    resends: int = 0
    tries: int = 0
    """Wrong codes so far; a resent code inherits them."""
    locked_until: float = 0.0
    """0 when it is not locked."""
    is_spent: bool = False


class Sending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many codes a person was sent since an instant."""

    since: float
    count: int
