"""The wire format of Protocol Buffers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.forward_auth.envoy_messages import MESSAGES

from yett.proxy.forward_auth.protobuf import (
    Undecodable,
    bytes_field,
    entry_of,
    fields,
    number_field,
    sub_message,
)


@given(st.integers(1, (1 << 31) - 1), st.text(max_size=300))
def test_what_is_written_is_read_by_googles_library(code, text):
    made = MESSAGES["Status"]()
    made.ParseFromString(number_field(1, code) + bytes_field(2, text.encode()))
    assert (made.code, made.message) == (code, text)


@given(st.text(max_size=300), st.binary(max_size=300))
def test_what_googles_library_writes_is_read(text, raw):
    data = MESSAGES["HeaderValue"](key=text, raw_value=raw).SerializeToString()
    found = dict(fields(data))
    assert found.get(1, b"") == text.encode()
    assert found.get(3, b"") == raw


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",  # a length is missing
        b"\x0a\x05abc",  # cut off
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # a length without end
        b"\x0b\x0c",  # a group, which nobody uses any more
        b"\x02\x00",  # field 0
        b"\x08\x80",  # a number that does not end
        b"\x0d\x00\x00",  # four bytes that are three
        b"\x08" + b"\x80" * 11 + b"\x01",  # a number of more than 64 bits
        b"\x08\x01" * 2001,  # too many
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(Undecodable):
        list(fields(data))


def test_numbers_in_place_of_messages_are_refused():
    with pytest.raises(Undecodable):
        sub_message(b"\x08\x01", 1)
    with pytest.raises(Undecodable):
        entry_of(b"\x0a\x01\xff")


def test_fields_of_other_kinds_are_skipped():
    data = b"\x09" + b"12345678" + b"\x15" + b"1234" + bytes_field(3, b"x")
    assert dict(fields(data))[3] == b"x"
