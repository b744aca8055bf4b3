import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.events.dialects import LONGEST, Unreadable
from yett.events.dialects.reading import (
    DEEPEST,
    MOST_FIELDS,
    entry_of,
    flattened,
    instant_after,
    instant_of,
    microseconds_of,
    object_of,
    ordered,
    text_of,
    whole,
)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2017-02-21T02:12:22Z", "2017-02-21T02:12:22.000000Z"),
        ("2017-02-21 02:12:22", "2017-02-21T02:12:22.000000Z"),
        ("2017-02-21t02:12:22.5z", "2017-02-21T02:12:22.500000Z"),
        ("2017-02-21T02:12:22.123456789+02:00", "2017-02-21T00:12:22.123456Z"),
        ("2003-10-11T22:14:15.003-0700", "2003-10-12T05:14:15.003000Z"),
        ("0001-01-01T00:00:00.000000Z", "0001-01-01T00:00:00.000000Z"),
        ("2026-11-22T15:04:05.123456Z", "2026-11-22T15:04:05.123456Z"),
    ],
)
def test_instants_are_written_as_records_write_them(text, instant):
    assert instant_of(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2017-02-21",
        "2017-02-30T00:00:00Z",
        "2017-02-30T00:00:00.000000Z",
        "2017-13-01T00:00:00Z",
        "2017-02-21T24:00:00Z",
        "2017-02-21T23:59:60Z",
        "2017-02-21T02:12:22Z\n",
        "٢٠١٧-02-21T02:12:22Z",
        "0000-01-01T00:00:00.000000Z",
        "0001-01-01T00:00:00+10:00",
        "9999-12-31T23:59:59-10:00",
        1487643142,
        None,
    ],
)
def test_what_is_no_instant_is_unreadable(text):
    with pytest.raises(Unreadable):
        instant_of(text)


@given(st.integers(-(2**70), 2**70))
def test_microseconds_come_back_or_are_beyond_the_calendar(microseconds):
    try:
        instant = instant_after(microseconds)
    except Unreadable:
        return
    assert microseconds_of(instant) == microseconds
    assert instant_of(instant) == instant


def test_objects_within_become_dotted_names():
    assert flattened({"a": {"b": 1, "c": {"d": [1, "x"]}}, "e": [{"f": 2}, 3], "g": {}, "h": []}) == {
        "a.b": 1,
        "a.c.d": [1, "x"],
        "e.0.f": 2,
        "e.1": 3,
        "h": [],
    }


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"a.b": 1, "a": {"b": 2}}, "two fields of one name"),
        ({"n" * 257: 1}, "a name"),
        ({"n" * 200: {"m" * 100: 1}}, "a name"),
        ({"n" * 257: {"m": {"o": 1}}}, "a name"),
        ({"a": {str(number): 0 for number in range(MOST_FIELDS + 1)}}, "fields"),
    ],
)
def test_what_has_no_flat_form_is_unreadable(values, reason):
    with pytest.raises(Unreadable, match=reason):
        flattened(values)


def test_depth_has_a_limit():
    deep = {"a": 1}
    for _ in range(DEEPEST + 1):
        deep = {"a": deep}
    with pytest.raises(Unreadable, match="deeper"):
        flattened(deep)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"[1]", b"{", b'{"a":1}{', b'"{"', b'{"a":NaN}', b'{"a":1e999}', b'{"a":"\xff"}', b"{\n}"],
)
def test_what_is_no_object_is_unreadable(line):
    with pytest.raises(Unreadable):
        object_of(line)


def test_too_many_fields_are_unreadable():
    with pytest.raises(Unreadable, match="fields"):
        object_of(b"{" + b",".join(b'"%d":0' % number for number in range(MOST_FIELDS + 1)) + b"}")


def test_a_line_loses_its_break_and_nothing_else():
    assert whole(b"a \r\n") == b"a "
    assert text_of("é\n".encode()) == "é"
    assert whole(b"x" * LONGEST + b"\n") == b"x" * LONGEST
    for line in (b"x" * (LONGEST + 1), b"\n", b"a\nb"):
        with pytest.raises(Unreadable):
            whole(line)
    with pytest.raises(Unreadable, match="UTF-8"):
        text_of(b"\xff")


def test_a_record_has_its_first_fields_first():
    entry = entry_of({"msg": "m", "level": "INFO", "time": "t", "audit": None}, {"x": 1})
    assert list(entry) == ["time", "level", "msg", "x"]
    assert list(ordered({"x": 1, "code": "c", "time": "t"})) == ["time", "code", "x"]
    for head, rest in (
        ({"level": "LOUD"}, {}),
        ({"level": []}, {}),
        ({"level": "INFO", "msg": 1}, {}),
        ({"level": "INFO"}, {"code": "x"}),
    ):
        with pytest.raises(Unreadable):
            entry_of(head, rest)
