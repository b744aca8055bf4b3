"""A server that believes proxies, with real sockets on both sides."""

import asyncio
import contextlib

import pytest
from tests.net.http.conftest import Origin, ScriptedGate, Wire, answering, eventually
from tests.net.trust.making import settings

from yett.net.http import Answer, HTTPServer, Limits
from yett.net.trust import Trust, private_fields


@pytest.fixture
async def believe():
    """`await believe(decide, **settings)` starts a server behind proxies; the answer is it, its gate and its trust."""
    made = []

    async def start(decide=None, *, tls=None, limits=None, unix_path="", **said):
        service = settings(**said)
        trust = Trust(service)
        gate = ScriptedGate(decide if callable(decide) else lambda _: decide or Answer(200, b"here"))
        bounds = Limits(**{"sweep": 0.01, "private_fields": private_fields(service), **(limits or {})})
        server = HTTPServer(gate, bounds, trust=trust)
        await server.start("127.0.0.1", tls=tls)
        if unix_path:
            await server.start(unix_path=unix_path)
        made.append(server)
        return server, gate, trust

    yield start
    for server in made:
        await server.drain(0)
        assert server.connections == 0


@pytest.fixture
async def dial():
    """`await dial(server, source)` opens one more connection from an address of this machine."""
    made = []

    async def connect(server, source="127.0.0.1", *, path="", **options):
        if path:
            reader, writer = await asyncio.open_unix_connection(path)
        else:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", server.ports[0], local_addr=(source, 0), **options
            )
        made.append(writer)
        return Wire(reader, writer)

    yield connect
    for writer in made:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture
async def origin():
    """`await origin()` starts an upstream that keeps the heads it reads."""
    made = []

    async def start(response=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"):
        started = await Origin().start(answering(response))
        made.append(started)
        return started

    yield start
    for started in made:
        await started.stop()


@pytest.fixture(name="eventually")
def eventually_fixture():
    return eventually
