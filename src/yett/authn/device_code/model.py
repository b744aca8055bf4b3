"""Nouns of device codes."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from yett.identity import Person

NOTHING: Mapping[str, str] = MappingProxyType({})


class Status(enum.Enum):
    """How far a code is. Only pending ones can become something else, and only once."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"


class Reason(enum.Enum):
    """Why something about a code was not done."""

    DISABLED = "disabled"
    """Device codes are switched off."""
    THROTTLED = "throttled"
    """Too many codes asked for, or too many wrong ones typed."""
    UNAVAILABLE = "unavailable"
    """The store or the random source failed."""
    MALFORMED = "malformed"
    """No code looks like that."""
    UNKNOWN = "unknown"
    """There is no such code: mistyped, used up or long gone."""
    EXPIRED = "expired"
    HANDLED = "handled"
    """Somebody approved or denied it already."""
    CONCURRENT = "concurrent"
    """Somebody else decided at the same moment, and was first."""
    NOT_ALLOWED = "not_allowed"
    """The person may not confirm this client, or it is no longer known."""
    NO_TOKENS = "no_tokens"
    """What the device should get could not be made."""


class NotMade(enum.Enum):
    """Why a consumer has nothing to give to a device."""

    NOTHING = "nothing"
    """Nothing could be made: there is no key to sign with."""
    NOBODY = "nobody"
    """It has no answer for this person: gone, disabled, or signed out meanwhile."""
    UNFIT = "unfit"
    """What it would be cannot be handed over: too long, or no text."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request for a code came from."""

    address: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What is kept under the hash of a device code."""

    kind: str
    """Which consumer it is for."""
    client_id: str
    scope: str
    user_code: str
    """What a person types; empty when nobody does."""
    origin: Origin
    asked_at: float
    expires_at: float
    status: Status = Status.PENDING
    user: str = ""
    """Who decided, once somebody has."""
    sign_on: str = ""
    """The session they decided from."""
    answer: str = ""
    """What the device gets, sealed."""


@dataclass(frozen=True, slots=True)
class Codes:
    """A new pair. The device code is given out once and kept nowhere."""

    device_code: str
    ref: str
    """Under which it is kept; good for deciding, not for asking what became of it."""
    user_code: str
    """Grouped as it is shown; empty when nobody types it."""
    expires_in: int
    interval: int

    def __repr__(self) -> str:
        return f"Codes(device_code=…, user_code=…, expires_in={self.expires_in}, interval={self.interval})"


@dataclass(frozen=True, slots=True)
class NotIssued:
    """No pair. `retry_after` is in seconds."""

    reason: Reason
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Offer:
    """How a consumer describes what would be confirmed."""

    client_name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A code that waits for a decision."""

    ref: str
    """As of `Codes`."""
    code: DeviceCode
    offer: Offer


@dataclass(frozen=True, slots=True)
class Approval:
    """Who says yes, and on which sign-on that rests."""

    user: str
    sign_on: str = ""
    auth_time: float | None = None
    ends_at: float = 0.0
    """When the sign-on ends however much it is used."""
    address: str = ""
    """Where they say it from."""


@dataclass(frozen=True, slots=True)
class Completed:
    """The decision is written down."""

    status: Status


@dataclass(frozen=True, slots=True)
class Declined:
    """Nothing was found or decided. `retry_after` is in seconds."""

    reason: Reason
    retry_after: float = 0.0


class Polled(enum.Enum):
    """What a device is told while it has nothing yet, or gets nothing."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    DENIED = "denied"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """There is no such code, or not any more, or it is another client's."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Granted:
    """The device was confirmed. This is told once; the code is gone."""

    user: str
    sign_on: str
    client_id: str
    scope: str
    answer: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def __repr__(self) -> str:
        return f"Granted(user={self.user!r}, client_id={self.client_id!r}, answer=…)"


class Consumer(Protocol):
    """Whose codes they are: an OAuth client's, the bastion's."""

    def offer(self, code: DeviceCode, person: Person, address: str) -> Offer | None:
        """What this person would confirm; None when they may not, or when the client is not known any more.

        `address` is where they are; empty when nobody knows.
        """
        ...

    async def answer(self, code: DeviceCode, approval: Approval) -> Mapping[str, str] | NotMade:
        """What the device gets, made at the moment of approval."""
        ...
