import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.limits import Exceeded, Limiter, LimitRules, refilled
from yett.proxy.balancing.limits.bucket import _MOST

RULES = LimitRules(rate=2.0, burst=5.0)


def test_a_full_bucket_gives_its_burst_and_then_its_rate():
    limiter = Limiter(RULES)
    assert [limiter.take("", 1.0, 100.0) for _ in range(5)] == [None] * 5
    assert limiter.take("", 1.0, 100.0) == Exceeded(current=5.0, retry_after=0.5)
    assert limiter.take("", 1.0, 100.5) is None
    assert limiter.take("", 1.0, 100.5) == Exceeded(current=5.0, retry_after=0.5)


def test_what_was_refused_costs_nothing():
    limiter = Limiter(RULES)
    limiter.take("", 3.0, 100.0)
    assert limiter.take("", 3.0, 100.0).retry_after == 0.5
    assert limiter.take("", 2.0, 100.0) is None


def test_a_cost_that_never_fits_is_never_worth_a_retry():
    assert Limiter(RULES).take("", 5.5, 100.0).retry_after == math.inf


def test_each_key_has_a_bucket_of_its_own():
    limiter = Limiter(RULES)
    limiter.take("ada", 5.0, 100.0)
    assert limiter.take("ada", 1.0, 100.0) is not None
    assert limiter.take("bob", 5.0, 100.0) is None


def test_what_others_took_counts_here_too():
    limiter = Limiter(RULES)
    limiter.take("ada", 2.0, 100.0)
    ((key, bucket),) = limiter.taken()
    assert (key, bucket.taken) == ("ada", 2.0)
    # Between reading and writing the shared bucket, one more request came.
    limiter.take("ada", 1.0, 100.0)
    bucket.settle(shared=1.5, told=2.0, now=100.0)
    assert bucket.level(RULES, 100.0) == 0.5
    assert bucket.taken == 1.0


def test_news_about_others_does_not_count_ones_own_twice():
    limiter = Limiter(RULES)
    limiter.take("ada", 1.0, 100.0)
    limiter.hear("ada", 4.0, 100.0)
    assert limiter.take("ada", 3.0, 100.0) is None
    assert limiter.take("ada", 1.0, 100.0) is not None
    limiter.hear("eve", 1.0, 100.0)
    assert limiter.take("eve", 5.0, 100.0) is None


def test_ever_new_names_cost_no_memory():
    limiter = Limiter(RULES)
    for number in range(_MOST + 10):
        limiter.take(f"user-{number}", 4.0, 100.0)
    limiter.take("greedy", 5.0, 100.0)
    assert len(limiter) <= _MOST
    for number in range(_MOST):
        limiter.take(f"other-{number}", 1.0, 100.0)
    # Those who used up the most are remembered longest.
    assert limiter.take("greedy", 1.0, 100.0) is not None


@pytest.mark.parametrize(("since", "level"), [(100.0, 1.0), (99.0, 3.0), (50.0, 5.0), (200.0, 1.0)])
def test_a_shared_bucket_refills_with_time_but_not_from_the_future(since, level):
    assert refilled(1.0, since, RULES, 100.0) == level


@given(st.lists(st.tuples(st.floats(0, 2), st.floats(0.1, 6)), max_size=60))
def test_no_more_passes_than_burst_and_rate_allow(requests):
    limiter, now, passed = Limiter(RULES), 1000.0, 0.0
    for pause, cost in requests:
        now += pause
        if limiter.take("", cost, now) is None:
            passed += cost
        assert passed <= RULES.burst + RULES.rate * (now - 1000.0) + 1e-6


def test_whether_there_is_enough_is_known_without_taking():
    limiter = Limiter(LimitRules(rate=1.0, burst=2.0))
    for _ in range(5):
        assert limiter.would_take("", 1.0, 0.0)
    assert len(limiter) == 0
    assert limiter.take("", 2.0, 0.0) is None
    assert not limiter.would_take("", 1.0, 0.5)
    assert limiter.would_take("", 1.0, 1.0)
