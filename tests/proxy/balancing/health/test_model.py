import pytest

from yett.proxy.balancing.health import Failed, HealthRules, HealthState, Passed, judge

RULES = HealthRules(healthy_after=2, unhealthy_after=3)
PASSED, FAILED = Passed(0.01), Failed("refused")


def after(*results):
    state, verdicts = HealthState(), []
    for result in results:
        state = judge(state, result, RULES)
        verdicts.append(state.is_healthy)
    return verdicts


@pytest.mark.parametrize(
    ("results", "verdicts"),
    [
        ((PASSED,), [True]),
        # The first check decides alone: a backend that was never well gets no benefit of the doubt.
        ((FAILED,), [False]),
        ((PASSED, FAILED, FAILED, FAILED), [True, True, True, False]),
        ((PASSED, FAILED, FAILED, PASSED, FAILED, FAILED), [True] * 6),
        ((FAILED, PASSED, PASSED), [False, False, True]),
        ((FAILED, PASSED, FAILED, PASSED, PASSED), [False, False, False, False, True]),
    ],
)
def test_a_backend_goes_and_comes_back_after_enough_checks_in_a_row(results, verdicts):
    assert after(*results) == verdicts


def test_what_was_found_last_is_kept():
    failed = judge(HealthState(), FAILED, RULES)
    assert (failed.problem, failed.consecutive_fails, failed.consecutive_ok) == ("refused", 1, 0)
    passed = judge(failed, PASSED, RULES)
    assert (passed.problem, passed.latency, passed.consecutive_fails, passed.consecutive_ok) == (
        "",
        0.01,
        0,
        1,
    )


def test_checks_do_not_end_a_drain():
    assert judge(HealthState(is_draining=True), PASSED, RULES).is_draining
    assert judge(HealthState(is_draining=True), FAILED, RULES).is_draining
