"""Nouns of authenticator apps."""

import enum
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from msgspec import Meta

PERIOD = 30
"""Seconds that a code is shown (RFC 6238, section 5.2); every app expects it."""
DIGITS = 6
SECRET_SIZE = 20
"""Bytes of a secret: those of an SHA-1 hash (RFC 4226, section 4)."""


class Reason(enum.Enum):
    """Why something about an authenticator was refused."""

    NOT_ENROLLED = "not_enrolled"
    ALREADY_ENROLLED = "already_enrolled"
    NOT_PENDING = "not_pending"
    """No enrolment was begun, or it took too long."""
    WRONG = "wrong"
    SPENT = "spent"
    """This code, or a later one, was used already."""
    CLOCK_BACKWARD = "clock_backward"
    """Our clock was put back; the code may have been used already."""
    NO_CODES = "no_codes"
    """Every recovery code was used."""
    DAMAGED = "damaged"
    """What is kept cannot be read; the person has to enrol anew."""
    UNAVAILABLE = "unavailable"
    """The fault is ours."""


@dataclass(frozen=True, slots=True)
class TotpStatus:
    """An authenticator in use."""

    enrolled_at: float
    recovery_left: int


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a person needs to set up their app. It is shown once, to them."""

    secret: str = field(repr=False)
    """In Base32, for typing."""
    uri: str = field(repr=False)
    qr: str = field(repr=False)
    """The URI as an inline SVG."""
    lifetime: float
    """Seconds in which the first code has to be typed."""


@dataclass(frozen=True, slots=True)
class EnrolmentFailed:
    """No enrolment was begun."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The authenticator is in use from now on. The codes are shown once."""

    recovery_codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TotpAccepted:
    """The code was right, and is spent. `left` is how many recovery codes there still are."""

    left: int


@dataclass(frozen=True, slots=True)
class TotpRejected:
    """Not accepted."""

    reason: Reason


Verdict = TotpAccepted | TotpRejected


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An authenticator as it is kept. Nothing in it is of use without the cluster key."""

    secret: str
    """Sealed."""
    enrolled_at: float
    last_step: Annotated[int, Meta(ge=0)]
    """The step of the last accepted code; this one and all before it are spent."""
    recovery: tuple[bytes, ...]
    """Keyed hashes of the recovery codes that are left."""
