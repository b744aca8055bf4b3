"""What can come out of asking LDAP about a password."""

import enum
from dataclasses import dataclass


class Finding(enum.Enum):
    """What a server's answer to a bind means."""

    ACCEPTED = "accepted"
    EXPIRED = "expired"
    """Right, and to be changed before it is good for anything."""
    WRONG = "wrong"
    LOCKED = "locked"
    """Too many wrong ones, by the server's own count."""
    DISABLED = "disabled"
    FAILED = "failed"
    """The server could not or would not say."""


class Problem(enum.Enum):
    """Why a password was not changed."""

    WRONG = "wrong"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    QUALITY = "quality"
    IN_HISTORY = "in_history"
    TOO_YOUNG = "too_young"
    NOT_ALLOWED = "not_allowed"
    FAILED = "failed"


_SENTENCES = {
    Problem.WRONG: "The old password is not right.",
    Problem.TOO_SHORT: "The new password is too short.",
    Problem.TOO_LONG: "The new password is too long.",
    Problem.QUALITY: "The new password is too simple, or was used before.",
    Problem.IN_HISTORY: "The new password was used before.",
    Problem.TOO_YOUNG: "The password was changed too short a while ago.",
    Problem.NOT_ALLOWED: "You may not change the password here. Ask your administrator.",
    Problem.FAILED: "The directory does not answer. Try again in a while.",
}


@dataclass(frozen=True, slots=True)
class Changed:
    """The new password counts from now on."""

    is_changed: bool = True
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class NotChanged:
    """The old password still counts."""

    problem: Problem
    is_changed: bool = False

    @property
    def sentence(self) -> str:
        """What the person may read."""
        return _SENTENCES[self.problem]
