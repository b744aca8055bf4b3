"""Forwarding: heads rewritten, bodies streamed, troubles told apart."""

import asyncio
import contextlib
import dataclasses
import hashlib

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from yett.events import Scope
from yett.net.http import Answer, Connection, Failure, Forward, Limits, Refusal, Request, Upstream, events
from yett.net.http.channel import Clock, Receiver
from yett.net.http.head import RequestParser
from yett.net.http.pool import Pools

GET = b"GET /path?query HTTP/1.1\r\nHost: a.example\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.example\r\n"


async def test_a_request_is_rewritten_and_the_answer_passed_on(serve, dial, origin, answering):
    up = await origin(
        answering(
            b"HTTP/1.1 201 Made\r\nX-A: 1\r\nX-Drop: 1\r\nConnection: x-b\r\nX-B: 1\r\nContent-Length: 2\r\n\r\nok"
        )
    )
    server, gate = await serve(
        Forward(
            up.upstream,
            add=b"X-Yett-User: ada\r\n",
            drop_cookies=frozenset({b"s"}),
            response_add=b"X-Add: 1\r\n",
            response_drop=frozenset({b"x-drop"}),
        )
    )
    wire = await dial(server)
    wire.send(
        b"GET /a?b HTTP/1.1\r\nHost: a.example:8080\r\nX-Yett-User: root\r\nCookie: s=1; t=2\r\n"
        b"X-Forwarded-For: 9.9.9.9\r\nAccept: */*\r\n\r\n"
    )
    head, body = await wire.response()
    assert head == b"HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 2\r\nX-Add: 1\r\n\r\n"
    assert body == b"ok"
    assert up.heads == [
        (
            b"GET /a?b HTTP/1.1\r\nHost: a.example:8080\r\nAccept: */*\r\nCookie: t=2\r\n"
            b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example:8080\r\n"
            b"X-Yett-User: ada\r\n\r\n"
        )
    ]
    (outcome,) = gate.outcomes
    assert (outcome.status, outcome.bytes_in, outcome.bytes_out, outcome.failure) == (201, 0, 2, None)


async def test_a_decision_may_change_target_host_and_who_asked(serve, dial, origin):
    up = await origin()

    def decide(request):
        request.scope.client_address = "10.0.0.9"
        forwarded = b"X-Forwarded-For: 1.2.3.4\r\n" if request.path == "/own" else b""
        return Forward(up.upstream, host=b"inner", target=b"/new?x", forwarded=forwarded)

    server, _ = await serve(decide)
    wire = await dial(server)
    for path in (b"/a", b"/own"):
        wire.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        await wire.response()
    assert up.heads[0].startswith(b"GET /new?x HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 10.0.0.9\r\n")
    assert up.heads[1] == b"GET /new?x HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n"


async def test_connections_to_upstreams_are_reused_last_in_first_out(serve, dial, origin):
    up = await origin()
    # Equal upstreams share a pool even when they are different objects.
    server, _ = await serve(lambda _: Forward(Upstream("127.0.0.1", up.upstream.port)))
    wire = await dial(server)
    for _ in range(5):
        wire.send(GET)
        assert (await wire.response())[1] == b"hello"
    assert up.accepted == 1
    assert server.upstream_connections == (1, 1)


async def test_pipelined_requests_are_forwarded_in_order(serve, dial, origin):
    async def echo_path(origin, reader, writer):
        while True:
            path = (await origin.head(reader)).split(b" ")[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(path), path))
            await writer.drain()

    up = await origin(echo_path)
    server, gate = await serve(Forward(up.upstream), max_pipelined=1000)
    wire = await dial(server)
    wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(200)))
    for number in range(200):
        assert (await wire.response())[1] == b"/%d" % number
    assert len(gate.outcomes) == 200


BIG = 40_000_000


async def count(reader, length):
    """Read `length` bytes; the answer is their digest."""
    digest = hashlib.sha256()
    while length:
        data = await reader.read(min(length, 1 << 16))
        if not data:
            raise EOFError
        length -= len(data)
        digest.update(data)
    return digest.hexdigest()


