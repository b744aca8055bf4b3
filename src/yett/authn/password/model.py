"""What can come out of checking a password."""

import enum
from dataclasses import dataclass


class Reason(enum.Enum):
    """Why a password was not accepted. For the record only: the person hears one general sentence."""

    WRONG = "wrong"
    """Not the person's password."""
    UNKNOWN_PERSON = "unknown_person"
    """Nobody has that name."""
    DISABLED = "disabled"
    """The person is switched off."""
    NO_PASSWORD = "no_password"  # noqa: S105 - names a reason
    """The person exists and has no password."""
    MALFORMED = "malformed"
    """Empty, too long, or with characters no password can have; it was not checked."""
    THROTTLED = "throttled"
    """Too many wrong ones lately; it was not checked."""
    BUSY = "busy"
    """Too many checks are waiting; it was not checked."""
    FAILED = "failed"
    """The check itself broke."""
    UNFIT = "unfit"
    """The old one is right, and the new one cannot be used."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The password is that of the person of this name (spelt as the directory spells it)."""

    name: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not accepted. `retry_after` is how many seconds to wait before another try can be checked."""

    reason: Reason
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Expired:
    """The password is right and has to be changed before it is good for anything. Not said of the users file."""

    name: str


Verdict = Accepted | Rejected


@dataclass(frozen=True, slots=True)
class Changed:
    """The new password counts from now on."""

    is_changed: bool = True
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class NotChanged:
    """The old password still counts. `sentence` is for the person; empty for a general one."""

    reason: Reason
    sentence: str = ""
    is_changed: bool = False
