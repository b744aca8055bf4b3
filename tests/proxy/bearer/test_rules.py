from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.bearer.making import PERSON, WANTED

from yett.proxy.bearer.rules import digest_of, held, is_good, name_of

KEPT = held("a.b.c", PERSON, issued_at=1000.0, expires_at=1300.0)


def test_a_token_is_renewed_at_four_fifths_and_leaves_with_time_for_the_way():
    assert KEPT.line == b"Authorization: Bearer a.b.c\r\n"
    assert (KEPT.refresh_at, KEPT.expires_at) == (1240.0, 1295.0)
    assert held("t", PERSON, issued_at=0.0, expires_at=10.0).expires_at == 9.0


@pytest.mark.parametrize(
    ("now", "is_so"), [(999.9, False), (1000.0, True), (1294.9, True), (1295.0, False), (9e9, False)]
)
def test_a_token_is_good_between_its_instants(now, is_so):
    assert is_good(KEPT, PERSON, now) is is_so


@pytest.mark.parametrize(
    "changes", [{"groups": ()}, {"email": "x@example.org"}, {"display_name": "A"}, {"name": "eve"}]
)
def test_a_token_is_no_good_once_its_person_has_changed(changes):
    other = replace(PERSON, **changes)
    assert not is_good(KEPT, other, 1100.0)
    assert digest_of(other) != digest_of(PERSON)
    assert is_good(KEPT, replace(PERSON), 1100.0)


def test_another_wish_is_kept_elsewhere():
    wishes = (WANTED, replace(WANTED, app="x"), replace(WANTED, audience="x"), replace(WANTED, lifetime=60.0))
    assert len({name_of(wish) for wish in wishes}) == 4


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_people_are_never_told_as_one(one, two):
    same = digest_of(replace(PERSON, groups=tuple(one))) == digest_of(replace(PERSON, groups=tuple(two)))
    assert same is (one == two)


def test_a_token_does_not_show_itself():
    assert "a.b.c" not in repr(KEPT)
