"""The rules of HTTP/3 whose breach ends a connection, as an upstream that breaks them sees it."""

import asyncio
import contextlib

import pytest

from yett.net.http import Failure, Forward
from yett.net.http.h3.frames import Code, Kind, frame, integer, settings

GET = b"GET /path HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
GREETING = b"\x00" + settings({})
STATUS = b"\x00\x00\xd9"
HEAD = frame(Kind.HEADERS, STATUS)


@pytest.mark.parametrize(
    ("streams", "code"),
    [
        ([b"\x00" + frame(Kind.GOAWAY, b"\x00")], Code.MISSING_SETTINGS),
        ([b"\x00" + frame(0x21, b"")], Code.MISSING_SETTINGS),
        ([b"\x00" + settings({0x3: 0})], Code.SETTINGS_ERROR),
        ([b"\x00" + frame(Kind.SETTINGS, b"\x01\x00" * 3000)], Code.EXCESSIVE_LOAD),
        ([GREETING + settings({})], Code.FRAME_UNEXPECTED),
        ([GREETING + frame(Kind.DATA, b"")], Code.FRAME_UNEXPECTED),
        ([GREETING + frame(Kind.HEADERS, STATUS)], Code.FRAME_UNEXPECTED),
        ([GREETING + frame(Kind.MAX_PUSH_ID, b"\x00")], Code.FRAME_UNEXPECTED),
        ([GREETING + frame(0x2, b"")], Code.FRAME_UNEXPECTED),
        ([GREETING + frame(Kind.CANCEL_PUSH, b"\x00")], Code.ID_ERROR),
        ([GREETING + frame(Kind.GOAWAY, b"\x01")], Code.ID_ERROR),
        ([GREETING + frame(Kind.GOAWAY, b"")], Code.FRAME_ERROR),
        ([GREETING + frame(Kind.GOAWAY, b"\x04\x04")], Code.FRAME_ERROR),
        ([(GREETING, True)], Code.CLOSED_CRITICAL_STREAM),
        ([GREETING, (b"\x02", True)], Code.CLOSED_CRITICAL_STREAM),
        ([GREETING, b"\x00"], Code.STREAM_CREATION_ERROR),
        ([GREETING, b"\x03", b"\x03"], Code.STREAM_CREATION_ERROR),
        ([GREETING, b"\x01\x00"], Code.ID_ERROR),
        ([GREETING, b"\x02\x3f\xe1\x1f"], Code.ENCODER_STREAM_ERROR),
    ],
)
async def test_what_an_upstream_must_not_say_by_itself_ends_the_connection(
    serve, dial, origin3, streams, code
):
    async def script(peer):
        # Before the handshake is confirmed the code of an end is not told (RFC 9000, 10.2.3).
        await peer.until(lambda: peer.heard)
        for each in streams:
            data, end = each if isinstance(each, tuple) else (each, False)
            peer.own_stream(data, end=end)
        await peer.until(lambda: peer.terminated)

    server, gate = await serve(Forward(await origin3(script, is_bare=True)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 502 ")
    (peer,) = origin3.peers
    async with asyncio.timeout(10):
        await peer.task
    assert Code(peer.terminated.error_code) is code
    assert gate.outcomes[0].failure in {Failure.CONNECT_FAILED, Failure.CLOSED_EARLY}


@pytest.mark.parametrize(
    ("said", "end", "code"),
    [
        (frame(Kind.DATA, b"early"), False, Code.FRAME_UNEXPECTED),
        (frame(Kind.DATA, b""), False, Code.FRAME_UNEXPECTED),
        (HEAD + frame(Kind.SETTINGS, b""), False, Code.FRAME_UNEXPECTED),
        (HEAD + frame(Kind.GOAWAY, b"\x00"), False, Code.FRAME_UNEXPECTED),
        (HEAD + frame(Kind.CANCEL_PUSH, b"\x00"), False, Code.FRAME_UNEXPECTED),
        (HEAD + frame(Kind.MAX_PUSH_ID, b"\x00"), False, Code.FRAME_UNEXPECTED),
        (HEAD + frame(0x9, b""), False, Code.FRAME_UNEXPECTED),
        (
            HEAD + frame(Kind.HEADERS, b"\x00\x00\x21a\x01b") + frame(Kind.DATA, b"x"),
            False,
            Code.FRAME_UNEXPECTED,
        ),
        (HEAD + frame(Kind.HEADERS, b"\x00\x00\x21a\x01b") * 2, False, Code.FRAME_UNEXPECTED),
        (frame(Kind.PUSH_PROMISE, b"\x00" + STATUS), False, Code.ID_ERROR),
        (frame(Kind.HEADERS, STATUS)[:-1], True, Code.FRAME_ERROR),
        (HEAD + b"\x00", True, Code.FRAME_ERROR),
        (HEAD + b"\x00\x05abc", True, Code.FRAME_ERROR),
        (frame(Kind.HEADERS, b"\x02\x00\x80"), False, Code.DECOMPRESSION_FAILED),
        (frame(Kind.HEADERS, b"\xff\xff\xff"), False, Code.DECOMPRESSION_FAILED),
    ],
)
async def test_what_has_no_place_in_a_response_ends_the_connection(serve, dial, origin3, said, end, code):
    async def script(peer):
        await peer.request()
        peer.raw(0, said, end=end)
        await peer.until(lambda: peer.terminated)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    with contextlib.suppress(ConnectionError):  # a response that began is cut
        await wire.rest()
    (peer,) = origin3.peers
    async with asyncio.timeout(10):
        await peer.task
    assert Code(peer.terminated.error_code) is code
    assert gate.outcomes[0].failure in {Failure.CLOSED_EARLY, Failure.BODY_BROKEN}


async def test_goodbye_cannot_be_taken_back(serve, dial, origin3):
    async def script(peer):
        await peer.request()
        peer.control(frame(Kind.GOAWAY, b"\x04"))
        peer.control(frame(Kind.GOAWAY, b"\x08"))
        await peer.until(lambda: peer.terminated)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1].startswith(b"failed: closed_early")
    async with asyncio.timeout(10):
        await origin3.peers[0].task
    assert origin3.peers[0].terminated.error_code == Code.ID_ERROR
    assert gate.outcomes[0].failure is Failure.CLOSED_EARLY


async def test_what_nobody_knows_is_passed_over(serve, dial, origin3):
    async def script(peer):
        peer.own_stream(b"\x21grease", end=True)
        peer.own_stream(integer(0x1F * 99 + 0x21) + b"more of it")
        peer.own_stream(b"\x40")
        peer.own_stream(b"\x02\x20")
        peer.own_stream(b"\x03\x40")
        peer.own_stream(GREETING + frame(0x21, b"x" * 9000) + frame(0x0F, b""))
        await peer.until(lambda: 0 in peer.heard)
        peer.raw(0, HEAD + frame(Kind.DATA, b"ok"), end=True)

    server, _ = await serve(Forward(await origin3(script, is_bare=True)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    (peer,) = origin3.peers
    assert peer.stopped == {7: Code.STREAM_CREATION_ERROR}


async def test_an_upstream_opens_no_streams_that_go_both_ways(serve, dial, origin3):
    async def script(peer):
        peer._quic._remote_max_streams_bidi = 1
        peer.raw(1, b"\x00")
        await peer.until(lambda: peer.terminated)

    server, _ = await serve(Forward(await origin3(script, is_bare=True)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 502 ")
    async with asyncio.timeout(10):
        await origin3.peers[0].task
    assert origin3.peers[0].terminated.error_code == 0x4  # STREAM_LIMIT_ERROR (RFC 9000, 20.1)
