"""Decide how long a session lasts and whether it is live.

Nothing here waits, reads a clock or touches a store, so every case can be written as one row of a
table. Instants are seconds since the epoch; at the instant it expires, a session is over.
"""

import enum
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from yett.sessions.config import SessionSettings
from yett.sessions.model import PROVING, EndReason, Session, SessionType

MAX_TOKEN = 64
"""Characters of the longest token looked at; ours have 43."""
MAX_MODULE_KEY = 256
MAX_AUDIENCE = 255
MAX_METADATA = 64 * 1024
"""Characters of all names and values together."""


_SOON = 1.0
"""Seconds by which the store's end of a record and a session's own may differ."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a new session expires and ends, and whether a certificate cut that short."""

    expires_at: float
    ends_at: float
    is_capped: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """A session may go on until `expires_at`."""

    expires_at: float
    is_capped: bool
    """Whether it would go on for longer, were it not for the end of its certificate."""


class Over(enum.Enum):
    """Why a session cannot be extended."""

    EXPIRED = "expired"
    CERTIFICATE_EXPIRED = "certificate_expired"


def check(module_key: str, audience: str, metadata: Mapping[str, str]) -> None:
    """Raise ValueError for what no session can have. The values are not repeated."""
    for name, value, most in (
        ("owner", module_key, MAX_MODULE_KEY),
        ("audience", audience, MAX_AUDIENCE),
    ):
        if not value or len(value) > most:
            raise ValueError(f"the {name} of a session has 1 to {most} characters, not {len(value)}")
        if not value.isprintable():
            raise ValueError(f"the {name} of a session cannot hold control characters")
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA:
        raise ValueError(f"the metadata of a session has at most {MAX_METADATA} characters, not {size}")


def is_live(session: Session, now: float) -> bool:
    """Whether the session is good at this instant."""
    return now < session.expires_at


def is_for(session: Session, audience: str | None, kind: SessionType | None) -> bool:
    """Whether the session is good for this host and of this type; without one, it has to prove a person."""
    if audience is not None and session.audience != audience:
        return False
    return session.type in PROVING if kind is None else session.type is kind


def slides(kind: SessionType) -> bool:
    """Whether use keeps a session of this type alive. Half-finished sign-ins run out instead."""
    return kind in PROVING


def longest(kind: SessionType, settings: SessionSettings) -> float:
    """Seconds that a session of this type lasts at most, unless its maker asks for less."""
    if kind is SessionType.AUTHENTICATED:
        return settings.lifetime.total_seconds()
    if kind is SessionType.SIGN_ON:
        return settings.sign_on_lifetime.total_seconds()
    return settings.pending_lifetime.total_seconds()


def capped_span(
    kind: SessionType,
    settings: SessionSettings,
    *,
    now: float,
    lifetime: float | None,
    parent: Session | None,
    certificate_not_after: float | None,
) -> Span | None:
    """How long a new session lasts; None when it would not last at all.

    A maker may ask for less than the longest lifetime of a person's session, not for more; the
    other types last as long as their maker says. Nothing outlives its parent or its certificate.
    """
    if not all(math.isfinite(each) for each in (lifetime, certificate_not_after) if each is not None):
        # What is no number compares with nothing, so it would pass for no limit at all.
        return None
    most = longest(kind, settings)
    wanted = most if lifetime is None else lifetime
    if kind in PROVING:
        wanted = min(wanted, most)
    ends_at = now + wanted
    if parent is not None:
        ends_at = min(ends_at, parent.ends_at)
        if parent.certificate_not_after is not None:
            ends_at = min(ends_at, parent.certificate_not_after)
    expires_at = min(now + settings.idle_timeout.total_seconds(), ends_at) if slides(kind) else ends_at
    is_capped = certificate_not_after is not None and certificate_not_after < expires_at
    if certificate_not_after is not None:
        expires_at = min(expires_at, certificate_not_after)
    return Span(expires_at, ends_at, is_capped) if expires_at > now else None


def extension(session: Session, *, seen: float, now: float, idle: float) -> Extended | Over:
    """How long a session that was used at `seen` goes on. It never gets shorter by being used."""
    certificate = session.certificate_not_after
    if certificate is not None and now >= certificate:
        return Over.CERTIFICATE_EXPIRED
    if not is_live(session, now):
        return Over.EXPIRED
    if not slides(session.type):
        return Extended(session.expires_at, is_capped=False)
    wanted = min(max(seen, session.last_activity) + idle, session.ends_at)
    is_capped = certificate is not None and certificate < wanted
    if certificate is not None:
        wanted = min(wanted, certificate)
    return Extended(max(session.expires_at, wanted), is_capped)


def end_reason(session: Session, now: float) -> EndReason:
    """Why a session that vanished from the store did so: nobody revokes what has run out."""
    if is_live(session, now + _SOON):
        return EndReason.REVOKED
    certificate = session.certificate_not_after
    if certificate is not None and now + _SOON > certificate:
        return EndReason.CERTIFICATE_EXPIRED
    return EndReason.EXPIRED


def settled(session: Session, now: float, *, idle: float) -> Session:
    """The session as this node's clock sees it.

    A clock that was ahead and has been put right leaves instants that are too late. A session
    made in the future is taken for one made now, and none has more than its idle time before it,
    so that no session lasts longer by the error.
    """
    ahead = max(session.created_at - now, 0.0)
    expires_at = session.expires_at - ahead
    if slides(session.type):
        expires_at = min(expires_at, now + idle)
    if not ahead and expires_at == session.expires_at:
        return session
    return replace(
        session,
        created_at=session.created_at - ahead,
        expires_at=expires_at,
        ends_at=session.ends_at - ahead,
        last_activity=min(session.last_activity, now),
    )


def superseded(sessions: Iterable[Session], kind: SessionType, most: int) -> list[Session]:
    """Which sessions of a user have to end so that one more of a type does not exceed `most`."""
    rivals = sorted((each for each in sessions if each.type is kind), key=lambda each: each.last_activity)
    return rivals[: max(0, len(rivals) + 1 - most)]
