"""The client's side: framing, refusals, patience."""

import asyncio
import contextlib
import socket
import struct

import pytest
from tests.ports import free_port

from yett.events import current_scope
from yett.net.http import Answer, Failure, Forward, Outcome, Refusal, Serve, Upstream, events

GET = b"GET /path?query HTTP/1.1\r\nHost: a.example\r\n\r\n"
HELLO = Answer(200, b"hello", b"text/plain")


async def test_an_answer_is_sent_whole_and_the_connection_kept(serve, dial):
    server, gate = await serve(HELLO)
    wire = await dial(server)
    for _ in range(3):
        wire.send(GET)
        head, body = await wire.response()
        assert head.startswith(b"HTTP/1.1 200 OK\r\nDate: ")
        assert b"Content-Type: text/plain\r\nContent-Length: 5\r\n" in head
        assert b"Connection" not in head
        assert body == b"hello"
    assert server.connections == 1
    assert [outcome.status for outcome in gate.outcomes] == [200, 200, 200]
    assert gate.outcomes[0].bytes_out == 5
    request = gate.requests[0]
    assert (request.method, request.path, request.host) == (b"GET", "/path", "a.example")
    assert len({request.scope.request_id for request in gate.requests}) == 3


async def test_a_head_is_understood_at_every_cut(serve, dial):
    server, gate = await serve(HELLO)
    wire = await dial(server)
    data = b"\r\n" + GET
    for cut in range(1, len(data)):
        wire.send(data[:cut])
        await asyncio.sleep(0)
        wire.send(data[cut:])
        assert (await wire.response())[1] == b"hello"
    assert len(gate.outcomes) == len(data) - 1


async def test_pipelined_requests_are_answered_in_order(serve, dial):
    server, _ = await serve(lambda request: Answer(200, request.path.encode()))
    wire = await dial(server)
    wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(2000)))
    for number in range(2000):
        assert (await wire.response())[1] == b"/%d" % number


async def test_a_decision_may_take_its_time_and_later_requests_wait(serve, dial):
    order = []

    async def slowly(request):
        assert current_scope() is request.scope
        await asyncio.sleep(0)
        order.append(request.path)
        return Answer(200, request.path.encode())

    server, _ = await serve(lambda request: slowly(request) if request.path == "/slow" else HELLO)
    wire = await dial(server)
    wire.send(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
    assert (await wire.response())[1] == b"/slow"
    assert (await wire.response())[1] == b"hello"
    assert order == ["/slow"]


async def test_a_client_that_leaves_while_decided_on_is_reported_once(serve, dial, eventually, lose):
    gone = asyncio.Event()

    async def slowly(_):
        await gone.wait()
        return HELLO

    server, gate = await serve(slowly)
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: server.requests)
    lose(server)
    await eventually(lambda: gate.outcomes)
    gone.set()
    await eventually(lambda: not server.connections)
    assert [(outcome.status, outcome.client_left) for outcome in gate.outcomes] == [(0, True)]


async def test_a_gate_that_fails_lets_nobody_in(serve, dial, heard):
    async def later(_):
        raise RuntimeError("broken later")

    def decide(request):
        if request.path == "/later":
            return later(request)
        raise RuntimeError("broken")

    server, gate = await serve(decide)
    wire = await dial(server)
    for target in (b"/now", b"/later"):
        wire.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target)
        head, body = await wire.response()
        assert b" 500 " in head
        assert gate.requests[-1].scope.request_id.encode() in body
    said = [fields["error"] for event, fields in heard("http") if event is events.gate_failed]
    assert said == ["RuntimeError: broken", "RuntimeError: broken later"]
    assert [outcome.status for outcome in gate.outcomes] == [500, 500]


