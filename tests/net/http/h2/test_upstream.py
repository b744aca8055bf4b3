"""Upstreams that speak HTTP/2: streams over few connections, their ends, real programs."""

import asyncio
import contextlib
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import grpc
import pytest
from tests.net.http.h2.conftest import H2Wire
from tests.ports import free_port

from yett.net.http import Connection, Failure, Forward, Limits, Upstream
from yett.net.http.channel import Clock
from yett.net.http.h2 import frames
from yett.net.http.h2.frames import Code, frame, headers, reset, settings, window_update
from yett.net.http.h2.hpack import encode_field
from yett.net.http.pool import Pools

GET = b"GET /path HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"


def answer(*fields, status=b"200"):
    return b"".join(encode_field(*field) for field in [(b":status", status), *fields])


class H2Origin(H2Wire):
    """One connection of an upstream, at the upstream's end."""

    async def greet(self, **values):
        async with asyncio.timeout(10):
            assert await self.reader.readexactly(len(frames.PREFACE)) == frames.PREFACE
        self.send(settings({getattr(frames, name): value for name, value in values.items()}))
        await self.until("SETTINGS")
        self.send(frame(frames.SETTINGS, 1, 0))

    async def request(self):
        """The next request: its stream, fields, and whether it ends with its head."""
        _, flags, number, payload = await self.until("HEADERS")
        return number, dict(self.decoder.decode(payload)), bool(flags & 1)


