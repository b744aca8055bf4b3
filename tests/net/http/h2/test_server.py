"""Clients that speak HTTP/2: requests as streams, refusals, patience, real programs."""

import asyncio
import contextlib

import pytest

from yett.net.http import Answer, Failure, Forward, Refusal, Serve
from yett.net.http.h2 import events as said
from yett.net.http.h2 import frames
from yett.net.http.h2.connection import STREAM_WINDOW
from yett.net.http.h2.frames import PREFACE, Code, frame, headers, reset, settings, window_update

HELLO = Answer(200, b"hello", b"text/plain", b"X-One: 1\r\n")


async def test_an_answer_of_ours(serve, dial2, get):
    server, gate = await serve(HELLO)
    wire = await dial2(server)
    for number in (1, 3):
        wire.send(headers(number, get(path=b"/a?b"), end=True))
        head, body, _ = await wire.response(number)
        assert head[b":status"] == b"200"
        assert head[b"content-length"] == b"5"
        assert head[b"x-one"] == b"1"
        assert b"date" in head
        assert body == b"hello"
    request, outcome = gate.requests[0], gate.outcomes[0]
    assert (request.method, request.target, request.path, request.host) == (
        b"GET",
        b"/a?b",
        "/a",
        "a.example",
    )
    assert (request.connection.protocol, outcome.status, outcome.bytes_out) == ("h2", 200, 5)
    assert server.connections == 1


async def test_a_forwarded_request_is_the_one_of_http_1_1(serve, dial2, get, origin, eventually):
    there = await origin()
    server, gate = await serve(Forward(there.upstream, add=b"X-User: ada\r\n", response_add=b"X-More: 2\r\n"))
    wire = await dial2(server)
    fields = [(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-yett-user", b"eve"), (b"accept", b"*/*")]
    wire.send(headers(1, get(*fields, path=b"/p"), end=True))
    head, body, _ = await wire.response(1)
    assert (head[b":status"], head[b"x-more"], body) == (b"200", b"2", b"hello")
    await eventually(lambda: gate.outcomes)
    assert there.heads == [
        (
            b"GET /p HTTP/1.1\r\nHost: a.example\r\naccept: */*\r\nCookie: a=1; b=2\r\n"
            b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\n"
            b"X-User: ada\r\n\r\n"
        )
    ]


async def test_many_requests_at_a_time_are_told_apart(serve, dial2, get, eventually):
    turns = {}

    async def slowly(request):
        turns[request.path] = asyncio.Event()
        await turns[request.path].wait()
        return Answer(200, request.path.encode())

    server, gate = await serve(slowly)
    wire = await dial2(server)
    wire.send(*(headers(number, get(path=b"/%d" % number), end=True) for number in range(1, 101, 2)))
    await eventually(lambda: len(turns) == 50)
    assert server.requests == 50
    for number in range(99, 0, -2):
        turns[f"/{number}"].set()
        assert (await wire.response(number))[1] == b"/%d" % number
    assert len(gate.outcomes) == 50
    assert server.requests == 0


async def test_what_a_connection_remembers_of_heads_is_bounded(serve, dial2, get):
    server, _ = await serve(HELLO)
    wire = await dial2(server)
    for number, size in ((1, 5000), (3, 100), (5, 3000)):
        wire.send(headers(number, get((b"x-long", b"v" * size)), end=True))
        assert (await wire.response(number))[0][b":status"] == b"200"
    (connection,) = server._engine.connections
    assert sorted(sum(map(len, lines)) // 1000 for lines in connection._known) == [0, 3]


async def test_a_body_goes_both_ways_in_pieces(serve, dial2, get, origin):
    async def echo(there, reader, writer):
        await there.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while size := int(await reader.readuntil(b"\r\n"), 16):
            data = await reader.readexactly(size + 2)
            writer.write(b"%x\r\n" % size + data)
        await reader.readexactly(2)
        writer.write(b"0\r\n\r\n")

    there = await origin(echo)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(method=b"POST"), end=False))
    await wire.until("HEADERS", 1)
    for piece in (b"one", b"two", b"x" * 16_384):
        wire.send(frame(frames.DATA, 0, 1, piece))
        got = b""
        while len(got) < len(piece):
            got += (await wire.until("DATA", 1))[3]
        assert got == piece
    wire.send(frame(frames.DATA, 1, 1))
    assert (await wire.until("DATA", 1))[1] == frames.END_STREAM
    assert gate.outcomes[0].bytes_in == gate.outcomes[0].bytes_out == 16_390


