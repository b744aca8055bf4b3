"""Sockets, TLS and names."""

import asyncio
import datetime
import os
import resource
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from yett.events import current_scope
from yett.net.http import Answer, Failure, Forward, HTTPServer, Refusal, Serve, Upstream, events

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for a.example and localhost, and its own authority, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("a.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


@pytest.fixture
def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client_context(certificate):
    return ssl.create_default_context(cafile=certificate)


async def test_tls_carries_the_name_that_was_asked_for(serve, dial, server_context, client_context):
    asked = []
    server_context.sni_callback = lambda _tls, name, _context: asked.append(name)
    server, gate = await serve(
        lambda request: Answer(200, request.connection.server_name.encode()), tls=server_context
    )
    await server.start("127.0.0.1", tls=server_context)
    wire = await dial(server, ssl=client_context, server_hostname="A.Example")
    for _ in range(2):
        wire.send(GET)
        assert (await wire.response())[1] == b"a.example"
    assert [name.lower() for name in asked] == ["a.example"]
    connection = gate.requests[0].connection
    assert (connection.is_tls, connection.client_address) == (True, "127.0.0.1")
    assert connection.local_port == server.ports[0]
    client_context.check_hostname = False
    wire = await dial(server, ssl=client_context, server_hostname="")
    wire.send(GET)
    assert (await wire.response())[1] == b""


async def test_many_tls_clients_at_once_keep_their_names(serve, dial, server_context, certificate):
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    server, _ = await serve(
        lambda request: Answer(200, request.connection.server_name.encode()), tls=server_context
    )

    async def ask(number):
        wire = await dial(server, ssl=context, server_hostname=f"n{number}.example")
        wire.send(GET)
        return (await wire.response())[1]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(number)) for number in range(20)]
    assert [task.result() for task in tasks] == [b"n%d.example" % number for number in range(20)]


async def test_a_failed_handshake_is_said_at_debug(serve, dial, server_context, heard, eventually):
    server, gate = await serve(Answer(200), tls=server_context)
    wire = await dial(server)
    wire.send(GET)
    await wire.rest()
    await eventually(lambda: heard("listener"))
    ((event, fields),) = heard("listener")
    assert (event, fields["client"]) == (events.handshake_failed, "127.0.0.1")
    assert gate.refusals == []


async def test_a_handshake_that_does_not_come_is_given_up(serve, dial, server_context, heard, eventually):
    server, _ = await serve(Answer(200), tls=server_context, handshake_timeout=0.05)
    wire = await dial(server)
    assert server.connections in {0, 1}
    await wire.rest()
    await eventually(lambda: heard("listener"))
    await eventually(lambda: server.connections == 0)


