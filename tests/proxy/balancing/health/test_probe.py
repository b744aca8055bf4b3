"""Checks against servers on loopback that speak as the protocols' documents say."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from aioquic.asyncio.server import serve as serve_quic
from aioquic.quic.configuration import QuicConfiguration
from hypothesis import given
from hypothesis import strategies as st
from tests.net.http.h3.conftest import Peer
from tests.ports import free_port

from yett.net.http import Upstream
from yett.net.http.h3.trust import load
from yett.proxy.balancing.health import CheckKind, Failed, HealthRules, Passed, probe
from yett.proxy.balancing.health.probe import authority

# MySQL documentation, "Protocol::HandshakeV10", shortened to one plugin name.
GREETING = (
    b"\x0a8.0.36\0"
    b"\x08\x00\x00\x00"
    b"abcdefgh\0"
    b"\xff\xff\xff\x02\x00\xff\xdf"
    b"\x15" + bytes(10) + b"ijklmnopqrst\0"
    b"caching_sha2_password\0"
)
DENIED = b"\xff\x15\x04#28000Access denied for user 'yett-health'"


def mysql(number, payload):
    return len(payload).to_bytes(3, "little") + bytes((number,)) + payload


def postgresql(kind, payload):
    return kind + (len(payload) + 4).to_bytes(4, "big") + payload


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


@asynccontextmanager
async def server(*says, silent=False, tls=None):
    """Says its pieces; at a None it first waits for the client to say something."""
    heard = []
    done = asyncio.Event()
    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        try:
            for piece in says:
                if piece is None:
                    heard.append(await reader.read(65536))
                else:
                    writer.write(piece)
                    await writer.drain()
            if silent:
                await done.wait()
        except ConnectionError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield Upstream("127.0.0.1", listening.sockets[0].getsockname()[1]), heard
        if not silent:
            await asyncio.wait_for(asyncio.gather(*serving), 5)
    finally:
        done.set()
        listening.close()
        await listening.wait_closed()


async def check(kind, *says, **options):
    async with server(*says) as (upstream, heard):
        result = await probe(upstream, HealthRules(kind=CheckKind(kind), timeout=2.0, **options))
    return result, heard


GRPC_HEADERS = frame(1, 4, 1, b"\x88")


def grpc_answer(message):
    return (
        frame(4, 0, 0, b"")
        + frame(6, 0, 0, b"12345678")
        + GRPC_HEADERS
        + frame(0, 0, 1, b"\0" + len(message).to_bytes(4, "big") + message)
        + frame(1, 5, 1, b"\x88")
    )


WELL = [
    ("tcp", ()),
    ("http", (None, b"HTTP/1.1 200 OK\r\n\r\n")),
    ("http", (None, b"HTTP/1.0 302\r\n\r\n")),
    ("http", (None, b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")),
    ("grpc", (None, grpc_answer(b"\x08\x01"))),
    ("mysql", (mysql(0, GREETING), None, mysql(2, DENIED))),
    ("mysql", (mysql(0, GREETING), None, mysql(2, b"\x00\x00\x00\x02\x00\x00\x00"))),
    (
        "mysql",
        (mysql(0, GREETING), None, mysql(2, b"\xfemysql_native_password\0abc"), None, mysql(4, DENIED)),
    ),
    # PostgreSQL documentation, "Message Formats": AuthenticationSASL; an ErrorResponse with code 28000.
    ("postgresql", (None, postgresql(b"R", b"\x00\x00\x00\x0aSCRAM-SHA-256\0\0"))),
    ("postgresql", (None, postgresql(b"E", b"SFATAL\0VFATAL\0C28000\0Mno pg_hba.conf entry\0\0"))),
    ("redis", (None, b"+PONG\r\n")),
    ("redis", (None, b"-NOAUTH Authentication required.\r\n")),
]
UNWELL = [
    ("http", (None, b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "status 503"),
    ("http", (None, b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP/1 response"),
    ("http", (None, b""), "no HTTP/1 response"),
    ("http", (None, b"HTTP/1.1 200 " + b"x" * 70_000), "Separator"),
    ("http", (None, b"HTTP/1.1 100 C\r\n\r\n" * 9), "too many interim responses"),
    ("grpc", (None, grpc_answer(b"\x08\x02")), "serving status 2"),
    ("grpc", (None, grpc_answer(b"")), "serving status 0"),
    ("grpc", (None, GRPC_HEADERS + frame(1, 5, 1, b"\x88")), "ended without an answer"),
    ("grpc", (None, frame(7, 0, 0, bytes(8))), "refused"),
    ("grpc", (None, b"HTTP/1.1 400 Bad Request\r\n\r\n"), "frame too large"),
    ("grpc", (None, grpc_answer(b"\x12\x01")), "no health message"),
    ("mysql", (mysql(0, b"\xff\x10\x04Too many connections"),), "too many connections"),
    ("mysql", (mysql(0, b"\xff\x69\x04Host '10.0.0.1' is blocked"),), "this host is blocked"),
    ("mysql", (mysql(0, b"\x09oldest"),), "no MySQL greeting"),
    ("mysql", (b"+OK POP3 ready\r\n",), "no MySQL packet"),
    ("mysql", (mysql(0, GREETING)[:20],), "hung up"),
    ("postgresql", (None, postgresql(b"E", b"SFATAL\0C57P03\0Mstarting up\0\0")), "starting up"),
    (
        "postgresql",
        (None, postgresql(b"E", b"SFATAL\0C53300\0Mtoo many clients\0\0")),
        "too many connections",
    ),
    ("postgresql", (None, postgresql(b"E", b"\0")), "without a code"),
    ("postgresql", (None, b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no PostgreSQL message"),
    ("redis", (None, b"-LOADING Redis is loading the dataset in memory\r\n"), "replied LOADING"),
    ("redis", (None, b"-MASTERDOWN Link with MASTER is down\r\n"), "replied MASTERDOWN"),
    ("redis", (None, b"HTTP/1.1 400 Bad Request\r\n"), "no Redis reply"),
    ("redis", (None, b"-\r\n"), "replied error"),
]


@pytest.mark.parametrize(("kind", "says"), WELL)
async def test_a_backend_that_is_well_passes(kind, says):
    result, _ = await check(kind, *says)
    assert isinstance(result, Passed)
    assert 0.0 < result.latency < 2.0


@pytest.mark.parametrize(("kind", "says", "problem"), UNWELL)
async def test_a_backend_that_is_not_well_fails_with_the_reason(kind, says, problem):
    result, _ = await check(kind, *says)
    assert isinstance(result, Failed)
    assert problem in result.problem


async def test_an_http_check_asks_for_its_path_and_host():
    _, heard = await check("http", None, b"HTTP/1.1 200 OK\r\n\r\n", path="/healthz?deep=1", host="wiki.test")
    assert heard[0].startswith(b"GET /healthz?deep=1 HTTP/1.1\r\nHost: wiki.test\r\n")
    assert b"\r\nConnection: close\r\n" in heard[0]


async def test_an_http_check_can_expect_a_refusal():
    result, _ = await check("http", None, b"HTTP/1.1 401 Unauthorized\r\n\r\n", expect=((401, 401),))
    assert isinstance(result, Passed)


async def test_a_mysql_server_is_never_left_in_the_middle_of_a_handshake():
    _, heard = await check("mysql", mysql(0, GREETING), None, mysql(2, b"\0\0\0\2\0\0\0"), None, name="probe")
    # "Protocol::HandshakeResponse41": flags, size, charset, 23 zeros, user, empty proof, the greeting's plugin.
    assert heard[0][3] == 1
    assert heard[0][36:] == b"probe\0\0caching_sha2_password\0"
    assert heard[1] == b"\x01\x00\x00\x00\x01"


async def test_a_postgresql_server_is_introduced_to_and_bid_farewell():
    _, heard = await check("postgresql", None, postgresql(b"R", b"\0\0\0\0"), None, name="probe")
    # "StartupMessage": length, protocol 3.0, name and value, an empty name.
    assert heard[0] == b"\x00\x00\x00\x14\x00\x03\x00\x00user\0probe\0\0"
    assert heard[1] == b"X\x00\x00\x00\x04"


async def test_a_grpc_check_names_the_service():
    _, heard = await check("grpc", None, grpc_answer(b"\x08\x01"), name="shop.Cart")
    assert heard[0].startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    assert heard[0].endswith(b"\x00\x00\x00\x00\x0b\x0a\x09shop.Cart")
    assert b"\x1c/grpc.health.v1.Health/Check" in heard[0]


async def test_a_backend_that_says_nothing_fails_when_its_time_is_over():
    async with server(None, silent=True) as (upstream, _):
        result = await probe(upstream, HealthRules(timeout=0.05))
    assert result == Failed("no answer within 0.05 s")


async def test_a_backend_that_is_not_there_fails():
    async with server() as (upstream, _):
        pass
    result = await probe(upstream, HealthRules(kind=CheckKind.TCP))
    assert isinstance(result, Failed)
    assert "refused" in result.problem.lower() or "Connect" in result.problem


async def test_a_backend_on_a_unix_socket_is_checked(tmp_path):
    async def serve(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    path = str(tmp_path / "app.sock")
    listening = await asyncio.start_unix_server(serve, path)
    async with listening:
        assert isinstance(await probe(Upstream("", 0, unix_path=path), HealthRules()), Passed)


async def test_a_certificate_that_nobody_vouches_for_fails(self_signed):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(self_signed)
    async with server(None, b"HTTP/1.1 200 OK\r\n\r\n", tls=context) as (upstream, _):
        secure = Upstream("127.0.0.1", upstream.port, tls_name="app.test")
        assert "certificate refused" in (await probe(secure, HealthRules())).problem
        trusting = Upstream("127.0.0.1", upstream.port, tls_name="app.test", ca_file=str(self_signed))
        assert isinstance(await probe(trusting, HealthRules()), Passed)
        misnamed = Upstream("127.0.0.1", upstream.port, tls_name="other.test", ca_file=str(self_signed))
        assert "certificate refused" in (await probe(misnamed, HealthRules())).problem


@pytest.mark.parametrize(
    ("upstream", "text"),
    [
        (Upstream("10.0.0.1", 80), "10.0.0.1:80"),
        (Upstream("::1", 80), "[::1]:80"),
        (Upstream("10.0.0.1", 443, tls_name="app.test"), "app.test:443"),
        (Upstream("", 0, unix_path="/run/app.sock"), "localhost"),
    ],
)
def test_a_backend_is_addressed_by_its_own_name(upstream, text):
    assert authority(upstream) == text


class Deaf:
    """A writer whose words go nowhere."""

    def write(self, data):
        pass


KINDS = [kind for kind in CheckKind if kind is not CheckKind.TCP]


@pytest.mark.parametrize("kind", KINDS)
@given(noise=st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_a_failure(kind, noise):
    from yett.proxy.balancing.health import wire  # noqa: PLC0415 - the words under test, without a socket
    from yett.proxy.balancing.health.probe import _talk  # noqa: PLC0415 - see above

    async def talk():
        reader = asyncio.StreamReader(limit=16 * 1024)
        reader.feed_data(noise)
        reader.feed_eof()
        try:
            return await _talk(reader, Deaf(), Upstream("a.test", 1), HealthRules(kind=kind))
        except (wire.Unexpected, asyncio.IncompleteReadError, ValueError):
            return "failed"

    answer = asyncio.run(talk())
    assert answer is None or answer


async def test_a_backend_is_where_whoever_was_asked_says():
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)

    async def look_up(_):
        return ("127.0.0.1",)

    async with server:
        upstream = Upstream("app.test", server.sockets[0].getsockname()[1])
        rules = HealthRules(kind=CheckKind.TCP)
        assert isinstance(await probe(upstream, rules, look_up=look_up), Passed)


# HTTP/3.


@asynccontextmanager
async def quic_server(self_signed, status=b"200", body=b"fine"):
    """Answers each request by HTTP/3; what was asked is in the list."""
    peers = []

    async def script(peer):
        talk = await peer.request()
        peer.answer(talk.number, body, status=status)

    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    own = load("", str(self_signed), "")
    (configuration.certificate,), configuration.private_key = own.certificates, own.key
    server = await serve_quic(
        "127.0.0.1", 0, configuration=configuration, create_protocol=partial(Peer, script, peers)
    )
    try:
        port = server._transport.get_extra_info("sockname")[1]
        yield Upstream("127.0.0.1", port, tls_name="app.test", ca_file=str(self_signed)), peers
    finally:
        for peer in peers:
            await asyncio.gather(peer.task, return_exceptions=True)
        server.close()


async def test_an_http3_check_asks_by_http_3(self_signed):
    told = []
    async with quic_server(self_signed) as (upstream, peers):
        rules = HealthRules(kind=CheckKind.HTTP3, path="/up", host="wiki.test")
        assert isinstance(await probe(upstream, rules, told=lambda *said: told.append(said)), Passed)
        assert peers[0].talks[0].fields == {
            b":method": b"GET",
            b":scheme": b"https",
            b":path": b"/up",
            b":authority": b"wiki.test",
            b"te": b"trailers",
            b"user-agent": b"yett-health",
            b"accept": b"*/*",
        }
        await peers[0].until(lambda: peers[0].terminated)
    assert [(host, tried, problem) for host, tried, _, problem in told] == [("127.0.0.1", ["127.0.0.1"], "")]


@pytest.mark.parametrize(
    ("status", "expect", "problem"),
    [
        (b"503", ((200, 399),), "status 503"),
        (b"200", ((204, 204),), "status 200"),
        (b"401", ((401, 401),), None),
    ],
)
async def test_the_status_of_an_http3_check_counts(self_signed, status, expect, problem):
    async with quic_server(self_signed, status=status) as (upstream, _):
        result = await probe(upstream, HealthRules(kind=CheckKind.HTTP3, expect=expect))
    assert getattr(result, "problem", None) == problem


async def test_the_body_of_an_http3_check_is_not_waited_for(self_signed):
    async with quic_server(self_signed, body=bytes(3_000_000)) as (upstream, _):
        assert isinstance(await probe(upstream, HealthRules(kind=CheckKind.HTTP3)), Passed)


async def test_an_http3_check_that_fails_says_why(self_signed):
    rules = HealthRules(kind=CheckKind.HTTP3, timeout=0.3)
    nobody = Upstream("127.0.0.1", free_port(), tls_name="app.test")
    assert (await probe(nobody, rules)).problem == "connection refused"
    assert (await probe(replace(nobody, tls_name=""), rules)).problem == "HTTP/3 needs TLS"
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        deaf = replace(nobody, port=silent.getsockname()[1])
        assert (await probe(deaf, rules)).problem in {"no answer within 0.3 s", "connecting took too long"}
    async with quic_server(self_signed) as (upstream, peers):
        assert "certificate refused" in (await probe(replace(upstream, ca_file=""), rules)).problem
        for peer in peers:
            peer.task.cancel()
