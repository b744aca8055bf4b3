"""So many in a while, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.allowance import Allowance


def test_so_many_at_once_and_then_one_by_one():
    allowance = Allowance(3, 60.0)

    assert [allowance.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert allowance.take("a", 100.0) == pytest.approx(20.0)
    assert allowance.take("b", 100.0) == 0.0
    assert allowance.take("a", 119.9) == pytest.approx(0.1)
    assert allowance.take("a", 120.0) == 0.0
    assert allowance.take("a", 120.0) == pytest.approx(20.0)


def test_what_was_given_back_is_there_again():
    allowance = Allowance(1, 60.0)
    assert allowance.take("a", 0.0) == 0.0

    allowance.give_back("a")
    allowance.give_back("nobody")

    assert allowance.take("a", 0.0) == 0.0
    assert allowance.take("a", 0.0) > 0.0


def test_what_is_remembered_is_bounded_and_forgets_what_says_nothing():
    allowance = Allowance(1, 60.0, remembered=3)

    for number in range(10):
        allowance.take(str(number), 0.0)
    assert len(allowance) == 3
    allowance.take("new", 1000.0)
    assert len(allowance) == 1


@given(
    most=st.integers(1, 9),
    gaps=st.lists(st.floats(0, 40, allow_nan=False), max_size=60),
)
def test_never_more_than_what_is_allowed_plus_what_came_back(most, gaps):
    allowance = Allowance(most, 60.0)
    now, taken = 0.0, 0
    for gap in gaps:
        now += gap
        taken += allowance.take("a", now) == 0.0
        assert taken <= most + now * most / 60.0 + 1e-6
