"""Every decision about one's own account: values in, verdict out."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from yett.authn.agents import describe_agent
from yett.identity.access import Assurance
from yett.sessions import PROVING, Session, SessionType
from yett.signin.machine import Standing, has_own
from yett.signin.model import Method
from yett.signin.profile.model import ShownSession, Way
from yett.signin.rules import CHOSEN

LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
"""Those that mails are written in, as each calls itself."""
PASSWORD_AT = "password_at"  # noqa: S105 - the name of a fact
"""Under this name a session keeps that its person changed the password in it, and when."""
_REF = re.compile(r"[A-Za-z0-9_-]{1,128}")
_WEAK = frozenset({Method.PASSWORD.value, Method.KERBEROS.value, Method.FEDERATED.value})
"""Proofs that somebody else may have: a password that was read, here or elsewhere, a desktop that was left."""


def way_to_change(*, is_fresh: bool) -> Way:
    """Whether somebody may change what they have."""
    return Way.OPEN if is_fresh else Way.AGAIN


def way_to_add(session: Session, standing: Standing, *, is_fresh: bool, can_onboard: bool) -> Way:
    """Whether somebody may set up another way to sign in, which would outlast a stolen password."""
    if can_onboard and needs_anchor(session, standing):
        return Way.ONBOARDING
    return way_to_change(is_fresh=is_fresh)


def needs_anchor(session: Session, standing: Standing) -> bool:
    """Whether the first factor of somebody's own needs a proof besides that of their session, and there is one."""
    return not has_own(standing) and standing.can_mail and is_weak(session)


def is_weak(session: Session) -> bool:
    """Whether all that is known of whoever has the session is a password, or a desktop's ticket."""
    is_single = session.metadata.get("assurance", Assurance.SINGLE.value) == Assurance.SINGLE.value
    return is_single and session.metadata.get("method", Method.PASSWORD.value) in _WEAK


# Sessions.


def shown_sessions(live: Iterable[Session], current: Session) -> tuple[ShownSession, ...]:
    """The sign-ins of a person, this one first, then the one used last; applications below the one they hang on."""
    proving = [each for each in live if each.type in PROVING]
    on = {each.ref for each in proving if each.type is SessionType.SIGN_ON}
    below: dict[str, list[Session]] = {}
    for each in proving:
        if each.parent in on:
            below.setdefault(each.parent, []).append(each)
    tops = [each for each in proving if each.parent not in on]
    found = [_shown(each, below.get(each.ref, []), is_this=each.ref == current.ref) for each in tops]
    return tuple(sorted(found, key=lambda shown: (not shown.is_this, -shown.used)))


def _shown(session: Session, below: list[Session], *, is_this: bool) -> ShownSession:
    return ShownSession(
        session.ref,
        session.audience,
        describe_agent(session.metadata.get("user_agent", "")),
        session.metadata.get("client_address", ""),
        session.created_at,
        max(each.last_activity for each in (session, *below)),
        is_this,
        tuple(sorted({each.audience for each in below})),
    )


def ref_of(text: str) -> str:
    """The reference of a session as it was sent; empty when it can be none."""
    return text if _REF.fullmatch(text) else ""


def knows_password(session: Session, at: float) -> bool:
    """Whether a session is younger than the password of its person, or the one in which it was changed."""
    try:
        since = float(session.metadata.get(PASSWORD_AT, "0"))
    except ValueError:
        since = 0.0
    return max(session.created_at, since) >= at


# The language of mails.


def chosen_language(datum: Mapping[str, Any]) -> str:
    """The language that a person chose; empty when they left it to their browser."""
    language = datum.get("language")
    return language if datum.get(CHOSEN) is True and isinstance(language, str) else ""


def with_language(datum: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The preferences with another choice; the empty one lets the browser say from its next sign-in on."""
    kept = {key: value for key, value in datum.items() if key != CHOSEN}
    return {**kept, "language": language, CHOSEN: True} if language else kept
