"""Every decision of onboarding: values in, verdict out."""

import re

from yett.sessions import Session, SessionType
from yett.signin.machine import Policy, Standing, has_own
from yett.signin.model import Purpose
from yett.signin.onboarding.model import Step
from yett.signin.profile.rules import is_weak, needs_anchor

MARK = "onboarding"
"""Under this name a half-finished sign-in keeps that it comes from here."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def next_step(session: Session | None, standing: Standing, policy: Policy, *, is_fresh: bool) -> Step:
    """What comes next for the owner of a session."""
    if session is None:
        return Step.WELCOME
    if has_own(standing):
        return Step.DONE
    if not is_fresh:
        return Step.WELCOME
    if needs_anchor(session, standing):
        return Step.CODE
    if is_weak(session) and not policy.may_enrol_first:
        return Step.ASK
    return Step.ENROL


def comes_from_here(session: Session) -> bool:
    """Whether a session is one for enrolling that somebody got by a code they were sent from here."""
    return (
        session.type is SessionType.MFA_PENDING
        and session.metadata.get("purpose") == Purpose.ENROL.value
        and MARK in session.metadata
    )


def is_token(text: str) -> bool:
    """Whether a text could be the token of an invitation: 256 bits, URL-safe."""
    return _TOKEN.fullmatch(text) is not None