@pytest.fixture
async def origin2(serve):  # noqa: ARG001 - upstreams end after the server
    """`await origin2(script)` starts an upstream whose connections run a script."""
    servers, tasks, wires = [], [], []

    async def start(script, **options):
        async def run(reader, writer):
            wire = H2Origin(reader, writer)
            tasks.append(asyncio.current_task())
            wires.append(wire)
            with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
                await script(wire)
            writer.close()

        server = await asyncio.start_server(run, "127.0.0.1", 0)
        servers.append(server)
        return Upstream("127.0.0.1", server.sockets[0].getsockname()[1], protocol="h2", **options)

    yield start
    for server in servers:
        server.close()
    for wire in wires:
        wire.writer.transport.abort()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_request_is_a_stream_and_connections_are_shared(serve, dial, origin2):
    connections, seen = [], []

    async def script(wire):
        connections.append(wire)
        await wire.greet()
        while True:
            number, fields, ended = await wire.request()
            seen.append((number, fields, ended))
            wire.send(headers(number, answer((b"content-length", b"2")), end=False))
            wire.send(frame(frames.DATA, 1, number, b"ok"))

    upstream = await origin2(script)
    server, gate = await serve(Forward(upstream, add=b"X-User: ada\r\n", response_add=b"X-More: 1\r\n"))
    wires = [await dial(server) for _ in range(20)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        head, body = await wire.response()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"X-More: 1\r\n" in head
        assert body == b"ok"
    assert len(connections) == 1
    assert server.upstream_connections == (1, 1)
    assert [number for number, *_ in seen] == list(range(1, 41, 2))
    assert seen[0][1:] == (
        {
            b":method": b"GET",
            b":scheme": b"http",
            b":path": b"/path",
            b":authority": b"a.example",
            b"te": b"trailers",
            b"accept": b"*/*",
            b"x-forwarded-for": b"127.0.0.1",
            b"x-forwarded-proto": b"http",
            b"x-forwarded-host": b"a.example",
            b"x-user": b"ada",
        },
        True,
    )
    assert all(outcome.status == 200 and not outcome.failure for outcome in gate.outcomes)


async def test_no_more_streams_than_the_upstream_takes(serve, dial, origin2, eventually):
    asked, connections = [], []

    async def script(wire):
        connections.append(wire)
        await wire.greet(MAX_CONCURRENT_STREAMS=2)
        while True:
            asked.append((wire, (await wire.request())[0]))

    upstream = await origin2(script, max_connections=2)
    server, gate = await serve(Forward(upstream))
    wires = [await dial(server) for _ in range(7)]
    for wire in wires:
        wire.send(GET)
    await eventually(lambda: len(asked) == 4)
    assert len(connections) == 2
    while len(gate.outcomes) < 7:
        await eventually(lambda: asked)
        wire, number = asked.pop()
        before = len(gate.outcomes)
        wire.send(headers(number, answer((b"content-length", b"0")), end=True))
        await eventually(lambda before=before: len(gate.outcomes) > before)
    assert len(connections) == 2
    assert {outcome.status for outcome in gate.outcomes} == {200}


async def test_a_stream_that_was_refused_is_sent_again(serve, dial, origin2):
    count = 0

    async def script(wire):
        nonlocal count
        await wire.greet()
        while True:
            number, *_ = await wire.request()
            count += 1
            if count == 1:
                wire.send(reset(number, Code.REFUSED_STREAM))
            else:
                wire.send(headers(number, answer(), end=True))

    server, _ = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    wire.send(GET.replace(b"GET", b"POST"))
    assert (await wire.response())[0].startswith(b"HTTP/1.1 200")
    assert count == 2


async def test_goodbye_moves_what_was_not_looked_at_to_another_connection(serve, dial, origin2, eventually):
    connections = []

    async def script(wire):
        connections.append(wire)
        await wire.greet()
        if len(connections) == 1:
            numbers = [(await wire.request())[0] for _ in range(2)]
            wire.send(frames.goaway(numbers[0], 0))
            await wire.until("SETTINGS")  # never comes: until the test is over
        while True:
            wire.send(headers((await wire.request())[0], answer(), end=True))

    server, gate = await serve(Forward(await origin2(script)))
    one, two = await dial(server), await dial(server)
    one.send(GET)
    await eventually(lambda: connections and server.upstream_connections[0] == 1)
    two.send(GET)
    assert (await two.response())[0].startswith(b"HTTP/1.1 200")
    assert len(connections) == 2
    connections[0].send(headers(1, answer(), end=True))
    assert (await one.response())[0].startswith(b"HTTP/1.1 200")
    await eventually(lambda: server.upstream_connections == (1, 1))
    assert [outcome.failure for outcome in gate.outcomes] == [None, None]


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (headers(1, answer((b"Upper", b"1")), end=True), Failure.RESPONSE_MALFORMED),
        (headers(1, answer((b"connection", b"close")), end=True), Failure.RESPONSE_MALFORMED),
        (headers(1, answer(status=b"99"), end=True), Failure.RESPONSE_MALFORMED),
        (headers(1, answer((b"content-length", b"3")), end=True), Failure.RESPONSE_MALFORMED),
        (headers(1, answer(status=b"101"), end=False), Failure.RESPONSE_MALFORMED),
        (headers(1, answer(status=b"103"), end=True), Failure.RESPONSE_MALFORMED),
        (headers(1, answer(status=b"103"), end=False) * 20, Failure.RESPONSE_MALFORMED),
        (
            headers(1, answer((b"a", b"b" * 40_000), (b"c", b"d" * 40_000)), end=True),
            Failure.RESPONSE_MALFORMED,
        ),
        (frame(frames.DATA, 0, 1, b"x"), Failure.RESPONSE_MALFORMED),
        (reset(1, Code.INTERNAL_ERROR), Failure.CLOSED_EARLY),
        (frame(frames.PUSH_PROMISE, 4, 1, b"\0\0\0\x02"), Failure.CLOSED_EARLY),
        (headers(3, answer(), end=True), Failure.CLOSED_EARLY),
        (frame(frames.HEADERS, 5, 1, b"\x80"), Failure.CLOSED_EARLY),
    ],
)
async def test_what_is_no_response_is_a_page(serve, dial, origin2, said, failure):
    async def script(wire):
        await wire.greet()
        await wire.request()
        wire.send(said)
        await wire.reader.read()

    server, gate = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    wire.send(GET)
    head = b"HTTP/1.1 103"
    while head.startswith(b"HTTP/1.1 103"):
        head, _ = await wire.response()
    assert head.startswith(b"HTTP/1.1 502")
    assert gate.outcomes[0].failure is failure