async def test_an_expectation_is_met(serve, dial2, get, origin):
    async def script(there, reader, writer):
        await there.head(reader)
        await reader.readexactly(3)
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    there = await origin(script)
    server, _ = await serve(Forward(there.upstream))
    wire = await dial2(server)
    fields = [(b"expect", b"100-continue"), (b"content-length", b"3")]
    wire.send(headers(1, get(*fields, method=b"PUT"), end=False))
    _, flags, _, payload = await wire.until("HEADERS", 1)
    assert wire.decoder.decode(payload) == [(b":status", b"100")]
    assert not flags & frames.END_STREAM
    wire.send(frame(frames.DATA, 1, 1, b"abc"))
    head, body, _ = await wire.response(1)
    assert (head[b":status"], body) == (b"204", b"")


async def test_trailers_come_across(serve, dial2, get, origin):
    async def script(there, reader, writer):
        await there.head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\n\r\n"
        )

    there = await origin(script)
    server, _ = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    head, body, trailers = await wire.response(1)
    assert (head[b":status"], body, trailers) == (b"200", b"ok", [(b"x-sum", b"7")])


@pytest.mark.parametrize("fields", [[], [(b"te", b"trailers")], [(b"te", b"Trailers")]])
async def test_trailers_are_asked_for_when_the_client_takes_them(serve, dial2, get, origin, fields):
    there = await origin()
    server, _ = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(*fields), end=True))
    assert (await wire.response(1))[1] == b"hello"
    assert (b"TE: trailers\r\nConnection: TE\r\n" in there.heads[0]) is bool(fields)


@pytest.mark.parametrize(
    ("fields", "pseudo", "refusal", "status"),
    [
        ([], {"authority": b"a@b"}, Refusal.MALFORMED, b"400"),
        ([], {"path": b"/a b"}, Refusal.MALFORMED, b"400"),
        ([], {"path": b"/" + b"a" * 9000}, Refusal.TARGET_TOO_LONG, b"414"),
        ([], {"method": b"TRACE"}, Refusal.METHOD, b"405"),
        ([(b"a%d" % at, b"b") for at in range(120)], {}, Refusal.TOO_MANY_FIELDS, b"431"),
        ([(b"a", b"b" * 1000)] * 40, {}, Refusal.HEAD_TOO_LARGE, b"431"),
        ([(b"expect", b"magic")], {}, Refusal.EXPECTATION, b"417"),
    ],
)
async def test_what_http_refuses_gets_a_page(serve, dial2, get, fields, pseudo, refusal, status):
    server, gate = await serve(HELLO)
    wire = await dial2(server)
    wire.send(headers(1, get(*fields, **pseudo), end=True))
    head, body, _ = await wire.response(1)
    assert head[b":status"] == status
    assert body == b"refused: " + refusal.value.encode()
    assert [seen[0] for seen in gate.refusals] == [refusal]
    wire.send(headers(3, get(), end=True))
    assert (await wire.response(3))[1] == b"hello"


@pytest.mark.parametrize(
    "fields",
    [
        [(b"X-Upper", b"1")],
        [(b"connection", b"close")],
        [(b"content-length", b"3")],
        [(b"host", b"b.example")],
    ],
)
async def test_what_http_2_forbids_is_reset(serve, dial2, get, heard, fields):
    server, gate = await serve(HELLO)
    wire = await dial2(server)
    wire.send(headers(1, get(*fields), end=True))
    assert await wire.response(1) == ("reset", "PROTOCOL_ERROR")
    assert heard("listener.http.error")[0][1]["refusal"] is Refusal.MALFORMED
    assert gate.outcomes == []
    wire.send(headers(3, get(), end=True))
    assert (await wire.response(3))[1] == b"hello"


@pytest.mark.parametrize(("declared", "sent"), [(b"3", b"abcd"), (b"5", b"abcd")])
async def test_a_body_of_another_length_is_reset_and_recorded(serve, dial2, get, origin, declared, sent):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get((b"content-length", declared), method=b"PUT"), end=False))
    wire.send(frame(frames.DATA, 1, 1, sent))
    assert await wire.response(1) == ("reset", "PROTOCOL_ERROR")
    assert gate.outcomes[0].refusal is Refusal.MALFORMED
    assert server.upstream_connections == (0, 0) or len(gate.outcomes) == 1


