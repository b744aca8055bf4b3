import pytest

from yett.sessions.steady import SteadyTime


class TwoClocks:
    """A wall clock and a monotonic one that can be moved apart."""

    def __init__(self):
        self.wall = 1000.0
        self.running = 5.0

    def now(self):
        return self.wall

    def monotonic(self):
        return self.running

    def run(self, seconds):
        self.wall += seconds
        self.running += seconds


@pytest.fixture
def clocks():
    return TwoClocks()


def test_time_is_that_of_the_wall_clock(clocks):
    time = SteadyTime(clocks)
    clocks.run(10)

    assert time.now() == 1010.0


def test_a_step_forward_is_followed(clocks):
    time = SteadyTime(clocks)
    clocks.wall += 3600

    assert time.now() == 4600.0


def test_a_step_back_is_not_followed_and_time_goes_on(clocks):
    time = SteadyTime(clocks)
    clocks.wall -= 3600
    clocks.run(10)

    assert time.now() == 1010.0


def test_after_a_step_forward_and_back_time_still_does_not_go_back(clocks):
    time = SteadyTime(clocks)
    clocks.wall += 3600
    before = time.now()
    clocks.wall -= 3600
    clocks.run(1)

    assert time.now() == before + 1
