import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.h3.frames import (
    Code,
    Frames,
    Kind,
    Violation,
    frame,
    integer,
    read_integer,
    read_settings,
    settings,
)

HEADERS = frozenset({int(Kind.HEADERS)})


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (151288809941952652, "c2197c5eff14e88c"),
        (494878333, "9d7f3e7d"),
        (15293, "7bbd"),
        (37, "25"),
        (63, "3f"),
        (64, "4040"),
        (16383, "7fff"),
        (16384, "80004000"),
        ((1 << 62) - 1, "ffffffffffffffff"),
    ],
)
def test_integers_match_rfc_9000_appendix_a_1(value, data):
    data = bytes.fromhex(data)
    assert integer(value) == data
    assert read_integer(b"x" + data + b"y", 1) == (value, 1 + len(data))
    for size in range(len(data)):
        assert read_integer(data[:size], 0) is None


def test_an_integer_in_more_bytes_than_it_needs_is_the_same():
    assert read_integer(bytes.fromhex("4025"), 0) == (37, 2)


@pytest.mark.parametrize(
    ("data", "cut"),
    [
        (frame(Kind.HEADERS, b"head") + frame(Kind.DATA, b"body"), [(1, b"head"), (0, b"body")]),
        (frame(Kind.HEADERS, b"") + frame(Kind.DATA, b""), [(1, b""), (0, b"")]),
        (frame(0x21, b"grease" * 100) + frame(Kind.DATA, b"x"), [(0x21, b""), (0, b"x")]),
        (frame(Kind.HEADERS, b"too long") + frame(Kind.DATA, b"x"), [(1, None), (0, b"x")]),
    ],
)
def test_frames_are_cut_wherever_they_come_apart(data, cut):
    for size in (1, 2, 3, 7, len(data)):
        frames = Frames(HEADERS, 7)
        found = []
        for at in range(0, len(data), size):
            for kind, payload in frames.feed(data[at : at + size]):
                if kind == Kind.DATA and found and found[-1][0] == Kind.DATA:
                    found[-1] = (kind, found[-1][1] + payload)
                else:
                    found.append((kind, payload))
        assert found == cut
        assert not frames.is_inside


@pytest.mark.parametrize("data", [b"\x01", b"\x40", b"\x01\x05abc", b"\x00\x05abc", b"\x21\x40\x40"])
def test_a_frame_that_is_not_whole_is_seen(data):
    frames = Frames(HEADERS, 7)
    list(frames.feed(data))
    assert frames.is_inside


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_are_some_frames_and_no_more_is_kept_than_allowed(pieces):
    frames = Frames(HEADERS, 16)
    for piece in pieces:
        for kind, payload in frames.feed(piece):
            assert kind == Kind.DATA or payload is None or len(payload) <= 16
        assert len(frames._head) < 16
        assert sum(map(len, frames._kept)) <= 16


def test_settings_are_read_as_they_were_written():
    said = {0x1: 0, 0x6: 65536, 0x1F * 5 + 0x21: 1 << 61}
    assert read_settings(settings(said)[2:]) == said
    assert read_settings(b"") == {}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"\x06", Code.FRAME_ERROR),
        (b"\x06\x40", Code.FRAME_ERROR),
        (b"\x06\x01\x06\x01", Code.SETTINGS_ERROR),
        (b"\x02\x00", Code.SETTINGS_ERROR),
        (b"\x05\x00", Code.SETTINGS_ERROR),
    ],
)
def test_settings_that_must_not_be_end_the_connection(payload, code):
    with pytest.raises(Violation) as caught:
        read_settings(payload)
    assert caught.value.code is code
