"""HTTP/2 in, HTTP/1.1 out: nothing that a client says in frames becomes something else in lines.

Behind each row goes one more request on a stream of its own. It has to be answered where only a stream was at fault,
and not at all where the connection was.
"""

import asyncio
import contextlib
import itertools
import re

import pytest
from tests.strictness.case import SENTINEL_SENT
from tests.strictness.downgrade import CASES, DECLINED
from tests.strictness.frames import NO_ERROR, PREFACE, SETTINGS, Reader, frame, request
from tests.strictness.stage import Came

LAST = 101
SENTINEL = request(stream=LAST, path=b"/sentinel")


async def say(stage, data, streams, *, pieces=()):
    """Send frames, and read until every stream and the sentinel's have ended, or the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.port)
    own = writer.get_extra_info("sockname")[1]
    stage.recorder.taken(own)
    whole = PREFACE + frame(SETTINGS, 0, 0) + data + SENTINEL
    answers = Reader()
    try:
        with contextlib.suppress(ConnectionError, RuntimeError):
            edges = [0, *pieces, len(whole)]
            for start, end in itertools.pairwise(edges):
                writer.write(whole[start:end])
                if pieces:
                    await asyncio.sleep(0)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(5):
                while not all(n in answers.streams and answers.streams[n].is_over for n in streams):
                    received = await reader.read(65536)
                    if not received:
                        break
                    answers.feed(received)
    finally:
        writer.transport.abort()
    return answers, Came([], stage.recorder.taken(own), own, b"")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("step", [0, 7], ids=["whole", "in pieces"])
async def test_it_has_one_reading(stage, case, step):
    length = len(PREFACE) + 9 + len(case.sent) + len(SENTINEL)
    pieces = range(1, min(length, 900), step) if step else ()
    streams = {LAST} if case.goaway >= 0 else {1, LAST}
    answers, came = await say(stage, case.sent, streams, pieces=pieces)

    upstream = came.requests
    if case.goaway >= 0:
        assert answers.goaway == case.goaway
        assert LAST not in answers.streams
        assert SENTINEL_SENT not in upstream
        return
    if case.is_either and LAST not in answers.streams:
        assert answers.goaway in {case.reset, -1}
        return
    assert answers.goaway == -1
    assert answers.streams[LAST].status == 204
    upstream.remove(SENTINEL_SENT)
    # An answer that is complete before the request makes the rest of it unwanted (8.1).
    is_early = answers.streams[1].reset == NO_ERROR and (case.upstream or case.at_most)
    assert is_early or answers.streams[1].reset == case.reset
    if case.reset < 0:
        assert answers.streams[1].status == case.statuses[0]
    if case.at_most:
        assert upstream in ([], [*case.at_most])
    else:
        assert [joined(sent) for sent in upstream] == [joined(sent) for sent in case.upstream]
    assert not stage.recorder.broken


@pytest.mark.parametrize("data", DECLINED.values(), ids=DECLINED)
async def test_of_a_tunnel_that_is_declined_nothing_but_the_head_went_up(stage, data):
    answers, came = await say(stage, data, {1, LAST})

    upstream = [re.sub(rb"(?<=Sec-WebSocket-Key: )[A-Za-z0-9+/]{22}==", b"*", sent) for sent in came.requests]
    assert answers.streams[1].status == answers.streams[LAST].status == 204
    upstream.remove(SENTINEL_SENT)
    (head,) = upstream
    assert head == (
        b"GET / HTTP/1.1\r\nHost: a.example\r\nsec-websocket-version: 13\r\nSec-WebSocket-Key: *\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    assert not stage.recorder.broken


def joined(sent):
    """A request with its chunks made one: how many they are depends on how the frames came."""
    head, _, body = sent.partition(b"\r\n\r\n")
    if b"\r\nTransfer-Encoding: chunked" not in head:
        return sent
    payload = b""
    while not body.startswith(b"0\r\n"):
        size, _, body = body.partition(b"\r\n")
        payload += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    return head, payload, body


def test_there_are_many_rows_and_each_has_a_name_of_its_own():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
