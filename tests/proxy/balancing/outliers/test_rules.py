import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.outliers import (
    OutlierRules,
    Standing,
    compare_success,
    ejection_length,
    is_run_too_long,
    max_ejectable,
    measure_failures,
)

RULES = OutlierRules()


def standings(*failures, requests=100):
    return {
        f"b{number}": Standing(requests=requests, failures=count) for number, count in enumerate(failures)
    }


@pytest.mark.parametrize(("in_a_row", "verdict"), [(4, False), (5, True), (9, True)])
def test_a_run_of_failures_has_a_limit(in_a_row, verdict):
    assert is_run_too_long(Standing(in_a_row=in_a_row), RULES) is verdict


def test_runs_are_not_looked_at_when_that_is_off():
    assert not is_run_too_long(Standing(in_a_row=99), OutlierRules(consecutive=0))


def test_who_succeeds_much_less_than_the_others_stands_out():
    found = compare_success(standings(1, 2, 1, 2, 60), RULES)
    assert found.outliers == ("b4",)
    assert found.eligible == 5
    assert found.average == pytest.approx(0.868)
    # Population standard deviation of .99 .98 .99 .98 .40.
    assert found.stdev == pytest.approx(0.23404, abs=1e-4)
    assert found.threshold == pytest.approx(0.868 - 1.9 * 0.23404, abs=1e-3)


def test_nobody_stands_out_among_equals():
    assert compare_success(standings(50, 50, 50, 50, 50), RULES).outliers == ()


@pytest.mark.parametrize(
    "few",
    [
        standings(1, 1, 1, 90),
        standings(1, 1, 1, 1, 90, requests=99),
        {**standings(1, 1, 1, 1), "b9": Standing(requests=3, failures=3)},
        {},
    ],
)
def test_success_is_not_compared_among_too_few(few):
    assert compare_success(few, RULES) is None


def test_success_is_not_compared_when_that_is_off():
    assert compare_success(standings(1, 1, 1, 1, 99), OutlierRules(stdev_factor=0)) is None


def test_who_fails_too_large_a_share_stands_out_worst_first():
    found = measure_failures(standings(1, 85, 84, 99), RULES)
    assert found.eligible == 4
    assert found.outliers == ("b3", "b1")


def test_shares_of_too_few_requests_are_not_looked_at():
    assert measure_failures(standings(90, requests=99), RULES) is None
    assert measure_failures(standings(90), OutlierRules(failure_percentage=0)) is None


@pytest.mark.parametrize(
    ("backends", "percent", "most"),
    [(0, 10, 0), (1, 100, 0), (2, 10, 1), (2, 100, 1), (10, 10, 1), (10, 50, 5), (10, 100, 9), (30, 10, 3)],
)
def test_at_least_one_may_be_out_and_never_all(backends, percent, most):
    assert max_ejectable(backends, OutlierRules(max_ejected_percent=percent)) == most


@pytest.mark.parametrize(("count", "seconds"), [(1, 30), (2, 60), (9, 270), (10, 300), (99, 300)])
def test_each_ejection_is_longer_up_to_a_limit(count, seconds):
    assert ejection_length(count, RULES) == seconds


def test_good_conduct_shortens_the_next_ejection():
    standing = Standing(ejections=2)
    assert standing.begin_interval()
    assert standing.begin_interval()
    assert not standing.begin_interval()
    assert standing.ejections == 0


def test_an_ejected_backend_earns_nothing_by_waiting():
    standing = Standing(ejections=2, ejected_until=100.0, requests=3)
    assert standing.begin_interval()
    assert (standing.ejections, standing.requests) == (2, 0)


@given(st.dictionaries(st.text(max_size=3), st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=12))
def test_only_backends_with_enough_requests_are_named(figures):
    found = {
        name: Standing(requests=requests, failures=min(failures, requests))
        for name, (requests, failures) in figures.items()
    }
    for result in (compare_success(found, RULES), measure_failures(found, RULES)):
        if result is not None:
            assert all(found[name].requests >= 100 for name in result.outliers)
            assert len(result.outliers) <= result.eligible