async def test_a_lack_of_files_is_said_and_passes(serve, server_context, client_context, heard, eventually):
    server, _ = await serve(Answer(200, b"here"), tls=server_context)
    sock = socket.socket()
    sock.setblocking(False)
    free = os.dup(sock.fileno())
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.ports[0]))
        await eventually(lambda: heard("listener"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert heard("listener")[0][0] is events.accept_failed
    reader, writer = await asyncio.open_connection(sock=sock, ssl=client_context, server_hostname="a.example")
    writer.write(GET)
    await reader.readuntil(b"here")
    writer.transport.abort()


async def test_tls_clients_too_many_are_turned_away(serve, dial, server_context, client_context, heard):
    server, _ = await serve(Answer(200), tls=server_context, max_connections=1)
    wire = await dial(server, ssl=client_context, server_hostname="a.example")
    wire.send(GET)
    await wire.response()
    with pytest.raises(OSError):  # reset or ended inside the handshake, as the race goes
        await dial(server, ssl=client_context, server_hostname="a.example")
    assert (events.connections_full, {"limit": 1}) in heard("listener")


async def test_large_bodies_pass_through_tls_on_both_sides(
    serve, dial, origin, server_context, client_context, certificate
):
    size = 3_000_000

    async def echo(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(await reader.readexactly(size))
        await writer.drain()
        await reader.read()

    up = await origin(echo, ssl=server_context, tls_name="a.example", ca_file=certificate)
    server, gate = await serve(Forward(up.upstream), tls=server_context)
    wire = await dial(server, ssl=client_context, server_hostname="a.example")
    data = b"0123456789" * (size // 10)
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size + data)
    assert (await wire.response())[1] == data
    assert b"X-Forwarded-Proto: https\r\n" in up.heads[0]
    assert gate.outcomes[0].failure is None


@pytest.mark.parametrize(
    ("tls_name", "trusted", "detail"),
    [
        ("b.example", True, b"certificate refused: Hostname mismatch"),
        ("a.example", False, b"certificate refused"),
    ],
)
async def test_an_upstream_with_the_wrong_certificate_is_refused(
    serve, dial, origin, server_context, certificate, tls_name, trusted, detail
):
    ca_file = certificate if trusted else ""
    up = await origin(ssl=server_context, tls_name=tls_name, ca_file=ca_file)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    head, body = await wire.response()
    assert b" 502 " in head
    assert detail in body
    assert gate.outcomes[0].failure is Failure.TLS


async def test_a_missing_trust_file_is_a_failure_of_that_upstream_only(serve, dial, tmp_path):
    missing = Upstream("127.0.0.1", 1, tls_name="a.example", ca_file=str(tmp_path / "none.pem"))
    server, gate = await serve(Forward(missing))
    wire = await dial(server)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[0].failure is Failure.TLS


async def test_one_server_listens_in_many_places(serve, tmp_path, eventually):
    server, _ = await serve(Answer(200, b"here"))
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    assert await server.start(sockets=[sock]) == [sock.getsockname()[1]]
    assert await server.start("127.0.0.1") == server.ports[2:]
    assert await server.start(unix_path=str(tmp_path / "s")) == []
    assert len(set(server.ports)) == 3
    for port in server.ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
        writer.close()
        await writer.wait_closed()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
    writer.write(GET)
    await reader.readuntil(b"here")
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: server.connections == 0)


async def test_a_client_on_both_families_has_one_address(serve):
    server, gate = await serve(Answer(200))
    sock = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    (port,) = await server.start(sockets=[sock])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    await reader.readuntil(b"\r\n\r\n")
    assert gate.requests[0].connection.client_address == "127.0.0.1"
    writer.close()
    await writer.wait_closed()


async def test_an_idle_server_stops_at_once():
    server = HTTPServer(object())
    await server.start("127.0.0.1")
    (port,) = server.ports
    assert await server.drain(5) == 0
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_another_context_is_for_handshakes_from_then_on(
    serve, dial, server_context, client_context, certificate
):
    server, _ = await serve(Answer(200, b"ok"), tls=server_context)
    old = await dial(server, ssl=client_context, server_hostname="a.example")
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    other.load_cert_chain(certificate)
    other.maximum_version = ssl.TLSVersion.TLSv1_2
    server.use_tls(other)
    new = await dial(server, ssl=client_context, server_hostname="a.example")
    for wire in (old, new):
        wire.send(GET)
        assert (await wire.response())[1] == b"ok"
    versions = [wire.writer.get_extra_info("ssl_object").version() for wire in (old, new)]
    assert versions == ["TLSv1.3", "TLSv1.2"]


# Requests that lose in the middle what let them through.

ASKED = b"GET /path HTTP/1.1\r\nHost: a\r\n\r\n"
POSTED = b"POST /path HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhal"


def everything(_request):
    return True


async def silence(origin, reader, _writer):
    await origin.head(reader)
    await reader.read()


async def test_a_request_that_is_decided_on_is_told(serve, dial, eventually):
    go = asyncio.Event()

    async def slowly(_):
        await go.wait()
        return Answer(200, b"secret")

    server, gate = await serve(slowly)
    wire = await dial(server)
    wire.send(ASKED)
    await eventually(lambda: server.requests)
    assert server.withdraw(everything) == 1
    head, body = await wire.response()
    go.set()
    assert (b" 403 " in head, b"close" in head, body) == (True, True, b"refused: withdrawn")
    assert await wire.rest() == b""
    assert [(outcome.status, outcome.refusal) for outcome in gate.outcomes] == [(403, Refusal.WITHDRAWN)]


@pytest.mark.parametrize("asked", [ASKED, POSTED], ids=["whole", "half"])
async def test_a_request_whose_backend_is_silent_is_told(serve, dial, origin, eventually, heard, asked):
    up = await origin(silence)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(asked)
    await eventually(lambda: up.heads)
    before = current_scope()
    assert server.withdraw(lambda request: request.path == "/other") == 0
    assert server.withdraw(lambda request: request.path == "/path") == 1
    assert current_scope() is before
    assert (await wire.response())[1] == b"refused: withdrawn"
    assert await wire.rest() == b""
    assert [(outcome.status, outcome.refusal) for outcome in gate.outcomes] == [(403, Refusal.WITHDRAWN)]
    assert server.upstream_connections == (0, 0)
    assert [event for event, _ in heard("listener")] == [events.request_withdrawn]


async def test_a_request_in_line_for_a_connection_is_told_and_leaves_no_gap(serve, dial, origin, eventually):
    up = await origin(silence, max_connections=1)
    server, gate = await serve(Forward(up.upstream))
    first, second = await dial(server), await dial(server)
    first.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
    await eventually(lambda: up.heads)
    second.send(ASKED)
    await eventually(lambda: server.requests == 2)
    assert server.withdraw(lambda request: request.path == "/path") == 1
    assert (await second.response())[1] == b"refused: withdrawn"
    assert server.withdraw(everything) == 1
    assert (await first.response())[1] == b"refused: withdrawn"
    assert len(gate.outcomes) == 2
    assert len(up.heads) == 1


async def test_an_answer_that_has_begun_is_broken_off(serve, dial, origin, eventually):
    async def half(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhal")
        await reader.read()

    up = await origin(half)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(ASKED)
    assert b" 200 " in await wire.reader.readuntil(b"\r\n\r\n")
    assert server.withdraw(everything) == 1
    # Not an end: a body without a length would be whole with it.
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].status == 200


async def test_an_application_of_ours_goes_on_without_an_answer(serve, dial, eventually):
    go, seen = asyncio.Event(), []

    async def app(_scope, receive, send):
        await receive()
        seen.append("asked")
        await go.wait()
        seen.append((await receive())["type"])
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        finally:
            seen.append("done")

    server, gate = await serve(Serve(app))
    wire = await dial(server)
    wire.send(ASKED)
    await eventually(lambda: seen)
    assert server.withdraw(everything) == 1
    assert (await wire.response())[1] == b"refused: withdrawn"
    go.set()
    await eventually(lambda: len(seen) == 3)
    assert seen == ["asked", "http.disconnect", "done"]
    assert [(outcome.status, outcome.refusal) for outcome in gate.outcomes] == [(403, Refusal.WITHDRAWN)]


async def test_an_answer_of_ours_that_has_begun_is_broken_off(serve, dial, eventually):
    async def app(_scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hal", "more_body": True})
        await receive()
        await receive()

    server, gate = await serve(Serve(app))
    wire = await dial(server)
    wire.send(ASKED)
    assert b" 200 " in await wire.reader.readuntil(b"\r\n\r\n")
    server.withdraw(everything)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await wire.reader.readuntil(b"0\r\n\r\n")
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