REFUSED = [
    (b"GET / HTTP/1.1\r\n\r\n", 400, Refusal.MALFORMED),
    (b"GET / HTTP/1.1\nHost: a\n\n", 400, Refusal.MALFORMED),
    (b"\r\n\r\n" + GET, 400, Refusal.MALFORMED),
    (b"\n" + GET, 400, Refusal.MALFORMED),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, Refusal.VERSION),
    (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, Refusal.METHOD),
    (b"GET /" + b"a" * 9000, 414, Refusal.TARGET_TOO_LONG),
    (b"GET / HTTP/1.1\r\nX: " + b"a" * 33000, 431, Refusal.HEAD_TOO_LARGE),
    (b"GET / HTTP/1.1\r\nX: " + b"a" * 33000 + b"\r\n\r\n", 431, Refusal.HEAD_TOO_LARGE),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 100 + b"\r\n", 431, Refusal.TOO_MANY_FIELDS),
    (b"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n", 417, Refusal.EXPECTATION),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400, Refusal.MALFORMED),
]


@pytest.mark.parametrize(("data", "status", "refusal"), REFUSED)
async def test_a_bad_head_is_answered_said_and_closed(serve, dial, heard, data, status, refusal):
    server, gate = await serve(HELLO)
    wire = await dial(server)
    wire.send(data)
    head, _ = await wire.response()
    assert b" %d " % status in head
    assert b"Connection: close" in head
    wire.writer.write_eof()
    assert await wire.rest() == b""
    assert [kind for kind, _, _ in gate.refusals] == [refusal]
    ((said, fields),) = heard("listener.http")
    assert said is events.request_refused
    assert (fields["client"], fields["refusal"]) == ("127.0.0.1", refusal)
    assert gate.outcomes == []


def around(size, before=b"", after=b" HTTP/1.1"):
    """Heads whose request lines are about that long, with what stands before and after."""
    lines = [b"GET /" + b"a" * (size + more - 5 - len(after)) + after for more in range(-2, 4)]
    return [before + line + b"\r\nHost: a\r\n\r\n" for line in lines]


