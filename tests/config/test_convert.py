"""One value at a time: what is read, what is corrected, what is refused."""

import datetime
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.config.samples import Backend, Door, Mode

from yett.config.convert import Bad, Good, Outside, convert
from yett.config.forms import duration_text, fields_of, parse_duration, parse_size, size_text

FIELDS = {**fields_of(Backend), **fields_of(Door)}


def outside(text):
    return Outside(text, "", "environment X")


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("host", "a.b", "a.b"),
        ("port", 8443, 8443),
        ("public_port", 1, 1),
        ("public_port", "", None),
        ("tls", False, False),
        ("ratio", 1, 1.0),
        ("ratio", 0.25, 0.25),
        ("idle", "720h", timedelta(hours=720)),
        ("idle", "1m30s", timedelta(seconds=90)),
        ("idle", "1250ms", timedelta(seconds=1.25)),
        ("idle", "1.5s", timedelta(seconds=1.5)),
        ("max_body", 4096, 4096),
        ("max_body", "64KiB", 65536),
        ("max_body", "10 MB", 10_000_000),
        ("max_body", "1.5kb", 1500),
        ("path", "/srv", Path("/srv")),
        ("path", "", None),
        ("mode", "fast", Mode.FAST),
        ("groups", ["a", "b"], ("a", "b")),
        ("groups", [], ()),
        ("ports", [1, 2], (1, 2)),
    ],
)
def test_a_value_of_the_right_kind_is_taken_without_remark(key, raw, value):
    assert convert(raw, FIELDS[key]) == Good(value)


@pytest.mark.parametrize(
    ("key", "raw", "value", "outcome"),
    [
        ("port", "8443", 8443, '"8443" is read as 8443'),
        ("port", 8443.0, 8443, "8443.0 is read as 8443"),
        ("tls", "Yes", True, '"Yes" is read as true'),
        ("tls", 0, False, "0 is read as false"),
        ("ratio", "0.25", 0.25, '"0.25" is read as 0.25'),
        ("idle", 0, timedelta(0), None),
        ("pause", 0, timedelta(0), '0 is read as "0s"'),
        ("max_body", 1e3, 1000, '1000.0 is read as "1kB"'),
        ("mode", "FAST", Mode.FAST, "case is ignored"),
        ("groups", "a,b", ("a,b",), "it is read as the only entry"),
        ("groups", [7], ("7",), '7 is read as "7"'),
        ("zone", 12, "12", '12 is read as "12"'),
        ("zone", datetime.date(2030, 1, 2), "2030-01-02", '2030-01-02 is read as "2030-01-02"'),
    ],
)
def test_a_value_with_one_possible_meaning_is_corrected_and_that_is_told(key, raw, value, outcome):
    result = convert(raw, FIELDS[key])
    if outcome is None:
        assert result == Bad("is less than 1s")
    else:
        assert result.value == value
        assert [correction.outcome for correction in result.corrections] == [outcome]


@pytest.mark.parametrize(
    ("key", "raw", "reason"),
    [
        ("host", True, "has to be text, not true or false"),
        ("zone", 1.1, "has to be text, not a number"),
        ("zone", "a\0b", "holds a NUL character"),
        ("zone", "\udcff", "is not UTF-8"),
        ("zone", {}, "has to be text, not a table"),
        ("host", "A", "is not a host name"),
        ("port", 0, "is less than 1"),
        ("port", 65536, "is more than 65535"),
        ("port", True, "has to be a whole number, not true or false"),
        ("port", 1.5, "has to be a whole number, not a number"),
        ("port", "80a", "has to be a whole number, not text"),
        ("port", "8_0", "has to be a whole number, not text"),
        ("port", 1 << 80, "is a number beyond 64 bits"),
        ("port", [], "has to be a whole number, not a list"),
        ("tls", 2, "has to be true or false, not a whole number"),
        ("tls", "maybe", "has to be true or false, not text"),
        ("ratio", float("nan"), "has to be a finite number"),
        ("ratio", float("-inf"), "has to be a finite number"),
        ("ratio", "1e999", "has to be a number, not text"),
        ("ratio", 1.01, "is more than 1.0"),
        ("idle", 5, "needs a unit"),
        ("idle", 2.5, "needs a unit"),
        ("idle", True, "has to be a duration, not true or false"),
        ("idle", "5", "is not a duration"),
        ("idle", "", "is not a duration"),
        ("idle", "5 s", "is not a duration"),
        ("idle", "1x", "is not a duration"),
        ("idle", "1ns", "is finer than a microsecond"),
        ("idle", "999999999999999h", "is too long"),
        ("idle", "10ms", "is less than 1s"),
        ("pause", "-1s", "is negative"),
        ("max_body", -1, "is negative"),
        ("max_body", "64K", "is not a size"),
        ("max_body", "0.5B", "is not a whole number of bytes"),
        ("max_body", "2GiB", "is more than 1GiB"),
        ("max_body", True, "has to be a size, not true or false"),
        ("path", 5, "has to be a path, not a whole number"),
        ("mode", "fsat", 'has to be "fast" or "safe"'),
        ("mode", 1, 'has to be one of "fast", "safe", not a whole number'),
        ("groups", ["a", "b", "c", "d"], "is more than 3 entries"),
        ("groups", {"a": 1}, "has to be a list, each text, not a table"),
        ("ports", [80, "x"], "entry 2 has to be a whole number, not text"),
        ("key", "short", "is less than 8 characters"),
        ("weight", 0, "is less than 1"),
    ],
)
def test_a_value_that_is_wrong_or_ambiguous_is_refused_with_the_reason(key, raw, reason):
    result = convert(raw, FIELDS[key])
    assert isinstance(result, Bad)
    assert result.reason == reason


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("port", "8443", 8443),
        ("tls", "off", False),
        ("ratio", "1", 1.0),
        ("idle", "2h", timedelta(hours=2)),
        ("max_body", "512", 512),
        ("mode", "Fast", Mode.FAST),
        ("groups", "a, b,,c", ("a", "b", "c")),
        ("ports", "80,443", (80, 443)),
        ("public_port", "", None),
        ("zone", "17", "17"),
    ],
)
def test_text_from_the_environment_becomes_any_type_without_remark(key, text, value):
    assert convert(outside(text), FIELDS[key]) == Good(value)


def test_the_default_is_accepted_even_outside_the_bounds():
    assert convert("", FIELDS["key"]) == Good("")


def test_hints_name_what_to_write_instead():
    assert convert(5, FIELDS["idle"]).hint == 'write "5s" for seconds'
    assert convert("fsat", FIELDS["mode"]).hint == '"fast" is near'


def test_a_corrected_secret_is_not_told():
    result = convert(1234567890, FIELDS["key"])
    assert result.value == "1234567890"
    assert "1234" not in str(result.corrections)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40_000)))
def test_durations_survive_being_written_and_read(value):
    assert parse_duration(duration_text(value)) == value


@given(st.integers(min_value=0, max_value=1 << 62))
def test_sizes_survive_being_written_and_read(value):
    assert parse_size(size_text(value)) == value


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.text(alphabet="0123456789.-hmsKiB").map(outside),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JUNK, st.sampled_from(sorted(FIELDS)))
def test_whatever_is_given_gets_a_value_of_the_type_or_a_reason(raw, key):
    assert isinstance(convert(raw, FIELDS[key]), Good | Bad)
