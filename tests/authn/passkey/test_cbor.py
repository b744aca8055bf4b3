import datetime
import re

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.authn.passkey.cbor import end_of
from yett.authn.passkey.wire import Malformed

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=30)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-9, 9), inner, max_size=5),
    max_leaves=30,
)


@given(PLAIN, st.binary(max_size=5))
def test_a_plain_item_ends_where_its_writer_stopped(value, more):
    written = cbor2.dumps(value)
    assert end_of(written + more) == len(written)
    assert end_of(b"x" + written, 1) == 1 + len(written)


@given(PLAIN)
def test_an_item_that_is_cut_has_no_end(value):
    written = cbor2.dumps(value)
    for end in range(len(written)):
        with pytest.raises(Malformed):
            end_of(written[:end])


@given(st.binary(max_size=60))
def test_what_has_an_end_can_be_decoded_or_is_refused_by_the_decoder(raw):
    try:
        end = end_of(raw)
    except Malformed:
        return
    assert 0 < end <= len(raw)


@pytest.mark.parametrize(
    "value",
    [
        re.compile("a"),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        1 << 70,
        {1, 2},
        cbor2.CBORTag(9, 1),
    ],
    ids=str,
)
def test_tags_are_refused(value):
    with pytest.raises(Malformed, match="tag"):
        end_of(cbor2.dumps([value]))


@pytest.mark.parametrize(
    "raw",
    [
        b"\x5f\x41a\xff",
        b"\x9f\xff",
        b"\xbf\xff",
        b"\xff",
        b"\x1c",
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8,
        b"\x81" * 10_000,
        b"\x99\x03\x00" + b"\x00" * 768,
    ],
    ids=lambda raw: raw[:4].hex(),
)
def test_what_is_made_for_mischief_is_refused(raw):
    with pytest.raises(Malformed):
        end_of(raw)
