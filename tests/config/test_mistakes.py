"""How mistakes read."""

import datetime

from yett.config.mistakes import Mistake, one_of, render, shown


def test_a_mistake_says_where_what_why_and_what_to_do():
    mistake = Mistake("door.port", "0", "is less than 1", "take 443", "yett.toml:2")
    assert str(mistake) == "yett.toml:2: door.port: is less than 1 (given: 0); take 443"
    assert str(Mistake("", "", "is not TOML")) == "is not TOML"


def test_no_value_can_forge_a_line_of_its_own():
    assert "\n" not in str(Mistake("a\nb", shown("c\nd\x1b"), "e\rf"))


def test_values_are_shown_short_and_on_one_line():
    assert shown("x" * 500) == '"' + "x" * 78 + "…"
    assert shown(10**5000) == "a number beyond 64 bits"
    assert [shown(value) for value in (True, 1.5, {}, [], datetime.time(1), object())] == [
        "true",
        "1.5",
        "a table",
        "a list",
        "01:00:00",
        "",
    ]


def test_a_flood_of_mistakes_is_cut():
    lines = render([Mistake("a", "", "is wrong")] * 250).split("\n")
    assert lines[0] == "The configuration has 250 mistakes:"
    assert len(lines) == 102
    assert lines[-1] == "  … and 150 more"


def test_choices_are_enumerated():
    assert one_of(["a"]) == '"a"'
    assert one_of(["a", "b", "c"]) == '"a", "b" or "c"'
