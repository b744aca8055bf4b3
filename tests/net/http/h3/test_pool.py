"""Pools of connections by HTTP/3: their limits, their ends, and Caddy at the other end."""

import asyncio
import hashlib
import os
import socket
import ssl
import subprocess
import sys

import pytest
from tests.ports import free_port

from yett.net.http import Failure, Forward, Upstream
from yett.net.http.h3.flow import WINDOW

GET = b"GET /path HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_no_more_streams_than_the_upstream_takes(serve, dial, origin3, eventually):
    asked = []

    async def script(peer):
        while True:
            asked.append((peer, (await peer.request()).number))

    server, gate = await serve(Forward(await origin3(script, streams=2, max_connections=2)))
    wires = [await dial(server) for _ in range(7)]
    for wire in wires:
        wire.send(GET)
    await eventually(lambda: len(asked) == 4)
    assert len(origin3.peers) == 2
    while len(gate.outcomes) < 7:
        await eventually(lambda: asked)
        peer, number = asked.pop()
        before = len(gate.outcomes)
        peer.answer(number, b"")
        await eventually(lambda before=before: len(gate.outcomes) > before)
    assert len(origin3.peers) == 2
    assert {outcome.status for outcome in gate.outcomes} == {200}


async def test_all_who_wait_for_a_connection_share_its_failure(serve, dial, eventually):
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", free_port()))
        upstream = Upstream(
            "127.0.0.1", silent.getsockname()[1], protocol="h3", tls_name="localhost", connect_timeout=0.3
        )
        server, gate = await serve(Forward(upstream))
        wires = [await dial(server) for _ in range(5)]
        for wire in wires:
            wire.send(GET)
        await eventually(lambda: len(gate.outcomes) == 5)
    assert {outcome.failure for outcome in gate.outcomes} == {Failure.CONNECT_TIMEOUT}
    assert max(outcome.duration for outcome in gate.outcomes) < 0.6


