from yett.guard.breaker import Breaker


def test_it_opens_after_failures_in_a_row_and_lets_one_try_after_each_pause():
    breaker = Breaker(limit=3, pause=10)
    for _ in range(2):
        breaker.failed(0)
    breaker.succeeded()
    for _ in range(2):
        breaker.failed(0)
    assert not breaker.is_open(0)
    breaker.failed(0)
    assert [breaker.is_open(now) for now in (0, 9.9, 10, 10, 19.9)] == [True, True, False, True, True]
    assert not breaker.is_open(20)
    breaker.succeeded()
    assert not breaker.is_open(20)


def test_a_clock_that_steps_back_does_not_keep_it_open():
    breaker = Breaker(limit=1, pause=10)
    breaker.failed(1000)
    assert breaker.is_open(1000)
    assert not breaker.is_open(0)
    assert breaker.is_open(1)


def test_asking_what_it_would_do_is_no_try():
    breaker = Breaker(limit=1, pause=10)
    assert not breaker.would_block(0)
    breaker.failed(0)
    assert [breaker.would_block(now) for now in (0, 9.9, 10, 10)] == [True, True, False, False]
    assert not breaker.is_open(10)
    assert breaker.would_block(11)
