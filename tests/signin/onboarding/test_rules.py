import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.sessions import Session, SessionType
from yett.signin.machine import Demand, Policy, Standing
from yett.signin.model import Factor
from yett.signin.onboarding import rules
from yett.signin.onboarding.model import Step

NONE, MAIL = Standing(), Standing(can_mail=True)
KEY, CODES = Standing(frozenset({Factor.PASSKEY}), can_mail=True), Standing(frozenset({Factor.RECOVERY}))
FREE, STRICT = Policy(Demand.ENROLLED), Policy(Demand.ENROLLED, may_enrol_first=False)


def session(kind=SessionType.SIGN_ON, **metadata):
    return Session("s", kind, "ada", "login", 1.0, 9.0, 9.0, 1.0, "", metadata)


PASSWORD, LINK = session(method="password"), session(method="magiclink")
BOTH = session(method="password", assurance="mfa")


@pytest.mark.parametrize(
    ("known", "standing", "policy", "fresh", "step"),
    [
        (None, NONE, FREE, False, Step.WELCOME),
        (PASSWORD, NONE, FREE, False, Step.WELCOME),
        (PASSWORD, NONE, FREE, True, Step.ENROL),
        (PASSWORD, NONE, STRICT, True, Step.ASK),
        (PASSWORD, MAIL, FREE, True, Step.CODE),
        (PASSWORD, MAIL, STRICT, True, Step.CODE),
        (BOTH, MAIL, STRICT, True, Step.ENROL),
        (LINK, MAIL, STRICT, True, Step.ENROL),
        (PASSWORD, KEY, FREE, False, Step.DONE),
        (PASSWORD, KEY, FREE, True, Step.DONE),
        # Recovery codes only stand in for something that is not there.
        (PASSWORD, CODES, FREE, True, Step.ENROL),
    ],
)
def test_what_comes_next(known, standing, policy, fresh, step):
    assert rules.next_step(known, standing, policy, is_fresh=fresh) is step


@pytest.mark.parametrize(
    ("made", "comes"),
    [
        (session(SessionType.MFA_PENDING, purpose="enrol", onboarding="1"), True),
        (session(SessionType.MFA_PENDING, purpose="signup", onboarding="1"), False),
        (session(SessionType.MFA_PENDING, purpose="enrol"), False),
        (session(purpose="enrol", onboarding="1"), False),
    ],
)
def test_which_sessions_come_from_here(made, comes):
    assert rules.comes_from_here(made) is comes


@given(st.text())
def test_any_text_is_a_token_or_not(text):
    assert rules.is_token(text) in {True, False}


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "\n", "x" * 42 + "/", "ä" * 43])
def test_what_is_no_token(text):
    assert not rules.is_token(text)
