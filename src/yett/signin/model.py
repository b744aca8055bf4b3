"""Nouns of signing in."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta

METHOD = "password"
AMR = "pwd"
"""How the method is called in tokens (RFC 8176, section 2)."""


class Use(enum.Enum):
    """What a sealed form is good for."""

    SIGN_IN = "signin"
    SIGN_OUT = "signout"


class FormFault(enum.Enum):
    """Why a posted form is not believed."""

    CROSS_SITE = "cross_site"
    """The browser says that another site sent it."""
    NO_COOKIE = "no_cookie"
    """The browser did not send the cookie that came with the form."""
    FORGED = "forged"
    """Not sealed by us, or for another use."""
    FOREIGN = "foreign"
    """Ours, but given to another browser or session."""
    EXPIRED = "expired"


class Sealed(Protocol):
    """What a seal held."""

    @property
    def payload(self) -> Mapping[str, str]: ...
    @property
    def is_expired(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser sent along with a form."""

    origin: str
    """The Origin field; empty without one."""
    fetch_site: str
    """The Sec-Fetch-Site field; empty without one."""
    bound_to: str
    """What the form has to be bound to: the cookie before a sign-in, the session after it."""
    sealed: Sealed | None
    """The opened seal; None when there was none or it is not ours."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from, as far as a session remembers it."""

    address: str
    user_agent: str
    language: str = ""
    """The tag of the language that the browser prefers; empty when it does not say."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One sign-in, as it is remembered after its session ended."""

    session: str
    """The reference of the session it made."""
    at: Annotated[float, Meta(ge=0, lt=253_402_300_800)]
    """Seconds since the epoch, before the year 10000."""
    address: str


class Turned(enum.Enum):
    """Why a sign-in did not happen, as far as the page has to know."""

    WRONG = "wrong"
    THROTTLED = "throttled"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """No sign-in. `retry_after` is in seconds; 0 when waiting does not help."""

    why: Turned
    retry_after: float = 0.0