async def test_an_upstream_that_always_leaves_is_not_asked_for_ever(serve, dial, origin3):
    async def script(peer):
        peer.close(error_code=0x100)

    server, _ = await serve(Forward(await origin3(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 502 ")
    assert len(origin3.peers) <= 2


async def test_an_idle_connection_is_closed(serve, dial, origin3, eventually):
    server, _ = await serve(Forward(await origin3()), pool_idle=0.05)
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    await eventually(lambda: server.upstream_connections == (0, 0))
    await eventually(lambda: origin3.peers[0].terminated)
    assert origin3.peers[0].terminated.error_code == 0x100
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert len(origin3.peers) == 2


async def test_new_files_are_for_new_connections(serve, dial, origin3, certificate, eventually):
    upstream = await origin3()
    server, _ = await serve(Forward(upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    server.renew_tls(frozenset({(certificate[0], "", "")}))
    await eventually(lambda: origin3.peers[0].terminated)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert len(origin3.peers) == 2


async def test_a_websocket_goes_by_http_1_1_to_the_same_place(
    serve, dial, origin3, origin, certificate, answering_upgrade
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    tcp = await origin(answering_upgrade, ssl=context)
    upstream = await origin3(port=tcp.upstream.port)
    server, _ = await serve(Forward(upstream))
    wire = await dial(server)
    wire.send(
        b"GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    head, _ = await wire.response()
    assert head.startswith(b"HTTP/1.1 101 ")
    wire.send(b"ping")
    async with asyncio.timeout(5):
        assert await wire.reader.readexactly(4) == b"ping"
    assert not origin3.peers


def test_quic_is_not_loaded_before_it_is_needed():
    said = "import sys, yett.app; print([name for name in sys.modules if name.startswith('aioquic')])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"


# Caddy.


@pytest.fixture(scope="module")
def caddy(tmp_path_factory, certificate):
    """A Caddy that speaks HTTP/3 with files of its own; the answer is its port and its folder."""
    folder = tmp_path_factory.mktemp("caddy")
    chain, key = certificate
    port = free_port()
    (folder / "www").mkdir()
    (folder / "www" / "page").write_text("from afar")
    (folder / "www" / "large").write_bytes(os.urandom(20_000_000))
    (folder / "Caddyfile").write_text(
        f"{{\n admin off\n auto_https off\n servers {{\n protocols h1 h2 h3\n }}\n}}\n"
        f"https://localhost:{port} {{\n bind 127.0.0.1\n tls {chain} {key}\n header X-Spoken {{http.request.proto}}\n"
        f' handle /echo {{\n respond "{{http.request.body}}"\n }}\n'
        f" handle {{\n root * {folder}/www\n file_server\n }}\n}}\n"
    )
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    with (folder / "log").open("wb") as log:
        program = subprocess.Popen(
            ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
            stdout=log, stderr=log, env=environment,
        )  # fmt: skip
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", port)):
                    break
            assert program.poll() is None, (folder / "log").read_text()
            program_wait(program)
        yield port, folder / "www"
    finally:
        program.terminate()
        program.wait(10)


def program_wait(program):
    """Give a program some time, unless it ends."""
    try:
        program.wait(0.02)
    except subprocess.TimeoutExpired:
        return


@pytest.fixture
def at_caddy(caddy, certificate):
    return Upstream("127.0.0.1", caddy[0], protocol="h3", tls_name="localhost", ca_file=certificate[0])


async def test_caddy_answers(serve, dial, at_caddy):
    server, gate = await serve(Forward(at_caddy))
    wire = await dial(server)
    for _ in range(3):
        wire.send(GET.replace(b"/path", b"/page"))
        head, body = await wire.response()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"x-spoken: HTTP/3.0\r\n" in head
        assert body == b"from afar"
    wire.send(GET.replace(b"GET /path", b"HEAD /page"))
    head, body = await wire.response(b"HEAD")
    assert b"content-length: 9\r\n" in head.lower()
    assert body == b""
    wire.send(GET.replace(b"/path", b"/none"))
    assert (await wire.response())[0].startswith(b"HTTP/1.1 404 ")
    assert server.upstream_connections == (1, 1)
    assert all(outcome.failure is None for outcome in gate.outcomes)


async def test_caddys_large_file_comes_unchanged_however_slowly_it_is_read(
    serve, dial, at_caddy, caddy, eventually
):
    server, gate = await serve(Forward(at_caddy), body_timeout=60)
    wire = await dial(server)
    wire.send(GET.replace(b"/path", b"/large"))
    await wire.reader.readuntil(b"\r\n\r\n")
    (pool,) = server._engine.pools._pools.values()
    (connection,) = pool._connections
    await eventually(lambda: connection.quic.held)
    stream = connection.quic._streams[0]
    await eventually(lambda: stream.receiver.highest_offset == stream.max_stream_data_local_sent)
    assert stream.receiver.starting_offset() < 12_000_000
    assert stream.max_stream_data_local_sent <= stream.receiver.starting_offset() + WINDOW
    async with asyncio.timeout(60):
        got = await wire.reader.readexactly(20_000_000)
    assert hashlib.sha256(got).digest() == hashlib.sha256((caddy[1] / "large").read_bytes()).digest()
    assert gate.outcomes[0].failure is None


async def test_caddy_gets_a_body_unchanged(serve, dial, at_caddy):
    server, _ = await serve(Forward(at_caddy))
    wire = await dial(server)
    body = os.urandom(3_000_000).hex().encode()
    wire.send(b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    async with asyncio.timeout(60):
        _, echoed = await wire.response()
    assert hashlib.sha256(echoed).digest() == hashlib.sha256(body).digest()


async def test_many_at_once_share_a_connection_to_caddy(serve, dial, at_caddy):
    server, gate = await serve(Forward(at_caddy))
    wires = [await dial(server) for _ in range(50)]
    for _ in range(4):
        for wire in wires:
            wire.send(GET.replace(b"/path", b"/page"))
        for wire in wires:
            assert (await wire.response())[1] == b"from afar"
    assert server.upstream_connections == (1, 1)
    assert all(outcome.failure is None for outcome in gate.outcomes)
