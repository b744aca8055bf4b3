"""The guards together, in front of a server that reads real requests from a real connection."""

import asyncio
import contextlib
import enum

import pytest
from tests.guard.asking import ask

from yett.guard import CORS, Blocked, CORSSettings, Door, events
from yett.guard.rate import EntityLimit, RateGuard, RateSettings
from yett.guard.size import SizeException, SizeGuard, SizeSettings
from yett.kernel import Supervisor
from yett.net.http import Answer, Forward, HTTPServer, Limits, Refusal, Upstream
from yett.store import MemoryRecords


class Why(enum.Enum):
    BECAUSE = "because"


class Told:
    """A guard that does what it is told."""

    is_enabled = True

    def __init__(self, answer=None):
        self.answer = answer
        self.asked = 0

    def check(self, _request, _now):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def limit_for(self, _request):
        return 0


NO = Blocked(403, Why.BECAUSE, "No", "Not today.", b"X-Why: because\r\n")
ASKED = {"method": "GET", "host": "app.example", "path": "/"}


def test_with_everything_off_there_is_nothing_to_ask(clock):
    off = Told(NO)
    off.is_enabled = False
    door = Door(clock, geo=off, time=off, rate=off, size=off, cors=CORS(CORSSettings()))
    assert door.check(ask()) is None
    assert door.limit_for(ask(chunked=True)) == 0
    assert door.response_headers(ask()) == b""
    assert door.response_fields == frozenset()
    assert off.asked == 0
    off.is_enabled = True
    door.refresh()
    assert door.check(ask()).status == 403


def test_the_first_guard_that_blocks_answers_and_the_rest_are_not_asked(clock):
    guards = {name: Told() for name in ("geo", "time", "rate", "size")}
    door = Door(clock, **guards)
    for number, name in enumerate(guards):
        guards[name].answer = NO
        assert door.check(ask()) is not None
        assert [guard.asked for guard in guards.values()] == [1] * (number + 1) + [0] * (3 - number)
        guards[name].answer = None
        for guard in guards.values():
            guard.asked = 0


@pytest.mark.parametrize(
    ("place", "event", "more"),
    [
        ("geo", events.geo_blocked, {"reason": "because"}),
        ("time", events.time_blocked, {"reason": "because"}),
        ("rate", events.rate_blocked, {"reason": "because", "status": 403}),
        ("size", events.size_blocked, {"limit": 0, "size": 0, "is_streamed": False}),
    ],
)
def test_a_block_is_recorded_and_answered_with_a_page(clock, heard, place, event, more):
    answer = Door(clock, **{place: Told(NO)}).check(ask())
    assert answer.status == 403
    assert b"Not today." in answer.body
    assert b"request-1" in answer.body
    assert answer.headers.endswith(b"X-Why: because\r\n")
    assert heard() == [(event, ASKED | more)]


@pytest.mark.parametrize(
    ("place", "answer", "event", "fields"),
    [
        ("geo", OSError("gone"), events.geo_failed, {"error": "OSError: gone"}),
        ("time", OSError("gone"), events.time_failed, {"error": "OSError: gone"}),
        ("rate", OSError("gone"), events.rate_call_failed, {"error": "OSError: gone"}),
        ("rate", "no", events.rate_response_failed, {"answer": "str"}),
        ("size", OSError("gone"), events.size_call_failed, {"error": "OSError: gone"}),
        ("size", 413, events.size_response_failed, {"answer": "int"}),
    ],
)
def test_a_check_that_cannot_run_lets_the_request_through_and_says_so(
    clock, heard, place, answer, event, fields
):
    assert Door(clock, **{place: Told(answer)}).check(ask()) is None
    assert heard() == [(event, fields)]


def test_when_counting_keeps_failing_requests_are_blocked_until_it_works(clock, heard):
    rate = Told(OSError("gone"))
    door = Door(clock, rate=rate)
    assert [door.check(ask()) for _ in range(5)] == [None] * 5
    heard.forget()
    answer = door.check(ask())
    assert answer.status == 503
    assert b"Retry-After: 10\r\n" in answer.headers
    assert rate.asked == 5
    assert heard() == [(events.breaker_open, ASKED)]
    rate.answer = None
    clock.advance(10)
    assert [door.check(ask()) for _ in range(3)] == [None] * 3
    assert heard("listener.ratelimit.status") == [(events.rate_passed, {})] * 3


# On the wire.


class Gate:
    """What the proxy's gate does with a door, and nothing else."""

    def __init__(self, door, upstream):
        self.door, self.upstream = door, upstream

    def decide(self, request):
        answer = self.door.check(request)
        if answer is not None:
            return answer
        limit = self.door.limit_for(request) if request.is_chunked else 0
        return Forward(self.upstream, max_body=limit, response_add=self.door.response_headers(request))

    def failed(self, _request, failure, _detail):
        return Answer(502, failure.value.encode())

    def refused(self, _request, _scope, _refusal, _detail):
        return Answer(413, b"too much")

    def finished(self, request, outcome):
        if outcome.refusal is Refusal.BODY_TOO_LARGE:
            self.door.cut(request)