@pytest.mark.parametrize(
    "said",
    [
        frame(frames.DATA, 1, 1, b"ab"),  # less than was promised
        frame(frames.DATA, 0, 1, b"abcdef"),  # more
        reset(1, Code.NO_ERROR),
        headers(1, b"\x88", end=True),  # a second head for trailers
        headers(1, answer(), end=False),
    ],
)
async def test_a_broken_body_cuts_the_client(serve, dial, origin2, said):
    async def script(wire):
        await wire.greet()
        await wire.request()
        wire.send(
            headers(1, answer((b"content-length", b"5")), end=False), frame(frames.DATA, 0, 1, b"a"), said
        )
        await wire.reader.read()

    server, gate = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await wire.response()
    assert gate.outcomes[0].failure is Failure.BODY_BROKEN


@pytest.mark.parametrize("status", [b"204", b"304"])
async def test_a_response_without_a_body_may_state_a_length(serve, dial, origin2, status):
    async def script(wire):
        await wire.greet()
        while True:
            number, *_ = await wire.request()
            wire.send(headers(number, answer((b"content-length", b"7"), status=status), end=True))

    server, _ = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        assert (await wire.response())[0].startswith(b"HTTP/1.1 " + status)


async def test_a_client_that_leaves_ends_its_stream_only(serve, dial, dial2, get, origin2, eventually):
    asked, resets = [], []

    async def script(wire):
        await wire.greet()
        asked.append(await wire.request())
        resets.append(await wire.until("RST_STREAM"))
        while True:
            wire.send(headers((await wire.request())[0], answer(), end=True))

    server, gate = await serve(Forward(await origin2(script)))
    one = await dial2(server)
    one.send(headers(1, get(), end=True))
    await eventually(lambda: asked)
    one.writer.transport.abort()
    await eventually(lambda: resets)
    assert resets[0][2:] == (1, Code.CANCEL.to_bytes(4, "big"))
    two = await dial(server)
    two.send(GET)
    assert (await two.response())[0].startswith(b"HTTP/1.1 200")
    assert server.upstream_connections == (1, 1)
    assert gate.outcomes[0].client_left


async def test_a_body_goes_up_as_the_upstream_takes_it(serve, dial, origin2):
    got = bytearray()
    ended = asyncio.Event()

    async def script(wire):
        await wire.greet(INITIAL_WINDOW_SIZE=1000)
        number, fields, _ = await wire.request()
        assert fields[b"content-length"] == b"100000"
        while True:
            _, flags, _, payload = await wire.until("DATA")
            got.extend(payload)
            if flags & 1:
                break
            wire.send(window_update(number, len(payload)), window_update(0, len(payload)))
        ended.set()
        wire.send(headers(number, answer(), end=True))

    server, gate = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    data = bytes(range(250)) * 400
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + data)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 200")
    assert bytes(got) == data
    assert gate.outcomes[0].bytes_in == 100_000


async def test_a_slow_client_stops_its_stream_and_no_other(serve, dial, origin2, eventually):
    credit = 0

    async def script(wire):
        nonlocal credit
        await wire.greet()
        while True:
            number, fields, _ = await wire.request()
            if fields[b":path"] == b"/small":
                wire.send(headers(number, answer((b"content-length", b"5")), end=False))
                wire.send(frame(frames.DATA, 1, number, b"small"))
                continue
            wire.send(headers(number, answer((b"content-length", b"%d" % (1 << 26))), end=False))
            wire.send(*[frame(frames.DATA, 0, number, bytes(16_384))] * 16)

            async def pour(number=number):
                nonlocal credit
                sent = (1 << 26) - 16 * 16_384
                while sent:
                    name, _, at, payload = await wire.frame()
                    if name == "HEADERS":
                        other = at
                        wire.decoder.decode(payload)
                        wire.send(headers(other, answer((b"content-length", b"5")), end=False))
                        wire.send(frame(frames.DATA, 1, other, b"small"))
                    if name == "WINDOW_UPDATE" and at == number:
                        more = frames.number(payload)
                        credit += more
                        while more and sent:
                            size = min(16_384, more, sent)
                            wire.send(frame(frames.DATA, int(size == sent), number, bytes(size)))
                            more -= size
                            sent -= size

            await pour()

    server, gate = await serve(Forward(await origin2(script)))
    slow, quick = await dial(server, limit=1024), await dial(server)
    slow.send(GET)
    before = -1
    while before != credit or not credit:
        before = credit
        await asyncio.sleep(0.05)
    assert credit < 1 << 25
    quick.send(GET.replace(b"/path", b"/small"))
    assert (await quick.response())[1] == b"small"
    head = await slow.reader.readuntil(b"\r\n\r\n")
    assert b"200 OK" in head
    assert len(await slow.reader.readexactly(1 << 26)) == 1 << 26
    await eventually(lambda: len(gate.outcomes) == 2)


