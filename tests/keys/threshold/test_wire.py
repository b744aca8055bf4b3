import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.keys.threshold import wire
from yett.keys.threshold.envelope import Envelope, Step

ENVELOPE = Envelope(b"c" * 32, Step.DEAL, 1, 2, b"body", b"s" * 64)
REQUESTS = [
    wire.Hello(1, wire.SUITE, (b"k" * 32,)),
    wire.Invite(2, (b"k" * 32, b"l" * 32), 1, 2),
    wire.Nonces(3, (b"n" * 32,)),
    wire.Announced(4, (ENVELOPE,)),
    wire.Dealt(5, ()),
    wire.Confirmed(6, (ENVELOPE, ENVELOPE)),
    wire.Commit(7, b"k" * 32, 8),
    wire.Sign(8, b"k" * 32, b"message", (wire.Committed(1, b"h" * 32, b"b" * 32),)),
]
ANSWERS = [
    wire.Here(1, (b"k" * 32,)),
    wire.Joined(2, b"n" * 32),
    wire.Sealed(3, (ENVELOPE,)),
    wire.Kept(4, b"k" * 32),
    wire.Commitments(5, (wire.Committed(1, b"h" * 32, b"b" * 32),)),
    wire.Signed(6, b"z" * 32),
    wire.Refused(7, wire.Reason.POLICY, "no"),
]


async def read(raw, how):
    reader = asyncio.StreamReader()
    reader.feed_data(raw)
    reader.feed_eof()
    return await how(reader)


@pytest.mark.parametrize("said", REQUESTS, ids=lambda said: type(said).__name__)
async def test_a_request_arrives_as_it_was_sent(said):
    assert await read(wire.framed(said), wire.read_request) == said


@pytest.mark.parametrize("said", ANSWERS, ids=lambda said: type(said).__name__)
async def test_an_answer_arrives_as_it_was_sent(said):
    assert await read(wire.framed(said), wire.read_answer) == said


def in_frame(text):
    return len(text).to_bytes(4, "big") + text


@pytest.mark.parametrize(
    "raw",
    [
        in_frame(b""),
        in_frame(b"{}"),
        in_frame(b"[]"),
        in_frame(b'{"do":"hello"}'),
        in_frame(b'{"do":"hello","id":1,"suite":"x","more":1}'),
        in_frame(b'{"do":"goodbye","id":1}'),
        in_frame(b'{"do":"commit","id":1,"key":"!","count":1}'),
        in_frame(b'{"do":"commit","id":"1","key":"","count":1}'),
        in_frame(wire.framed(ANSWERS[0])[4:]),
        (256 * 1024 + 1).to_bytes(4, "big"),
        b"\xff\xff\xff\xff" + b"x" * 100,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_anything_else_is_malformed(raw):
    with pytest.raises(wire.Malformed):
        await read(raw, wire.read_request)


@pytest.mark.parametrize("raw", [b"", b"\x00\x00", in_frame(b"{}")[:-1]])
async def test_what_ends_early_is_the_end(raw):
    with pytest.raises(asyncio.IncompleteReadError):
        await read(raw, wire.read_request)


@given(raw=st.binary(max_size=300))
def test_no_bytes_do_anything_else(raw):
    for how in (wire.read_request, wire.read_answer):
        with pytest.raises((wire.Malformed, asyncio.IncompleteReadError)):
            asyncio.run(read(raw, how))
