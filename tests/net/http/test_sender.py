import asyncio
import re

import pytest
from tests.net.http.conftest import OK, Origin, answering, eventually

from yett.events import Scope
from yett.kernel import Supervisor
from yett.net.http import Connection, Failure, Forward, Limits, Request, Sender, Upstream

COPY = b"X-Yett-Shadow: next\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def request(method=b"GET", target=b"/page?x=1", *lines, minor=1):
    return Request(
        Connection("192.0.2.7", 4711, True),
        Scope("0199-request", "", "", "", "192.0.2.7"),
        method,
        target,
        "/page",
        "wiki.example.test",
        0,
        [b"Host: wiki.example.test", b"Accept: */*", *lines],
        minor,
    )


@pytest.fixture
async def sender():
    tasks = Supervisor()
    made = Sender(Limits(private_prefix=b"x-yett-"), tasks)
    await made.start()
    yield made
    await made.stop()
    await tasks.stop()


@pytest.fixture
async def make_origin():
    made = []

    async def make(script, **changes):
        made.append(await Origin().start(script, **changes))
        return made[-1]

    yield make
    for origin in made:
        await origin.stop()


async def send(sender, origin, asked=None, body=b"", *, timeout=5.0, **changes):  # noqa: ASYNC109 - what is tested
    forward = Forward(origin.upstream, add=COPY, **changes)
    return await sender.send(asked or request(), forward, body, timeout=timeout)


async def test_a_request_is_sent_as_it_came_with_what_is_added(sender, make_origin):
    origin = await make_origin(answering(OK))
    sent = await send(sender, origin, target=b"/other", drop=frozenset({b"accept"}))
    assert (sent.status, sent.failure) == (200, None)
    assert sent.latency > 0
    (head,) = origin.heads
    assert head.startswith(b"GET /other HTTP/1.1\r\nHost: wiki.example.test\r\n")
    assert COPY in head
    assert b"Accept" not in head


@pytest.mark.parametrize(
    ("is_named", "introduction", "lines"),
    [
        (False, b"PROXY UNKNOWN\r\n", 0),
        (True, b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n", 3),
    ],
)
async def test_an_upstream_is_told_who_asked_in_every_way_or_in_none(
    sender, make_origin, is_named, introduction, lines
):
    said = []

    async def script(origin, reader, writer):
        said.append(await reader.readline())
        await origin.head(reader)
        writer.write(OK)

    origin = await make_origin(script, send_proxy=1)
    asked = request()
    asked.connection.local_address, asked.connection.local_port = "192.0.2.1", 443
    forward = Forward(origin.upstream, add=COPY)
    sent = await sender.send(asked, forward, b"", timeout=5.0, names_client=is_named)
    assert (sent.status, said) == (200, [introduction])
    (head,) = origin.heads
    assert head.count(b"X-Forwarded-") == lines
    assert (b"X-Forwarded-For: 192.0.2.7\r\n" in head) is is_named


@pytest.mark.parametrize(("port", "host"), [(0, b"asked.example.test"), (8443, b"asked.example.test:8443")])
async def test_the_host_is_the_one_that_the_request_was_taken_for(sender, make_origin, port, host):
    origin = await make_origin(answering(OK))
    asked = request()
    asked.host, asked.port = "asked.example.test", port
    await send(sender, origin, asked)
    assert b"\r\nHost: " + host + b"\r\n" in origin.heads[0]


async def test_what_clients_may_not_say_is_not_sent(sender, make_origin):
    origin = await make_origin(answering(OK))
    lines = (
        b"X-Yett-User: eve",
        b"X-Forwarded-For: 1.2.3.4",
        b"Connection: x-hop",
        b"X-Hop: 1",
        b"Expect: 100-continue",
    )
    await send(sender, origin, request(b"GET", b"/", *lines))
    (head,) = origin.heads
    for word in (b"eve", b"1.2.3.4", b"hop", b"expect", b"connection"):
        assert word not in head.lower()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 4", b"Transfer-Encoding: chunked", b"Content-Length: 99"]
)
async def test_the_body_is_framed_by_its_length_whatever_the_client_said(sender, make_origin, framing):
    bodies = []

    async def script(origin, reader, writer):
        head = await origin.head(reader)
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        bodies.append(await reader.readexactly(length))
        writer.write(OK)

    origin = await make_origin(script)
    sent = await send(sender, origin, request(b"POST", b"/", framing), b"body")
    assert (sent.status, bodies) == (200, [b"body"])
    assert b"chunked" not in origin.heads[0].lower()