async def test_an_upstream_that_does_not_speak_it_is_a_page(serve, dial, origin):
    there = await origin()
    server, gate = await serve(Forward(replace(there.upstream, protocol="h2", connect_timeout=0.2)))
    wire = await dial(server)
    wire.send(GET)
    head, _ = await wire.response()
    assert head.startswith(b"HTTP/1.1 502")
    assert gate.outcomes[0].failure is Failure.CONNECT_FAILED
    assert there.accepted == 1


async def test_an_upstream_that_takes_nothing_is_not_asked_for_ever(serve, dial, origin2):
    connections = []

    async def script(wire):
        connections.append(wire)
        await wire.greet(MAX_CONCURRENT_STREAMS=0)
        await wire.reader.read()

    server, gate = await serve(Forward(await origin2(script)))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 503")
    assert gate.outcomes[0].failure is Failure.BUSY
    assert len(connections) < 10


async def test_all_who_wait_for_a_connection_share_its_failure(serve, dial, origin2):
    connections = []

    async def script(wire):
        connections.append(wire)
        await wire.reader.read()

    server, gate = await serve(Forward(await origin2(script, connect_timeout=0.3)))
    wires = [await dial(server) for _ in range(30)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        assert (await wire.response())[0].startswith(b"HTTP/1.1 504")
    assert {outcome.failure for outcome in gate.outcomes} == {Failure.CONNECT_TIMEOUT}
    assert len(connections) <= 2


async def test_nobody_there_is_a_page(serve, dial):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        server, gate = await serve(Forward(Upstream(*held.getsockname(), protocol="h2")))
        wire = await dial(server)
        wire.send(GET)
        assert (await wire.response())[0].startswith(b"HTTP/1.1 502")
    assert gate.outcomes[0].failure is Failure.CONNECT_REFUSED


async def test_a_websocket_goes_by_http_1_1(serve, dial, origin, answering_upgrade):
    there = await origin(answering_upgrade)
    server, gate = await serve(Forward(replace(there.upstream, protocol="h2")))
    wire = await dial(server)
    wire.send(
        b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    wire.send(b"bytes")
    assert await wire.reader.readexactly(5) == b"bytes"
    wire.writer.write_eof()
    await wire.rest()
    assert gate.outcomes[0].status == 101


async def test_an_idle_connection_is_closed(serve, dial, origin2, eventually):
    async def script(wire):
        await wire.greet()
        while True:
            wire.send(headers((await wire.request())[0], answer(), end=True))

    server, _ = await serve(Forward(await origin2(script)), pool_idle=0.05)
    wire = await dial(server)
    wire.send(GET)
    await wire.response()
    await eventually(lambda: server.upstream_connections == (0, 0))


# Programs that others wrote.


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, certificate):
    """nginx with HTTP/2 in plain TCP, in TLS, and a place in TLS that only speaks HTTP/1.1."""
    folder = tmp_path_factory.mktemp("nginx")
    ports = [free_port() for _ in range(3)]
    chain, key = certificate
    (folder / "page").write_bytes(b"page " * 100_000)
    paths = "".join(
        f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error; worker_processes 1; user root;"
        f"events {{ }} http {{ access_log off; {paths} ssl_certificate {chain}; ssl_certificate_key {key};"
        f"root {folder};"
        f"server {{ listen 127.0.0.1:{ports[0]} http2; }}"
        f"server {{ listen 127.0.0.1:{ports[1]} ssl http2; }}"
        f"server {{ listen 127.0.0.1:{ports[2]} ssl; }} }}"
    )
    process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    for port in ports:
        while process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
    yield ports
    process.terminate()
    process.wait(10)


def test_a_connection_for_one_client_is_kept_no_longer_than_by_http_1_1():
    limits = Limits()
    pools = Pools(limits, Clock())
    upstream, client = Upstream("127.0.0.1", 1, protocol="h2"), Connection("192.0.2.7", 4711, is_tls=True)
    assert pools.get(upstream, client).patience == limits.pool_idle
    own = pools.get(replace(upstream, send_proxy=1), client)
    assert own.patience == own.plain.patience < limits.pool_idle


@pytest.mark.parametrize(
    ("at", "protocol", "tls_name"),
    [(0, "h2", ""), (1, "h2", "localhost"), (1, "auto", "localhost"), (2, "auto", "localhost")],
)
async def test_nginx_answers(serve, dial, nginx, certificate, at, protocol, tls_name):
    upstream = Upstream(
        "127.0.0.1",
        nginx[at],
        tls_name=tls_name,
        ca_file=certificate[0] if tls_name else "",
        protocol=protocol,
    )
    server, gate = await serve(Forward(upstream))
    wires = [await dial(server) for _ in range(4)]
    for _ in range(2):
        for wire in wires:
            wire.send(GET.replace(b"/path", b"/page"))
        for wire in wires:
            head, body = await wire.response()
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert body == b"page " * 100_000
    assert {outcome.status for outcome in gate.outcomes} == {200}
    assert server.upstream_connections[0] == (1 if at < 2 else 4)


async def test_tls_without_http_2_where_it_was_asked_for_is_a_page(serve, dial, nginx, certificate):
    upstream = Upstream("127.0.0.1", nginx[2], tls_name="localhost", ca_file=certificate[0], protocol="h2")
    server, gate = await serve(Forward(upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 502")
    assert gate.outcomes[0].failure in {Failure.CONNECT_FAILED, Failure.TLS}


def _echo(request, context):
    if request == b"fail":
        context.abort(grpc.StatusCode.NOT_FOUND, "nothing here")
    return request


def _count(request, _):
    for number in range(int(request)):
        yield b"%d" % number


def _sum(requests, _):
    return b"%d" % sum(len(request) for request in requests)


def _chat(requests, _):
    for request in requests:
        yield request[::-1]


@pytest.fixture(scope="module")
def grpc_port():
    """A gRPC server with every kind of call."""
    handlers = {
        "Echo": grpc.unary_unary_rpc_method_handler(_echo),
        "Count": grpc.unary_stream_rpc_method_handler(_count),
        "Sum": grpc.stream_unary_rpc_method_handler(_sum),
        "Chat": grpc.stream_stream_rpc_method_handler(_chat),
    }
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Test", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port
    server.stop(None).wait()


def _talk(port):
    """Every kind of call, by a real client, in a thread of its own."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        assert channel.unary_unary("/test.Test/Echo")(b"x" * 100_000, timeout=10) == b"x" * 100_000
        assert list(channel.unary_stream("/test.Test/Count")(b"500", timeout=10))[-1] == b"499"
        pieces = (b"y" * 10_000 for _ in range(200))
        assert channel.stream_unary("/test.Test/Sum")(pieces, timeout=20) == b"2000000"
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/test.Test/Echo")(b"fail", timeout=10)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        assert raised.value.details() == "nothing here"
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary("/test.Test/Missing")(b"", timeout=10)
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
        # A conversation: each sentence waits for the answer to the one before.
        answers, said = [], [b"one", b"two", b"three"]

        def sentences():
            for at, sentence in enumerate(said):
                while len(answers) < at:
                    yielded.acquire(timeout=10)
                yield sentence

        import threading  # noqa: PLC0415 - only the client's thread needs it

        yielded = threading.Semaphore(0)
        for reply in channel.stream_stream("/test.Test/Chat")(sentences(), timeout=10):
            answers.append(reply)
            yielded.release()
        assert answers == [b"eno", b"owt", b"eerht"]
        call = channel.unary_stream("/test.Test/Count")(b"100000000", timeout=10)
        assert next(call) == b"0"
        call.cancel()


async def test_grpc_in_every_kind(serve, grpc_port, eventually):
    server, gate = await serve(Forward(Upstream("127.0.0.1", grpc_port, protocol="h2")))
    async with asyncio.timeout(40):
        await asyncio.to_thread(_talk, server.ports[0])
    await eventually(lambda: len(gate.outcomes) == 7)
    assert [outcome.status for outcome in gate.outcomes] == [200] * 7
    assert gate.outcomes[-1].client_left
    await eventually(lambda: server.upstream_connections == (1, 1))