def pattern(length):
    return (b"0123456789abcdef" * (length // 16 + 1))[:length]


async def test_a_huge_response_waits_for_a_slow_client_in_constant_memory(serve, dial, origin, eventually):
    data = pattern(BIG)

    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        writer.write(data)
        origin.unsent = writer.transport.get_write_buffer_size
        await writer.drain()
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server, limit=1 << 16)
    wire.send(GET)
    (client,) = server._engine.connections
    await eventually(lambda: client.is_blocked)
    # What the upstream could not get rid of waits on its side, not on ours.
    assert client.transport.get_write_buffer_size() < 2_000_000
    assert up.unsent() > 1_000_000
    await wire.reader.readuntil(b"\r\n\r\n")
    assert await count(wire.reader, BIG) == hashlib.sha256(data).hexdigest()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].bytes_out == BIG


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_huge_request_waits_for_a_slow_upstream_in_constant_memory(
    serve, dial, origin, eventually, chunked
):
    data = pattern(BIG)
    go = asyncio.Event()

    async def script(origin, reader, writer):
        await origin.head(reader)
        await go.wait()
        digest = hashlib.sha256()
        if chunked:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                digest.update(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
            text = digest.hexdigest()
        else:
            text = await count(reader, BIG)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n" + text.encode())
        await writer.drain()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    if chunked:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        step = 100_000
        for at in range(0, BIG, step):
            wire.send(b"%x;ext=1\r\n%b\r\n" % (step, data[at : at + step]))
        wire.send(b"0\r\nTrailer: 1\r\n\r\n")
    else:
        wire.send(POST + b"Content-Length: %d\r\n\r\n" % BIG + data)
    await eventually(lambda: any(client.is_paused and up.heads for client in server._engine.connections))
    (upstream,) = next(iter(server._engine.pools._pools.values())).connections
    assert upstream.transport.get_write_buffer_size() < 2_000_000
    go.set()
    assert (await wire.response())[1] == hashlib.sha256(data).hexdigest().encode()
    assert gate.outcomes[0].bytes_in == BIG
    assert (b"trailer" not in up.heads[0].lower(), up.accepted) == (True, 1)


async def test_chunks_are_framed_anew_without_extensions_and_trailers(serve, dial, origin):
    async def script(origin, reader, writer):
        await origin.head(reader)
        origin.body = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nab\r\n")
        writer.write(b"3\r\ncde\r\n0\r\nX-Trailer: 1\r\n\r\n")
        await writer.drain()
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nX-T: 1\r\n\r\n")
    head, body = await wire.response()
    assert b"Transfer-Encoding: chunked\r\n" in head
    assert body == b"abcde"
    assert up.body == b"5\r\nhello\r\n0\r\n\r\n"
    assert (gate.outcomes[0].bytes_in, gate.outcomes[0].bytes_out) == (5, 5)


async def test_a_malformed_chunk_from_the_client_never_reaches_the_upstream(
    serve, dial, origin, heard, eventually
):
    async def script(origin, reader, _):
        await origin.head(reader)
        origin.body = await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream), linger_timeout=0.02)
    wire = await dial(server)
    wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
    await eventually(lambda: up.heads)
    wire.send(b"2\nab\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b" 400 " in (await wire.response())[0]
    assert await wire.rest() == b""
    assert gate.outcomes[0].refusal is Refusal.MALFORMED
    assert len(gate.outcomes) == 1
    assert events.request_refused in [event for event, _ in heard("listener")]


async def test_a_response_until_close_is_chunked_for_1_1_and_closed_for_1_0(serve, dial, origin):
    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nab")
        await writer.drain()
        writer.write(b"cd")
        await writer.drain()

    up = await origin(script)
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    head, body = await wire.response()
    assert (b"Transfer-Encoding: chunked" in head, body) == (True, b"abcd")
    wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, body = await wire.response()
    assert (b"Transfer-Encoding" in head, b"Connection: close" in head, body) == (False, True, b"abcd")


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"d"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"1\r\nd\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"X\r\n"),
    ],
)
async def test_an_upstream_that_dies_inside_the_body_cuts_the_client(
    serve, dial, origin, eventually, first, then, minor
):
    go = asyncio.Event()

    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(first)
        await go.wait()
        writer.write(then)
        await writer.drain()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.%d\r\nHost: a\r\n\r\n" % minor)
    await wire.reader.readuntil(b"abc")
    go.set()
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert (gate.outcomes[0].status, gate.outcomes[0].failure) == (200, Failure.BODY_BROKEN)


