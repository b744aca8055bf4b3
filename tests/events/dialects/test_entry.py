"""What holds for every dialect."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.events.dialects.entries import SAID, entries

from yett.events.dialects import DIALECTS, LONGEST, Unreadable, Unwritable, detect

WHOLE = sorted(set(DIALECTS) - {"apache"})
"""Dialects that hold all of a record."""


@pytest.mark.parametrize("name", WHOLE)
@given(entry=entries())
@settings(max_examples=100)
def test_reading_what_was_written_gives_the_same_record(name, entry):
    line = DIALECTS[name].write(entry)
    assert b"\n" not in line
    again = DIALECTS[name].read(line)
    assert again == entry
    assert list(again)[:3] == [key for key in ("time", "level", "audit", "component") if key in entry][:3]


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("entry", SAID)
def test_what_the_gateway_says_comes_back_and_is_told_apart(name, entry):
    line = DIALECTS[name].write(entry)
    assert DIALECTS[name].read(line) == entry
    assert detect.read(line)[1] == entry


@pytest.mark.parametrize("name", sorted(DIALECTS))
@given(line=st.binary(max_size=200))
@example(line=b"")
@example(line=b"{}")
@example(line=b'{"time":1,"level":[],"msg":{},"component":null,"code":{}}')
@example(line=b'{"a":' * 5000)
@example(line=b"[" * 100_000)
@example(line=b"<" + b"9" * 1000 + b">1")
@example(line=b"x" * (LONGEST + 1))
@example(line=b"a\nb")
def test_a_line_from_outside_is_read_or_unreadable(name, line):
    for reader in (DIALECTS[name].read, detect.read):
        with suppress(Unreadable):
            reader(line)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_KEYS = [
    *("time", "level", "msg", "component", "code", "audit", "chain"),
    *("event", "severity", "timestamp", "logger", "event_code", "user", "httpRequest", "quota"),
    *("@timestamp", "log.level", "log", "message", "user.name", "yett"),
    *("class_uid", "metadata", "unmapped", "type_uid", "severity_id"),
    *("ID", "module", "class", "facility", "OUID", "res"),
]


@given(found=st.dictionaries(st.sampled_from(_KEYS), _json, max_size=8))
@settings(max_examples=200)
def test_an_object_with_the_right_names_and_wrong_values_is_read_or_unreadable(found):
    line = json.dumps(found, allow_nan=False, default=str).encode() if _is_finite(found) else b"{}"
    for dialect in DIALECTS.values():
        try:
            entry = dialect.read(line)
        except Unreadable:
            continue
        if entry["time"]:
            assert DIALECTS["native"].read(DIALECTS["native"].write(entry)) == entry


def _is_finite(value):
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", WHOLE)
def test_a_message_cut_at_any_byte_is_read_or_unreadable(name):
    for entry in SAID:
        line = DIALECTS[name].write(entry)
        for end in range(len(line)):
            try:
                DIALECTS[name].read(line[:end])
            except Unreadable:
                continue


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_value_without_a_form_is_unwritable_and_nothing_else(name):
    with pytest.raises(Unwritable):
        DIALECTS[name].write(SAID[1] | {"odd": object()})


def test_every_dialect_is_found_by_its_name():
    assert {name: dialect.name for name, dialect in DIALECTS.items()} == {name: name for name in DIALECTS}
