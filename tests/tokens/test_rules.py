import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tokens.conftest import ADA, SETTINGS

from yett.identity import Person
from yett.tokens import (
    Actor,
    Delegation,
    Draft,
    Edit,
    Group,
    Identity,
    Refusal,
    TokenData,
    TokenType,
    rules,
)

NOW = 1_800_000_000.0
SESSION = TokenData(
    "k" * 22, "ada", TokenType.SESSION, frozenset({"read:all", "user:token"}), NOW, NOW + 86400
)
ADMIN = replace(SESSION, username="root", scopes=frozenset({"admin:token"}))


def actor(data=SESSION):
    return Actor(data.username, token=data)


def draft(**new):
    usual = {
        "username": "ada",
        "type": TokenType.USER,
        "scopes": frozenset({"read:all"}),
        "expires": None,
        "token_name": "laptop",
    }
    return Draft(**(usual | new))


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("a", True),
        ("some-user", True),
        ("1a", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("123", False),
        ("1-2", False),
        ("-a", False),
        ("a-", False),
        ("a--b", False),
        ("A", False),
        ("a.b", False),
        ("a\n", False),
        ("<bootstrap>", False),
    ],
)
def test_user_names_are_lower_case_with_single_hyphens_and_a_letter(name, is_good):
    assert rules.is_username(name) is is_good


def test_people_of_the_directory_are_users_by_whatever_name():
    assert rules.is_user("ada.lovelace")
    assert not rules.is_user("Ada")
    assert rules.is_bot("bot-ci")
    assert not rules.is_bot("bot-")
    assert not rules.is_bot("robot")


@given(st.from_regex(r"[a-z0-9-]{0,70}", fullmatch=True))
def test_a_user_name_has_the_documented_form(name):
    documented = re.compile(r"[a-z0-9](?:[a-z0-9]|-[a-z0-9])*[a-z](?:[a-z0-9]|-[a-z0-9])*")
    # The documented form wants a letter behind the first character; one letter alone is good, too.
    if documented.fullmatch(name) and len(name) <= 64:
        assert rules.is_username(name)
    if rules.is_username(name):
        assert not name.startswith("-")
        assert not name.endswith("-")
        assert "--" not in name
        assert any(each.isalpha() for each in name)


def test_scopes_come_from_groups():
    assert rules.person_scopes(ADA, SETTINGS) == {"read:all", "exec:admin", "user:token"}
    assert rules.person_scopes(replace(ADA, groups=("strangers",)), SETTINGS) == frozenset()


def test_nobody_signs_in_disabled_or_by_the_name_of_a_program():
    assert rules.person_scopes(replace(ADA, is_disabled=True), SETTINGS) == frozenset()
    assert rules.person_scopes(replace(ADA, name="bot-ada"), SETTINGS) == frozenset()


@pytest.mark.parametrize(
    ("expires", "is_good"),
    [
        (None, True),
        (NOW + 300, True),
        (NOW + 299, False),
        (NOW, False),
        (-1.0, False),
        (float("nan"), False),
        (float("inf"), False),
        (1e18, False),
    ],
)
def test_a_token_lasts_for_five_minutes_at_least(expires, is_good):
    fault = rules.expiry_fault(expires, NOW)

    assert (fault is None) is is_good
    assert fault is None or (fault.why, fault.field) == (Refusal.EXPIRES, "expires")


@pytest.mark.parametrize(
    ("wanted", "who", "why"),
    [
        (draft(), actor(), None),
        (draft(scopes=frozenset()), actor(), None),
        (draft(username="bob"), actor(), Refusal.DENIED),
        (draft(username="ada"), actor(ADMIN), Refusal.DENIED),
        (draft(), actor(replace(SESSION, scopes=frozenset({"read:all"}))), Refusal.DENIED),
        (draft(scopes=frozenset({"exec:admin"})), actor(), Refusal.SCOPES),
        (draft(token_name=""), actor(), Refusal.NAME),
        (draft(token_name="x" * 65), actor(), Refusal.NAME),
        (draft(token_name="a\u202eb"), actor(), Refusal.NAME),
        (draft(token_name=" a"), actor(), Refusal.NAME),
        (draft(expires=NOW + 10), actor(), Refusal.EXPIRES),
    ],
)
def test_people_make_tokens_for_themselves_with_what_they_have(wanted, who, why):
    fault = rules.own_fault(who, wanted, SETTINGS, NOW)

    assert (fault and fault.why) == why


@pytest.mark.parametrize(
    ("wanted", "who", "why"),
    [
        (draft(username="bob", scopes=frozenset({"exec:admin"})), actor(ADMIN), None),
        (draft(username="bot-ci", type=TokenType.SERVICE, token_name=""), actor(ADMIN), None),
        (draft(username="ci", type=TokenType.SERVICE, token_name=""), actor(ADMIN), Refusal.DENIED),
        (draft(username="Bad!"), actor(ADMIN), Refusal.DENIED),
        (draft(scopes=frozenset({"unknown"})), actor(ADMIN), Refusal.SCOPES),
        (draft(scopes=frozenset(f"s{n}" for n in range(101))), actor(ADMIN), Refusal.SCOPES),
        (draft(), actor(), Refusal.DENIED),
    ],
)
def test_administrators_make_any_token_of_known_scopes(wanted, who, why):
    fault = rules.admin_fault(who, wanted, SETTINGS, NOW)

    assert (fault and fault.why) == why