@pytest.mark.parametrize(
    "response",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nX\r\n",
    ],
)
async def test_a_malformed_response_is_502_and_its_connection_is_not_used_again(
    serve, dial, origin, answering, response
):
    up = await origin(answering(response))
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    head = b"HTTP/1.1 103"
    while head.startswith(b"HTTP/1.1 103"):
        head, body = await wire.response()
    assert b" 502 " in head
    assert body.startswith(b"failed: response_malformed")
    assert gate.outcomes[0].failure is Failure.RESPONSE_MALFORMED
    assert server.upstream_connections == (0, 0)


async def test_bytes_nobody_asked_for_end_a_pooled_connection(serve, dial, origin, answering, ok, eventually):
    up = await origin(answering(ok + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    for _ in range(3):
        wire.send(GET)
        assert (await wire.response())[1] == b"hello"
        await eventually(lambda: server.upstream_connections == (0, 0))
    assert up.accepted == 3


async def stale(origin, reader, writer):
    """Answers once, then closes the moment another request comes: the race every pool has."""
    await origin.head(reader)
    if origin.accepted > 2:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
        await writer.drain()
        await reader.read()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
    await writer.drain()
    await origin.head(reader)


async def test_a_stale_pooled_connection_is_retried_once_on_a_fresh_one(serve, dial, origin, heard):
    up = await origin(stale)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    bodies = []
    for _ in range(2):
        wire.send(GET)
        bodies.append((await wire.response())[1])
    assert bodies == [b"first", b"first"]
    assert up.accepted == 2
    assert [event for event, _ in heard("http.upstream")] == [events.request_retried]
    assert [outcome.failure for outcome in gate.outcomes] == [None, None]


@pytest.mark.parametrize(
    "request_", [POST + b"Content-Length: 2\r\n\r\nhi", POST + b"Content-Length: 0\r\n\r\n"]
)
async def test_what_may_have_had_an_effect_is_not_sent_twice(serve, dial, origin, request_):
    up = await origin(stale)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    await wire.response()
    wire.send(request_)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[1].failure is Failure.CLOSED_EARLY
    assert up.accepted == 1


async def test_a_fresh_connection_that_closes_early_is_no_reason_to_retry(serve, dial, origin):
    async def script(origin, reader, _):
        await origin.head(reader)

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert (gate.outcomes[0].failure, up.accepted) == (Failure.CLOSED_EARLY, 1)


async def silence(origin, reader, _):
    await origin.head(reader)
    await reader.read()


async def test_a_response_that_does_not_come_is_504(serve, dial, origin):
    up = await origin(silence, response_timeout=0.03)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert b" 504 " in (await wire.response())[0]
    assert gate.outcomes[0].failure is Failure.RESPONSE_TIMEOUT


async def test_a_response_that_stands_still_is_cut(serve, dial, origin, eventually):
    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await reader.read()

    up = await origin(script, idle_timeout=0.03)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].failure is Failure.IDLE


async def test_a_client_that_stops_reading_is_cut(serve, dial, origin, eventually):
    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + bytes(BIG))
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream), body_timeout=0.05)
    wire = await dial(server, limit=1024)
    wire.send(GET)
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
    await eventually(lambda: not server.connections)


async def test_a_client_that_leaves_takes_its_upstream_connection_along(
    serve, dial, origin, eventually, lose
):
    up = await origin(silence)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: up.heads)
    wire.writer.transport.abort()
    # A clean end may be half of one; whoever wants to be noticed at once is noticed by a write.
    lose(server)
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
    assert server.upstream_connections == (0, 0)


async def test_an_expectation_is_met_when_the_body_is_wanted(serve, dial, origin):
    async def script(origin, reader, writer):
        await origin.head(reader)
        body = await reader.readexactly(5)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body)
        await writer.drain()

    up = await origin(script)
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert (await wire.response())[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"hello")
    head, body = await wire.response()
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b"hello"
    assert b"expect" not in up.heads[0].lower()


