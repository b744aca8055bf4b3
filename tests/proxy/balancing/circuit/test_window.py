import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.balancing.circuit import Sample
from yett.proxy.balancing.circuit.window import Window

GOOD, BAD = Sample(is_error=False, latency=0.01), Sample(is_error=True, is_network_error=True)


def test_old_requests_leave_the_window():
    window = Window(10.0)
    window.add(BAD, 100.0)
    window.add(GOOD, 105.0)
    assert (window.requests, window.error_ratio, window.network_ratio) == (2, 0.5, 0.5)
    window.turn(110.5)
    assert (window.requests, window.error_ratio) == (1, 0.0)
    window.turn(1000.0)
    assert (window.requests, window.error_ratio, window.quantile(0.5)) == (0, 0.0, None)


@pytest.mark.parametrize("latency", [0.0, 1e-6, 0.0004, 0.02, 1.7, 59.0])
def test_a_percentile_is_right_to_within_five_per_cent(latency):
    window = Window(10.0)
    window.add(Sample(is_error=False, latency=latency), 1.0)
    assert window.quantile(0.95) == pytest.approx(latency, rel=0.05, abs=2e-7 + 1e-6 * (latency == 0))


def test_percentiles_lie_where_they_should():
    window = Window(10.0)
    for milliseconds in range(1, 101):
        window.add(Sample(is_error=False, latency=milliseconds / 1000), 1.0)
    assert window.quantile(0.5) == pytest.approx(0.050, rel=0.1)
    assert window.quantile(0.95) == pytest.approx(0.095, rel=0.1)
    assert window.quantile(1.0) == pytest.approx(0.100, rel=0.1)


moments = st.lists(
    st.tuples(st.floats(0, 3), st.booleans(), st.none() | st.floats(0, 1e4)), min_size=1, max_size=60
)


@given(moments)
def test_the_running_figures_are_those_of_the_steps(steps):
    window = Window(10.0)
    now = 50.0
    seen = []
    for pause, is_error, latency in steps:
        now += pause
        window.add(Sample(is_error=is_error, latency=latency), now)
        seen.append((int(now), is_error, latency))
        window.turn(now)
        kept = [each for each in seen if each[0] > int(now) - 10]
        assert window.requests == len(kept)
        assert window.errors == sum(each[1] for each in kept)
        assert (window.quantile(0.5) is None) == all(each[2] is None for each in kept)
