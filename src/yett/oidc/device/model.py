"""Nouns of the device grant."""

import enum
from dataclasses import dataclass


class Fault(enum.Enum):
    """Why a device has no codes or no token, as it is told (RFC 6749, section 5.2; RFC 8628, section 3.5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_SCOPE = "invalid_scope"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    ACCESS_DENIED = "access_denied"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of an error
    UNAVAILABLE = "temporarily_unavailable"

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return {Fault.INVALID_CLIENT: 401, Fault.UNAVAILABLE: 503}.get(self, 400)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is given. `retry_after` is in seconds; more than 0 only for those who asked too much."""

    fault: Fault
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A proper request for codes."""

    client_id: str
    scope: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A proper request for a token."""

    client_id: str
    device_code: str


@dataclass(frozen=True, slots=True)
class Token:
    """What a device gets."""

    text: str
    expires_in: int
    scope: str

    def __repr__(self) -> str:
        return f"Token(text=…, expires_in={self.expires_in}, scope={self.scope!r})"