async def test_early_hints_are_passed_on(serve, dial, origin, answering, ok):
    up = await origin(answering(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok))
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0] == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    assert (await wire.response())[1] == b"hello"


@pytest.mark.parametrize(
    ("method", "response", "length"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", True),
        (b"HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", True),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n", False),
    ],
)
async def test_responses_without_a_body_end_with_their_head(
    serve, dial, origin, answering, method, response, length
):
    up = await origin(answering(response))
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    for _ in range(2):
        wire.send(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
        head, _ = await wire.response(method)
        assert (b"Content-Length: 500" in head) is length
        assert b"Transfer-Encoding" not in head
    assert up.accepted == 1
    assert [outcome.bytes_out for outcome in gate.outcomes] == [0, 0]


async def test_an_early_answer_to_an_unfinished_upload_does_not_desynchronise(serve, dial, origin, answering):
    up = await origin(answering(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"))
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 100\r\n\r\n" + b"x" * 50)
    assert (await wire.response())[1] == b"no"
    wire.send(b"x" * 50 + GET)
    assert (await wire.response())[1] == b"no"
    assert [request.method for request in gate.requests] == [b"POST", b"GET"]
    assert up.accepted == 2


async def test_a_unix_socket_serves_as_upstream(serve, dial, origin, tmp_path):
    up = await origin(path=str(tmp_path / "s"))
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"hello"
    gone, gate = await serve(Forward(Upstream("", 0, unix_path=str(tmp_path / "none"))))
    wire = await dial(gone)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[0].failure is Failure.CONNECT_FAILED


async def test_idle_upstream_connections_are_bounded_and_closed(serve, dial, origin, eventually):
    up = await origin(max_idle=1)
    server, _ = await serve(Forward(up.upstream), pool_idle=0.05)
    wires = [await dial(server) for _ in range(3)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        await wire.response()
    assert server.upstream_connections[1] <= 1
    await eventually(lambda: server.upstream_connections == (0, 0))


# WebSocket.


@pytest.fixture
async def echo():
    async def handler(connection):
        async for message in connection:
            if message == "bye":
                return
            await connection.send(message)

    async with serve_websocket(handler, "127.0.0.1", 0, compression=None) as server:
        yield Upstream("127.0.0.1", server.sockets[0].getsockname()[1], idle_timeout=0.3)


async def test_websockets_pass_through(serve, echo, eventually):
    server, gate = await serve(Forward(echo, response_add=b"X-Add: 1\r\n"))
    async with connect(f"ws://127.0.0.1:{server.ports[0]}/", max_size=None) as client:
        assert client.response.headers["X-Add"] == "1"
        for message in ("a", b"b" * 300_000, "c"):
            await client.send(message)
            assert await client.recv() == message
        assert gate.outcomes == []
        await client.send("bye")
        with pytest.raises(ConnectionClosed):
            await client.recv()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].status == 101
    assert gate.outcomes[0].failure is None
    assert gate.outcomes[0].bytes_in > 300_000
    assert gate.outcomes[0].bytes_out > 300_000
    assert gate.requests[0].upgrade == b"websocket"
    await eventually(lambda: server.upstream_connections == (0, 0))


async def test_a_silent_tunnel_ends(serve, echo, eventually):
    server, gate = await serve(Forward(echo))
    async with connect(f"ws://127.0.0.1:{server.ports[0]}/", ping_interval=None) as client:
        with pytest.raises(ConnectionClosed):
            await client.recv()
    await eventually(lambda: gate.outcomes)
    assert (gate.outcomes[0].status, gate.outcomes[0].failure) == (101, Failure.IDLE)


async def test_a_tunnel_can_be_cut_from_outside(serve, echo, eventually):
    server, gate = await serve(Forward(echo))
    async with connect(f"ws://127.0.0.1:{server.ports[0]}/") as client:
        assert server.withdraw(lambda request: request.host == "127.0.0.1") == 1
        with pytest.raises(ConnectionClosed):
            await client.recv()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].status == 101


async def test_websockets_are_refused_where_the_decision_says_so(serve, echo):
    server, gate = await serve(Forward(echo, websocket=False))
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://127.0.0.1:{server.ports[0]}/")
    assert caught.value.response.status_code == 403
    assert gate.outcomes[0].refusal is Refusal.UPGRADE


async def test_an_upgrade_that_is_declined_is_an_ordinary_answer(serve, origin, answering, dial):
    up = await origin(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"))
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    upgrade = b"Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: eA==\r\n\r\n"
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + upgrade)
    assert (await wire.response())[1] == b"no"
    wire.send(GET)
    assert (await wire.response())[1] == b"no"
    assert b"Connection: Upgrade\r\nUpgrade: websocket\r\n" in up.heads[0]
    assert b"Upgrade" not in up.heads[1]


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
async def test_other_upgrades_are_not_passed_on(serve, origin, dial, data):
    up = await origin()
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(data)
    assert (await wire.response())[1] == b"hello"
    assert b"upgrade" not in up.heads[0].lower()


async def test_a_tunnel_half_closes(serve, origin, dial, eventually):
    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            # RFC 6455, 1.3
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nearly"
        )
        origin.got = await reader.read()
        writer.write(b"late")
        await writer.drain()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\neager"
    )
    head, _ = await wire.response()
    assert head.startswith(b"HTTP/1.1 101 ")
    wire.send(b" bytes")
    wire.writer.write_eof()
    assert await wire.rest() == b"earlylate"
    assert up.got == b"eager bytes"
    await eventually(lambda: gate.outcomes)
    assert (gate.outcomes[0].bytes_in, gate.outcomes[0].bytes_out) == (11, 9)


