import contextlib

import hypothesis.strategies as some
import pytest
from hypothesis import given

from yett.net.ldap import ber
from yett.net.ldap.ber import BadBER, Reader


@pytest.mark.parametrize(
    ("value", "content"),
    [(0, "00"), (127, "7f"), (128, "0080"), (256, "0100"), (-1, "ff"), (-128, "80"), (-129, "ff7f")],
)
def test_numbers_take_the_fewest_bytes(value, content):
    data = bytes.fromhex(content)
    assert ber.integer(value) == bytes((2, len(data))) + data
    assert Reader(ber.integer(value)).integer() == value


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_what_is_written_is_read_again_at_every_form_of_length(size):
    assert Reader(ber.octets(bytes(size))).octets() == bytes(size)


def test_a_sequence_is_read_item_by_item():
    reader = Reader(ber.sequence(ber.integer(7), ber.octets("ada"), ber.boolean(True))).inside()
    assert (reader.integer(), reader.text()) == (7, "ada")
    assert reader.octets(ber.BOOLEAN) == b"\xff"
    assert reader.tag is None


@pytest.mark.parametrize(
    "data",
    [
        "0480",  # an indefinite length (RFC 4511, section 5.1)
        "0485000000000161",  # a length of five bytes
        "04ff",
        "1f8101",  # a tag of two bytes
        "0403616",
        "04",
        "040261",
    ],
)
def test_what_is_no_ber_of_ours_is_refused(data):
    with pytest.raises(BadBER):
        Reader(bytes.fromhex(data + "0" * (len(data) % 2))).octets()


@pytest.mark.parametrize("content", ["", "00" * 9])
def test_numbers_of_no_or_too_many_bytes_are_refused(content):
    with pytest.raises(BadBER):
        Reader(ber.octets(bytes.fromhex(content), ber.INTEGER)).integer()


def test_text_has_to_be_utf_8():
    with pytest.raises(BadBER):
        Reader(ber.octets(b"\xff")).text()


def test_a_head_that_is_not_all_there_is_waited_for():
    whole = ber.octets(bytes(300))
    assert [ber.head(whole, 0, end) for end in range(4)] == [None] * 4
    assert ber.head(whole, 0, 4) == (ber.OCTETS, 4, 304)


@given(some.binary(max_size=200))
def test_reading_raises_nothing_else_whatever_the_bytes(data):
    with contextlib.suppress(BadBER):
        list(ber.items(data))
    with contextlib.suppress(BadBER):
        reader = Reader(data)
        while reader.tag is not None:
            reader.take(reader.tag)
