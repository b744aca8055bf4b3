import time

from yett.kernel import FrozenClock, SystemClock


def test_the_system_clock_tells_the_time_of_the_machine():
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
    assert clock.monotonic() <= clock.monotonic()


def test_a_frozen_clock_stands_until_it_is_moved():
    clock = FrozenClock(1000.0)
    assert (clock.now(), clock.monotonic()) == (1000.0, 1000.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (1002.5, 1002.5)
    clock.advance(-10)
    assert clock.now() == 992.5
