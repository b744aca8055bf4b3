"""Nouns of registration."""

import enum
from dataclasses import dataclass, field
from typing import Any

from yett.oidc.clients import AuthMethod, GrantType


class Fault(enum.Enum):
    """What a program is told (RFC 7591, section 3.2.2; RFC 6750, section 3.1)."""

    REDIRECT_URI = "invalid_redirect_uri"
    METADATA = "invalid_client_metadata"
    SOFTWARE_STATEMENT = "invalid_software_statement"
    TOKEN = "invalid_token"  # noqa: S105 - the name of an error
    TOO_MANY = "temporarily_unavailable"
    UNAVAILABLE = "server_error"

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return {Fault.TOKEN: 401, Fault.TOO_MANY: 429, Fault.UNAVAILABLE: 503}.get(self, 400)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A registration that is refused. The sentence is ours: it repeats nothing that was sent."""

    fault: Fault
    sentence: str
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Registration:
    """What a client registered, as far as it counts here."""

    name: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod
    grants: tuple[GrantType, ...]
    scopes: tuple[str, ...]
    keys: tuple[dict[str, Any], ...] = field(default=(), hash=False)
    keys_uri: str = ""
    identity_algorithm: str = ""
    after_logout: tuple[str, ...] = ()
    backchannel_logout: str = ""
    backchannel_session: bool = False
    must_bind: bool = False
    must_push: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration that an id carries."""

    client_id: str
    registration: Registration
    issued_at: int
    expires_at: int


class UnusableToken(enum.Enum):
    """Why an initial access token lets nobody register."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    """Never made, spent, or over."""
