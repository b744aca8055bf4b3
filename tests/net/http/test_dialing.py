"""Opening connections: what they begin with, what they show, and when that changes."""

import asyncio
import contextlib
import socket
import ssl

import pytest
from tests.net.trust.making import make

from yett.net.http import ConnectFailed, Connection, Dialer, Failure, Forward, Upstream, introduction_of
from yett.net.http.events import request_retried

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
AUTHORITY = make("authority")
ADA = make("ada", by=AUTHORITY)
SERVER = make("server", "a.example", by=AUTHORITY)
CLIENT = Connection("192.0.2.1", 51000, is_tls=False, local_address="198.51.100.2", local_port=443)
HEADER = b"PROXY TCP4 192.0.2.1 198.51.100.2 51000 443\r\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "ada.pem").write_bytes(ADA.pem + ADA.key_pem)
    (tmp_path / "server.pem").write_bytes(SERVER.pem + SERVER.key_pem)
    return tmp_path


@pytest.fixture
def asking(files):
    """A server's context that wants a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem")
    context.load_verify_locations(files / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def telling(subject):
    """A script: answer with something of the connection, for as long as there are requests."""

    async def script(origin, reader, writer):
        while True:
            await origin.head(reader)
            said = subject(writer).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said) + said)
            await writer.drain()

    return script


def shown(writer):
    subject = writer.get_extra_info("peercert")["subject"]
    return dict(row[0] for row in subject)["commonName"]


async def introduced(origin, reader, writer):
    """A script of an upstream that wants to be told who the client is."""
    header = await reader.readuntil(b"\r\n")
    while True:
        origin.heads.append((header, await reader.readuntil(b"\r\n\r\n")))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_only_an_upstream_that_wants_to_know_is_told():
    assert introduction_of(Upstream("a", 1), CLIENT) == b""
    assert introduction_of(Upstream("a", 1, send_proxy=1), CLIENT) == HEADER
    assert introduction_of(Upstream("a", 1, send_proxy=2), CLIENT).startswith(b"\r\n\r\n\0\r\nQUIT\n\x21\x11")
    assert (
        introduction_of(Upstream("a", 1, send_proxy=1), Connection("", 0, is_tls=False))
        == b"PROXY UNKNOWN\r\n"
    )


@pytest.mark.parametrize("is_unix", [False, True])
async def test_a_connection_that_names_a_client_serves_only_that_one(serve, dial, origin, tmp_path, is_unix):
    up = await origin(introduced, path=str(tmp_path / "s") if is_unix else "", send_proxy=1)
    server, _ = await serve(Forward(up.upstream))
    clients = [await dial(server), await dial(server)]
    for _ in range(2):
        for wire in clients:
            wire.send(GET)
            assert (await wire.response())[1] == b"ok"
    ports = [wire.writer.get_extra_info("sockname")[1] for wire in clients]
    expected = [b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (port, server.ports[0]) for port in ports] * 2
    assert [header for header, _ in up.heads] == expected
    assert up.accepted == 2


async def test_the_addresses_of_a_name_are_tried_in_turn(origin):
    up = await origin(introduced)
    found = await Dialer().open(
        Upstream("localhost", up.upstream.port), asyncio.Protocol, b"PROXY UNKNOWN\r\n"
    )
    assert isinstance(found, asyncio.Protocol)
    with pytest.raises(OSError, match=r"."):
        await Dialer().open(Upstream("localhost", 1), asyncio.Protocol, HEADER)
    with pytest.raises(OSError, match=r"."):
        await Dialer().open(Upstream("", 0, unix_path="/nowhere"), asyncio.Protocol, HEADER)


async def test_an_upstream_that_asks_is_shown_a_certificate(serve, dial, origin, files, asking):
    tls = {"tls_name": "a.example", "ca_file": str(files / "ca.pem")}
    up = await origin(telling(shown), ssl=asking, cert_file=str(files / "ada.pem"), **tls)
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ada"
    bare = await origin(telling(shown), ssl=asking, **tls)
    server, gate = await serve(Forward(bare.upstream))
    wire = await dial(server)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert gate.outcomes[0].failure in {Failure.TLS, Failure.CLOSED_EARLY}


async def test_changed_files_are_for_new_connections_and_open_ones_drain(
    serve, dial, origin, files, asking, eventually
):
    path = files / "ada.pem"
    up = await origin(
        telling(shown), ssl=asking, tls_name="a.example", ca_file=str(files / "ca.pem"), cert_file=str(path)
    )
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)

    async def ask():
        wire.send(GET)
        return (await wire.response())[1]

    assert await ask() == b"ada"
    made = make("bob", by=AUTHORITY)
    path.write_bytes(made.pem + made.key_pem)
    server.renew_tls(frozenset({("/another", "", "")}))
    assert await ask() == b"ada"
    server.renew_tls(frozenset({(up.upstream.ca_file, str(path), "")}))
    await eventually(lambda: server.upstream_connections == (0, 0))
    assert await ask() == b"bob"
    assert up.accepted == 2


async def test_a_connection_in_use_finishes_when_files_change(
    serve, dial, origin, files, asking, eventually, heard
):
    go_on = asyncio.Event()

    async def slow(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await go_on.wait()
        writer.write(b"llo")
        await reader.read()

    up = await origin(
        slow,
        ssl=asking,
        tls_name="a.example",
        ca_file=str(files / "ca.pem"),
        cert_file=str(files / "ada.pem"),
    )
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    await wire.reader.readuntil(b"he")
    server.renew_tls(frozenset({(up.upstream.ca_file, up.upstream.cert_file, "")}))
    go_on.set()
    assert await wire.reader.readexactly(3) == b"llo"
    await eventually(lambda: server.upstream_connections == (0, 0))
    assert (request_retried, {}) not in heard()


@pytest.mark.parametrize("broken", ["ca_file", "cert_file"])
async def test_files_that_cannot_be_used_are_a_failure_of_that_upstream(files, broken):
    (files / "broken.pem").write_text("nothing")
    upstream = Upstream("127.0.0.1", 1, tls_name="a.example", **{broken: str(files / "broken.pem")})
    with pytest.raises(ConnectFailed) as caught:
        await Dialer().open(upstream, asyncio.Protocol)
    assert caught.value.failure is Failure.TLS


async def test_an_upstream_that_does_not_read_its_header_is_given_up(serve, dial, tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(0)
        with contextlib.ExitStack() as stack:
            # The line of those who wait to be accepted is full, so connecting takes for ever.
            for _ in range(2):
                sock = stack.enter_context(socket.socket(socket.AF_UNIX))
                sock.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    sock.connect(path)
            server, gate = await serve(
                Forward(Upstream("", 0, unix_path=path, send_proxy=2, connect_timeout=0.05))
            )
            wire = await dial(server)
            wire.send(GET)
            head, _ = await wire.response()
            assert head.startswith((b"HTTP/1.1 504", b"HTTP/1.1 502"))
            assert gate.outcomes[0].failure in {Failure.CONNECT_TIMEOUT, Failure.CONNECT_FAILED}


# Who knows addresses.


async def test_hosts_are_looked_up_by_whoever_was_named(serve, dial, origin):
    looked_up = []

    async def look_up(host):
        looked_up.append(host)
        if host == "nowhere.test":
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        return ("127.0.0.2", "127.0.0.1") if host == "app.test" else ()

    there = await origin()
    port = there.upstream.port
    server, gate = await serve(lambda request: Forward(Upstream(request.path.strip("/"), port)))
    server.look_up_with(look_up)
    wire = await dial(server)
    for host, status in (("app.test", b"200"), ("localhost", b"200"), ("nowhere.test", b"502")):
        wire.send(b"GET /%b HTTP/1.1\r\nHost: a.example\r\n\r\n" % host.encode())
        assert (await wire.response())[0].split()[1] == status
    assert looked_up == ["app.test", "localhost", "nowhere.test"]
    assert gate.outcomes[-1].failure is Failure.CONNECT_FAILED
    assert gate.outcomes[-1].detail == "the name has no address"


async def test_a_certificate_is_checked_against_the_name_and_not_the_address(serve, dial, origin, files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files / "server.pem")
    there = await origin(ssl=context)
    port, ca_file = there.upstream.port, str(files / "ca.pem")

    async def look_up(_):
        return ("127.0.0.1",)

    server, gate = await serve(
        lambda request: Forward(Upstream("app.test", port, tls_name=request.path.strip("/"), ca_file=ca_file))
    )
    server.look_up_with(look_up)
    wire = await dial(server)
    for name, status in (("a.example", b"200"), ("b.example", b"502")):
        wire.send(b"GET /%b HTTP/1.1\r\nHost: a.example\r\n\r\n" % name.encode())
        assert (await wire.response())[0].split()[1] == status
    assert gate.outcomes[-1].failure is Failure.TLS
