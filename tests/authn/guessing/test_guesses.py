import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.guessing import (
    Attempt,
    By,
    Guesses,
    Limits,
    Policy,
    Throttled,
    Track,
    address_key,
    after_failure,
    is_worth_a_warning,
    wait_left,
)

POLICY = Policy(free=3, first_wait=1.0, longest_wait=10.0, forget_after=100.0)
WAITS = (1.0, 900.0, 7200.0)


def limits(pair=3, address=6, remembered=50_000):
    return Limits(Policy(pair, *WAITS), Policy(address, *WAITS), remembered)


LIMITS = limits()


@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2), (5, 4), (6, 8), (7, 10), (1000, 10), (10**9, 10)],
)
def test_waits_double_up_to_the_longest(failures, wait):
    assert wait_left(Track(failures, 50.0), POLICY, 50.0) == wait


def test_a_wait_passes():
    assert wait_left(Track(5, 50.0), POLICY, 53.0) == 1.0
    assert wait_left(Track(5, 50.0), POLICY, 54.0) == 0.0
    assert wait_left(None, POLICY, 0.0) == 0.0


def test_failures_are_forgotten_long_after_the_last_and_never_before_the_wait_is_over():
    assert after_failure(Track(5, 0.0), POLICY, 99.0) == Track(6, 99.0)
    assert after_failure(Track(5, 0.0), POLICY, 100.0) == Track(1, 100.0)
    forgetful = Policy(3, 1.0, 200.0, 100.0)
    assert after_failure(Track(5, 0.0), forgetful, 150.0) == Track(6, 150.0)


@given(st.integers(0, 100), st.floats(0, 1e6))
def test_a_wait_is_never_longer_than_the_longest(failures, now):
    assert 0 <= wait_left(Track(failures, now), POLICY, now) <= POLICY.longest_wait


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_address_counts_as_far_as_one_party_owns_it(address, key):
    assert address_key(address) == key


def fail(guesses, person, address, now=0.0):
    attempt = guesses.begin(person, address, now)
    assert isinstance(attempt, Attempt)
    return attempt


def test_a_guesser_waits_and_the_person_elsewhere_does_not():
    guesses = Guesses(LIMITS)
    for _ in range(3):
        fail(guesses, "ada", "192.0.2.7")
    assert guesses.begin("ada", "192.0.2.7", 0.0) == Throttled(By.PERSON_AND_ADDRESS, 3, 1.0)
    assert isinstance(guesses.begin("ada", "192.0.2.8", 0.0), Attempt)
    assert isinstance(guesses.begin("bob", "192.0.2.7", 0.0), Attempt)
    assert isinstance(guesses.begin("ada", "192.0.2.7", 1.0), Attempt)
    assert guesses.begin("ada", "192.0.2.7", 1.0) == Throttled(By.PERSON_AND_ADDRESS, 4, 2.0)


def test_no_number_of_guesses_from_elsewhere_makes_a_person_wait():
    guesses = Guesses(LIMITS)
    for number in range(1000):
        guesses.begin("ada", f"198.51.{number // 250}.{number % 250}", 0.0)
    attempt = guesses.begin("ada", "192.0.2.7", 0.0)
    assert isinstance(attempt, Attempt)
    assert attempt.failures_of_person == 1001


def test_an_address_that_tries_many_names_waits():
    guesses = Guesses(LIMITS)
    for number in range(6):
        fail(guesses, f"person{number}", "192.0.2.7")
    assert guesses.begin("ada", "192.0.2.7", 0.0) == Throttled(By.ADDRESS, 6, 1.0)


def test_waiting_attempts_do_not_lengthen_the_wait():
    guesses = Guesses(LIMITS)
    for _ in range(3):
        fail(guesses, "ada", "192.0.2.7")
    for _ in range(100):
        guesses.begin("ada", "192.0.2.7", 0.5)
    assert isinstance(guesses.begin("ada", "192.0.2.7", 1.0), Attempt)


def test_an_attempt_counts_from_its_beginning():
    guesses = Guesses(LIMITS)
    begun = [guesses.begin("ada", "192.0.2.7", 0.0) for _ in range(10)]
    assert sum(isinstance(attempt, Attempt) for attempt in begun) == 3


def test_a_right_password_clears_the_pair():
    guesses = Guesses(LIMITS)
    fail(guesses, "ada", "192.0.2.7")
    fail(guesses, "ada", "192.0.2.7")
    guesses.accepted(fail(guesses, "ada", "192.0.2.7"))
    assert [type(guesses.begin("ada", "192.0.2.7", 0.0)) for _ in range(4)] == [Attempt] * 3 + [Throttled]


def test_signing_in_as_oneself_buys_no_guesses_at_others():
    guesses = Guesses(LIMITS)
    for number in range(5):
        fail(guesses, f"person{number}", "192.0.2.7")
        guesses.accepted(fail(guesses, "eve", "192.0.2.7"))
    fail(guesses, "person5", "192.0.2.7")
    assert isinstance(guesses.begin("ada", "192.0.2.7", 0.0), Throttled)


def test_what_was_not_checked_does_not_count():
    guesses = Guesses(LIMITS)
    for _ in range(100):
        guesses.unchecked(fail(guesses, "ada", "192.0.2.7"))
    assert guesses.remembered() == 0


def test_memory_is_bounded_and_the_oldest_goes_first():
    guesses = Guesses(limits(pair=1, remembered=100))
    for number in range(1000):
        guesses.begin("ada", f"198.51.{number // 250}.{number % 250}", 0.0)
    assert guesses.remembered() == 100
    assert isinstance(guesses.begin("ada", "198.51.3.249", 0.0), Throttled)
    assert isinstance(guesses.begin("ada", "198.51.0.0", 0.0), Attempt)


def test_giving_back_what_was_dropped_meanwhile_is_harmless():
    guesses = Guesses(limits(remembered=1))
    attempt = fail(guesses, "ada", "192.0.2.7")
    fail(guesses, "bob", "192.0.2.8")
    guesses.accepted(attempt)
    guesses.unchecked(attempt)
    assert guesses.remembered() == 1


def test_other_limits_hold_from_then_on():
    guesses = Guesses(LIMITS)
    fail(guesses, "ada", "192.0.2.7")
    guesses.configure(limits(pair=1))
    assert isinstance(guesses.begin("ada", "192.0.2.7", 0.0), Throttled)


def test_warnings_come_at_every_doubling():
    assert [count for count in range(400) if is_worth_a_warning(count)] == [20, 40, 80, 160, 320]


@given(st.lists(st.floats(0, 40), min_size=1, max_size=60))
def test_between_two_checks_of_a_guesser_there_is_always_the_wait_due(pauses):
    guesses, now, checked = Guesses(LIMITS), 0.0, []
    for pause in pauses:
        now += pause
        if isinstance(guesses.begin("ada", "192.0.2.7", now), Attempt):
            checked.append(now)
    for number in range(LIMITS.pair.free, len(checked)):
        due = min(2.0 ** (number - LIMITS.pair.free), LIMITS.pair.longest_wait)
        assert checked[number] - checked[number - 1] >= due - 1e-6