@pytest.mark.parametrize(
    ("data", "edit", "who", "why"),
    [
        (replace(SESSION, type=TokenType.USER), Edit(scopes=frozenset()), actor(ADMIN), None),
        (replace(SESSION, type=TokenType.USER), Edit(expires=None), actor(ADMIN), None),
        (SESSION, Edit(expires=None), actor(ADMIN), Refusal.DENIED),
        (replace(SESSION, type=TokenType.USER), Edit(), actor(), Refusal.DENIED),
        (replace(SESSION, type=TokenType.USER), Edit(token_name=""), actor(ADMIN), Refusal.NAME),
        (replace(SESSION, type=TokenType.USER), Edit(expires=NOW), actor(ADMIN), Refusal.EXPIRES),
        (
            replace(SESSION, type=TokenType.USER),
            Edit(scopes=frozenset({"x"})),
            actor(ADMIN),
            Refusal.SCOPES,
        ),
    ],
)
def test_only_administrators_change_user_tokens(data, edit, who, why):
    fault = rules.edit_fault(who, data, edit, SETTINGS, NOW)

    assert (fault and fault.why) == why


def test_tokens_of_everybody_are_for_administrators():
    assert rules.access_fault(actor(), None).why is Refusal.DENIED
    assert rules.access_fault(actor(ADMIN), None) is None
    assert rules.access_fault(actor(ADMIN), "ada") is None


WANT = Delegation("portal", frozenset({"read:all"}))


def child(**new):
    usual = {
        "key": "c" * 22,
        "username": "ada",
        "type": TokenType.INTERNAL,
        "scopes": frozenset({"read:all"}),
        "created": NOW - 1000,
        "expires": NOW + 1001,
        "service": "portal",
        "parent": SESSION.key,
    }
    return TokenData(**(usual | new))


@pytest.mark.parametrize(
    ("found", "minimum", "is_good"),
    [
        (child(), None, True),
        (child(expires=NOW + 999), None, False),  # more than half its life is over
        (child(expires=NOW + 999), 900, True),
        (child(expires=NOW + 999), 1000, False),
        (child(expires=NOW), 0, False),
        (child(service="other"), None, False),
        (child(type=TokenType.NOTEBOOK, service=""), None, False),
        (child(scopes=frozenset()), None, False),
        (child(scopes=frozenset({"read:all", "user:token"})), None, False),
        (
            child(expires=SESSION.expires, created=NOW - 10 * 86400),
            None,
            True,
        ),  # no new one would last longer
        (child(expires=None), 10_000, True),
    ],
)
def test_a_child_is_used_again_while_it_will_do(found, minimum, is_good):
    assert rules.is_good_child(found, SESSION, WANT, NOW, minimum) is is_good


def test_a_child_gets_no_more_than_its_parent_has():
    assert rules.child_scopes(SESSION, Delegation("x", frozenset({"read:all", "admin:token"}))) == {
        "read:all"
    }
    assert rules.child_scopes(SESSION, Delegation()) == SESSION.scopes
    assert rules.child_expiry(SESSION, NOW, SETTINGS) == SESSION.expires
    endless = replace(SESSION, expires=None)
    assert rules.child_expiry(endless, NOW, SETTINGS) == NOW + 30 * 86400


@pytest.mark.parametrize(
    ("owner", "person", "is_theirs"),
    [
        ("local:1", ADA, True),
        ("local:1", None, False),
        ("local:1", replace(ADA, is_disabled=True), False),
        ("local:1", replace(ADA, id="9"), False),
        ("", None, True),
        ("", ADA, True),
        ("", replace(ADA, is_disabled=True), False),
    ],
)
def test_a_token_is_that_of_the_person_it_was_made_for(owner, person, is_theirs):
    assert rules.is_of(replace(SESSION, owner=owner), person) is is_theirs


def test_what_a_token_says_itself_stands_before_what_the_directory_says():
    said = replace(SESSION, identity=Identity(name="A. L.", groups=(Group("own", 7),)))

    assert rules.user_info(said, ADA).name == "A. L."
    assert rules.user_info(said, ADA).groups == (Group("own", 7),)
    assert rules.user_info(said, ADA).email == "ada@example.test"
    assert rules.user_info(SESSION, ADA).uid == 4711
    assert rules.user_info(SESSION, None).groups == ()


def test_what_nobody_knows_is_null():
    nobody = Person("eve", "", "", (), is_disabled=False, source="local")

    assert rules.person_info(nobody) == rules.UserInfo("eve")


def test_instants_are_written_with_a_space():
    assert rules.stamp(NOW + 0.9) == "2027-01-15 08:00:00+00:00"
    assert rules.stamp(None) is None