async def test_a_connection_is_used_again(sender, make_origin):
    origin = await make_origin(answering(OK))
    for _ in range(3):
        await send(sender, origin)
    assert origin.accepted == 1
    assert sender.connections == 1


async def test_a_connection_that_was_closed_meanwhile_is_no_failure(sender, make_origin):
    async def once(origin, reader, writer):
        await origin.head(reader)
        writer.write(OK)
        await writer.drain()
        if origin.accepted == 1:
            await origin.head(reader)  # and hang up on it

    origin = await make_origin(once)
    assert (await send(sender, origin)).status == 200
    assert (await send(sender, origin)).failure is None
    assert origin.accepted == 2


async def test_nobody_listening_is_told(sender):
    nowhere = Upstream("127.0.0.1", 1)
    sent = await sender.send(request(), Forward(nowhere), b"", timeout=5.0)
    assert (sent.status, sent.failure) == (0, Failure.CONNECT_REFUSED)


async def test_an_answer_that_does_not_come_is_given_up(sender, make_origin):
    async def hang(origin, reader, _writer):
        await origin.head(reader)
        await reader.read()

    origin = await make_origin(hang)
    sent = await send(sender, origin, timeout=0.05)
    assert (sent.status, sent.failure) == (0, Failure.RESPONSE_TIMEOUT)
    await eventually(lambda: not sender.connections)


async def test_a_body_that_does_not_end_leaves_the_status_standing(sender, make_origin):
    async def slow(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")
        await reader.read()

    origin = await make_origin(slow)
    sent = await send(sender, origin, timeout=0.1)
    assert (sent.status, sent.failure) == (200, None)
    await eventually(lambda: not sender.connections)


async def test_a_body_without_end_is_not_read_for_ever(sender, make_origin):
    async def pour(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    origin = await make_origin(pour)
    sent = await send(sender, origin, timeout=10.0)
    assert (sent.status, sent.failure) == (200, None)
    await eventually(lambda: not sender.connections)


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (b"", Failure.CLOSED_EARLY),
        (b"hello\r\n\r\n", Failure.RESPONSE_MALFORMED),
        (SWITCH, Failure.RESPONSE_MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", Failure.RESPONSE_MALFORMED),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", Failure.BODY_BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Failure.RESPONSE_MALFORMED),
    ],
)  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_told(sender, make_origin, response, failure):
    async def say(origin, reader, writer):
        await origin.head(reader)
        writer.write(response)
        await writer.drain()

    origin = await make_origin(say)
    assert (await send(sender, origin)).failure is failure


async def test_interim_responses_are_passed_over(sender, make_origin):
    origin = await make_origin(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK))
    assert (await send(sender, origin)).status == 200


async def test_a_head_that_nobody_can_read_goes_nowhere(sender, make_origin):
    origin = await make_origin(answering(OK))
    sent = await send(sender, origin, request(b"GET", b"/", b"no field"))
    assert (sent.status, sent.failure) == (0, Failure.CONNECT_FAILED)
    assert not origin.heads


async def test_many_at_once_do_not_mix(sender, make_origin):
    async def echo(origin, reader, writer):
        while True:
            head = await origin.head(reader)
            status = int(head.split(b"/")[1].split(b" ")[0])
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)
            await writer.drain()

    origin = await make_origin(echo)
    asked = [request(b"GET", b"/%d" % (200 + number)) for number in range(50)]
    sent = await asyncio.gather(*(send(sender, origin, each) for each in asked))
    assert [each.status for each in sent] == [200 + number for number in range(50)]
