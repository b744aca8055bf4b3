"""Upstreams that take only so many connections at a time."""

import asyncio
from dataclasses import replace

import pytest

from yett.net.http import Failure, Forward

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def on_request(origin, reader, writer):
    """Answers each request when the test says so."""
    while True:
        await origin.head(reader)
        await origin.turns.acquire()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()


@pytest.fixture
def limited(serve, origin):
    async def start(**limits):
        up = await origin(on_request, **limits)
        up.turns = asyncio.Semaphore(0)
        server, gate = await serve(Forward(up.upstream))
        return server, gate, up

    return start


async def test_requests_beyond_the_limit_wait_for_a_connection_in_order(limited, dial, eventually):
    server, gate, up = await limited(max_connections=2)
    wires = [await dial(server) for _ in range(6)]
    for number, wire in enumerate(wires):
        wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        await eventually(lambda number=number: server.requests == number + 1)
    await eventually(lambda: len(up.heads) == 2)
    assert server.upstream_connections == (2, 0)
    for _ in wires:
        up.turns.release()
    for wire in wires:
        assert (await wire.response())[1] == b"hello"
    assert up.accepted == 2
    assert [head.split(b" ")[1] for head in up.heads] == [b"/%d" % number for number in range(6)]
    assert server.upstream_connections == (2, 2)
    assert {outcome.failure for outcome in gate.outcomes} == {None}


async def test_who_waits_too_long_gets_503(limited, dial, eventually):
    server, gate, up = await limited(max_connections=1, connect_timeout=0.05)
    first, second = await dial(server), await dial(server)
    first.send(GET)
    await eventually(lambda: up.heads)
    second.send(GET)
    assert b" 503 " in (await second.response())[0]
    assert gate.outcomes[0].failure is Failure.BUSY
    up.turns.release()
    assert (await first.response())[1] == b"hello"


async def test_a_line_that_is_too_long_takes_nobody_else(limited, dial, eventually):
    server, gate, up = await limited(max_connections=1, max_waiting=1)
    wires = [await dial(server) for _ in range(3)]
    for number, wire in enumerate(wires):
        wire.send(GET)
        await eventually(lambda number=number: server.requests + len(gate.outcomes) == number + 1)
    assert b" 503 " in (await wires[2].response())[0]
    assert gate.outcomes[0].failure is Failure.BUSY
    up.turns.release()
    up.turns.release()
    for wire in wires[:2]:
        assert (await wire.response())[1] == b"hello"


async def test_whoever_leaves_the_line_leaves_no_gap(limited, dial, eventually, lose):
    server, gate, up = await limited(max_connections=1)
    wires = [await dial(server) for _ in range(4)]
    for number, wire in enumerate(wires):
        wire.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number)
        await eventually(lambda number=number: server.requests == number + 1)
    await eventually(lambda: up.heads)
    lose(server, "/1", "/2")
    await eventually(lambda: len(gate.outcomes) == 2)
    up.turns.release()
    up.turns.release()
    assert (await wires[0].response())[1] == b"hello"
    assert (await wires[3].response())[1] == b"hello"
    await eventually(lambda: server.upstream_connections == (1, 1))


async def test_a_connection_that_dies_gives_its_place_to_the_next(serve, dial, origin, eventually):
    async def script(origin, reader, writer):
        await origin.head(reader)
        if origin.accepted == 1:
            await origin.held.wait()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()

    up = await origin(script, max_connections=1)
    up.held = asyncio.Event()
    server, _ = await serve(Forward(up.upstream))
    first, second = await dial(server), await dial(server)
    first.send(GET)
    await eventually(lambda: up.heads)
    second.send(GET)
    await eventually(lambda: server.requests == 2)
    up.held.set()
    assert b" 502 " in (await first.response())[0]
    assert (await second.response())[1] == b"hello"
    assert up.accepted == 2


async def test_places_are_counted_right_under_disorder(serve, dial, origin, eventually):
    """Clients leave, upstreams close, connections are refused: afterwards every place is free again."""

    async def moody(origin, reader, writer):
        while True:
            head = await origin.head(reader)
            if b"/close" in head:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()

    up = await origin(moody, max_connections=3, max_idle=1)
    server, gate = await serve(Forward(up.upstream))

    async def ask(number):
        wire = await dial(server)
        path = (b"ok", b"close", b"leave")[number % 3]
        wire.send(b"POST /%b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" % path)
        if path == b"leave":
            await asyncio.sleep(0)
            wire.writer.transport.abort()
        else:
            await wire.response()

    await asyncio.gather(*(ask(number) for number in range(90)))
    await eventually(lambda: not server.requests)
    assert len(gate.outcomes) <= 90
    (pool,) = server._engine.pools._pools.values()
    assert (pool._opening, len(pool._waiting)) == (0, 0)
    assert len(pool.connections) <= 3
    wires = [await dial(server) for _ in range(3)]
    for wire in wires:
        wire.send(GET)
        assert (await wire.response())[1] == b"hello"


async def test_a_name_that_cannot_be_one_is_a_failure(serve, dial, origin):
    up = await origin()
    server, gate = await serve(Forward(replace(up.upstream, host="a" * 64 + ".example")))
    wire = await dial(server)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[0].failure is Failure.CONNECT_FAILED
