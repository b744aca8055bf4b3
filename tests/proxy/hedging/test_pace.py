import pytest

from yett.proxy.hedging import Pace


def test_too_few_answers_tell_nothing():
    pace = Pace()
    for _ in range(19):
        pace.observe(0.1, 100.0)
    assert pace.p95(100.0) == 0.0


def test_it_is_the_time_that_most_answers_keep_to():
    pace = Pace()
    for latency in [0.01] * 90 + [0.5] * 10:
        pace.observe(latency, 100.0)
    assert pace.p95(100.0) == pytest.approx(0.5, rel=0.1)


def test_it_is_looked_at_once_a_second():
    pace = Pace()
    for _ in range(20):
        pace.observe(0.01, 100.0)
    before = pace.p95(100.0)
    for _ in range(200):
        pace.observe(1.0, 100.2)
    assert pace.p95(100.9) == before
    assert pace.p95(101.0) == pytest.approx(1.0, rel=0.1)


def test_old_answers_are_forgotten():
    pace = Pace()
    for _ in range(20):
        pace.observe(0.01, 100.0)
    assert pace.p95(200.0) == 0.0