async def test_a_broken_connection_says_why_and_ends_every_request(
    serve, dial2, get, origin, heard, eventually
):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True), headers(3, get(), end=True))
    await eventually(lambda: len(there.heads) == 2)
    wire.send(frame(frames.DATA, 0, 0, b"x"))
    assert await wire.response(1) == ("goaway", "PROTOCOL_ERROR")
    assert [outcome.client_left for outcome in gate.outcomes] == [True, True]
    ended = [fields for name, fields in heard("listener.http.error") if name is said.connection_ended]
    assert ended == [{"client": "127.0.0.1", "code": "PROTOCOL_ERROR", "detail": "a frame for no stream"}]
    await eventually(lambda: server.connections == 0)
    await eventually(lambda: server.upstream_connections == (0, 0))


async def test_whoever_goes_on_sending_still_reads_why_the_connection_ended(serve, dial2, get, eventually):
    server, _ = await serve(HELLO)
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    await wire.response(1)
    wire.send(frame(frames.DATA, 0, 0, b"x"))
    for _ in range(50):
        wire.send(frame(frames.PING, 0, 0, bytes(8)) * 500)
        await asyncio.sleep(0)
    _, _, _, payload = await wire.until("GOAWAY")
    assert (frames.number(payload), frames.number(payload, 4)) == (1, Code.PROTOCOL_ERROR)
    assert await wire.reader.read() == b""
    wire.writer.close()
    await eventually(lambda: server.connections == 0)


@pytest.mark.parametrize(("stays", "patience"), [(False, 3600), (True, 0.02)], ids=["closes", "stays"])
async def test_after_the_end_a_client_is_waited_for_a_moment(serve, dial2, eventually, stays, patience):
    server, gate = await serve(HELLO, linger_timeout=patience)
    wire = await dial2(server, greeting=b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")
    await wire.until("GOAWAY")
    if not stays:
        wire.writer.close()
    await eventually(lambda: server.connections == 0)
    assert gate.requests == []


async def test_whoever_sends_without_end_after_the_end_is_cut_off(serve, dial2):
    server, _ = await serve(HELLO, linger_timeout=3600)
    wire = await dial2(server)
    wire.send(frame(frames.DATA, 0, 0, b"x"))
    await wire.until("GOAWAY")
    with contextlib.suppress(OSError):
        while server.connections:
            wire.send(bytes(1 << 18))
            await asyncio.wait_for(wire.writer.drain(), 5)
            await asyncio.sleep(0)
    assert server.connections == 0


async def test_a_connection_that_says_goodbye_ends_with_a_last_stream_that_the_client_resets(
    serve, dial2, get, origin, eventually
):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, _ = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    await eventually(lambda: there.heads)
    draining = asyncio.get_running_loop().create_task(server.drain(5))
    _, _, _, payload = await wire.until("PING")
    wire.send(frame(frames.PING, 1, 0, payload))
    await wire.until("GOAWAY")
    wire.send(reset(1, Code.CANCEL))
    assert await wire.reader.read() == b""
    wire.writer.close()
    assert await draining == 0


async def test_rapid_resets_end_the_connection_and_leave_no_work(
    serve, dial2, get, origin, heard, eventually
):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    for number in range(1, 2001, 2):
        wire.send(headers(number, get(), end=True), reset(number, Code.CANCEL))
    name, _, _, payload = await wire.until("GOAWAY")
    assert (name, frames.number(payload, 4)) == ("GOAWAY", Code.ENHANCE_YOUR_CALM)
    assert len(gate.outcomes) <= 250
    assert all(outcome.client_left for outcome in gate.outcomes)
    assert any(name is said.connection_ended for name, _ in heard("listener.http.error"))
    await eventually(lambda: server.upstream_connections == (0, 0))


async def test_heads_made_to_be_unpacked_are_not_unpacked_for_ever(serve, dial2, get):
    """A block of a few kilobytes that names one long entry again and again."""
    server, _ = await serve(HELLO)
    wire = await dial2(server)
    entry = b"\x40\x01a\x7f\xa1\x1e" + b"v" * 4000
    wire.send(headers(1, get() + entry + b"\xbe" * 10_000, end=True))
    wire.send(*(headers(number, get() + b"\xbe" * 15_000, end=True) for number in range(3, 801, 2)))
    name, _, _, payload = await wire.until("GOAWAY")
    assert (name, frames.number(payload, 4)) == ("GOAWAY", Code.ENHANCE_YOUR_CALM)


async def test_a_request_that_was_reset_gets_no_more_frames(serve, dial2, get, origin, eventually):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True), reset(1, Code.CANCEL))
    await eventually(lambda: gate.outcomes)
    wire.send(frame(frames.PING, 0, 0, bytes(8)))
    await wire.until("PING")
    assert not any(number == 1 for _, _, number, _ in wire.seen)


