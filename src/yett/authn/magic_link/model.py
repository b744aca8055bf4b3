"""Nouns of magic links."""

import enum
from dataclasses import dataclass

from yett.authn.device_code import Origin

KIND = "magic_link"
CLIENT = "magic-link"
"""What a waiting browser is called among device codes."""


class Action(enum.Enum):
    """What somebody who opened a link may do; each uses it up."""

    AUTHORIZE = "authorize"
    """Let the browser in that asked."""
    SIGN_IN_HERE = "signin_here"
    """Sign in on the browser that opened the link; the one that asked gets nothing."""
    DENY = "deny"


class Fault(enum.Enum):
    """Why something about a link was not done."""

    DISABLED = "disabled"
    MALFORMED = "malformed"
    """No mail address looks like that."""
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    """The store, or the directory, failed."""
    FORGED = "forged"
    """Not a link of ours, or one that was altered."""
    GONE = "gone"
    """The link was used, or never was."""
    EXPIRED = "expired"
    WRONG_CHECK = "wrong_check"
    """The number is not the one that the waiting browser shows."""
    NOBODY = "nobody"
    """The address belongs to nobody who may sign in, not any more."""
    DENIED = "denied"
    """The person said that it was not them, or signed in elsewhere."""


@dataclass(frozen=True, slots=True)
class Link:
    """What is kept under the hash of a link's token. Whose it is, is only looked up when it is used."""

    email: str
    """As it was typed, folded; nothing is ever sent there."""
    device_ref: str
    """The device code that the browser waits with."""
    device: str
    """What tells the browser that asked from others."""
    check: str
    """The number that this browser shows."""
    origin: Origin
    asked_at: float
    expires_at: float
    tries: int = 0
    """How often a number was typed."""


@dataclass(frozen=True, slots=True)
class Started:
    """A browser may wait. It learns the same whether or not anybody has the address."""

    device_code: str
    check: str
    expires_at: float
    interval: int

    def __repr__(self) -> str:
        return f"Started(device_code=…, check=…, expires_at={self.expires_at}, interval={self.interval})"


@dataclass(frozen=True, slots=True)
class NotStarted:
    """No link. `retry_after` is in seconds."""

    fault: Fault
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Preview:
    """What somebody who opened a link is asked."""

    email: str
    origin: Origin
    asked_at: float
    is_same_browser: bool
    to: str
    """Where the browser that asked wanted to go."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The link cannot be used, or not so. `left` is how many more numbers may be typed."""

    fault: Fault
    left: int = 0


@dataclass(frozen=True, slots=True)
class Authorized:
    """The waiting browser was let in."""

    user: str


@dataclass(frozen=True, slots=True)
class SignInHere:
    """The browser that opened the link has proven who uses it."""

    user: str
    to: str
    """Where the browser that asked wanted to go."""
    is_same_browser: bool


@dataclass(frozen=True, slots=True)
class DeniedByPerson:
    """Nobody is let in by this link."""


class Waiting(enum.Enum):
    """What a waiting browser is told."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"


@dataclass(frozen=True, slots=True)
class Over:
    """Waiting has come to its end without success."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Proven:
    """The waiting browser has proven who uses it. This is told once."""

    user: str
