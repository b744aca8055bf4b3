from yett.ops.searching import in_one_line, row_of
from yett.ops.searching.rows import when


def test_a_time_is_shown_in_utc_and_what_is_none_as_it_is():
    assert when("2027-01-15T09:00:00.123456+01:00") == "2027-01-15 08:00:00.123Z"
    assert when("yesterday") == "yesterday"


def test_anything_that_is_an_entry_makes_a_row():
    assert row_of({}) == ("", "", "", "", "", "")
    assert row_of({"msg": 5, "auth.user_id": None, "x": [1, "a b"], "y": {}})[3:] == (
        "5",
        "None",
        'x="1,a b" y={}',
    )


def test_no_value_can_look_like_another_field_or_another_line():
    forged = 'a" reason="ok'
    assert row_of({"why": forged, "x": "b\nc"})[-1] == r'why="a\" reason=\"ok" x="b\nc"'
    assert in_one_line("ada\n2026-01-01\tINFO") == r"ada\n2026-01-01\tINFO"