async def test_who_leaves_is_recorded_once(serve, dial2, get, origin, eventually):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    await eventually(lambda: there.heads)
    wire.send(reset(1, Code.CANCEL))
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
    wire.writer.transport.abort()
    await eventually(lambda: server.connections == 0)
    assert len(gate.outcomes) == 1


async def test_a_dead_upstream_is_a_page_and_a_broken_body_a_reset(serve, dial2, get, origin):
    async def script(there, reader, writer):
        await there.head(reader)
        if b"/late" in there.heads[-1]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            await writer.drain()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    head, body, _ = await wire.response(1)
    assert (head[b":status"], body[:7]) == (b"502", b"failed:")
    wire.send(headers(3, get(path=b"/late"), end=True))
    assert await wire.response(3) == ("reset", "INTERNAL_ERROR")
    assert [outcome.failure for outcome in gate.outcomes] == [Failure.CLOSED_EARLY, Failure.BODY_BROKEN]


async def test_a_slow_reader_holds_the_upstream_and_nobody_else(serve, dial2, get, origin, eventually):
    sent = 0

    async def script(there, reader, writer):
        nonlocal sent
        while True:
            await there.head(reader)
            if b"/small" in there.heads[-1]:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall")
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
            for _ in range(1024):
                writer.write(bytes(65_536))
                await writer.drain()
                sent += 65_536

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(window_update(0, 2**30), headers(1, get(path=b"/big"), end=True))
    await wire.until("HEADERS", 1)
    before = -1
    while before != sent:
        before = sent
        await asyncio.sleep(0.05)
    assert sent < 16 << 20
    wire.send(headers(3, get(path=b"/small"), end=True))
    assert (await wire.response(3))[1] == b"small"
    wire.send(window_update(1, 2**30))
    size = sum(len(payload) for name, _, number, payload in wire.seen if name == "DATA" and number == 1)
    while size < 64 << 20:
        size += len((await wire.until("DATA", 1))[3])
    await eventually(lambda: len(gate.outcomes) == 2)
    assert gate.outcomes[1].bytes_out == 64 << 20


async def test_a_body_nobody_takes_is_not_credited(serve, dial2, get, eventually):
    decided = asyncio.Event()

    async def later(_):
        await decided.wait()
        return Answer(200, b"done")

    server, gate = await serve(later)
    wire = await dial2(server)
    wire.send(headers(1, get(method=b"POST"), end=False))
    for _ in range(STREAM_WINDOW // 16_384):
        wire.send(frame(frames.DATA, 0, 1, bytes(16_384)))
    wire.send(frame(frames.PING, 0, 0, bytes(8)))
    while (await wire.frame())[0] != "PING":
        pass
    assert not any(name == "WINDOW_UPDATE" and number == 1 for name, _, number, _ in wire.seen)
    wire.send(frame(frames.DATA, 0, 1, b"x"))
    assert await wire.response(1) == ("reset", "FLOW_CONTROL_ERROR")
    decided.set()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].refusal is Refusal.MALFORMED


async def test_an_answer_before_the_body_asks_for_no_more_of_it(serve, dial2, get):
    server, _ = await serve(HELLO)
    wire = await dial2(server)
    wire.send(headers(1, get(method=b"POST"), end=False))
    assert (await wire.response(1))[1] == b"hello"
    assert (await wire.until("RST_STREAM", 1))[3] == bytes(4)
    wire.send(frame(frames.DATA, 1, 1, b"late"), headers(3, get(), end=True))
    assert (await wire.response(3))[1] == b"hello"


