"""Which code is right, as rows of tables."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yett.authn.totp import Reason, rules
from yett.authn.totp.codes import code_at
from yett.authn.totp.rules import Matched, judge

SECRET = b"12345678901234567890"


def judged(shown_at, *, last_step=-1, window=1, step=100, allow_backward=False):
    return judge(
        SECRET,
        code_at(SECRET, shown_at),
        step=step,
        window=window,
        last_step=last_step,
        allow_backward=allow_backward,
    )


@pytest.mark.parametrize(
    ("shown_at", "window", "verdict"),
    [
        (100, 1, Matched(100)),
        (99, 1, Matched(99)),
        (101, 1, Matched(101)),
        (98, 1, Reason.WRONG),
        (102, 1, Reason.WRONG),
        (100, 0, Matched(100)),
        (99, 0, Reason.WRONG),
        (98, 2, Matched(98)),
        (102, 2, Matched(102)),
        (97, 2, Reason.WRONG),
    ],
)
def test_a_code_is_good_near_its_step(shown_at, window, verdict):
    assert judged(shown_at, window=window) == verdict


@pytest.mark.parametrize(
    ("shown_at", "last_step", "verdict"),
    [
        (100, 99, Matched(100)),
        (100, 100, Reason.SPENT),
        (99, 100, Reason.SPENT),  # older than the newest spent one
        (101, 100, Matched(101)),
        (100, 101, Reason.SPENT),  # the last one came from a fast clock
        (100, 102, Reason.CLOCK_BACKWARD),  # no clock that only goes forward has seen it
        (100, 10**9, Reason.CLOCK_BACKWARD),
    ],
)
def test_a_code_is_good_once_and_none_before_it(shown_at, last_step, verdict):
    assert judged(shown_at, last_step=last_step) == verdict


def test_a_clock_that_was_put_back_is_forgiven_where_that_is_set():
    assert judged(100, last_step=10**9, allow_backward=True) == Matched(100, is_backward=True)
    assert judged(100, last_step=101, allow_backward=True) is Reason.SPENT
    assert judged(98, last_step=10**9, allow_backward=True) is Reason.WRONG


def test_the_first_step_of_all_has_none_before_it():
    assert judged(0, step=0) == Matched(0)


@pytest.mark.parametrize(
    "typed", ["", "1", "12345", "1234567", "abcdef", "12345\u0661", "\x00" * 6, "9" * 500]
)
def test_what_is_no_code_is_wrong(typed):
    assert judge(SECRET, typed, step=100, window=1, last_step=-1) is Reason.WRONG


def test_a_code_can_be_typed_as_apps_show_it():
    code = code_at(SECRET, 100)
    assert judge(SECRET, f"{code[:3]} {code[3:]}", step=100, window=1, last_step=-1) == Matched(100)


@given(st.text(max_size=40), st.integers(0, 2**40), st.integers(-1, 2**40), st.integers(0, 2), st.booleans())
def test_any_text_gets_a_verdict_and_none_twice(typed, step, last_step, window, allow):
    verdict = judge(SECRET, typed, step=step, window=window, last_step=last_step, allow_backward=allow)
    if isinstance(verdict, Matched):
        assert abs(verdict.step - step) <= window
        again = judge(SECRET, typed, step=step, window=window, last_step=verdict.step, allow_backward=allow)
        assert again is Reason.SPENT


@given(st.integers(0, 2**40), st.integers(0, 2), st.integers(-3, 3), st.booleans())
def test_a_code_that_was_accepted_is_not_accepted_again_at_any_near_time(step, window, later, allow):
    code = code_at(SECRET, step)
    first = judge(SECRET, code, step=step, window=window, last_step=-1, allow_backward=allow)
    assert isinstance(first, Matched)
    now = max(step + later, 0)
    # Behind the window the clock was put back, which may be forgiven.
    assume(not (allow and first.step > now + window))
    assert not isinstance(
        judge(SECRET, code, step=now, window=window, last_step=first.step, allow_backward=allow), Matched
    )


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("BCDFG-HJKLM", "BCDFGHJKLM"),
        ("bcdfg hjklm", "BCDFGHJKLM"),
        ("BCDFGHJKLM", "BCDFGHJKLM"),
        ("BCDFG-HJKL", None),
        ("BCDFG-HJKLMN", None),
        ("ACDFG-HJKLM", None),
        ("123456", None),
        ("", None),
        ("BCDFG-HJKL\u017f", None),
    ],
)
def test_a_recovery_code_is_ten_consonants(typed, code):
    assert rules.recovery_code(typed) == code


def test_a_spent_recovery_code_is_gone_and_the_others_stay():
    kept = (b"a", b"b", b"c")
    assert rules.find(b"b", kept) == b"b"
    assert rules.find(b"x", kept) is None
    assert rules.find(b"x", ()) is None
    assert rules.without(kept, b"b") == (b"a", b"c")
