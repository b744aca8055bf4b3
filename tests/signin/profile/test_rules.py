import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.sessions import Session, SessionType
from yett.signin.machine import Standing
from yett.signin.model import Factor
from yett.signin.profile import rules
from yett.signin.profile.model import Way

NONE, MAIL, APP = Standing(), Standing(can_mail=True), Standing(frozenset({Factor.TOTP}), can_mail=True)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"


def session(
    ref="s", *, kind=SessionType.SIGN_ON, parent="", used=100.0, created=50.0, host="login", **metadata
):
    return Session(ref, kind, "ada", host, created, 999.0, 9999.0, used, parent, metadata)


@pytest.mark.parametrize(
    ("facts", "standing", "fresh", "onboarding", "way"),
    [
        ({"method": "password"}, NONE, True, True, Way.OPEN),
        ({"method": "password"}, NONE, False, True, Way.AGAIN),
        ({"method": "password"}, MAIL, True, True, Way.ONBOARDING),
        ({"method": "kerberos"}, MAIL, True, True, Way.ONBOARDING),
        ({"method": "password"}, MAIL, True, False, Way.OPEN),
        ({"method": "password"}, APP, True, True, Way.OPEN),
        ({"method": "password"}, APP, False, True, Way.AGAIN),
        ({"method": "magiclink"}, MAIL, True, True, Way.OPEN),
        ({"method": "x509"}, MAIL, True, True, Way.OPEN),
        ({"method": "password", "assurance": "mfa"}, MAIL, True, True, Way.OPEN),
        # What is not known of a session counts as little.
        ({}, MAIL, True, True, Way.ONBOARDING),
    ],
)
def test_who_may_set_up_another_way_to_sign_in(facts, standing, fresh, onboarding, way):
    found = rules.way_to_add(session(**facts), standing, is_fresh=fresh, can_onboard=onboarding)
    assert found is way


def test_what_is_there_may_only_be_changed_freshly():
    assert rules.way_to_change(is_fresh=True) is Way.OPEN
    assert rules.way_to_change(is_fresh=False) is Way.AGAIN


def test_sessions_are_shown_with_the_applications_that_hang_on_them():
    this = session("this", used=10, user_agent=FIREFOX, client_address="192.0.2.1")
    live = [
        session("old", used=20),
        this,
        session("app", kind=SessionType.AUTHENTICATED, parent="this", host="wiki", used=90),
        session("other", used=80),
        session("orphan", kind=SessionType.AUTHENTICATED, parent="gone", host="lab", used=5),
        session("half", kind=SessionType.MFA_PENDING),
        session("fresh", kind=SessionType.REAUTH, parent="this"),
    ]
    shown = rules.shown_sessions(live, this)
    assert [each.ref for each in shown] == ["this", "other", "old", "orphan"]
    first = shown[0]
    assert (first.is_this, first.browser, first.address) == (True, "Firefox on Windows", "192.0.2.1")
    assert (first.applications, first.used) == (("wiki",), 90)
    assert shown[1].browser == ""


@pytest.mark.parametrize(
    ("created", "facts", "at", "knows"),
    [
        (50.0, {}, 40.0, True),
        (50.0, {}, 50.0, True),
        (50.0, {}, 50.1, False),
        (50.0, {"password_at": "60.0"}, 60.0, True),
        (50.0, {"password_at": "60.0"}, 60.1, False),
        (50.0, {"password_at": "nonsense"}, 60.0, False),
        (50.0, {"password_at": "nan"}, 60.0, False),
    ],
)
def test_a_session_knows_a_password_that_is_older_or_was_changed_in_it(created, facts, at, knows):
    assert rules.knows_password(session(created=created, **facts), at) is knows


@given(st.text())
def test_any_text_is_a_reference_or_none(text):
    assert rules.ref_of(text) in {"", text}


def test_a_choice_of_language_is_kept_apart_from_what_browsers_say():
    assert rules.chosen_language({"language": "de"}) == ""
    chosen = rules.with_language({"language": "en", "other": 1}, "de")
    assert rules.chosen_language(chosen) == "de"
    left = rules.with_language(chosen, "")
    assert (rules.chosen_language(left), left["other"]) == ("", 1)
    assert rules.chosen_language({"language": 7, rules.CHOSEN: True}) == ""
