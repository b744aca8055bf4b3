from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc.personal import NotMade, PersonalScopeSettings, PersonalToken, PersonalTokenSettings, rules
from yett.oidc.personal.model import SCOPES, Held

DAY = 86400.0
NOW = 1_800_000_000.0
KNOWN = dict(SCOPES)


def token(name="a", created=NOW, ends=NOW + 30 * DAY, **more):
    return PersonalToken(f"id-{name}", name, ("account",), created, ends, f"digest-{name}", **more)


@pytest.mark.parametrize(
    ("lifetime", "offered"),
    [(1, (1,)), (5, (1, 5)), (90, (1, 7, 30, 90)), (366, (1, 7, 30, 90, 180, 365, 366))],
)
def test_lifetimes_go_up_to_the_longest(lifetime, offered):
    settings = PersonalTokenSettings(lifetime=timedelta(days=lifetime))
    assert rules.lifetimes_of(settings) == offered


def test_scopes_of_the_operator_stand_beside_ours_and_not_in_their_place():
    own = PersonalScopeSettings(name="account", text="Delete everything")
    settings = PersonalTokenSettings(scope=(PersonalScopeSettings(name="wiki", text="Write"), own))
    assert rules.scopes_of(settings) == {"wiki": "Write", **SCOPES}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("backup", "backup"),
        ("  my   backup\t1 ", "my backup 1"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("x" * 64, "x" * 64),
        ("x" * 65, ""),
        ("", ""),
        ("   ", ""),
        ("a\u202eb", ""),
        ("a\u200bb", ""),
        ("a\x00b", ""),
        ("\ud800", ""),
    ],
)
def test_names_are_short_and_hide_nothing(typed, kept):
    assert rules.proper_name(typed) == kept


@pytest.mark.parametrize(
    ("name", "scopes", "days", "verdict"),
    [
        ("a", ("account",), 1, None),
        ("a", ("account", "applications"), 90, None),
        ("", ("account",), 1, NotMade.NAME),
        ("a", (), 1, NotMade.SCOPE),
        ("a", ("account", "root"), 1, NotMade.SCOPE),
        ("a", ("account",), 0, NotMade.LIFETIME),
        ("a", ("account",), -1, NotMade.LIFETIME),
        ("a", ("account",), 91, NotMade.LIFETIME),
    ],
)
def test_what_may_be_asked_for(name, scopes, days, verdict):
    assert rules.judge(name, scopes, days, KNOWN, 90) is verdict


@pytest.mark.parametrize(
    ("names", "name", "verdict"),
    [
        ((), "a", None),
        (("a",), "b", None),
        (("a",), "a", NotMade.NAME_TAKEN),
        (("Backup",), "backup", NotMade.NAME_TAKEN),
        (("a", "b"), "c", NotMade.TOO_MANY),
        (("a", "b"), "a", NotMade.NAME_TAKEN),
    ],
)
def test_how_many_there_may_be_and_of_which_names(names, name, verdict):
    held = Held("local:", tuple(token(each) for each in names))
    assert rules.judge_held(held, name, 2, NOW) is verdict


def test_what_has_ended_takes_no_room_and_no_name():
    held = Held("local:", (token("a", ends=NOW), token("b", ends=NOW - 1)))
    assert rules.judge_held(held, "a", 1, NOW) is None


@pytest.mark.parametrize(
    ("created", "ends", "is_live"),
    [
        (0.0, DAY, True),
        (-DAY, 0.0, False),
        (-DAY, 0.001, True),
        (3600.0, DAY, True),
        (3 * DAY, 9 * DAY, False),
    ],
)
def test_a_token_is_good_between_two_instants(created, ends, is_live):
    assert rules.is_live(token(created=NOW + created, ends=NOW + ends), NOW) is is_live


@pytest.mark.parametrize(
    ("days", "left", "remind", "is_due"),
    [(30, 8, 7, False), (30, 7, 7, True), (30, 1, 7, True), (30, 0, 7, False), (30, 1, 0, False), (2, 1.5, 7, False),
     (2, 1, 7, True)],
)  # fmt: skip
def test_when_somebody_is_reminded(days, left, remind, is_due):
    ends = NOW + left * DAY
    assert rules.is_due(token(created=ends - days * DAY, ends=ends), NOW, remind * DAY) is is_due


def test_nobody_is_reminded_twice():
    assert not rules.is_due(token(created=NOW - 29 * DAY, ends=NOW + DAY, reminded_at=NOW - 1), NOW, 7 * DAY)


def test_tokens_come_change_and_go_without_touching_the_others():
    held = rules.with_token(rules.with_token(Held("e"), token("a")), token("b"))
    changed = rules.with_changed(held, token("b", last_used_at=NOW))
    assert [each.last_used_at for each in changed.tokens] == [0.0, NOW]
    assert rules.find(changed, "id-b").last_used_at == NOW
    assert rules.without(changed, "id-b") == Held("e", (token("a"),))
    assert rules.find(changed, "id-c") is None


@given(st.text(max_size=60))
def test_what_is_no_id_is_none(text):
    assert rules.id_of(text) in {"", text}


def test_ids_are_those_that_we_make():
    text = "01990000-0000-7000-8000-00000000000f"
    assert rules.id_of(text) == text
    assert not rules.id_of(text + "\n")
    assert not rules.id_of(text.upper())