def sized(size):
    """Heads that are about that long, up to the empty line."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    return [head.ljust(size + more, b"b") + b"\r\n\r\n" for more in range(-2, 3)]


@pytest.mark.parametrize(
    ("heads", "edge", "answers"),
    [
        (around(164), 164, {414}),
        (around(164, before=b"\r\n"), 166, {414}),
        (around(164, after=b" HTTP/2.0"), 164, {505, 414}),
        (around(164, after=b"\n / HTTP/1.1"), 151, {400}),
        (around(177, after=b"\n / HTTP/2.0"), 164, {400, 414}),
        (around(164, after=b"\r HTTP/1.1"), 164, {414}),
        (around(113), 113, {200, 414}),
        (sized(400), 400, {200, 431}),
    ],
)
async def test_what_a_head_is_answered_does_not_depend_on_how_it_comes(serve, dial, heads, edge, answers):
    server, _ = await serve(HELLO, max_target=100, max_head=400)
    statuses = set()
    for head in heads:
        found = set()
        for cut in (0, *range(edge - 4, min(edge + 8, len(head)))):
            wire = await dial(server)
            wire.send(head[:cut])
            for _ in range(4 if cut else 0):
                await asyncio.sleep(0)
            wire.send(head[cut:])
            found.add(int((await wire.response())[0].split(b" ")[1]))
        assert len(found) == 1, head
        statuses |= found
    assert statuses == answers


async def test_a_smuggled_second_request_is_never_decided_on(serve, dial):
    server, gate = await serve(HELLO)
    wire = await dial(server)
    wire.send(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        + GET
    )
    assert b" 400 " in (await wire.response())[0]
    wire.writer.write_eof()
    assert await wire.rest() == b""
    assert gate.requests == []


async def test_small_unwanted_bodies_are_read_and_the_connection_kept(serve, dial):
    server, gate = await serve(HELLO)
    wire = await dial(server)
    wire.send(b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234")
    assert (await wire.response())[1] == b"hello"
    wire.send(b"56789" + b"POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab")
    assert (await wire.response())[1] == b"hello"
    wire.send(b"c\r\n0\r\n\r\n" + b"GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await wire.response())[1] == b"hello"
    assert [request.path for request in gate.requests] == ["/1", "/2", "/3"]


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    ],
)
async def test_large_or_uncertain_unwanted_bodies_end_the_connection(serve, dial, head):
    server, gate = await serve(HELLO, linger_timeout=0.05)
    wire = await dial(server)
    wire.send(head)
    got, body = await wire.response()
    assert b"Connection: close" in got
    assert body == b"hello"
    wire.send(GET)
    assert await wire.rest() == b""
    assert len(gate.outcomes) == 1


async def test_an_endless_unwanted_body_ends_the_connection(serve, dial):
    server, gate = await serve(HELLO, max_drain=1000, linger_timeout=0.05)
    wire = await dial(server)
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (await wire.response())[1] == b"hello"
    wire.send(b"400\r\n" + b"x" * 0x400 + b"\r\n")
    assert await wire.rest() == b""
    assert len(gate.outcomes) == 1


async def test_http_1_0_closes_unless_asked_to_stay(serve, dial):
    server, _ = await serve(HELLO)
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    head, _ = await wire.response()
    assert b"Connection: keep-alive" in head
    wire.send(b"GET / HTTP/1.0\r\n\r\n")
    head, _ = await wire.response()
    assert b"Connection: close" in head
    assert await wire.rest() == b""


async def test_connection_close_is_honoured(serve, dial):
    server, _ = await serve(HELLO)
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b"Connection: close" in (await wire.response())[0]
    assert await wire.rest() == b""


@pytest.mark.parametrize(("status", "line"), [(204, b""), (304, b""), (200, b"Content-Length: 5\r\n")])
async def test_answers_without_a_body_have_none(serve, dial, status, line):
    server, _ = await serve(Answer(status, b"hello"))
    wire = await dial(server)
    wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    head, _ = await wire.response(b"HEAD")
    assert line in head
    assert (b"Content-Length" in head) is bool(line)
    wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await wire.rest()).endswith(b"\r\n\r\n")


async def test_a_client_that_drips_its_head_gets_408(serve, dial, eventually, heard):
    server, gate = await serve(HELLO, head_timeout=0.05, linger_timeout=0.05)
    wire = await dial(server)

    async def drip():
        for at in range(len(GET)):
            wire.send(GET[at : at + 1])
            await asyncio.sleep(0.02)

    dripping = asyncio.get_running_loop().create_task(drip())
    head, _ = await wire.response()
    dripping.cancel()
    assert b" 408 " in head
    assert gate.refusals[0][0] is Refusal.HEAD_TIMEOUT
    assert heard("listener.http")[0][1]["refusal"] is Refusal.HEAD_TIMEOUT
    await eventually(lambda: not server.connections)


async def test_silent_and_idle_connections_are_closed_without_a_word(serve, dial, heard):
    server, gate = await serve(HELLO, idle_timeout=0.05)
    silent, idle = await dial(server), await dial(server)
    idle.send(GET)
    await idle.response()
    assert await silent.rest() == b""
    assert await idle.rest() == b""
    assert gate.refusals == []
    assert heard("listener") == []


async def test_a_body_that_stops_coming_gets_408(serve, dial, origin):
    async def script(origin, reader, _):
        await origin.head(reader)
        await reader.read()

    server, gate = await serve(
        Forward((await origin(script)).upstream), body_timeout=0.05, linger_timeout=0.05
    )
    wire = await dial(server)
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234")
    assert b" 408 " in (await wire.response())[0]
    assert await wire.rest() == b""
    assert gate.outcomes[0].refusal is Refusal.BODY_TIMEOUT


async def test_a_connection_too_many_is_told_so(serve, dial, heard, eventually):
    server, _ = await serve(HELLO, max_connections=1)
    first = await dial(server)
    first.send(GET)
    await first.response()
    for _ in range(2):
        second = await dial(server)
        assert b" 503 " in (await second.rest())
    first.writer.close()
    await eventually(lambda: len(heard()) == 2)
    assert heard() == [
        (events.connections_full, {"limit": 1}),
        (events.connections_free, {"limit": 1, "turned_away": 2}),
    ]
    third = await dial(server)
    third.send(GET)
    assert (await third.response())[1] == b"hello"


async def test_a_client_may_stop_sending_and_still_read(serve, dial, origin):
    release = asyncio.Event()

    async def script(origin, reader, writer):
        await origin.head(reader)
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    server, _ = await serve(Forward((await origin(script)).upstream))
    wire = await dial(server)
    wire.send(GET)
    wire.writer.write_eof()
    release.set()
    assert (await wire.rest()).endswith(b"ok")


async def soon(_):
    await asyncio.sleep(0)
    return HELLO


async def broken_soon(_):
    await asyncio.sleep(0)
    raise RuntimeError


@pytest.mark.parametrize(
    "rest",
    [
        b"GET / HT",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n01234",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n012",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: nothing\r\nContent-Length: 5\r\n\r\n012",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\nGET",
    ],
)
@pytest.mark.parametrize("second", [HELLO, soon, broken_soon, "forward", "serve", "too much"])
async def test_of_a_client_that_stopped_inside_a_request_nothing_more_is_waited_for(
    serve, dial, origin, eventually, rest, second
):
    release = asyncio.Event()

    async def script(origin, reader, writer):
        await origin.head(reader)
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
        await reader.read()

    async def application(_scope, receive, _send):
        while (await receive())["type"] != "http.disconnect":
            pass

    up, other = await origin(script), await origin(script)

    def decide(request):
        if request.method == b"GET":
            return Forward(up.upstream)
        decisions = {
            "forward": Forward(other.upstream),
            "serve": Serve(application),
            "too much": Forward(other.upstream, max_body=2),
        }
        decision = decisions.get(second, second) if isinstance(second, str) else second
        return decision(request) if callable(decision) else decision

    server, gate = await serve(decide)
    wire = await dial(server)
    wire.send(GET + rest)
    wire.writer.write_eof()
    await eventually(lambda: up.heads)
    release.set()
    assert (await wire.response())[1] == b"first"
    await wire.rest()
    await eventually(lambda: server.connections == 0)
    await eventually(lambda: server.requests == 0)
    await eventually(lambda: server.upstream_connections in {(0, 0), (1, 1)})
    assert gate.outcomes[0].status == 200
    assert len(gate.outcomes) == 1 + (b"POST" in rest and b"nothing" not in rest)


async def test_a_client_that_goes_on_sending_still_reads_the_last_answer(serve, dial):
    server, _ = await serve(Answer(200, b"x" * 300_000))
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    head = await wire.reader.readuntil(b"\r\n\r\n")
    assert b"Connection: close" in head
    body = b""
    while piece := await wire.reader.read(10_000):
        body += piece
        wire.send(GET * 100)
    assert body == b"x" * 300_000


async def test_whoever_closes_is_not_waited_for_after_the_last_answer(serve, dial, eventually):
    server, _ = await serve(HELLO, linger_timeout=3600)
    wires = [await dial(server) for _ in range(5)]
    for wire in wires:
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await wire.response())[1] == b"hello"
        wire.writer.close()
    await eventually(lambda: server.connections == 0)


async def test_whoever_does_not_close_is_waited_for_a_moment(serve, dial, eventually):
    server, _ = await serve(HELLO, linger_timeout=0.02)
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.0\r\n\r\n")
    assert (await wire.rest()).endswith(b"hello")
    await eventually(lambda: server.connections == 0)


async def test_whoever_sends_without_end_after_the_last_answer_is_cut_off(serve, dial, eventually):
    server, _ = await serve(HELLO, linger_timeout=3600)
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.0\r\n\r\n")
    await wire.response()
    with contextlib.suppress(OSError):
        while server.connections:
            wire.send(bytes(1 << 18))
            await asyncio.wait_for(wire.writer.drain(), 5)
            await asyncio.sleep(0)
    await eventually(lambda: server.connections == 0)


async def test_a_stopping_server_finishes_what_is_in_flight(serve, dial, origin, heard, eventually):
    release = asyncio.Event()

    async def script(origin, reader, writer):
        await origin.head(reader)
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    up = await origin(script)
    server, _ = await serve(Forward(up.upstream))
    idle, busy = await dial(server), await dial(server)
    busy.send(GET)
    await eventually(lambda: up.heads)
    draining = asyncio.get_running_loop().create_task(server.drain(5))
    assert await idle.rest() == b""
    release.set()
    head, body = await busy.response()
    assert (b"Connection: close" in head, body) == (True, b"ok")
    assert await draining == 0
    assert (events.drained, {"cut": 0}) in heard("http")


async def test_what_does_not_finish_in_time_is_cut(serve, dial, origin, eventually):
    async def script(origin, reader, _):
        await origin.head(reader)
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: up.heads)
    assert await server.drain(0.02) == 1
    assert gate.outcomes[0].client_left
    with pytest.raises(ConnectionResetError):
        await wire.rest()


async def test_a_refused_upstream_gets_the_gates_page(serve, dial):
    port = free_port()
    server, gate = await serve(Forward(Upstream("127.0.0.1", port)))
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        head, body = await wire.response()
        assert b" 502 " in head
        assert body == b"failed: connect_refused: connection refused"
    assert isinstance(gate.outcomes[0], Outcome)
    assert gate.outcomes[0].failure is Failure.CONNECT_REFUSED


async def test_a_broken_connection_is_said_at_debug(serve, dial, origin, heard, eventually):
    async def script(origin, reader, _):
        await origin.head(reader)
        await reader.read()

    up = await origin(script)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: up.heads)
    # A reset, in place of a clean end.
    wire.writer.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    wire.writer.transport.abort()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
    assert events.client_failed in [event for event, _ in heard("listener")]


async def test_who_does_not_read_its_answers_gets_no_more_of_them(serve, dial, eventually):
    asked = []

    def decide(request):
        asked.append(request.path)
        return Answer(200, bytes(100_000))

    server, _ = await serve(decide)
    wire = await dial(server, limit=1024)
    wire.send(GET * 1000)
    (client,) = await clients(server, eventually)
    await eventually(lambda: client.is_blocked)
    # What the sockets took, and what one answer too many left with us; not a thousand.
    assert len(asked) < 200
    assert client.transport.get_write_buffer_size() < 1_000_000
    for _ in range(1000):
        assert (await wire.response())[1] == bytes(100_000)
    assert len(asked) == 1000


async def clients(server, eventually):
    await eventually(lambda: server.connections)
    return list(server._engine.connections)


async def test_an_upstream_that_stops_taking_the_body_and_fails_does_not_leave_the_client_deaf(
    serve, dial, origin, eventually
):
    async def script(origin, reader, writer):
        await origin.head(reader)
        await origin.held.wait()
        writer.transport.abort()

    up = await origin(script)
    up.held = asyncio.Event()
    server, gate = await serve(Forward(up.upstream), max_drain=1 << 30, linger_timeout=0.05)
    wire = await dial(server)
    size = 8_000_000
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % size + bytes(size))
    (client,) = await clients(server, eventually)
    await eventually(lambda: client.is_paused and up.heads)
    up.held.set()
    assert b" 502 " in (await wire.response())[0]
    wire.send(b"\r\n0\r\n\r\n" + GET)
    assert b" 502 " in (await wire.response())[0]
    assert len(gate.outcomes) == 2
