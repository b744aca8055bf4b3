"""The machine of a connection: rules, windows, limits, without a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.h2 import frames
from yett.net.http.h2.connection import CONNECTION_WINDOW, HIGH_WATER, STREAM_WINDOW, Budget
from yett.net.http.h2.frames import Code, frame, headers, reset, settings, window_update
from yett.net.http.h2.hpack import FORGET

HELLO = settings({})
GET = b"\x82\x87\x84\x01\x09a.example"
OPEN = headers(1, GET, end=False)
ASKED = headers(1, GET, end=True)


def number(value):
    return value.to_bytes(4, "big")


# What ends the connection, and with which code.


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(frames.DATA, 0, 1, b"x"), "PROTOCOL_ERROR"),  # idle
        (frame(frames.DATA, 0, 0, b"x"), "PROTOCOL_ERROR"),  # no stream
        (frame(frames.DATA, 0, 2, b"x"), "PROTOCOL_ERROR"),  # ours, and never opened
        (
            OPEN + frame(frames.DATA, frames.PADDED, 1, b"\x05abc"),
            "PROTOCOL_ERROR",
        ),  # more padding than payload
        (OPEN + frame(frames.DATA, frames.PADDED, 1, b""), "FRAME_SIZE_ERROR"),
        (headers(0, GET, end=True), "PROTOCOL_ERROR"),
        (headers(2, GET, end=True), "PROTOCOL_ERROR"),  # an even stream
        (headers(5, GET, end=True) + headers(3, GET, end=True), "PROTOCOL_ERROR"),  # going back
        (headers(1, GET, end=True) + headers(7, GET, end=True) + headers(5, GET, end=True), "PROTOCOL_ERROR"),
        (frame(frames.HEADERS, 0x25, 1, b"\x00\x00"), "FRAME_SIZE_ERROR"),  # priority cut short
        (frame(frames.HEADERS, 0x0D, 1, b"\xff\x82"), "PROTOCOL_ERROR"),
        (frame(frames.HEADERS, 0x4, 1, b"\x80"), "COMPRESSION_ERROR"),
        (frame(frames.HEADERS, 0, 1, GET) + frame(frames.PING, 0, 0, bytes(8)), "PROTOCOL_ERROR"),
        (frame(frames.HEADERS, 0, 1, GET) + frame(frames.CONTINUATION, 4, 3, b""), "PROTOCOL_ERROR"),
        (frame(frames.HEADERS, 0, 1, GET) + ASKED, "PROTOCOL_ERROR"),
        (frame(frames.HEADERS, 0, 1, GET) + frame(77, 0, 1, b""), "PROTOCOL_ERROR"),
        (frame(frames.CONTINUATION, 4, 1, b""), "PROTOCOL_ERROR"),
        (frame(frames.PRIORITY, 0, 0, bytes(5)), "PROTOCOL_ERROR"),
        (reset(1, 0), "PROTOCOL_ERROR"),  # idle
        (reset(0, 0), "PROTOCOL_ERROR"),
        (OPEN + frame(frames.RST_STREAM, 0, 1, b"\x00"), "FRAME_SIZE_ERROR"),
        (frame(frames.SETTINGS, 0, 1, b""), "PROTOCOL_ERROR"),
        (frame(frames.SETTINGS, 0, 0, b"12345"), "FRAME_SIZE_ERROR"),
        (frame(frames.SETTINGS, 1, 0, bytes(6)), "FRAME_SIZE_ERROR"),
        (settings({frames.ENABLE_PUSH: 2}), "PROTOCOL_ERROR"),
        (settings({frames.INITIAL_WINDOW_SIZE: 2**31}), "FLOW_CONTROL_ERROR"),
        (settings({frames.MAX_FRAME_SIZE: 16_383}), "PROTOCOL_ERROR"),
        (settings({frames.MAX_FRAME_SIZE: 2**24}), "PROTOCOL_ERROR"),
        (settings({frames.ENABLE_CONNECT_PROTOCOL: 2}), "PROTOCOL_ERROR"),
        (frame(frames.PUSH_PROMISE, 4, 1, number(2)), "PROTOCOL_ERROR"),
        (frame(frames.PING, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
        (frame(frames.PING, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
        (frame(frames.GOAWAY, 0, 1, bytes(8)), "PROTOCOL_ERROR"),
        (frame(frames.GOAWAY, 0, 0, bytes(7)), "FRAME_SIZE_ERROR"),
        (window_update(0, 0), "PROTOCOL_ERROR"),
        (window_update(1, 1), "PROTOCOL_ERROR"),  # idle
        (frame(frames.WINDOW_UPDATE, 0, 0, b"\x01"), "FRAME_SIZE_ERROR"),
        (window_update(0, 2**31 - 1), "FLOW_CONTROL_ERROR"),
        (OPEN + window_update(1, 2**31 - 1 - 65_535) + settings({4: 65_536}), "FLOW_CONTROL_ERROR"),
        (frames.HEADER.pack(0, 16_385, frames.DATA, 0, 1), "FRAME_SIZE_ERROR"),
        (frames.HEADER.pack(255, 65_535, 99, 0, 1), "FRAME_SIZE_ERROR"),
        (ASKED + reset(1, 8) + headers(1, GET, end=True), "STREAM_CLOSED"),
    ],
)
def test_a_broken_rule_ends_the_connection(machine, data, code):
    machine.receive(data)
    assert [noted[0] for noted in machine.noted] == [code]
    assert machine.is_closed
    last = machine.said()[-1]
    assert last[0] == "GOAWAY"
    assert Code(frames.number(last[3], 4)).name == code
    assert all(stream.heard[-1][0] == "lost" for stream in machine.opened if stream.heard)
    machine.receive(ASKED)
    assert machine.said() == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ASKED + frame(frames.DATA, 0, 1, b"x"), "STREAM_CLOSED"),
        (ASKED + headers(1, GET, end=True), "STREAM_CLOSED"),
        (OPEN + window_update(1, 0), "PROTOCOL_ERROR"),
        (OPEN + window_update(1, 2**31 - 1), "FLOW_CONTROL_ERROR"),
        (OPEN + frame(frames.PRIORITY, 0, 1, b"\x00"), "FRAME_SIZE_ERROR"),
    ],
)
def test_a_smaller_mistake_ends_its_stream_only(machine, data, code):
    machine.receive(data)
    assert machine.said() == [("RST_STREAM", 0, 1, number(Code[code]))]
    assert machine.opened[0].heard[-1][:2] == ("lost", code)
    assert machine.noted == []
    machine.receive(headers(3, GET, end=True))
    assert machine.opened[1].heard[0][0] == "head"


def test_the_first_frame_has_to_be_settings(noted):
    machine = noted[0]()
    machine.receive(frame(frames.PING, 0, 0, bytes(8)))
    assert machine.noted[0][0] == "PROTOCOL_ERROR"


def test_unknown_frames_settings_and_old_priorities_are_ignored(machine):
    machine.receive(
        frame(99, 255, 7, b"what") + settings({0x4242: 1}) + frame(frames.PRIORITY, 0, 9, bytes(5))
    )
    assert machine.said() == [("SETTINGS", 1, 0, b"")]
    assert machine.noted == []


def test_frames_are_understood_at_every_cut(noted):
    data = (
        HELLO + OPEN + frame(frames.DATA, 9, 1, b"\x02body\x00\x00") + frame(frames.PING, 0, 0, b"12345678")
    )
    for at in range(1, len(data)):
        machine = noted[0]()
        machine.receive(data[:at])
        machine.receive(data[at:])
        assert [heard[0] for heard in machine.opened[0].heard] == ["head", "data"]
        assert machine.opened[0].heard[1][1:] == (b"body", True)
        assert machine.said()[-1] == ("PING", 1, 0, b"12345678")


def test_a_block_may_come_in_pieces(machine):
    machine.receive(
        frame(frames.HEADERS, 1, 1, GET[:3])
        + frame(frames.CONTINUATION, 0, 1, GET[3:5])
        + frame(frames.CONTINUATION, 4, 1, GET[5:])
    )
    assert machine.opened[0].heard[0][1][-1] == (b":authority", b"a.example")
    assert machine.opened[0].heard[0][2]


# Streams.


def test_a_stream_too_many_is_refused_and_its_block_still_read(noted):
    machine = noted[0](max_streams=1)
    added = GET + b"\x40\x01a\x01b"
    machine.receive(HELLO + OPEN + headers(3, added, end=True))
    assert ("RST_STREAM", 0, 3, number(Code.REFUSED_STREAM)) in machine.said()
    machine.receive(reset(1, 8) + headers(5, GET + b"\xbe", end=True))
    assert machine.opened[1].heard[0][1][-1] == (b"a", b"b")


def test_what_comes_late_for_a_stream_that_was_reset_is_ignored(machine):
    machine.receive(OPEN)
    machine.opened[0].reset(Code.CANCEL)
    machine.said()
    machine.receive(
        frame(frames.DATA, 0, 1, b"x" * 100) + headers(1, b"\x40\x01a\x01b", end=True) + reset(1, 0)
    )
    assert machine.said() == []
    assert machine.noted == []
    machine.receive(headers(3, GET + b"\xbe", end=True))
    assert machine.opened[1].heard[0][1][-1] == (b"a", b"b")


def test_both_ends_close_a_stream(machine):
    machine.receive(OPEN)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=True)
    assert machine.streams
    machine.receive(frame(frames.DATA, 1, 1))
    assert not machine.streams
    assert stream.heard[-1] == ("data", b"", True)
    machine.receive(window_update(1, 5) + reset(1, 0))
    assert machine.noted == []


def test_data_has_to_be_what_content_length_says(machine):
    for sent, end in ((b"abcd", False), (b"ab", True)):
        machine.receive(headers(2 * len(machine.opened) + 1, GET, end=False))
        stream = machine.opened[-1]
        stream.expected = 3
        machine.receive(frame(frames.DATA, int(end), stream.id, sent))
        assert stream.heard[-1][:2] == ("lost", "PROTOCOL_ERROR")
    machine.receive(headers(5, GET, end=False))
    machine.opened[-1].expected = 3
    machine.receive(frame(frames.DATA, 0, 5, b"ab") + frame(frames.DATA, 1, 5, b"c"))
    assert machine.opened[-1].heard[-1] == ("data", b"c", True)


# Windows, outwards.


def test_data_leaves_as_the_windows_allow(machine):
    machine.receive(ASKED)
    stream = machine.opened[0]
    machine.said()
    stream.send_headers(b"\x88", end=False)
    stream.send_data(b"x" * 100_000, end=True)
    said = machine.said()
    assert said[0] == ("HEADERS", 4, 1, FORGET + b"\x88")
    assert [len(payload) for *_, payload in said[1:]] == [16_384, 16_384, 16_384, 16_383]
    assert stream.queued == 100_000 - 65_535
    machine.receive(window_update(1, 50_000))
    assert machine.said() == []
    machine.receive(window_update(0, 10_000))
    assert [len(payload) for *_, payload in machine.said()] == [10_000]
    machine.receive(window_update(0, 50_000))
    said = machine.said()
    assert sum(len(payload) for *_, payload in said) == 100_000 - 75_535
    assert said[-1][1] == frames.END_STREAM
    assert not machine.streams
    assert not machine.waiting


def test_a_window_may_become_negative_and_recover(machine):
    machine.receive(ASKED)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=False)
    stream.send_data(b"x" * 1000, end=False)
    machine.receive(settings({frames.INITIAL_WINDOW_SIZE: 0}))
    assert stream.send_window == -1000
    machine.said()
    stream.send_data(b"y", end=True)
    assert machine.said() == []
    machine.receive(window_update(1, 1000))
    assert machine.said() == []
    machine.receive(settings({frames.INITIAL_WINDOW_SIZE: 1}))
    assert machine.said()[-1] == ("DATA", 1, 1, b"y")


def test_streams_that_wait_take_turns(machine):
    machine.receive(settings({frames.INITIAL_WINDOW_SIZE: 2**20}))
    for at in (1, 3, 5):
        machine.receive(headers(at, GET, end=True))
        machine.opened[-1].send_headers(b"\x88", end=False)
    for stream in machine.opened:
        stream.send_data(b"x" * 200_000, end=True)
    machine.said()
    machine.receive(window_update(0, 6 * 16_384))
    assert [at for _, _, at, _ in machine.said()] == [1, 3, 5, 1, 3, 5]


def test_an_empty_end_and_trailers_wait_behind_the_data(machine):
    machine.receive(settings({frames.INITIAL_WINDOW_SIZE: 0}) + ASKED)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=False)
    stream.send_data(b"abc", end=False)
    stream.send_data(b"", end=True, trailers=b"\x00\x01t\x01v")
    machine.said()
    machine.receive(window_update(1, 3))
    assert machine.said() == [("DATA", 0, 1, b"abc"), ("HEADERS", 5, 1, b"\x00\x01t\x01v")]
    assert not machine.streams


def test_an_end_without_data_needs_no_window(machine):
    machine.receive(settings({frames.INITIAL_WINDOW_SIZE: 0}) + ASKED)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=False)
    machine.said()
    stream.send_data(b"", end=True)
    assert machine.said() == [("DATA", 1, 1, b"")]
    assert not machine.streams


def test_a_source_is_told_when_too_much_waits_and_when_it_has_left(machine):
    machine.receive(ASKED)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=False)
    stream.send_data(b"x" * (65_535 + HIGH_WATER), end=False)
    assert not stream.is_blocked
    stream.send_data(b"x", end=False)
    assert stream.heard[-1] == ("blocked",)
    machine.receive(window_update(1, 2**20) + window_update(0, HIGH_WATER))
    assert stream.heard[-1] == ("unblocked",)


def test_nothing_leaves_while_the_transport_is_full(machine):
    machine.receive(ASKED)
    stream = machine.opened[0]
    stream.send_headers(b"\x88", end=False)
    machine.said()
    machine.is_choked = True
    stream.send_data(b"abc", end=True)
    assert machine.said() == []
    machine.is_choked = False
    machine.pump()
    assert machine.said() == [("DATA", 1, 1, b"abc")]


# Windows, inwards.


def test_credit_comes_back_as_data_is_handed_on(machine):
    machine.receive(OPEN)
    piece = frame(frames.DATA, 0, 1, b"x" * 16_384)
    credited = {0: 0, 1: 0}
    for _ in range(1000):
        machine.receive(piece)
        for name, _, number_, payload in machine.said():
            assert name == "WINDOW_UPDATE"
            credited[number_] += frames.number(payload)
    assert machine.noted == []
    assert 0 <= 1000 * 16_384 - credited[1] < STREAM_WINDOW
    assert 0 <= 1000 * 16_384 - credited[0] < CONNECTION_WINDOW


def test_a_stream_that_is_held_gets_no_credit_and_may_not_overrun(machine):
    machine.receive(OPEN)
    stream = machine.opened[0]
    stream.hold()
    for _ in range(STREAM_WINDOW // 16_384):
        machine.receive(frame(frames.DATA, 0, 1, b"x" * 16_384))
    assert machine.said() == []
    machine.receive(frame(frames.DATA, 0, 1, b"x"))
    assert machine.said() == [("RST_STREAM", 0, 1, number(Code.FLOW_CONTROL_ERROR))]
    assert stream.heard[-1][:2] == ("lost", "FLOW_CONTROL_ERROR")


def test_what_was_kept_back_is_credited_when_a_stream_goes_on(machine):
    machine.receive(OPEN)
    stream = machine.opened[0]
    stream.hold()
    for _ in range(STREAM_WINDOW // 16_384):
        machine.receive(frame(frames.DATA, 0, 1, b"x" * 16_384))
    stream.release()
    assert machine.said() == [("WINDOW_UPDATE", 0, 1, number(STREAM_WINDOW))]


def test_all_held_streams_together_may_not_overrun_the_connection(machine):
    size = 0
    at = 1
    while not machine.noted and size < 2 * CONNECTION_WINDOW:
        machine.receive(headers(at, GET, end=False))
        machine.opened[-1].hold()
        for _ in range(STREAM_WINDOW // 16_384):
            machine.receive(frame(frames.DATA, 0, at, b"x" * 16_384))
            size += 16_384
        at += 2
    assert machine.noted[0][0] == "FLOW_CONTROL_ERROR"
    assert size <= CONNECTION_WINDOW + STREAM_WINDOW


def test_a_held_stream_that_is_reset_gives_the_connection_its_window_back(machine):
    for at in range(1, 200, 2):
        machine.receive(headers(at, GET, end=False))
        machine.opened[-1].hold()
        for _ in range(STREAM_WINDOW // 16_384):
            machine.receive(frame(frames.DATA, 0, at, b"x" * 16_384))
        machine.opened[-1].reset(Code.CANCEL)
    assert machine.noted == []


def test_padding_counts(machine):
    machine.receive(OPEN)
    before = machine.opened[0].receive_window
    machine.receive(frame(frames.DATA, frames.PADDED, 1, b"\x05abc" + bytes(5)))
    assert machine.opened[0].heard[-1] == ("data", b"abc", False)
    assert before - machine.opened[0].receive_window == 9


# Work for nothing.

FLOODS = {
    "ping": frame(frames.PING, 0, 0, bytes(8)),
    "settings": settings({}),
    "settings with content": settings({4: 65_535}),
    "acknowledgements": frame(frames.SETTINGS, 1, 0),
    "priority": frame(frames.PRIORITY, 0, 3, bytes(5)),
    "unknown frames": frame(0xF0, 0, 0, b"x"),
    "empty data": frame(frames.DATA, 0, 1),
    "padding only": frame(frames.DATA, frames.PADDED, 1, b"\x03\0\0\0"),
    "tiny windows": window_update(0, 1),
    "tiny windows of a stream": window_update(1, 1),
    "goaway": frame(frames.GOAWAY, 0, 0, bytes(8)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_of_frames_is_the_end(machine, name):
    machine.receive(OPEN)
    for _ in range(Budget.MOST + 2):
        machine.receive(FLOODS[name])
    assert machine.noted[-1] == ("ENHANCE_YOUR_CALM", "too much work for nothing")
    assert len(machine.said()) <= Budget.MOST + 5


def test_rapid_resets_are_the_end(machine):
    """CVE-2023-44487: a stream that is reset at once counts against no limit of open streams."""
    count = 0
    while not machine.noted and count < 10_000:
        machine.receive(headers(2 * count + 1, GET, end=True) + reset(2 * count + 1, 8))
        count += 1
    assert machine.noted[0][0] == "ENHANCE_YOUR_CALM"
    assert count <= Budget.MOST // Budget.RESET + 1


def test_whoever_also_finishes_requests_may_reset_some(machine):
    for count in range(2000):
        at = 4 * count + 1
        machine.receive(headers(at, GET, end=True) + reset(at, 8) + headers(at + 2, GET, end=True))
        machine.opened[-1].send_headers(b"\x88", end=True)
        machine.budget.earn(Budget.PER_STREAM)
    assert machine.noted == []


@pytest.mark.parametrize("piece", [b"", b"x", b"x" * 100])
def test_a_block_without_an_end_is_the_end(machine, piece):
    """CVE-2024-27316: CONTINUATION for ever."""
    machine.receive(frame(frames.HEADERS, 0, 1, GET))
    for _ in range(2000):
        machine.receive(frame(frames.CONTINUATION, 0, 1, piece))
    assert machine.noted == [("ENHANCE_YOUR_CALM", "a header block without an end")]
    assert len(machine._block) < 48 * 1024


# Two of them.


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=70_000), st.booleans()), max_size=12))
def test_two_machines_bring_every_byte_across(steps):
    from tests.net.http.h2.conftest import NotedMachine, NotedStream  # noqa: PLC0415 - fixtures and properties do not mix

    client, server = NotedMachine(is_server=False), NotedMachine()
    client.greet({})
    server.greet({})
    streams = []
    for _ in range(4):
        stream = NotedStream(client)
        assert client.add(stream)
        stream.send_headers(GET, end=False)
        streams.append((stream, bytearray()))

    def exchange():
        while client.out or server.out:
            one, client.out[:] = b"".join(client.out), []
            other, server.out[:] = b"".join(server.out), []
            server.receive(one.removeprefix(frames.PREFACE))
            client.receive(other)
            client.pump()

    for at, data, now in steps:
        stream, sent = streams[at]
        stream.send_data(data, end=False)
        sent += data
        if now:
            exchange()
    for stream, _ in streams:
        stream.send_data(b"", end=True)
    exchange()
    assert client.noted == server.noted == []
    for (_, sent), heard in zip(streams, server.opened, strict=True):
        assert b"".join(step[1] for step in heard.heard if step[0] == "data") == bytes(sent)
        assert heard.heard[-1][2]


@given(st.binary(max_size=400), st.booleans())
def test_whatever_comes_does_not_raise(data, opened):
    from tests.net.http.h2.conftest import NotedMachine  # noqa: PLC0415 - as above

    machine = NotedMachine()
    machine.receive(HELLO + (OPEN if opened else b"") + data)
    machine.receive(data)
