"""Our own applications behind the engine."""

import asyncio
import contextlib
import hashlib

import pytest
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from yett.events import current_scope
from yett.net.http import Refusal, Serve, events

GET = b"GET /x?q=1 HTTP/1.1\r\nHost: a.example:81\r\n\r\n"


async def describe(request: StarletteRequest) -> PlainTextResponse:
    seen = [
        request.method,
        request.url.path,
        request.url.query,
        request.client.host,
        request.headers.get("x-yett-user", "nobody"),
        request.headers.get("accept", "-"),
        str(request.scope["server"]),
        request.state.colour,
        current_scope().request_id,
    ]
    return PlainTextResponse(" ".join(seen), headers={"X-App": "1"})


async def digest(request: StarletteRequest) -> PlainTextResponse:
    seen = hashlib.sha256()
    async for chunk in request.stream():
        seen.update(chunk)
    return PlainTextResponse(seen.hexdigest())


async def stream(_: StarletteRequest) -> StreamingResponse:
    async def pieces():
        for _ in range(100):
            yield b"x" * 100_000

    return StreamingResponse(pieces())


async def broken(_: StarletteRequest) -> PlainTextResponse:
    raise LookupError("no such luck")


APP = Starlette(
    routes=[
        Route("/x", describe),
        Route("/digest", digest, methods=["POST"]),
        Route("/stream", stream),
        Route("/broken", broken),
    ]
)


@pytest.fixture
async def wire(serve, dial):
    server, gate = await serve(lambda _: Serve(APP, max_body=3_000_000, state={"colour": "red"}))
    found = await dial(server, limit=1 << 16)
    found.gate, found.server = gate, server
    return found


