from dataclasses import replace

import pytest
from tests.oidc.tokens.conftest import WIKI
from tests.signin.place import ADA

from yett.oidc.tokens import Confirmation, Family, Unissued, rules
from yett.oidc.tokens.model import Issued

NOW = 1000.0
FAMILY = Family(
    "r",
    "o",
    "wiki",
    "ada",
    "openid profile",
    NOW,
    NOW,
    NOW + 9,
    NOW + 9,
    "salt",
    generation=3,
    rotated_at=NOW,
)


@pytest.mark.parametrize(
    ("groups", "user", "person", "verdict"),
    [
        ((), "ada", ADA, None),
        ((), "", None, None),
        (("x",), "", None, None),
        (("wiki",), "ada", ADA, None),
        (("x",), "ada", ADA, Unissued.PERSON),
        ((), "ada", None, Unissued.PERSON),
        ((), "ada", replace(ADA, is_disabled=True), Unissued.PERSON),
        ((), "bob", ADA, Unissued.PERSON),
    ],
)
def test_a_client_speaks_for_people_who_may_use_it(groups, user, person, verdict):
    assert rules.judge_person(replace(WIKI, groups=frozenset(groups)), user, person) is verdict


@pytest.mark.parametrize(
    ("granted", "asked", "given"),
    [
        ("a b", "", "a b"),
        ("a b", "b", "b"),
        ("a b", "b a b", "b a"),
        ("a b", "c", None),
        ("a b", "a  b", None),
        ("", "", ""),
        ("", "a", None),
    ],
)
def test_a_scope_only_gets_narrower(granted, asked, given):
    assert rules.narrowed(granted, asked) == given


@pytest.mark.parametrize(
    ("generation", "now", "leeway", "verdict"),
    [
        (3, NOW, 0.0, False),
        (2, NOW, 0.0, True),
        (2, NOW + 4, 5.0, False),
        (2, NOW + 5, 5.0, True),
        (1, NOW, 5.0, True),
    ],
)
def test_only_the_last_one_may_come_again_and_only_within_the_leeway(generation, now, leeway, verdict):
    assert rules.is_reuse(FAMILY, generation, now=now, leeway=leeway) is verdict


@pytest.mark.parametrize(
    ("bound", "shown", "of_public", "of_others"),
    [
        (Confirmation(), Confirmation(), True, True),
        (Confirmation(), Confirmation("k", "c"), True, True),
        (Confirmation("k"), Confirmation("k"), True, True),
        (Confirmation("k"), Confirmation("other"), False, True),
        (Confirmation("k"), Confirmation(), False, False),
        (Confirmation("k", "c"), Confirmation("k"), False, False),
        (Confirmation("", "c"), Confirmation("c", ""), False, False),
    ],
)
def test_what_is_bound_has_to_be_shown(bound, shown, of_public, of_others):
    assert rules.is_proven(bound, shown, is_public=True) is of_public
    assert rules.is_proven(bound, shown, is_public=False) is of_others


def test_who_may_refresh():
    assert rules.judge_refresh(FAMILY, WIKI, "", Confirmation()) is None
    other = replace(WIKI, client_id="wikî")
    assert rules.judge_refresh(FAMILY, other, "", Confirmation()) is Unissued.OTHER_CLIENT
    assert rules.judge_refresh(FAMILY, WIKI, "email", Confirmation()) is Unissued.SCOPE
    bound = replace(FAMILY, confirmation=Confirmation("k"))
    assert rules.judge_refresh(bound, WIKI, "email", Confirmation()) is Unissued.UNPROVEN


def test_a_family_lists_what_is_good():
    def issued(number, until):
        return Issued(f"d{number}", f"j{number}", "", NOW, until)

    many = tuple(issued(number, NOW + 5) for number in range(40))
    new = issued(99, NOW + 9)
    found = rules.with_access((issued(100, NOW), *many), new, NOW)
    assert len(found) == rules.MOST_ACCESS
    assert found[-1] is new
    assert found[0] is many[9]


@pytest.mark.parametrize(
    ("last_at", "refresh", "has_refresh", "ends"),
    [
        (NOW + 100, 50, True, NOW + 50),
        (NOW + 20, 50, True, NOW + 20),
        (NOW + 100, 50, False, NOW + 10),
        (NOW + 100, 5, True, NOW + 10),
    ],
)
def test_a_family_lasts_as_long_as_the_last_of_it(last_at, refresh, has_refresh, ends):
    found = rules.ends(NOW, last_at=last_at, refresh=refresh, access_until=NOW + 10, has_refresh=has_refresh)
    assert found == ends
