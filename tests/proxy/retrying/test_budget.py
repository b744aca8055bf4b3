from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.retrying import Budget


def spend(budget, times, now, share=0.2, per_second=0.0):
    return sum(budget.spend(share, per_second, now) for _ in range(times))


def test_extra_requests_are_a_share_of_all():
    budget = Budget()
    for _ in range(50):
        budget.count(100.0)
    assert spend(budget, 100, 100.5) == 10


def test_a_few_are_always_allowed():
    assert spend(Budget(), 100, 100.0, per_second=3.0) == 30


def test_nothing_is_allowed_where_nothing_is_set():
    budget = Budget()
    budget.count(100.0)
    assert spend(budget, 5, 100.0, share=0.0) == 0


def test_what_is_older_than_ten_seconds_counts_no_more():
    budget = Budget()
    for _ in range(50):
        budget.count(100.0)
    assert spend(budget, 20, 105.0) == 10
    assert spend(budget, 20, 109.9) == 0
    # The fifty are gone, and the ten that they paid for are not.
    assert spend(budget, 20, 110.1) == 0
    for _ in range(100):
        budget.count(115.1)
    assert spend(budget, 40, 115.2) == 20


def test_a_long_silence_empties_it():
    budget = Budget()
    for _ in range(50):
        budget.count(100.0)
    spend(budget, 10, 100.0)
    assert spend(budget, 5, 1e9) == 0
    assert spend(budget, 5, 1e9, per_second=0.1) == 1


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=200))
def test_it_never_goes_below_nothing_nor_beyond_its_share(steps):
    budget, now = Budget(), 0.0
    extra, all_requests = [], []
    for pause, is_extra in steps:
        now += pause / 10
        if is_extra:
            if budget.spend(0.5, 0.1, now):
                extra.append(now)
        else:
            budget.count(now)
            all_requests.append(now)
    lately = sum(int(at) > int(now) - 10 for at in extra)
    assert lately <= len(all_requests) * 0.5 + 1
    assert budget._total >= 0
    assert budget._extras >= 0