async def test_a_small_body_on_its_way_is_read_for_politeness(serve, dial2, get):
    server, _ = await serve(HELLO)
    wire = await dial2(server)
    wire.send(headers(1, get((b"content-length", b"6"), method=b"POST"), end=False))
    assert (await wire.response(1))[1] == b"hello"
    wire.send(frame(frames.DATA, 0, 1, b"abc"), frame(frames.DATA, 1, 1, b"def"))
    wire.send(headers(3, get(), end=True))
    assert (await wire.response(3))[1] == b"hello"
    assert not any(name == "RST_STREAM" for name, *_ in wire.seen)


async def test_a_body_in_no_time_is_refused(serve, dial2, get, origin):
    async def script(there, reader, _):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream), body_timeout=0.05)
    wire = await dial2(server)
    wire.send(headers(1, get((b"content-length", b"6"), method=b"POST"), end=False))
    head, *_ = await wire.response(1)
    assert head[b":status"] == b"408"
    assert gate.outcomes[0].refusal is Refusal.BODY_TIMEOUT


async def test_a_client_that_opens_no_window_is_not_waited_for(serve, dial2, get, eventually):
    server, gate = await serve(Answer(200, bytes(100_000)), body_timeout=0.05)
    wire = await dial2(server, greeting=PREFACE + settings({frames.INITIAL_WINDOW_SIZE: 0}))
    wire.send(headers(1, get(), end=True))
    assert (await wire.until("RST_STREAM", 1))[3] == Code.CANCEL.to_bytes(4, "big")
    await eventually(lambda: len(gate.outcomes) == 1)


async def test_a_client_that_takes_as_much_as_comes_does_not_stand_still(
    serve, dial2, get, origin, eventually
):
    more = asyncio.Event()

    async def script(there, reader, writer):
        await there.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 64000\r\n\r\n")
        for _ in range(4):
            writer.write(bytes(16_000))
            await more.wait()
            more.clear()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream), body_timeout=30.0, idle_timeout=1e9, sweep=3600.0)
    wire = await dial2(server, greeting=PREFACE + settings({frames.INITIAL_WINDOW_SIZE: 0}))
    wire.send(headers(1, get(), end=True))
    await wire.until("HEADERS", 1)
    (connection,) = server._engine.connections
    stream = connection._machine.streams[1]
    now = stream.touched
    for _ in range(4):
        await eventually(lambda: stream.queued == 16_000)
        # At each look exactly as much waits as at the last one.
        now += 20.0
        stream.sweep(now)
        wire.send(window_update(1, 16_000))
        assert len((await wire.until("DATA", 1))[3]) == 16_000
        more.set()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].bytes_out == 64_000


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        PREFACE[:10],
        PREFACE,
        PREFACE + settings({}) + frame(frames.HEADERS, 0, 1, b"\x82"),
    ],
)
async def test_a_head_in_no_time_ends_the_connection(serve, dial2, eventually, begun):
    server, gate = await serve(HELLO, head_timeout=0.05, idle_timeout=0.2, linger_timeout=0.02)
    wire = await dial2(server, greeting=begun)
    await wire.reader.read()
    await eventually(lambda: server.connections == 0)
    assert gate.outcomes == []


async def test_an_idle_connection_is_said_goodbye_to(serve, dial2, get, eventually):
    server, _ = await serve(HELLO, idle_timeout=0.05, linger_timeout=0.02)
    wire = await dial2(server)
    wire.send(headers(1, get(), end=True))
    await wire.response(1)
    _, _, _, payload = await wire.until("GOAWAY")
    assert (frames.number(payload), frames.number(payload, 4)) == (1, 0)
    assert await wire.reader.read() == b""
    await eventually(lambda: server.connections == 0)


async def test_draining_warns_then_ends_and_lets_requests_finish(serve, dial2, get, eventually):
    go = asyncio.Event()

    async def slowly(request):
        if request.path == "/slow":
            await go.wait()
        return HELLO

    server, gate = await serve(slowly)
    wire = await dial2(server)
    wire.send(headers(1, get(path=b"/slow"), end=True))
    await eventually(lambda: server.requests)
    async with asyncio.TaskGroup() as group:
        draining = group.create_task(server.drain(5))
        _, _, _, payload = await wire.until("GOAWAY")
        assert frames.number(payload) == 2**31 - 1
        _, _, _, payload = await wire.until("PING")
        # What was under way when the warning came is still answered.
        wire.send(headers(3, get(), end=True), frame(frames.PING, 1, 0, payload))
        assert (await wire.response(3))[1] == b"hello"
        goodbyes = [frames.number(payload) for name, _, _, payload in wire.seen if name == "GOAWAY"]
        assert goodbyes == [2**31 - 1, 3]
        wire.send(headers(5, get(), end=True))
        assert await wire.response(5) == ("reset", "REFUSED_STREAM")
        go.set()
        assert (await wire.response(1))[1] == b"hello"
        assert await wire.reader.read() == b""
    assert draining.result() == 0
    assert [outcome.status for outcome in gate.outcomes] == [200, 200]


