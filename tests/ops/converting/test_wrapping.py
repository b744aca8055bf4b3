import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.events.dialects import LONGEST
from yett.ops.converting.wrapping import Unwrapper

LINE = b'INFO:     127.0.0.1:5 - "GET / HTTP/1.1" 200 OK\n'


@pytest.mark.parametrize(
    ("raw", "time"),
    [
        (b"2026-11-22T15:04:05.123456789Z stdout F " + LINE, "2026-11-22T15:04:05.123456Z"),
        (b"2026-11-22T15:04:05.123456789+01:00 stderr F " + LINE, "2026-11-22T14:04:05.123456Z"),
        (b"2026-11-22T15:04:05Z " + LINE, "2026-11-22T15:04:05.000000Z"),
        (
            json.dumps(
                {"log": LINE.decode(), "stream": "stdout", "time": "2026-11-22T15:04:05.1Z", "attrs": {}}
            ).encode(),
            "2026-11-22T15:04:05.100000Z",
        ),
        (LINE, ""),
        (b'{"event":"x","severity":"info"}\n', ""),
        (b'{"log":"x"}\n', ""),
        (b'127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1\n', ""),
    ],
)
def test_the_line_and_the_time_around_it(raw, time):
    found = Unwrapper().take(raw)
    assert found.time == time
    assert found.line == (LINE if time else raw)
    assert found.raw == raw


def test_parts_of_a_line_are_put_together_for_each_stream():
    unwrapper = Unwrapper()
    stamp = b"2026-11-22T15:04:05Z "
    assert unwrapper.take(stamp + b"stdout P one \n") is None
    assert unwrapper.take(stamp + b"stderr P uno \n") is None
    assert unwrapper.take(stamp + b"stdout F two\n").line == b"one two\n"
    found = unwrapper.take(stamp + b"stderr F due\n")
    assert (found.line, found.raw) == (b"uno due\n", stamp + b"stderr P uno \n" + stamp + b"stderr F due\n")
    assert unwrapper.left() == []


def test_parts_without_an_end_are_left():
    unwrapper = Unwrapper()
    raw = b'{"log":"one","stream":"stdout","time":"2026-11-22T15:04:05Z"}\n'
    assert unwrapper.take(raw) is None
    assert unwrapper.left() == [raw]
    assert unwrapper.left() == []


def test_parts_do_not_grow_without_end():
    unwrapper = Unwrapper()
    raw = b"2026-11-22T15:04:05Z stdout P " + b"x" * (LONGEST // 4) + b"\n"
    sizes = [found and len(found.line) for found in (unwrapper.take(raw) for _ in range(12))]
    assert all(size is None or size <= 2 * LONGEST for size in sizes)
    assert any(sizes)


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"2026-11-22T15:04:05Z ", b"2026-99-22T15:04:05Z stdout F ", b'{"log":']),
)
def test_nothing_is_lost_of_any_line(rest, start):
    unwrapper = Unwrapper()
    found = unwrapper.take(start + rest)
    assert (found.raw if found is not None else unwrapper.left()[0]) == start + rest
