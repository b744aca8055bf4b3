from yett.ops.searching import Tally, counting


def test_values_are_counted_and_the_most_frequent_come_first():
    tally = Tally("app")
    for app in ("b", "a", "c", "a", None, ["a", "c", "c"], []):
        tally.add({"app": app} if app is not None else {})
    assert tally.table(0).rows == (("a", 3), ("(none)", 2), ("c", 2), ("b", 1))
    assert tally.table(1).rows == (("a", 3), ("(others)", 5))
    assert tally.table(0).columns == ("app", "count")


def test_values_without_end_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(counting, "_MOST", 2)
    tally = Tally("n")
    for number in (1, 2, 3, 1, 4):
        tally.add({"n": number})
    assert tally.table(0).rows == (("1", 2), ("2", 1), ("(others)", 2))


def test_nothing_is_counted_as_nothing():
    assert Tally("n").table(5).rows == ()