async def test_an_answer_that_is_no_websocket_is_not_tunnelled(serve, origin, dial, answering):
    wrong = b"HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
    up = await origin(answering(wrong))
    server, gate = await serve(lambda request: Forward(up.upstream) if request.upgrade else Answer(200))
    wire = await dial(server)
    wire.send(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[0].failure is Failure.RESPONSE_MALFORMED


async def test_a_declined_upgrade_does_not_allow_a_later_one(serve, origin, dial):
    async def script(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
        await origin.head(reader)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        )
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert (await wire.response())[1] == b"no"
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[1].failure is Failure.RESPONSE_MALFORMED
    assert up.accepted == 1


async def test_a_connection_is_not_used_again_after_an_upgrade_that_stated_a_length(
    origin, answering, eventually
):
    """No request of a client leads here: it is the second of two walls."""

    class Noted(Receiver):
        heads = ()

        def respond(self, head, payload, done, trailers=()):  # noqa: ARG002 - the port's signature
            self.heads = [*self.heads, head]

    up = await origin(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"))
    pools, parser = Pools(Limits(), Clock()), RequestParser(Limits())
    for framing, kept in ((b"Content-Length: 5", 0), (b"Transfer-Encoding: chunked", 0), (b"X: 1", 1)):
        fields = parser.fields(b"Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" + framing, 1)
        request = Request(
            Connection("127.0.0.1", 0, is_tls=False), Scope("", "", "", "", ""), b"GET", b"/", "/", "a", 0,
            fields.lines, 1, upgrade=b"websocket",
        )  # fmt: skip
        channel = await pools.get(up.upstream, request.connection, upgrade=True).connect()
        noted = Noted(b"GET")
        noted.request_done = True
        channel.begin(noted, request, Forward(up.upstream), fields, b"", b"", done=True, upgrade=True)
        await eventually(lambda noted=noted: noted.heads)
        assert (pools.open, pools.idle) == (kept, kept)
    pools.close()


async def count_body(origin, reader, _writer):
    """An origin that keeps whatever arrives behind the head."""
    await origin.head(reader)
    origin.body = b""
    while piece := await reader.read(1 << 16):
        origin.body += piece


@pytest.mark.parametrize("together", [True, False], ids=["head and body at once", "head first"])
async def test_a_streamed_body_that_outgrows_its_limit_is_413(serve, dial, origin, eventually, together):
    up = await origin(count_body)
    server, gate = await serve(Forward(up.upstream, max_body=1000))
    wire = await dial(server)
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    small, large = b"3e8\r\n%b\r\n" % bytes(1000), b"1\r\nx\r\n"
    if together:
        wire.send(head + b"3e9\r\n%b\r\n" % bytes(1001))
    else:
        wire.send(head + small)
        await eventually(lambda: bytes(1000) in getattr(up, "body", b""))
        assert gate.outcomes == []
        wire.send(large)
    answer, _ = await wire.response()
    assert b" 413 " in answer
    assert b"Connection: close" in answer
    (outcome,) = gate.outcomes
    assert (outcome.refusal, outcome.status) == (Refusal.BODY_TOO_LARGE, 413)
    assert up.accepted == (0 if together else 1)
    assert server.upstream_connections == (0, 0)
    assert b"x" not in getattr(up, "body", b"")


async def test_a_streamed_body_within_its_limit_is_passed_on(serve, dial, origin):
    async def script(found, reader, writer):
        await found.head(reader)
        found.body = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    up = await origin(script)
    server, _ = await serve(Forward(up.upstream, max_body=10))
    wire = await dial(server)
    wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n")
    assert b" 200 " in (await wire.response())[0]
    assert up.body == b"a\r\n0123456789\r\n0\r\n\r\n"


async def test_a_stated_length_beyond_the_limit_reaches_nobody(serve, dial, origin):
    up = await origin()
    server, gate = await serve(Forward(up.upstream, max_body=10))
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 11\r\n\r\n")
    assert b" 413 " in (await wire.response())[0]
    assert gate.outcomes[0].refusal is Refusal.BODY_TOO_LARGE
    assert up.accepted == 0


async def test_a_body_that_outgrows_its_limit_under_the_response_cuts_the_connection(
    serve, dial, origin, eventually
):
    async def script(found, reader, writer):
        await found.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream, max_body=1000))
    wire = await dial(server)
    wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
    async with asyncio.timeout(5):
        assert (await wire.reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
    wire.send(b"3e8\r\n%b\r\n" % bytes(1000))
    await eventually(lambda: gate.outcomes)
    assert (gate.outcomes[0].status, gate.outcomes[0].refusal) == (200, Refusal.BODY_TOO_LARGE)
    with contextlib.suppress(ConnectionResetError):
        assert await wire.rest() == b""


async def test_a_tunnel_has_no_limit(serve):
    async def echo(websocket):
        async for message in websocket:
            await websocket.send(message)

    async with serve_websocket(echo, "127.0.0.1", 0) as origin:
        port = origin.sockets[0].getsockname()[1]
        server, _ = await serve(Forward(Upstream("127.0.0.1", port), max_body=10))
        async with connect(f"ws://127.0.0.1:{server.ports[0]}/", compression=None) as websocket:
            await websocket.send("x" * 5000)
            assert await websocket.recv() == "x" * 5000


@pytest.mark.parametrize("body", [b"", b"x" * 300_000])
async def test_what_could_not_be_sent_goes_where_the_decision_says_then(serve, dial, origin, body):
    up = await origin(_reading(len(body)))
    asked = []

    def instead(request, forward, failure):
        asked.append((request.path, forward, failure))
        return dataclasses.replace(forward, upstream=up.upstream, instead=None)

    first = Forward(Upstream("127.0.0.1", 1), add=b"X-A: 1\r\n", instead=instead)
    server, gate = await serve(first)
    wire = await dial(server)
    wire.send(b"POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert (await wire.response())[1] == b"hello"
    assert asked == [("/a", first, Failure.CONNECT_REFUSED)]
    assert b"X-A: 1" in up.heads[0]
    assert (gate.outcomes[0].status, gate.outcomes[0].bytes_in) == (200, len(body))


async def test_what_could_be_sent_nowhere_is_a_failure(serve, dial):
    nowhere = Upstream("127.0.0.1", 1)
    server, gate = await serve(
        Forward(
            nowhere,
            instead=lambda _, forward, __: dataclasses.replace(
                forward, upstream=Upstream("127.0.0.1", 1, max_idle=1), instead=None
            ),
        )
    )
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert b" 502 " in (await wire.response())[0]
    wire.send(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    assert b" 502 " in (await wire.response())[0]
    assert [outcome.failure for outcome in gate.outcomes] == [Failure.CONNECT_REFUSED] * 2


def _reading(size):
    """A script: read a body of that size, then answer."""

    async def script(there, reader, writer):
        await there.head(reader)
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    return script