async def origin(reader, writer):
    """Answers each request once its body is there; only the framing that the engine sends is understood."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"chunked" in head:
                await reader.readuntil(b"0\r\n\r\n")
            elif b"Content-Length: " in head:
                await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    writer.close()


@pytest.fixture
async def statuses(clock):
    """`await statuses(rate=…, heads)` sends requests one after the other; the answer is their heads."""
    tasks = Supervisor()
    upstream = await asyncio.start_server(origin, "127.0.0.1", 0)
    servers = []

    async def send(*requests, rate=None, size=None, origins=()):
        counting = RateGuard(
            MemoryRecords(clock), rate or RateSettings(enabled=False), clock, tasks, identify=lambda _: None
        )
        await counting.start()
        limiting = SizeGuard(size or SizeSettings(enabled=False))
        await limiting.start()
        cors = CORS(CORSSettings(allowed_origins=origins))
        door = Door(clock, cors=cors, rate=counting, size=limiting)
        server = HTTPServer(Gate(door, Upstream("127.0.0.1", upstream.sockets[0].getsockname()[1])), Limits())
        await server.start("127.0.0.1")
        servers.append(server)
        heads = [await _one(server.ports[0], request) for request in requests]
        await counting.stop()
        return heads

    yield send
    for server in servers:
        await server.drain(0)
    upstream.close()
    await tasks.stop()


async def _one(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return head


def codes(heads):
    return [int(head[9:12]) for head in heads]


GET = b"GET / HTTP/1.1\r\nHost: app.example\r\n\r\n"
ONCE = {"requests": 1, "burst": 1, "exempt": ()}


async def test_one_request_too_many_is_429_on_the_wire(statuses, heard):
    heads = await statuses(GET, GET, GET, rate=RateSettings(**ONCE))
    assert codes(heads) == [200, 429, 429]
    assert b"\r\nRetry-After: 60\r\n" in heads[1]
    assert b'\r\nRateLimit: "general";r=0;t=60\r\n' in heads[1]
    assert [event for event, _ in heard("listener.ratelimit")] == [
        events.rate_passed,
        events.rate_blocked,
        events.rate_blocked,
    ]


async def test_clients_without_a_fingerprint_are_counted_by_address_on_the_wire(statuses, heard):
    rate = RateSettings(rate_limit_type="fingerprint", **ONCE)
    assert codes(await statuses(GET, GET, rate=rate)) == [200, 429]
    said = [event for event, _ in heard("listener.ratelimit")]
    assert said[:2] == [events.no_fingerprint, events.fingerprint_fallback]


async def test_an_entity_counts_on_the_wire(statuses, heard):
    login = EntityLimit(name="login", host="app.example", requests=1)
    heads = await statuses(GET, GET, rate=RateSettings(exempt=(), entity=(login,)))
    assert codes(heads) == [200, 429]
    assert (events.entity_limited, {"limit": "login", "host": "app.example"}) in heard()


def post(size, *, chunked=False, path=b"/"):
    head = b"POST %b HTTP/1.1\r\nHost: app.example\r\n" % path
    if chunked:
        pieces = b"".join(b"a\r\n0123456789\r\n" for _ in range(size // 10))
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\n\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % size + bytes(size)


async def test_a_body_is_limited_whether_its_length_is_stated_or_counted(statuses, heard):
    big = SizeException(name="big", max_body=200, path="/big")
    size = SizeSettings(max_body=100, exception=(big,))
    requests = [
        post(size, chunked=chunked, path=path)
        for chunked in (False, True)
        for size, path in ((100, b"/"), (110, b"/"), (200, b"/big"), (210, b"/big"))
    ]
    assert codes(await statuses(*requests, size=size)) == [200, 413] * 4
    blocked = [fields for event, fields in heard() if event is events.size_blocked]
    assert [(each["limit"], each["size"], each["is_streamed"]) for each in blocked] == [
        (100, 110, False),
        (200, 210, False),
        (100, 0, True),
        (200, 0, True),
    ]


async def test_origins_are_judged_before_anything_else(statuses, heard):
    listed = "https://app.example.org"

    def script(origin, method=b"GET", more=b""):
        return b"%b / HTTP/1.1\r\nHost: app.example\r\nOrigin: %b\r\nSec-Fetch-Mode: cors\r\n%b\r\n" % (
            method,
            origin,
            more,
        )

    preflight = script(listed.encode(), b"OPTIONS", b"Access-Control-Request-Method: PUT\r\n")
    heads = await statuses(
        script(b"https://evil.example"), preflight, script(listed.encode()), GET, origins=(listed,)
    )
    assert codes(heads) == [403, 204, 200, 200]
    allows = b"Access-Control-Allow-Origin: https://app.example.org\r\n"
    assert [allows in head for head in heads] == [False, True, True, False]
    assert heard("listener.cors") == [(events.cors_rejected, ASKED | {"origin": "https://evil.example"})]