async def test_a_request_is_cut_and_its_neighbour_is_not(serve, dial2, get, origin, eventually):
    async def script(there, reader, writer):
        await there.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(path=b"/a"), end=True), headers(3, get(path=b"/b"), end=True))
    await wire.until("DATA", 1)
    await eventually(lambda: len(there.heads) == 2)
    assert server.withdraw(lambda request: request.path == "/a") == 1
    assert await wire.response(1) == ("reset", "CANCEL")
    assert server.requests == 1
    assert [outcome.client_left for outcome in gate.outcomes] == [True]


async def test_a_request_without_an_answer_is_told_that_it_is_withdrawn(
    serve, dial2, get, origin, eventually
):
    async def script(there, reader, _writer):
        await there.head(reader)
        await reader.read()

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    wire.send(headers(1, get(path=b"/a"), end=True), headers(3, get(path=b"/b", method=b"POST"), end=False))
    await eventually(lambda: len(there.heads) == 2)
    assert server.withdraw(lambda request: request.path != "/c") == 2
    for number in (1, 3):
        head, body, _ = await wire.response(number)
        assert (head[b":status"], body) == (b"403", b"refused: withdrawn")
    assert server.requests == 0
    assert [outcome.refusal for outcome in gate.outcomes] == [Refusal.WITHDRAWN] * 2
    assert server.upstream_connections == (0, 0)


async def test_a_request_that_is_decided_on_is_told_that_it_is_withdrawn(serve, dial2, get, eventually):
    go = asyncio.Event()

    async def slowly(_):
        await go.wait()
        return Answer(200, b"secret")

    server, gate = await serve(slowly)
    wire = await dial2(server)
    # One that is whole, and one that will never be.
    wire.send(headers(1, get(), end=True), headers(3, get(method=b"POST"), end=False))
    await eventually(lambda: server.requests == 2)
    assert server.withdraw(lambda _: True) == 2
    for number in (1, 3):
        head, body, _ = await wire.response(number)
        assert (head[b":status"], body) == (b"403", b"refused: withdrawn")
    go.set()
    await eventually(lambda: not server.requests)
    wire.send(headers(5, get(), end=True))
    assert (await wire.response(5))[1] == b"secret"
    assert [outcome.status for outcome in gate.outcomes] == [403, 403, 200]


async def test_applications_of_ours_are_served(serve, dial2, get):
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Own", b"yes")]})
        await send({"type": "http.response.body", "body": body[::-1], "more_body": True})
        await send({"type": "http.response.body", "body": b"!"})

    server, _ = await serve(Serve(app))
    wire = await dial2(server)
    wire.send(headers(1, get((b"cookie", b"a=1"), (b"cookie", b"b=2"), method=b"POST"), end=False))
    wire.send(frame(frames.DATA, 1, 1, b"abc"))
    head, body, _ = await wire.response(1)
    assert (head[b":status"], head[b"x-own"], body) == (b"201", b"yes", b"cba!")
    assert seen["http_version"] == "2"
    assert (b"cookie", b"a=1; b=2") in seen["headers"]


