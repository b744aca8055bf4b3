from yett.authn.passkey.shelf import Shelf


def test_whoever_asks_too_often_makes_room_for_themselves():
    shelf = Shelf(10, 2)
    assert shelf.add("other", "b", expires_at=9, now=0) == []
    assert [shelf.add(str(number), "a", expires_at=9, now=0) for number in range(4)] == [[], [], ["0"], ["1"]]
    assert len(shelf) == 3


def test_the_oldest_makes_room_when_all_is_taken():
    shelf = Shelf(2, 2)
    assert [shelf.add(name, name, expires_at=9, now=0) for name in "abc"] == [[], [], ["a"]]


def test_what_has_expired_is_forgotten_and_needs_no_deleting():
    shelf = Shelf(2, 2)
    shelf.add("a", "a", expires_at=5, now=0)
    shelf.add("b", "a", expires_at=5, now=0)
    assert shelf.add("c", "a", expires_at=9, now=5) == []
    assert len(shelf) == 1


def test_what_is_not_there_can_be_removed():
    shelf = Shelf(2, 2)
    shelf.add("a", "a", expires_at=5, now=0)
    shelf.remove("x")
    shelf.remove("a")
    shelf.remove("a")
    assert len(shelf) == 0


def test_less_room_takes_effect_with_the_next():
    shelf = Shelf(3, 3)
    for name in "abc":
        shelf.add(name, "a", expires_at=9, now=0)
    shelf.room = 1
    assert shelf.add("d", "b", expires_at=9, now=0) == ["a", "b", "c"]
