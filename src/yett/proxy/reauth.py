"""Which requests take a recent sign-in, and whether one was recent enough.

The instant that counts is that of the sign-in itself, as the provider vouched for it, not that
of the session here: coming back with an old sign-on does not make anybody fresh.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from yett.proxy.config import ReauthSettings, StepUpSettings
from yett.sessions import Session

AUTH_TIME = "auth_time"
"""Under this name a session keeps when its person signed in: seconds since the epoch."""
_SKEW = 30.0
"""Seconds by which the clock of the node that saw the sign-in may be ahead."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How recent a sign-in has to be for some methods."""

    methods: frozenset[bytes]
    """Empty for all."""
    max_age: float


def covers(settings: ReauthSettings | StepUpSettings, path: str) -> bool:
    """Whether a rule applies to everything below a path that has no slash at its end."""
    above = settings.path.rstrip("/")
    return not above or path == above or path.startswith(above + "/")


def freshness_at(path: str, rules: Iterable[ReauthSettings]) -> tuple[Freshness, ...]:
    """What the rules ask for below a path."""
    return tuple(
        Freshness(frozenset(method.encode("ascii") for method in rule.methods), rule.max_age.total_seconds())
        for rule in rules
        if covers(rule, path)
    )


def max_age_for(freshness: Iterable[Freshness], method: bytes) -> float | None:
    """Seconds since the sign-in that a request may have; the strictest rule counts. None for any."""
    found = [
        each.max_age
        for each in freshness
        if not each.methods or method in each.methods or (method == b"HEAD" and b"GET" in each.methods)
    ]
    return min(found, default=None)


def age_of(session: Session, now: float) -> float:
    """Seconds since the person signed in. Where that is not known, or lies in the future, it is for ever ago."""
    at = signed_in_at(session)
    if at is None:
        return float("inf")
    age = now - at
    return max(age, 0.0) if age >= -_SKEW else float("inf")


def signed_in_at(session: Session) -> float | None:
    """When the session's person proved who they are, in seconds since the epoch; None when nobody knows."""
    try:
        at = float(session.metadata.get(AUTH_TIME, ""))
    except ValueError:
        return None
    return at if math.isfinite(at) else None