async def test_an_application_sees_the_request_and_answers(wire):
    wire.send(GET[:-2] + b"X-Yett-User: root\r\nAccept: */*\r\n\r\n")
    head, body = await wire.response()
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"x-app: 1\r\n" in head
    assert b"Date: " in head
    identifier = wire.gate.requests[0].scope.request_id
    expected = f"GET /x q=1 127.0.0.1 nobody */* ('a.example', 81) red {identifier}"
    assert body.decode() == expected
    assert wire.gate.outcomes[0].bytes_out == len(body)
    wire.send(b"HEAD /x HTTP/1.1\r\nHost: a.example:81\r\n\r\n")
    head, _ = await wire.response(b"HEAD")
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_is_received_whole(wire, chunked):
    data = b"0123456789" * 200_000
    wire.send(b"POST /digest HTTP/1.1\r\nHost: a\r\n")
    if chunked:
        wire.send(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
    else:
        wire.send(b"Content-Length: %d\r\n\r\n" % len(data) + data)
    wire.send(GET)
    assert (await wire.response())[1] == hashlib.sha256(data).hexdigest().encode()
    assert (await wire.response())[0].startswith(b"HTTP/1.1 200")
    assert wire.gate.outcomes[0].bytes_in == len(data)


async def test_an_expectation_is_met(wire):
    wire.send(b"POST /digest HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert (await wire.response())[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"hi")
    assert (await wire.response())[1] == hashlib.sha256(b"hi").hexdigest().encode()


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_413(wire, heard, chunked):
    wire.send(b"POST /digest HTTP/1.1\r\nHost: a\r\n")
    if chunked:
        wire.send(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b" % (5_000_000, bytes(3_100_000)))
    else:
        wire.send(b"Content-Length: 3000001\r\n\r\n")
    head, _ = await wire.response()
    assert b" 413 " in head
    assert b"Connection: close" in head
    assert wire.gate.outcomes[0].refusal is Refusal.BODY_TOO_LARGE
    assert [event for event, _ in heard("listener")] == [events.request_refused]


async def test_a_streamed_response_is_chunked_and_waits_for_the_client(wire, eventually):
    wire.send(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    (client,) = wire.server._engine.connections
    await eventually(lambda: client.is_blocked)
    assert client.transport.get_write_buffer_size() < 400_000
    head, body = await wire.response()
    assert b"Transfer-Encoding: chunked" in head
    assert len(body) == 10_000_000
    wire.send(b"GET /stream HTTP/1.0\r\n\r\n")
    head, body = await wire.response()
    assert b"Connection: close" in head
    assert len(body) == 10_000_000


async def test_an_application_that_breaks_is_said_and_answered_with_the_request_id(serve, dial, heard):
    async def app(_scope, _receive, _send):
        raise LookupError("no such luck")

    server, gate = await serve(Serve(app))
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        head, body = await wire.response()
        assert b" 500 " in head
        assert gate.requests[-1].scope.request_id.encode() in body
    said = [fields["error"] for event, fields in heard("http") if event is events.application_failed]
    assert said == ["LookupError: no such luck"] * 2
    assert [outcome.status for outcome in gate.outcomes] == [500, 500]


async def test_a_defect_is_said_even_if_a_framework_has_answered_for_it(serve, dial, heard, eventually):
    async def app(_scope, _receive, send):
        await send(start(status=500))
        await send(body(b"sorry"))
        raise LookupError("no such luck")

    server, _ = await serve(Serve(app))
    wire = await dial(server)
    wire.send(GET)
    assert b" 500 " in (await wire.response())[0]

    def said():
        return [fields["error"] for event, fields in heard("http") if event is events.application_failed]

    await eventually(said)
    assert said() == ["LookupError: no such luck"]


def start(*headers, status=200):
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(data=b"", *, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [start()],
        [body(b"x")],
        [start((b"x", b"a\r\nb: c")), body()],
        [start((b"x y", b"a")), body()],
        [start((b"content-length", b"5")), body(b"too long")],
        [start((b"content-length", b"-1")), body()],
        [start(status=101), body()],
        [start(), start()],
    ],
)
async def test_an_application_that_misbehaves_is_500(serve, dial, messages, heard):
    async def app(_scope, _receive, send):
        for message in messages:
            await send(message)

    server, _ = await serve(Serve(app))
    wire = await dial(server)
    wire.send(GET)
    head, _ = await wire.response()
    assert b" 500 " in head
    assert events.application_failed in [event for event, _ in heard("http")]


@pytest.mark.parametrize(
    "messages", [[start(), body(b"x", more=True)], [start((b"content-length", b"5")), body(b"abc")]]
)
async def test_a_response_that_does_not_end_is_cut(serve, dial, messages, eventually):
    async def app(_scope, _receive, send):
        for message in messages:
            await send(message)

    server, gate = await serve(Serve(app))
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].status == 200


async def test_an_application_learns_that_the_client_left(serve, dial, eventually, lose):
    seen = []

    async def app(_scope, receive, send):
        await receive()
        seen.append("asked")
        seen.append((await receive())["type"])
        try:
            await send(start())
        except OSError:
            seen.append("refused")

    server, gate = await serve(Serve(app))
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: seen)
    lose(server)
    await eventually(lambda: len(seen) == 3)
    assert seen == ["asked", "http.disconnect", "refused"]
    assert (gate.outcomes[0].status, gate.outcomes[0].client_left) == (0, True)


async def test_a_client_in_an_application_may_close_its_sending_side(serve, dial):
    asked = asyncio.Event()

    async def app(_scope, _receive, send):
        await asked.wait()
        await send(start())
        await send(body(b"done"))

    server, _ = await serve(Serve(app))
    wire = await dial(server)
    wire.send(GET)
    wire.writer.write_eof()
    asked.set()
    assert (await wire.rest()).endswith(b"done")


# Trailers.


def with_trailers(*trailers, body=b"hello", headers=()):
    """An application whose response ends with these lines."""

    async def app(scope, _, send):
        assert "http.response.trailers" in scope["extensions"]
        await send({"type": "http.response.start", "status": 200, "headers": list(headers), "trailers": True})
        await send({"type": "http.response.body", "body": body})
        await send({"type": "http.response.trailers", "headers": list(trailers)})

    return app


async def test_trailers_go_to_whoever_asks_for_them(serve, dial):
    server, _ = await serve(lambda _: Serve(with_trailers((b"x-checksum", b"17"), (b"content-length", b"9"))))
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE, close\r\n\r\n")
    received = await wire.rest()
    assert b"Transfer-Encoding: chunked" in received
    assert b"5\r\nhello\r\n0\r\nx-checksum: 17\r\n\r\n" in received
    assert b"content-length: 9" not in received.lower()


async def test_trailers_are_left_out_for_everybody_else(serve, dial):
    server, _ = await serve(lambda _: Serve(with_trailers((b"x-checksum", b"17"))))
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    _, body = await wire.response()
    assert body == b"hello"
    wire.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    head, _ = await wire.response(method=b"HEAD")
    assert head.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("trailers", "headers", "body"),
    [
        ([(b"bad name", b"1")], [], b"hello"),
        ([(b"x", b"a\r\nb: c")], [], b"hello"),
        ([], [(b"content-length", b"9")], b"hello"),
    ],
)
async def test_trailers_that_break_the_rules_cut_the_response(serve, dial, heard, trailers, headers, body):
    server, _ = await serve(lambda _: Serve(with_trailers(*trailers, headers=headers, body=body)))
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        assert not (await wire.rest()).endswith(b"0\r\n\r\n")
    assert events.application_failed in [event for event, _ in heard()]
