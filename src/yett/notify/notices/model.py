"""What operators are told of, and what became of telling them."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

Value = str | int | float | bool | None | list[str]


class Severity(enum.Enum):
    """How grave something is; the words of the log."""

    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that operators may want to know. Nothing in it is secret."""

    kind: str
    """What happened: an event's code, such as "otp.validate.locked"."""
    severity: Severity
    text: str
    user: str = ""
    fields: Mapping[str, Value] = {}
    personal: Mapping[str, Value] = {}
    """More fields, which say something about a person; not every receiver gets these."""
    id: str = ""
    """Of notices with one id only the first of a day is told, whichever nodes they come from."""
    is_audit: bool = False
    at: float = 0.0
    """Seconds since the epoch; 0 for now."""
    node: str = ""
    request: str = ""


class WebhookFailure(enum.Enum):
    """Why a webhook was not told."""

    PRIVATE_ADDRESS = "private_address"
    """Its host has no address outside our own networks, and `allow_private` is off."""
    REFUSED = "refused"
    """It answered, and not with success."""
    REDIRECTED = "redirected"
    """It answered with another address, which is not followed."""
    FAILED = "failed"
    """It answered 5xx again and again."""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Told:
    """The webhook took it."""

    status: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Untold:
    """The webhook did not take it."""

    reason: WebhookFailure
    attempts: int
    status: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Digest:
    """What came together for one rule."""

    rule: str
    notices: tuple[Notice, ...]
    """In the order of time."""
    more: int = 0
    """How many there were besides."""

    @property
    def count(self) -> int:
        """How many notices it stands for."""
        return len(self.notices) + self.more


@dataclass(slots=True)
class Channel:
    """How telling one receiver goes."""

    name: str
    waiting: int = 0
    told: int = 0
    failed: int = 0
    dropped: int = 0
    last_problem: str = ""
    """What went wrong with the newest; empty when nothing did."""


@dataclass(frozen=True, slots=True)
class Health:
    """How telling goes altogether."""

    channels: tuple[Channel, ...] = field(default=())
    waiting: int = 0
    dropped: int = 0

    @property
    def is_well(self) -> bool:
        """Whether the newest notice got through everywhere."""
        return not any(channel.last_problem for channel in self.channels)
