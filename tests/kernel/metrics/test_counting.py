import threading

from yett.kernel.metrics import Distribution, Tally


def test_a_value_on_a_bound_belongs_to_the_bucket_below_it():
    spread = Distribution((0.1, 1.0))
    for value in (0.0, 0.1, 0.11, 1.0, 1.01, float("inf")):
        spread.observe(value)
    assert spread.counts == [2, 2, 2]
    assert spread.total == 6


def test_a_copy_stands_still():
    spread = Distribution((1.0,))
    spread.observe(0.5)
    copy = spread.copy()
    spread.observe(0.5)
    assert (copy.counts, copy.sum, spread.total) == ([1, 0], 0.5, 2)


def test_a_tally_has_room_for_so_many_things_and_counts_the_rest():
    tally = Tally(2)
    for name in "abcab":
        tally.add(name)
    assert (tally, tally.left_out) == ({"a": 2, "b": 2}, 1)
    tally.add("d", 5)
    assert tally.left_out == 6


def test_a_tally_can_be_copied_while_another_thread_counts():
    tally = Tally(50_000)
    counting = threading.Thread(target=lambda: [tally.add(number) for number in range(50_000)])
    counting.start()
    while counting.is_alive():
        assert set(dict(tally).values()) <= {1}
    counting.join()
    assert len(tally) == 50_000
