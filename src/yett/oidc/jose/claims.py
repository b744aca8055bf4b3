"""What every signed statement about somebody has to say: values in, verdict out (RFC 7523, section 3)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from yett.oidc.jose.model import Flaw, Unproven, is_instant

_MOST_IDENT: Final = 256


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the clocks of others, and the time their statements are good for, have to keep to. In seconds."""

    skew: float
    longest: float


def judge_times(token: Unproven, bounds: Bounds, now: float) -> Flaw | None:
    """Whether a statement is good now, and not for too long."""
    expires_at = token.claims.get("exp")
    issued_at, begins_at = token.claims.get("iat", now), token.claims.get("nbf", now)
    if not is_instant(expires_at) or not is_instant(issued_at) or not is_instant(begins_at):
        return Flaw.UNREADABLE
    if now >= expires_at + bounds.skew:
        return Flaw.EXPIRED
    if max(issued_at, begins_at) > now + bounds.skew:
        return Flaw.NOT_YET
    # What begins long ago and ends soon has been good for too long as well.
    return Flaw.TOO_LONG if expires_at - min(issued_at, now) > bounds.longest + bounds.skew else None


def judge_ident(token: Unproven) -> Flaw | None:
    """Whether it can be told from others."""
    return None if 0 < len(token.text("jti")) <= _MOST_IDENT else Flaw.IDENT


def is_for_us(token: Unproven, audiences: Collection[str], *, may_be_list: bool = True) -> bool:
    """Whether it is meant for us, under one of our names, and for nobody else.

    One that names several could be shown to each by any of them.
    """
    aud = token.claims.get("aud")
    if isinstance(aud, list) and len(aud) == 1 and may_be_list:
        aud = aud[0]
    return isinstance(aud, str) and aud in audiences


def time_left(token: Unproven, bounds: Bounds, now: float) -> float:
    """Seconds for which one that was judged good has to be remembered."""
    return float(token.claims["exp"]) + bounds.skew - now + 1.0
