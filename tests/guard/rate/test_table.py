from hypothesis import given
from hypothesis import strategies as st

from yett.guard.rate.table import Table


def test_a_full_table_keeps_its_active_clients_and_refuses_more():
    table = Table(3)
    assert [table.add(key, 100.0, 0.0) for key in "abcd"] == [True, True, True, False]
    assert set(table.instants) == set("abc")


def test_a_client_whose_instant_passed_makes_room():
    table = Table(3)
    for key, at in (("a", 100.0), ("b", 5.0), ("c", 100.0)):
        table.add(key, at, 0.0)
    assert table.add("d", 100.0, 5.0)
    assert set(table.instants) == set("acd")


def test_who_adds_clears_away_more_than_it_brings():
    table = Table(10_000)
    for number in range(1000):
        table.add(number, 1.0, 0.0)
    for number in range(300):
        table.add(("later", number), 10.0, 2.0)
    assert len(table) <= 300


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 5)), max_size=200), st.integers(1, 10))
def test_the_bound_holds_and_nobody_active_is_forgotten(steps, limit):
    table, now, active = Table(limit), 0.0, {}
    for key, gap in steps:
        now += gap / 10
        active = {each: at for each, at in active.items() if at > now}
        if key not in table.instants and table.add(key, now + gap, now) and gap:
            active[key] = now + gap
        assert len(table) <= limit
        assert active.keys() <= table.instants.keys()


def test_forgetting_says_whether_there_was_something():
    table = Table(3)
    table.add("a", 1.0, 0.0)
    assert table.discard("a")
    assert not table.discard("a")
    table.add("b", 1.0, 0.0)
    table.clear()
    assert len(table) == 0
    table.resize(0)
    assert not table.add("c", 1.0, 0.0)


def test_whether_there_is_room_is_known_without_moving_anything():
    table = Table(2)
    for key, at in (("a", 5.0), ("b", 9.0)):
        assert table.has_room(0.0)
        table.add(key, at, 0.0)
    before = list(table.instants)
    assert [table.has_room(now) for now in (0.0, 5.0)] == [False, True]
    assert list(table.instants) == before
    assert table.add("c", 9.0, 5.0)
