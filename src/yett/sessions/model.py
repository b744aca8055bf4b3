"""What a session is, and how one ends."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING: Mapping[str, str] = MappingProxyType({})


class SessionType(enum.Enum):
    """What a session proves. Only the first two prove who somebody is; see `PROVING`."""

    AUTHENTICATED = "authenticated"
    """A person at one application."""
    SIGN_ON = "sign_on"
    """A person at the sign-in host; sessions of applications hang on it."""
    PROOF_OF_WORK = "proof_of_work"
    MFA_PENDING = "mfa_pending"
    PASSWORD_EXPIRED = "password_expired"  # noqa: S105 - the name of a state
    REAUTH = "reauth"
    MAGIC_LINK = "magic_link"
    DEVICE_CODE = "device_code"
    BASTION = "bastion"
    RADIUS = "radius"
    CONNECTOR = "connector"
    CLIENT_ACCESS = "client_access"


PROVING = frozenset({SessionType.AUTHENTICATED, SessionType.SIGN_ON})
"""The types that are accepted where no type is named: no half-finished sign-in passes for a person."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its owner, operators and other rooms may know it. The token is not in it."""

    ref: str
    """The public handle, which also survives regeneration."""
    type: SessionType
    module_key: str
    """Whose it is; for people, the user name."""
    audience: str
    """The host it is good for."""
    created_at: float
    expires_at: float
    """When it ends unless it is used before; grows with use."""
    ends_at: float
    """When it ends however much it is used."""
    last_activity: float
    parent: str = ""
    """The ref of the sign-on session it hangs on; it ends with that one."""
    metadata: Mapping[str, str] = field(default_factory=lambda: NOTHING, hash=False)
    certificate_not_after: float | None = None
    """When the certificate that it rests on ends, if it rests on one."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new session together with its token, which is never shown again and never stored."""

    token: str
    session: Session

    def __repr__(self) -> str:
        return f"Issued(token=…, session={self.session!r})"


class EndReason(enum.Enum):
    """Why a session ended."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    CERTIFICATE_EXPIRED = "certificate_expired"
    PARENT_ENDED = "parent_ended"
    SUPERSEDED = "superseded"
    """Its owner has as many sessions as are allowed, and this was the one used least recently."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that was live here and is no more."""

    session: Session
    reason: EndReason


class Refusal(enum.Enum):
    """Why no session was made."""

    NO_ID = "no_id"
    NOT_STORED = "not_stored"
    NOT_INDEXED = "not_indexed"
    REVOKED = "revoked"
    """All sessions of its owner were revoked while it was being made."""
    PARENT_ENDED = "parent_ended"
    NO_LIFETIME = "no_lifetime"
    """It would have ended at once: a certificate that ran out, a lifetime of nothing."""


class SessionNotCreated(Exception):
    """No session was made and nothing of it is left; the sign-in has to be refused."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(f"no session was made: {reason.value}")
        self.reason = reason
