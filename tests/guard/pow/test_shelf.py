from hypothesis import given
from hypothesis import strategies as st

from yett.guard.pow.shelf import Shelf


def test_the_oldest_makes_room():
    shelf = Shelf(3, 10)
    gone = [shelf.add(key, key, expires_at=10, now=0) for key in "abcd"]
    assert gone == [[], [], [], ["a"]]
    assert len(shelf) == 3


def test_whoever_asks_too_often_makes_room_at_their_own_expense():
    shelf = Shelf(100, 2)
    shelf.add("honest", "ada", expires_at=10, now=0)
    gone = [shelf.add(key, "eve", expires_at=10, now=0) for key in "abc"]
    assert gone == [[], [], ["a"]]


def test_what_is_large_takes_the_place_of_several():
    shelf = Shelf(10, 10)
    for key in "abc":
        shelf.add(key, key, size=3, expires_at=10, now=0)
    assert shelf.add("d", "d", size=6, expires_at=10, now=0) == ["a", "b"]
    assert shelf.taken == 9


def test_what_expired_is_forgotten_without_being_deleted():
    shelf = Shelf(1, 1)
    shelf.add("a", "ada", expires_at=10, now=0)
    assert shelf.add("b", "ada", expires_at=20, now=10) == []
    shelf.remove("b")
    shelf.remove("b")
    assert (len(shelf), shelf.taken) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(-3, 3), st.booleans())))
def test_it_is_bounded_whatever_happens_even_to_the_clock(steps):
    shelf = Shelf(12, 3)
    now = 0
    for number, (client, size, passed, is_removed) in enumerate(steps):
        now += passed
        gone = shelf.add(str(number), str(client), size=size, expires_at=now + 5, now=now)
        assert str(number) not in gone
        if is_removed:
            shelf.remove(str(number))
        assert shelf.taken <= 12
        assert len(shelf) <= 12
    for number in range(len(steps)):
        shelf.remove(str(number))
    assert (len(shelf), shelf.taken) == (0, 0)
