"""Nouns of the token endpoint."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yett.oidc.clients import Client
from yett.oidc.tokens import Confirmation


class Error(enum.Enum):
    """What a client is told (RFC 6749, section 5.2; RFC 8628, section 3.5)."""

    INVALID_REQUEST = "invalid_request"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNAVAILABLE = "temporarily_unavailable"
    SLOW_DOWN = "slow_down"
    INVALID_PROOF = "invalid_dpop_proof"


@dataclass(frozen=True, slots=True)
class Refused:
    """No token."""

    error: str
    description: str = ""
    status: int = 400
    retry_after: float = 0.0
    """Seconds; more than 0 only for those who asked too much."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a client gets, as it is written down (RFC 6749, section 5.1)."""

    members: Mapping[str, Any] = field(repr=False)
    nonce: str = ""
    """What its next proof has to repeat, where it has to."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a client asks for, once it is known who it is."""

    client: Client
    form: Mapping[str, str] = field(repr=False)
    confirmation: Confirmation
    """What its tokens will be bound to."""
