"""Upstreams that speak HTTP/3: streams over few connections, both ways, and their ends."""

import asyncio
import hashlib
import os

import pytest
from tests.net.http.conftest import eventually

from yett.net.http import Failure, Forward, events
from yett.net.http.h3 import upstream as module
from yett.net.http.h3.flow import WINDOW
from yett.net.http.h3.frames import Code, Kind, frame, integer
from yett.net.http.h3.upstream import HIGH_WATER

GET = b"GET /path HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"
POST = b"POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n"


async def test_a_request_is_a_stream_and_connections_are_shared(serve, dial, origin3):
    upstream = await origin3()
    server, gate = await serve(Forward(upstream, add=b"X-User: ada\r\n", response_add=b"X-More: 1\r\n"))
    wires = [await dial(server) for _ in range(20)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        head, body = await wire.response()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"X-More: 1\r\n" in head
        assert body == b"ok"
    (peer,) = origin3.peers
    assert server.upstream_connections == (1, 1)
    assert sorted(peer.talks) == list(range(0, 80, 4))
    assert peer.talks[0].fields == {
        b":method": b"GET",
        b":scheme": b"https",
        b":path": b"/path",
        b":authority": b"a.example",
        b"te": b"trailers",
        b"accept": b"*/*",
        b"x-forwarded-for": b"127.0.0.1",
        b"x-forwarded-proto": b"http",
        b"x-forwarded-host": b"a.example",
        b"x-user": b"ada",
    }
    assert all(outcome.status == 200 and not outcome.failure for outcome in gate.outcomes)


async def test_a_stream_that_was_refused_is_sent_again(serve, dial, origin3, heard):
    async def script(peer):
        first = await peer.request()
        peer.reset(first.number, Code.REQUEST_REJECTED)
        again = await peer.request()
        peer.answer(again.number)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert [event for event, _ in heard()].count(events.request_retried) == 1


async def test_goodbye_moves_what_was_not_looked_at_to_another_connection(serve, dial, origin3):
    async def script(peer):
        if len(origin3.peers) > 1:
            peer.answer((await peer.request()).number, b"moved")
            return
        await peer.begun(4)
        peer.control(frame(Kind.GOAWAY, integer(4)))
        await eventually(lambda: len(origin3.peers) == 2)
        peer.answer(0, b"stayed")
        await peer.until(lambda: peer.terminated)

    server, _ = await serve(Forward(await origin3(script)))
    first, second = await dial(server), await dial(server)
    first.send(GET)
    await eventually(lambda: origin3.peers and 0 in origin3.peers[0].talks)
    second.send(GET)
    assert (await second.response())[1] == b"moved"
    assert (await first.response())[1] == b"stayed"
    await eventually(lambda: origin3.peers[0].terminated)
    assert origin3.peers[0].terminated.error_code == Code.NO_ERROR


@pytest.mark.parametrize(
    ("method", "status"), [(b"HEAD", b"200"), (b"GET", b"304"), (b"GET", b"204")], ids=["HEAD", "304", "204"]
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_a_response_without_a_body_may_state_a_length(serve, dial, origin3, method, status, at_once):
    async def script(peer):
        while True:
            talk = await peer.request()
            fields = () if status == b"204" else ((b"content-length", b"100"),)
            peer.head(talk.number, *fields, status=status, end=at_once)
            if not at_once:
                peer.raw(talk.number, b"", end=True)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET.replace(b"GET", method))
        head, body = await wire.response(method)
        assert head.startswith(b"HTTP/1.1 " + status)
        assert body == b""
    await eventually(lambda: len(gate.outcomes) == 2)
    assert [outcome.failure for outcome in gate.outcomes] == [None, None]
    assert len(origin3.peers) == 1


async def test_a_body_without_a_length_ends_with_its_stream(serve, dial, origin3):
    async def script(peer):
        number = (await peer.request()).number
        peer.head(number)
        peer.data(number, b"one")
        peer.raw(number, frame(0x21, b"unknown to everybody") + frame(Kind.DATA, b" two"))
        peer.raw(number, frame(Kind.DATA, b"") + frame(0x21, b"grease"), end=True)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    head, body = await wire.response()
    assert b"chunked" in head
    assert body == b"one two"


@pytest.mark.parametrize("at_once", [True, False])
async def test_trailers_go_both_ways(serve, dial, origin3, at_once):
    async def script(peer):
        talk = await peer.request()
        peer.head(talk.number)
        peer.data(talk.number, bytes(talk.body))
        if at_once:
            peer.trailers(talk.number, (b"grpc-status", b"0"), (b"host", b"evil"))
        else:
            peer.http.send_headers(talk.number, [(b"grpc-status", b"0")])
            peer.transmit()
            await asyncio.sleep(0)
            peer.raw(talk.number, b"", end=True)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(
        b"POST / HTTP/1.1\r\nHost: a.example\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n"
        b"Connection: TE, close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\nAuthorization: no\r\n\r\n"
    )
    answer = await wire.rest()
    assert answer.endswith(b"5\r\nhello\r\n0\r\ngrpc-status: 0\r\n\r\n")
    assert origin3.peers[0].talks[0].trailers == {b"x-sum": b"5"}
    assert gate.outcomes[0].failure is None


async def test_interim_responses_are_passed_on(serve, dial, origin3):
    async def script(peer):
        number = (await peer.request()).number
        peer.head(number, status=b"100")
        peer.head(number, (b"link", b"</a.css>"), status=b"103")
        peer.answer(number)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    head, _ = await wire.response()
    assert head.startswith(b"HTTP/1.1 103 ")
    assert b"link: </a.css>" in head
    assert (await wire.response())[1] == b"ok"


STATUS = b"\x00\x00\xd9"
"""A block that says `:status: 200` (RFC 9204, appendix A, 25)."""


def literal(name, value):
    """A field as it stands, without any table (RFC 9204, 4.5.6)."""
    size = bytes((0x20 | len(name),)) if len(name) < 7 else bytes((0x27, len(name) - 7))
    return size + name + bytes((len(value),)) + value


@pytest.mark.parametrize(
    "said",
    [
        frame(Kind.HEADERS, b"\x00\x00" + literal(b"a", b"b")),
        frame(Kind.HEADERS, STATUS + b"\xd9"),
        frame(Kind.HEADERS, STATUS + literal(b"A", b"b")),
        frame(Kind.HEADERS, STATUS + literal(b"a", b"b\r\nc: d")),
        frame(Kind.HEADERS, STATUS + literal(b"a b", b"c")),
        frame(Kind.HEADERS, STATUS + literal(b"te", b"gzip")),
        frame(Kind.HEADERS, STATUS + literal(b"upgrade", b"h2c")),
        frame(Kind.HEADERS, b"\x00\x00" + literal(b"a", b"b") + b"\xd9"),
        frame(Kind.HEADERS, b"\x00\x00" + literal(b":status", b"2x0")),
        frame(Kind.HEADERS, b"\x00\x00" + literal(b":status", b"101")),
        frame(Kind.HEADERS, STATUS + b"\xc4" + literal(b"content-length", b"1")),
        frame(Kind.HEADERS, STATUS + literal(b"content-length", b"-1")),
        frame(Kind.HEADERS, STATUS + literal(b"content-length", b"5")),
        frame(Kind.HEADERS, b"\x00\x00" + literal(b":status", b"103")),
        frame(Kind.HEADERS, STATUS + literal(b"x", b"y" * 100) * 600),
        frame(Kind.HEADERS, STATUS + b"\xdf" * 2000),
        b"",
    ],
)
async def test_what_is_no_response_is_a_page_and_nobody_elses_trouble(serve, dial, origin3, said):
    async def script(peer):
        await peer.begun(4)
        peer.raw(4, said, end=True)
        await peer.request(8)
        peer.answer(8)
        peer.answer(0, b"not disturbed")

    server, gate = await serve(Forward(await origin3(script)))
    first, second = await dial(server), await dial(server)
    first.send(GET)
    await _until_asked(origin3, 0)
    second.send(GET)
    head, body = await second.response()
    assert head.startswith(b"HTTP/1.1 502 ")
    assert body.startswith(b"failed: response_malformed")
    assert gate.outcomes[0].failure is Failure.RESPONSE_MALFORMED
    second.send(GET)
    assert (await second.response())[1] == b"ok"
    assert (await first.response())[1] == b"not disturbed"


async def test_interim_responses_without_an_end_are_none(serve, dial, origin3):
    async def script(peer):
        number = (await peer.request()).number
        peer.raw(number, frame(Kind.HEADERS, b"\x00\x00" + literal(b":status", b"103")) * 17)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    for _ in range(16):
        assert (await wire.response())[0].startswith(b"HTTP/1.1 103 ")
    assert (await wire.response())[0].startswith(b"HTTP/1.1 502 ")
    assert gate.outcomes[0].failure is Failure.RESPONSE_MALFORMED


async def _until_asked(origin3, number):
    await eventually(lambda: origin3.peers and number in origin3.peers[0].talks)


@pytest.mark.parametrize(
    ("said", "end"),
    [
        (frame(Kind.DATA, b"123"), True),
        (frame(Kind.DATA, b"123456"), False),
        (frame(Kind.HEADERS, b"\x00\x00" + literal(b"x-sum", b"1")), True),
        ("trailers", frame(Kind.HEADERS, b"\x00\x00" + literal(b"a b", b"1"))),
        ("trailers", frame(Kind.HEADERS, STATUS)),
        ("trailers", frame(Kind.HEADERS, b"\x00\x00" + literal(b"x", b"y" * 99) * 700)),
        ("reset", Code.REQUEST_REJECTED),
        ("reset", 0x102),
        ("close", 0x100),
    ],
)
async def test_a_broken_body_cuts_the_client(serve, dial, origin3, said, end):
    async def script(peer):
        number = (await peer.request()).number
        peer.head(number, *([] if said == "trailers" else [(b"content-length", b"5")]))
        if said == "trailers":
            peer.data(number, b"12")
            peer.raw(number, end, end=True)
        elif said == "reset":
            peer.data(number, b"12")
            peer.reset(number, end)
        elif said == "close":
            peer.data(number, b"12")
            peer.close(error_code=end)
        else:
            peer.raw(number, said, end=end)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await wire.response()
    assert gate.outcomes[0].failure is Failure.BODY_BROKEN


async def test_a_client_that_leaves_ends_its_stream_only(serve, dial, origin3):
    async def script(peer):
        await peer.until(lambda: 4 in peer.talks and peer.talks[4].body)
        peer.head(4)
        peer.data(4, b"something")
        await peer.until(lambda: peer.talks[4].stopped is not None and peer.talks[4].reset is not None)
        peer.answer(0)

    server, gate = await serve(Forward(await origin3(script)))
    stays, leaves = await dial(server), await dial(server)
    stays.send(GET)
    await _until_asked(origin3, 0)
    leaves.send(POST % 100_000 + b"x")
    await leaves.reader.readuntil(b"\r\n\r\n")
    leaves.writer.transport.abort()
    assert (await stays.response())[1] == b"ok"
    talk = origin3.peers[0].talks[4]
    assert (talk.stopped, talk.reset) == (Code.REQUEST_CANCELLED, Code.REQUEST_CANCELLED)
    await eventually(lambda: len(gate.outcomes) == 2)
    assert any(outcome.client_left for outcome in gate.outcomes)


@pytest.mark.parametrize("stops", [True, False])
async def test_an_answer_may_come_before_the_request_is_whole(serve, dial, origin3, stops):
    async def script(peer):
        await peer.begun(0)
        if stops:
            peer.stop(0, Code.NO_ERROR)
        peer.answer(0, b"enough", status=b"413")
        await peer.until(lambda: peer.talks[0].reset is not None)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(POST % 100_000_000 + b"x" * 100_000)
    head, body = await wire.response()
    assert (head[:12], body) == (b"HTTP/1.1 413", b"enough")
    assert gate.outcomes[0].failure is None
    # One that asked us to stop is told its own code (RFC 9000, 3.5).
    async with asyncio.timeout(10):
        await origin3.peers[0].until(lambda: origin3.peers[0].talks[0].reset is not None)
    assert origin3.peers[0].talks[0].reset == (Code.NO_ERROR if stops else Code.REQUEST_CANCELLED)


async def test_a_body_goes_up_as_the_upstream_takes_it(serve, dial, origin3):
    gives_credit = False

    async def script(peer):
        limits = peer._quic._write_stream_limits
        peer._quic._write_stream_limits = lambda **given: limits(**given) if gives_credit else None
        talk = await peer.request()
        peer.answer(talk.number, hashlib.sha256(talk.body).hexdigest().encode())

    upstream = await origin3(script)
    server, gate = await serve(Forward(upstream))
    wire = await dial(server)
    body = os.urandom(8_000_000)
    wire.send(POST % len(body) + body)
    taken = 1_048_576  # the window that the upstream begins with
    await _until_asked(origin3, 0)
    peer = origin3.peers[0]
    await peer.until(lambda: len(peer.talks[0].body) > taken - 4096)
    (connection,) = (pool for pool in server._engine.pools._pools.values())
    (connection,) = connection._connections
    await eventually(lambda: connection.blocked)
    # A client hands over so much at a time, and is paused then.
    assert connection.quic.unsent(0) < HIGH_WATER + 300_000
    assert wire.writer.transport.get_write_buffer_size()  # not read, and so not kept
    gives_credit = True
    peer._quic.send_ping(1)
    peer.transmit()
    assert (await wire.response())[1] == hashlib.sha256(body).hexdigest().encode()
    assert gate.outcomes[0].bytes_in == len(body)


async def test_a_slow_client_stops_its_stream_and_no_other(serve, dial, origin3):
    size = 20_000_000
    body = os.urandom(size)

    async def script(peer):
        await peer.request(0)
        peer.head(0, (b"content-length", b"%d" % size))
        peer.data(0, body, end=True)
        for number in (4, 8, 12):
            await peer.request(number)
            peer.answer(number)

    server, gate = await serve(Forward(await origin3(script)), body_timeout=60)
    slow, quick = await dial(server), await dial(server)
    slow.send(GET)
    await slow.reader.readuntil(b"\r\n\r\n")
    await _until_asked(origin3, 0)
    (peer,) = origin3.peers
    (pool,) = server._engine.pools._pools.values()
    (connection,) = pool._connections
    await eventually(lambda: connection.quic.held)
    for _ in range(3):
        quick.send(GET)
        assert (await quick.response())[1] == b"ok"
    sent = peer._quic._streams[0].sender.highest_offset
    # The sockets between client and server hold some, and so do the buffers above them.
    assert sent < 8_000_000 + WINDOW
    assert len(connection.quic._streams[0].receiver._buffer) <= WINDOW
    assert (
        connection.quic._streams[0].max_stream_data_local
        <= connection.quic._streams[0].receiver.starting_offset() + WINDOW
    )
    async with asyncio.timeout(60):
        got = await slow.reader.readexactly(size)
    assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()
    assert gate.outcomes[-1].bytes_out == size


async def test_a_connection_that_ends_is_reported_as_any_other(serve, dial, origin3):
    async def script(peer):
        await peer.request()
        peer.close(error_code=Code.NO_ERROR)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1].startswith(b"failed: closed_early")
    assert gate.outcomes[0].failure is Failure.CLOSED_EARLY