async def test_a_websocket_goes_to_an_upstream_of_http_1_1(serve, dial2, block, origin, answering_upgrade):
    there = await origin(answering_upgrade)
    server, gate = await serve(Forward(there.upstream))
    wire = await dial2(server)
    connect = block(
        (b"sec-websocket-version", b"13"),
        method=b"CONNECT", protocol=b"websocket", scheme=b"https", path=b"/chat", authority=b"a.example",
    )  # fmt: skip
    wire.send(headers(1, connect, end=False), frame(frames.DATA, 0, 1, b"early "))
    _, flags, _, payload = await wire.until("HEADERS", 1)
    head = dict(wire.decoder.decode(payload))
    assert (head[b":status"], flags & frames.END_STREAM) == (b"200", 0)
    assert b"sec-websocket-accept" not in head
    wire.send(frame(frames.DATA, 0, 1, b"bird"))
    got = b""
    while len(got) < 10:
        got += (await wire.until("DATA", 1))[3]
    assert got == b"early bird"
    wire.send(frame(frames.DATA, 1, 1))
    while not (await wire.until("DATA", 1))[1] & frames.END_STREAM:
        pass
    assert b"Upgrade: websocket" in there.heads[0]
    assert gate.outcomes[0].status == 101
    assert (gate.outcomes[0].bytes_in, gate.outcomes[0].bytes_out) == (10, 10)


async def test_a_websocket_that_is_not_wanted_is_refused(serve, dial2, block, origin):
    there = await origin()
    server, _ = await serve(Forward(there.upstream, websocket=False))
    wire = await dial2(server)
    connect = block(
        method=b"CONNECT", protocol=b"websocket", scheme=b"https", path=b"/", authority=b"a.example"
    )
    wire.send(headers(1, connect, end=False))
    head, body, _ = await wire.response(1)
    assert (head[b":status"], body) == (b"403", b"refused: upgrade")
    assert there.heads == []


async def test_http_2_may_be_switched_off(serve, dial2):
    server, _ = await serve(HELLO, http2=False)
    wire = await dial2(server)
    assert (await wire.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 505")


async def test_the_preface_is_only_for_the_first_request(serve, dial):
    server, _ = await serve(HELLO)
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await wire.response()
    wire.send(PREFACE + settings({}))
    assert (await wire.response())[0].startswith(b"HTTP/1.1 505")


async def test_the_handshake_decides(serve, dial2, get, tls_pair):
    server_side, client_side = tls_pair
    server, gate = await serve(HELLO, tls=server_side)
    client_side.set_alpn_protocols(["h2", "http/1.1"])
    wire = await dial2(server, ssl=client_side, server_hostname="localhost")
    wire.send(headers(1, get(), end=True))
    assert (await wire.response(1))[1] == b"hello"
    assert gate.requests[0].connection.is_tls
    assert gate.requests[0].connection.server_name == "localhost"
    client_side.set_alpn_protocols(["http/1.1"])
    stubborn = await dial2(server, ssl=client_side, server_hostname="localhost")
    assert (await stubborn.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 505")
    plain = await dial2(
        server, greeting=b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", ssl=client_side, server_hostname="localhost"
    )
    assert (await plain.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")


# Programs that others wrote.


async def run(*command):
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    return out.decode(errors="replace")


async def test_curl_gets_and_posts(serve, origin, tmp_path):
    async def script(there, reader, writer):
        while True:
            head = await there.head(reader)
            size = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0] or b"0")
            body = await reader.readexactly(size)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    there = await origin(script)
    server, gate = await serve(Forward(there.upstream))
    data = tmp_path / "data"
    data.write_bytes(bytes(range(256)) * 8000)
    url = f"http://127.0.0.1:{server.ports[0]}/x"
    for options in (("--http2-prior-knowledge",), ()):
        out = await run(
            "curl", "-sS", *options, "--data-binary", f"@{data}", "-H", "Expect:", "-o", str(tmp_path / "back"),
            "-w", "%{http_code} %{http_version}", url,
        )  # fmt: skip
        assert out == f"200 {'2' if options else '1.1'}"
        assert (tmp_path / "back").read_bytes() == data.read_bytes()
    assert gate.outcomes[0].bytes_in == gate.outcomes[0].bytes_out == 2_048_000


async def test_nghttp_and_h2load_are_content(serve, origin):
    there = await origin()
    server, gate = await serve(Forward(there.upstream))
    url = f"http://127.0.0.1:{server.ports[0]}/x"
    out = await run("nghttp", "-nv", url, url + "y")
    assert "error_code=NO_ERROR(0x00)" in out
    assert out.count(":status: 200") == 2
    assert "PROTOCOL_ERROR" not in out
    out = await run("h2load", "-n", "600", "-c", "3", "-m", "20", "-H", "cookie: a=b", url, url + "?other")
    assert "600 succeeded, 0 failed" in out
    assert len(gate.outcomes) == 602
