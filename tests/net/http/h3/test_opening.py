"""Connections by QUIC: addresses, time limits, and who is told."""

import socket

import pytest
from tests.ports import free_port

from yett.net.http import Failure, Forward, Upstream

GET = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"


@pytest.fixture
def silent():
    """A port at which nobody ever answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.2", free_port()))
        yield sock.getsockname()[1]


class News:
    """Knows addresses, and is told how it went."""

    def __init__(self, *addresses, problem=None):
        self.addresses, self.problem = addresses, problem
        self.told = []

    async def look_up(self, _host):
        if self.problem is not None:
            raise self.problem
        return self.addresses

    def tell(self, host, addresses, seconds, problem):
        assert 0 <= seconds < 10
        self.told.append((host, tuple(addresses), problem))


async def asked(serve, dial, upstream, news=None):
    server, gate = await serve(Forward(upstream))
    if news is not None:
        server.look_up_with(news.look_up, news.tell)
    wire = await dial(server)
    wire.send(GET)
    _, body = await wire.response()
    return gate.outcomes[0].failure, body


def at(port, **options):
    return Upstream("app.test", port, protocol="h3", tls_name="localhost", **options)


async def test_nobody_there_is_a_page(serve, dial):
    failure, body = await asked(
        serve, dial, Upstream("127.0.0.1", free_port(), protocol="h3", tls_name="localhost")
    )
    assert (failure, body) == (Failure.CONNECT_REFUSED, b"failed: connect_refused: connection refused")


async def test_silence_is_a_page(serve, dial, silent):
    news = News("127.0.0.2")
    failure, body = await asked(serve, dial, at(silent, connect_timeout=0.2), news)
    assert (failure, body) == (Failure.CONNECT_TIMEOUT, b"failed: connect_timeout: connecting took too long")
    assert news.told == [("app.test", ("127.0.0.2",), "connecting took too long")]


async def test_an_address_that_is_silent_or_empty_does_not_hold_up_the_next(
    serve, dial, origin3, certificate
):
    upstream = await origin3()
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.2", upstream.port))
        news = News("127.0.0.3", "127.0.0.2", "127.0.0.1", "127.0.0.4")
        assert await asked(serve, dial, at(upstream.port, ca_file=certificate[0]), news) == (None, b"ok")
    assert news.told == [("app.test", ("127.0.0.3", "127.0.0.2", "127.0.0.1"), "")]
    assert len(origin3.peers) == 1


async def test_the_system_is_asked_where_nobody_else_knows(serve, dial, origin3, certificate):
    upstream = await origin3()
    news = News()
    there = Upstream("127.0.0.1", upstream.port, protocol="h3", tls_name="localhost", ca_file=certificate[0])
    assert await asked(serve, dial, there, news) == (None, b"ok")
    assert news.told == [("127.0.0.1", ("127.0.0.1",), "")]


async def test_a_name_without_an_address_is_a_page(serve, dial):
    news = News(problem=socket.gaierror(socket.EAI_NONAME, "the name has no address"))
    failure, body = await asked(serve, dial, at(443), news)
    assert (failure, body) == (Failure.CONNECT_FAILED, b"failed: connect_failed: the name has no address")
    assert news.told == [("app.test", (), "the name has no address")]


async def test_a_refused_certificate_ends_the_search(serve, dial, origin3):
    upstream = await origin3()
    news = News("127.0.0.1", "127.0.0.5")
    failure, _ = await asked(serve, dial, at(upstream.port), news)
    assert failure is Failure.TLS
    ((host, tried, problem),) = news.told
    assert (host, tried) == ("app.test", ("127.0.0.1",))
    assert problem.startswith("certificate refused")


async def test_an_upstream_that_speaks_another_protocol_is_a_page(serve, dial, origin3):
    failure, body = await asked(serve, dial, await origin3(alpn="hq-interop"))
    assert failure is Failure.CONNECT_FAILED
    assert body == b"failed: connect_failed: the upstream does not speak HTTP/3"


async def test_an_upstream_that_takes_nothing_is_not_asked_for_ever(serve, dial, origin3):
    failure, _ = await asked(serve, dial, await origin3(streams=0))
    assert failure is Failure.BUSY