async def test_a_kept_connection_that_ended_meanwhile_costs_nobody_an_answer(serve, dial, origin3, heard):
    async def script(peer):
        peer.answer((await peer.request()).number, b"one")
        await peer.request()
        peer.close(error_code=Code.NO_ERROR)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        assert (await wire.response())[1] == b"one"
    assert len(origin3.peers) == 2
    assert [event for event, _ in heard()].count(events.request_retried) == 1


async def test_an_upstream_that_was_started_anew_is_found_again(serve, dial, origin3, monkeypatch):
    monkeypatch.setattr(module, "SIGN_OF_LIFE", 0.2)
    upstream = await origin3()
    server, _ = await serve(Forward(upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    # Gone without a word, and there again without a memory.
    origin3.vanish()
    await asyncio.sleep(0)
    await origin3(port=upstream.port)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"


async def test_an_upstream_that_is_gone_is_noticed_at_once(serve, dial, origin3):
    async def script(peer):
        peer.answer((await peer.request()).number)

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    origin3.vanish()
    await asyncio.sleep(0)
    wire.send(GET)
    assert (await wire.response())[1].startswith(b"failed: connect_refused")
    assert gate.outcomes[-1].duration < 5


async def test_an_upstream_that_thinks_is_asked_for_a_sign_of_life_and_waited_for(
    serve, dial, origin3, monkeypatch
):
    monkeypatch.setattr(module, "SIGN_OF_LIFE", 0.3)
    pings = 0

    async def script(peer):
        nonlocal pings
        number = (await peer.request()).number
        seen = peer._quic._handle_ping_frame

        def count(*given):
            nonlocal pings
            pings += 1
            return seen(*given)

        kind = next(name for name in vars(peer._quic) if name.endswith("frame_handlers"))
        handlers = vars(peer._quic)[kind]
        handlers[1] = (count, handlers[1][1])
        await eventually(lambda: pings >= 3)
        peer.answer(number)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"


async def test_an_upstream_that_fell_silent_is_given_up(serve, dial, origin3, monkeypatch):
    monkeypatch.setattr(module, "SIGN_OF_LIFE", 0.1)

    async def script(peer):
        await peer.request()
        peer.datagram_received = lambda *_: None
        peer._quic.datagrams_to_send = lambda **_: []

    server, gate = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(POST % 1 + b"x")
    assert (await wire.response())[1].startswith(b"failed: closed_early")
    assert gate.outcomes[0].duration < 5
