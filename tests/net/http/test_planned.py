"""Requests with a plan: held back, sent again, sent several times, changed on their way back."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from tests.ports import free_port
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as serve_websocket
from websockets.exceptions import InvalidStatus

from yett.events import current_scope
from yett.net.http import Again, Answer, BrokenBody, Failure, Forward, Refusal, Upstream, events

GET = b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /ok HTTP/1.1\r\nHost: a\r\n"


class ScriptedPlan:
    """Does as it is told, and keeps what it was told."""

    def __init__(self, *, whole_body=0, keep_body=0, hedge_after=0.0, **steps):
        self.whole_body, self.keep_body, self.hedge_after = whole_body, keep_body, hedge_after
        self.steps = steps
        self.log = []
        self.repeats = []
        self.attempts = []

    def _do(self, request, step, *args, otherwise=None, **named):
        assert current_scope() is request.scope
        do = self.steps.get(step)
        return do(*args, **named) if do else otherwise

    def prepare(self, request, forward, body):
        self.log.append(("prepare", body))
        return self._do(request, "prepare", forward, body, otherwise=forward)

    def sent(self, request, body):
        self.log.append(("sent", body))
        self._do(request, "sent", body)

    def again(self, request, attempt, *, can_repeat):
        self.log.append(("again", attempt.number, attempt.status, attempt.failure))
        self.repeats.append(can_repeat)
        return self._do(request, "again", attempt)

    def hedge(self, request, attempts, *, can_repeat):
        self.log.append(("hedge", len(attempts), can_repeat))
        return self._do(request, "hedge", attempts)

    def reply(self, request, attempt, reply):
        self.log.append(("reply", attempt.number))
        self._do(request, "reply", reply)

    def ended(self, request, attempt):
        self.log.append(("ended", attempt.number))
        self.attempts.append(attempt)
        self._do(request, "ended", attempt)

    def finished(self):
        self.log.append(("finished",))


async def act(origin, reader, writer):  # noqa: C901, PLR0912 - one branch per behaviour
    """Behaves as the path of each request says."""
    while True:
        head = await origin.head(reader)
        kind = head.split(b" ")[1].strip(b"/").decode()
        body = b""
        if b"Content-Length: " in head:
            body = await reader.readexactly(int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0]))
        elif b"Transfer-Encoding: chunked" in head:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
        origin.bodies = [*getattr(origin, "bodies", []), body]
        if kind == "ok":
            writer.write(b"HTTP/1.1 200 OK\r\nX-Body: %d\r\nContent-Length: 2\r\n\r\nok" % len(body))
        elif kind == "chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n")
            await writer.drain()
            if origin.held is not None:
                await origin.held.wait()
            writer.write(b"1\r\nk\r\n0\r\n\r\n")
        elif kind == "503":
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nbusy")
        elif kind == "long503":
            writer.write(b"HTTP/1.1 503 No\r\nContent-Length: 4000\r\n\r\nbusy")
        elif kind == "hints":
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        elif kind == "malformed":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
        elif kind == "broken":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok")
            await writer.drain()
            return
        elif kind == "close":
            return
        elif kind == "slow":
            await asyncio.sleep(0.03)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow")
        elif kind == "silent":
            await reader.read()
            return
        await writer.drain()


@pytest.fixture
def planned(serve, origin):
    """`await planned(plan, target=…)` starts a server whose every request has that plan."""

    async def start(plan, *, target=b"", script=act, limits=None, **forward):
        up = await origin(script, **({"response_timeout": 0.2} | (limits or {})))
        plan.forward = Forward(up.upstream, target=target, plan=plan, **forward)
        server, gate = await serve(plan.forward)
        told, gate.finished = gate.finished, None

        def finished(request, outcome):
            plan.finished()
            told(request, outcome)

        gate.finished = finished
        return server, gate, up

    return start


def until_ok(plan, *, wait=0.0, tries=3):
    """Asks again for whatever is no success, at `/ok`."""

    def again(attempt):
        if (attempt.failure is None and attempt.status < 500) or attempt.number >= tries:
            return None
        return Again(replace(plan.forward, target=b"/ok"), wait)

    plan.steps["again"] = again
    return plan


# Once through, without a change.


async def test_a_plan_that_wants_nothing_changes_nothing(planned, dial):
    plan = ScriptedPlan()
    server, gate, up = await planned(plan, add=b"X-Yett-User: ada\r\n", response_add=b"X-Add: 1\r\n")
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        head, body = await wire.response()
        assert head == b"HTTP/1.1 200 OK\r\nX-Body: 0\r\nContent-Length: 2\r\nX-Add: 1\r\n\r\n"
        assert body == b"ok"
    once = [
        ("prepare", None),
        ("sent", b""),
        ("again", 1, 200, None),
        ("reply", 1),
        ("ended", 1),
        ("finished",),
    ]
    assert plan.log == once * 2
    assert b"X-Yett-User: ada\r\n" in up.heads[0]
    assert up.accepted == 1
    attempt, outcome = plan.attempts[0], gate.outcomes[0]
    assert attempt.is_chosen
    assert not attempt.is_cancelled
    assert 0 < attempt.started_at <= attempt.connected_at <= attempt.answered_at <= attempt.ended_at
    assert (outcome.status, outcome.bytes_out) == (200, 2)
    assert 0 < outcome.answered <= outcome.duration


async def test_a_request_without_a_plan_knows_when_it_was_answered(serve, dial, origin):
    up = await origin(act)
    server, gate = await serve(Forward(up.upstream))
    wire = await dial(server)
    for path in (b"/ok", b"/chunked"):
        wire.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
        await wire.response()
    assert all(0 < outcome.answered <= outcome.duration for outcome in gate.outcomes)


# Preparing.


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("size", "seen", "told"),
    [(0, b"", b""), (10, bytes(10), bytes(10)), (11, None, bytes(11)), (99, None, None)],
)
async def test_a_small_body_is_seen_whole_before_anything_is_sent(planned, dial, chunked, size, seen, told):
    plan = ScriptedPlan(whole_body=10, keep_body=20)
    server, _, up = await planned(plan)
    wire = await dial(server)
    data = bytes(size)
    if chunked:
        wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for at in range(size):
            wire.send(b"1\r\n%b\r\n" % data[at : at + 1])
        wire.send(b"0\r\n\r\n")
    else:
        wire.send(POST + b"Content-Length: %d\r\n\r\n" % size)
        await asyncio.sleep(0)
        wire.send(data)
    assert b"X-Body: %d\r\n" % size in (await wire.response())[0]
    assert plan.log[:2] == [("prepare", seen), ("sent", told)]
    assert up.bodies == [data]


async def test_preparing_may_change_what_is_sent_or_answer(planned, dial):
    async def later(forward, _):
        await asyncio.sleep(0)
        return replace(forward, target=b"/503")

    plan = ScriptedPlan(prepare=later)
    server, gate, _ = await planned(plan)
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 5\r\n\r\n")
    wire.send(b"hello")
    assert (await wire.response())[1] == b"busy"
    plan.steps["prepare"] = lambda *_: Answer(403, b"no")
    plan.log.clear()
    wire.send(GET)
    head, body = await wire.response()
    assert (b" 403 " in head, body) == (True, b"no")
    assert plan.log == [("prepare", None), ("finished",)]
    assert [outcome.status for outcome in gate.outcomes] == [503, 403]


async def test_a_client_that_leaves_while_it_is_prepared_is_reported_once(planned, dial, eventually, lose):
    asked, go = asyncio.Event(), asyncio.Event()

    async def later(forward, _):
        asked.set()
        await go.wait()
        return forward

    plan = ScriptedPlan(prepare=later)
    server, gate, up = await planned(plan)
    wire = await dial(server)
    wire.send(GET)
    await asked.wait()
    lose(server)
    await eventually(lambda: gate.outcomes)
    go.set()
    assert gate.outcomes[0].client_left
    assert plan.log == [("prepare", None), ("finished",)]
    assert up.accepted == 0


async def test_a_held_body_that_outgrows_its_limit_is_413(planned, dial):
    plan = ScriptedPlan(whole_body=1000, keep_body=1000)
    server, gate, up = await planned(plan, max_body=5)
    wire = await dial(server)
    wire.send(POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n")
    assert b" 413 " in (await wire.response())[0]
    assert plan.log == [("finished",)]
    assert gate.outcomes[0].refusal is Refusal.BODY_TOO_LARGE
    assert up.accepted == 0


# Sending again.


@pytest.mark.parametrize("wait", [0.0, 0.005])
@pytest.mark.parametrize("kind", ["503", "long503", "close", "malformed", "silent"])
async def test_what_went_wrong_is_sent_again_with_its_body(planned, dial, kind, wait):
    plan = until_ok(ScriptedPlan(keep_body=100), wait=wait)
    server, gate, up = await planned(plan, target=b"/" + kind.encode())
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 5\r\n\r\nhello")
    head, body = await wire.response()
    assert head.startswith(b"HTTP/1.1 200 OK\r\nX-Body: 5\r\n")
    assert body == b"ok"
    assert up.bodies == [b"hello", b"hello"]
    assert plan.repeats == [True, True]
    assert [attempt.is_chosen for attempt in plan.attempts] == [False, True]
    assert plan.log[-1] == ("finished",)
    assert plan.log.count(("sent", b"hello")) == 1
    assert gate.outcomes[0].failure is None


async def test_a_refused_connection_leaves_even_a_long_body_whole(planned, dial):
    plan = until_ok(ScriptedPlan(keep_body=4))
    server, _, up = await planned(plan)
    port = free_port()
    plan.steps["prepare"] = lambda forward, _: replace(forward, upstream=Upstream("127.0.0.1", port))
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 100000\r\n\r\n" + bytes(50_000))
    await asyncio.sleep(0.01)
    wire.send(bytes(50_000))
    assert b"X-Body: 100000\r\n" in (await wire.response())[0]
    assert plan.repeats == [True, False]
    assert plan.attempts[0].failure is Failure.CONNECT_REFUSED
    assert up.bodies == [bytes(100_000)]


async def test_a_body_too_long_to_be_kept_cannot_be_repeated(planned, dial):
    plan = ScriptedPlan(keep_body=4)
    server, gate, _ = await planned(plan, target=b"/503")
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 5\r\n\r\nhello")
    assert (await wire.response())[1] == b"busy"
    assert plan.repeats == [False]
    assert ("sent", None) in plan.log
    assert gate.outcomes[0].status == 503


async def test_the_last_failure_is_the_one_that_counts(planned, dial):
    plan = ScriptedPlan()
    plan.steps["again"] = lambda attempt: (
        Again(replace(plan.forward, target=b"/close")) if attempt.number < 3 else None
    )
    server, gate, _ = await planned(plan, target=b"/503")
    wire = await dial(server)
    wire.send(GET)
    head, body = await wire.response()
    assert (b" 502 " in head, body.startswith(b"failed: closed_early")) == (True, True)
    assert [attempt.failure for attempt in plan.attempts] == [
        None,
        Failure.CLOSED_EARLY,
        Failure.CLOSED_EARLY,
    ]
    assert gate.outcomes[0].failure is Failure.CLOSED_EARLY
    assert len(gate.outcomes) == 1


async def test_nothing_is_sent_again_once_the_response_has_begun(planned, dial, eventually):
    plan = until_ok(ScriptedPlan(keep_body=100))
    server, gate, up = await planned(plan, target=b"/broken")
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].failure is Failure.BODY_BROKEN
    assert plan.attempts[0].failure is Failure.BODY_BROKEN
    assert len(up.heads) == 1
    assert plan.log[-2:] == [("ended", 1), ("finished",)]


async def test_a_stale_connection_is_replaced_within_the_attempt(planned, dial, heard):
    async def stale(origin, reader, writer):
        await origin.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        await origin.head(reader)

    plan = ScriptedPlan()
    server, _, up = await planned(plan, script=stale)
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        assert (await wire.response())[1] == b"ok"
    assert [attempt.number for attempt in plan.attempts] == [1, 1]
    assert [event for event, _ in heard("http.upstream")] == [events.request_retried]
    assert up.accepted == 2


async def test_a_client_that_leaves_before_the_next_attempt_stops_it(planned, dial, eventually, lose):
    plan = until_ok(ScriptedPlan(), wait=60)
    server, gate, up = await planned(plan, target=b"/503")
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: plan.attempts)
    lose(server)
    await eventually(lambda: gate.outcomes)
    assert gate.outcomes[0].client_left
    assert len(up.heads) == 1


async def test_early_hints_are_passed_on_while_one_attempt_is_in_flight(planned, dial):
    plan = ScriptedPlan()
    server, _, _ = await planned(plan, target=b"/hints")
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[0].startswith(b"HTTP/1.1 103 ")
    assert (await wire.response())[1] == b"ok"


async def test_an_early_answer_to_an_unfinished_upload_does_not_desynchronise(planned, dial, answering):
    plan = ScriptedPlan(keep_body=1000)
    early = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
    server, gate, up = await planned(plan, script=answering(early))
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 100\r\n\r\n" + b"x" * 50)
    assert (await wire.response())[1] == b"no"
    wire.send(b"x" * 50 + GET)
    assert (await wire.response())[1] == b"no"
    assert [request.method for request in gate.requests] == [b"POST", b"GET"]
    assert up.accepted == 2
    # The first one's body was never complete.
    assert [step for step in plan.log if step[0] == "sent"] == [("sent", b"")]


async def test_an_expectation_is_met_before_the_body_is_held(planned, dial):
    plan = ScriptedPlan(whole_body=10)
    server, _, up = await planned(plan)
    wire = await dial(server)
    wire.send(POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    assert (await wire.response())[0] == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert plan.log == []
    wire.send(b"hello")
    assert (await wire.response())[1] == b"ok"
    assert up.bodies == [b"hello"]


async def test_pipelined_requests_are_answered_in_order_whatever_it_takes(planned, dial):
    plan = ScriptedPlan(keep_body=10)

    def again(attempt):
        if attempt.status != 503:
            return None
        return Again(replace(plan.forward, target=b"/chunked"), 0.001)

    plan.steps["again"] = again
    server, gate, _ = await planned(plan)
    wire = await dial(server)
    paths = [b"/503", b"/ok", b"/slow", b"/503", b"/ok"]
    wire.send(b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths))
    wire.writer.write_eof()
    bodies = [(await wire.response())[1] for _ in paths]
    assert bodies == [b"ok", b"ok", b"slow", b"ok", b"ok"]
    assert await wire.rest() == b""
    assert len(gate.outcomes) == 5


async def test_a_body_is_streamed_in_constant_memory(planned, dial, eventually):
    async def script(origin, reader, writer):
        await origin.head(reader)
        await origin.held.wait()
        await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()

    size = 12_000_000
    plan = ScriptedPlan(keep_body=1000, whole_body=1000)
    server, _, up = await planned(plan, script=script, limits={"response_timeout": 10.0})
    up.held = asyncio.Event()
    wire = await dial(server)
    wire.send(POST + b"Content-Length: %d\r\n\r\n" % size + bytes(size))
    await eventually(lambda: server.connections)
    (client,) = server._engine.connections
    await eventually(lambda: client.is_paused and up.heads)
    (upstream,) = next(iter(server._engine.pools._pools.values())).connections
    assert upstream.transport.get_write_buffer_size() < 2_000_000
    assert client._work.body == b""
    up.held.set()
    assert (await wire.response())[1] == b"ok"
    assert ("sent", None) in plan.log


# Hedging.


async def test_the_first_answer_wins_and_the_others_are_cancelled(planned, dial):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: replace(plan.forward, target=b"/ok") if len(running) < 2 else None
    server, gate, _ = await planned(plan, target=b"/silent", limits={"response_timeout": 10.0})
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert [(a.number, a.is_hedge, a.is_chosen, a.is_cancelled) for a in plan.attempts] == [
        (1, False, False, True),
        (2, True, True, False),
    ]
    assert plan.log[-1] == ("finished",)
    assert len(gate.outcomes) == 1
    assert server.upstream_connections == (1, 1)


async def test_copies_are_asked_for_until_there_are_enough(planned, dial):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: (
        replace(plan.forward, target=b"/silent" if len(running) < 3 else b"/ok") if len(running) < 4 else None
    )
    server, _, _ = await planned(plan, target=b"/silent", limits={"response_timeout": 10.0})
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert [step for step in plan.log if step[0] == "hedge"][:3] == [
        ("hedge", 1, True),
        ("hedge", 2, True),
        ("hedge", 3, True),
    ]
    assert sorted(attempt.number for attempt in plan.attempts) == [1, 2, 3, 4]
    assert [attempt.number for attempt in plan.attempts if attempt.is_chosen] == [4]


async def test_a_bad_answer_may_be_let_go_in_favour_of_others(planned, dial):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: replace(plan.forward, target=b"/503") if len(running) < 2 else None
    plan.steps["again"] = lambda attempt: Again(None) if attempt.status == 503 else None
    server, gate, _ = await planned(plan, target=b"/slow", limits={"response_timeout": 10.0})
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"slow"
    # The last one is passed on, whatever it is.
    plan.forward = replace(plan.forward, target=b"/503")
    plan.steps["prepare"] = lambda forward, _: replace(forward, target=b"/503")
    wire.send(GET)
    assert (await wire.response())[1] == b"busy"
    assert [outcome.status for outcome in gate.outcomes] == [200, 503]


async def test_when_every_copy_fails_the_client_gets_one_failure(planned, dial):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: replace(plan.forward) if len(running) < 3 else None
    server, gate, _ = await planned(plan, target=b"/silent")
    wire = await dial(server)
    wire.send(GET)
    assert b" 504 " in (await wire.response())[0]
    assert sorted(attempt.number for attempt in plan.attempts) == [1, 2, 3]
    assert {attempt.failure for attempt in plan.attempts} == {Failure.RESPONSE_TIMEOUT}
    assert len(gate.outcomes) == 1


async def test_a_client_that_leaves_takes_all_attempts_along(planned, dial, eventually, lose):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: replace(plan.forward) if len(running) < 3 else None
    server, gate, up = await planned(plan, target=b"/silent", limits={"response_timeout": 10.0})
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: len(up.heads) == 3)
    lose(server)
    await eventually(lambda: gate.outcomes)
    assert [attempt.is_cancelled for attempt in plan.attempts] == [True] * 3
    assert plan.log[-1] == ("finished",)
    assert server.upstream_connections == (0, 0)


async def test_a_withdrawn_request_takes_all_attempts_along(planned, dial, eventually):
    plan = ScriptedPlan(hedge_after=0.002)
    plan.steps["hedge"] = lambda running: replace(plan.forward) if len(running) < 3 else None
    server, gate, up = await planned(plan, target=b"/silent", limits={"response_timeout": 10.0})
    wire = await dial(server)
    wire.send(GET)
    await eventually(lambda: len(up.heads) == 3)
    server.withdraw(lambda _: True)
    assert (await wire.response())[1] == b"refused: withdrawn"
    assert [attempt.is_cancelled for attempt in plan.attempts] == [True] * 3
    assert [outcome.refusal for outcome in gate.outcomes] == [Refusal.WITHDRAWN]
    assert plan.log[-1] == ("finished",)
    assert server.upstream_connections == (0, 0)


async def test_a_request_withdrawn_while_it_is_prepared_goes_nowhere(planned, dial):
    asked, go = asyncio.Event(), asyncio.Event()

    async def later(forward, _):
        asked.set()
        await go.wait()
        return forward

    plan = ScriptedPlan(prepare=later)
    server, gate, up = await planned(plan)
    wire = await dial(server)
    wire.send(GET)
    await asked.wait()
    server.withdraw(lambda _: True)
    assert (await wire.response())[1] == b"refused: withdrawn"
    go.set()
    assert await wire.rest() == b""
    assert [outcome.refusal for outcome in gate.outcomes] == [Refusal.WITHDRAWN]
    assert up.accepted == 0


# Replies.


class Upper:
    """A filter that holds one byte back."""

    def __init__(self):
        self.held = b""

    def feed(self, data):
        data = self.held + data.upper()
        self.held = data[-1:]
        return data[:-1]

    def end(self):
        return self.held + b"!"


def upper(reply):
    reply.filter = Upper()


@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize("kind", [b"ok", b"chunked"])
async def test_a_filtered_body_is_framed_anew(planned, dial, kind, minor):
    begun = asyncio.Event()

    def change(reply):
        upper(reply)
        begun.set()

    plan = ScriptedPlan(reply=change)
    server, gate, up = await planned(plan, target=b"/" + kind)
    up.held = begun
    wire = await dial(server)
    wire.send(b"GET / HTTP/1.%d\r\nHost: a\r\n\r\n" % minor)
    head, body = await wire.response()
    assert body == b"OK!"
    assert (b"Content-Length: 3\r\n" in head) is (kind == b"ok")
    assert (b"Transfer-Encoding: chunked\r\n" in head) is (kind == b"chunked" and minor == 1)
    assert (b"Connection: close" in head) is (minor == 0)
    assert gate.outcomes[0].bytes_out == 3


@pytest.mark.parametrize(
    ("method", "response"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
async def test_where_there_is_no_body_nothing_is_filtered(planned, dial, answering, method, response):
    plan = ScriptedPlan(reply=upper)
    server, _, _ = await planned(plan, script=answering(response))
    wire = await dial(server)
    for _ in range(2):
        wire.send(method + b" / HTTP/1.1\r\nHost: a\r\n\r\n")
        head, _ = await wire.response(method)
        # How long the filtered body would be, nobody knows.
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head


async def test_lines_and_status_can_be_changed(planned, dial):
    def change(reply):
        assert (reply.status, reply.content_length, reply.value(b"x-body")) == (200, 2, b"0")
        reply.status = 203
        reply.lines = [b"X-New: 1"]

    plan = ScriptedPlan(reply=change)
    server, gate, _ = await planned(plan)
    wire = await dial(server)
    wire.send(GET)
    head, body = await wire.response()
    assert head == b"HTTP/1.1 203 Non-Authoritative Information\r\nX-New: 1\r\nContent-Length: 2\r\n\r\n"
    assert body == b"ok"
    assert gate.outcomes[0].status == 203


@pytest.mark.parametrize("kind", [b"ok", b"chunked"])
async def test_a_status_without_a_body_has_none(planned, dial, kind):
    def change(reply):
        reply.status = 204

    plan = ScriptedPlan(reply=change)
    server, gate, _ = await planned(plan, target=b"/" + kind)
    wire = await dial(server)
    for _ in range(2):
        wire.send(GET)
        head, _ = await wire.response()
        assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert b"Content-Length" not in head
        assert b"Transfer-Encoding" not in head
    assert [outcome.bytes_out for outcome in gate.outcomes] == [0, 0]


# Defects.


class Broken(Exception):
    pass


def broken(*_, **__):
    raise Broken


def bad_line(reply):
    reply.lines.append(b"X: a\r\nSet-Cookie: b")


def second_length(reply):
    reply.lines.append(b"Content-Length: 0")


def bad_status(reply):
    reply.status = 101


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        ({"prepare": broken}, "plan.prepare"),
        ({"again": broken}, "plan.again"),
        ({"hedge": broken}, "plan.hedge"),
        ({"reply": broken}, "plan.reply"),
        ({"reply": bad_line}, "plan.reply"),
        ({"reply": second_length}, "plan.reply"),
        ({"reply": bad_status}, "plan.reply"),
    ],
)
@pytest.mark.parametrize("kind", [b"slow", b"close"])
async def test_a_defect_of_a_plan_is_recorded_and_500(planned, dial, heard, eventually, steps, where, kind):
    if where == "plan.reply" and kind == b"close":
        kind = b"chunked"
    is_hedged = "hedge" in steps
    plan = ScriptedPlan(hedge_after=0.001 if is_hedged else 0, **steps)
    # No answer and no other clock may come before the hedge, however late its timer fires.
    server, gate, _ = await planned(
        plan, target=b"/silent" if is_hedged else b"/" + kind, limits={"response_timeout": 60.0}
    )
    wire = await dial(server)
    for number in range(2):
        wire.send(GET)
        head, body = await wire.response()
        assert b" 500 " in head
        assert gate.requests[number].scope.request_id.encode() in body
    assert [fields["step"] for event, fields in heard("http") if event is events.gate_failed] == [where] * 2
    assert [outcome.status for outcome in gate.outcomes] == [500, 500]
    assert len(plan.attempts) == (0 if where == "plan.prepare" else 2)
    assert plan.log[-1] == ("finished",)
    await eventually(lambda: len(set(server.upstream_connections)) == 1)


async def test_a_filter_that_breaks_in_the_middle_cuts_the_client(planned, dial, heard, eventually):
    class Late:
        def feed(self, data):
            return data

        def end(self):
            raise Broken

    begun = asyncio.Event()

    def change(reply):
        reply.filter = Late()
        begun.set()

    plan = ScriptedPlan(reply=change)
    server, gate, up = await planned(plan, target=b"/chunked")
    up.held = begun
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert [fields["step"] for event, fields in heard("http") if event is events.gate_failed] == [
        "plan.filter"
    ]
    assert plan.log[-2:] == [("ended", 1), ("finished",)]


class Unreadable:
    """A filter that cannot read what comes, sooner or later."""

    def __init__(self, *, at_once):
        self.at_once = at_once

    def feed(self, data):
        if self.at_once:
            raise BrokenBody("it is no text")
        return data

    def end(self):
        raise BrokenBody("it ends early")


async def test_a_body_that_a_filter_cannot_read_is_the_fault_of_the_upstream(planned, dial, heard):
    def change(reply):
        reply.filter = Unreadable(at_once=True)

    server, gate, _ = await planned(ScriptedPlan(reply=change), target=b"/ok")
    wire = await dial(server)
    wire.send(GET)
    assert b" 502 " in (await wire.response())[0]
    assert [(outcome.failure, outcome.detail) for outcome in gate.outcomes] == [
        (Failure.BODY_BROKEN, "it is no text")
    ]
    assert events.gate_failed not in [event for event, _ in heard("http")]


async def test_a_body_that_a_filter_cannot_read_to_its_end_is_cut(planned, dial, heard, eventually):
    begun = asyncio.Event()

    def change(reply):
        reply.filter = Unreadable(at_once=False)
        begun.set()

    server, gate, up = await planned(ScriptedPlan(reply=change), target=b"/chunked")
    up.held = begun
    wire = await dial(server)
    wire.send(GET)
    with pytest.raises(ConnectionResetError):
        await wire.rest()
    await eventually(lambda: gate.outcomes)
    assert (gate.outcomes[0].failure, gate.outcomes[0].detail) == (Failure.BODY_BROKEN, "it ends early")
    assert events.gate_failed not in [event for event, _ in heard("http")]


@pytest.mark.parametrize("step", ["sent", "ended"])
async def test_a_defect_in_what_is_only_told_does_not_hurt_the_request(planned, dial, heard, step):
    plan = ScriptedPlan(**{step: broken})
    server, _, _ = await planned(plan)
    wire = await dial(server)
    wire.send(GET)
    assert (await wire.response())[1] == b"ok"
    assert [fields["step"] for event, fields in heard("http") if event is events.gate_failed] == [
        f"plan.{step}"
    ]


async def test_what_was_let_go_is_not_sent_again_by_mistake(planned, dial, heard):
    plan = until_ok(ScriptedPlan(keep_body=1))
    server, _, up = await planned(plan, target=b"/503")
    wire = await dial(server)
    wire.send(POST + b"Content-Length: 5\r\n\r\nhello")
    assert b" 500 " in (await wire.response())[0]
    assert len(up.heads) == 1
    assert events.gate_failed in [event for event, _ in heard("http")]


# WebSockets.


async def test_websockets_go_through_a_plan_unfiltered(serve, eventually):
    async def echo(websocket):
        async for message in websocket:
            await websocket.send(message)

    async with serve_websocket(echo, "127.0.0.1", 0, compression=None) as up:
        upstream = Upstream("127.0.0.1", up.sockets[0].getsockname()[1], idle_timeout=0.2)

        def change(reply):
            upper(reply)
            reply.lines.append(b"X-New: 1")

        plan = ScriptedPlan(reply=change)
        server, gate = await serve(Forward(upstream, plan=plan))
        async with connect(f"ws://127.0.0.1:{server.ports[0]}/", ping_interval=None) as websocket:
            assert websocket.response.headers["X-New"] == "1"
            await websocket.send("hello" * 10_000)
            assert await websocket.recv() == "hello" * 10_000
            assert gate.outcomes == []
            assert plan.attempts == []
        await eventually(lambda: gate.outcomes)
        assert gate.outcomes[0].status == 101
        assert gate.outcomes[0].bytes_in > 50_000
        assert plan.log == [
            ("prepare", None),
            ("sent", b""),
            ("again", 1, 101, None),
            ("reply", 1),
            ("ended", 1),
        ]
        async with connect(f"ws://127.0.0.1:{server.ports[0]}/", ping_interval=None):
            await eventually(lambda: len(gate.outcomes) == 2)
        assert gate.outcomes[1].failure is Failure.IDLE
        assert server.upstream_connections == (0, 0)


async def test_a_failed_upgrade_can_be_sent_elsewhere(planned):
    async def echo(websocket):
        async for message in websocket:
            await websocket.send(message)

    async with serve_websocket(echo, "127.0.0.1", 0, compression=None) as up:
        plan = ScriptedPlan()
        upstream = Upstream("127.0.0.1", up.sockets[0].getsockname()[1])
        plan.steps["again"] = lambda attempt: Again(Forward(upstream)) if attempt.status == 503 else None
        server, _, first = await planned(plan, target=b"/503")
        async with connect(f"ws://127.0.0.1:{server.ports[0]}/") as websocket:
            await websocket.send("hello")
            assert await websocket.recv() == "hello"
        assert len(first.heads) == 1
        plan.steps["again"] = lambda _: None
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"ws://127.0.0.1:{server.ports[0]}/")
        assert caught.value.response.status_code == 503


# Everything together.

KINDS = ["ok", "chunked", "503", "long503", "close", "malformed", "broken", "slow", "silent", "hints"]
GOOD = {"ok": b"ok", "chunked": b"ok", "hints": b"ok", "slow": b"slow"}
BAD = {"503", "long503", "close", "malformed", "silent"}


def following(request, upstream, *, hedged):
    """A plan that sends the request again, or besides, as its path says: `/503,ok`."""
    kinds = iter(request.target.decode().strip("/").split(","))

    def step():
        kind = next(kinds, None)
        return Forward(upstream, target=f"/{kind}".encode(), plan=plan) if kind else None

    def again(attempt):
        if attempt.failure is None and attempt.status < 500:
            return None
        forward = step()
        return Again(forward) if forward else None

    plan = ScriptedPlan(keep_body=10, hedge_after=0.002 if hedged else 0, again=again, hedge=lambda _: step())
    return step()


async def ask(wire, kinds, body, *, leave):
    """Send one request; the answer's body, "cut", or nothing for a client that leaves."""
    method = b"PUT" if body else b"GET"
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    path = ",".join(kinds).encode()
    wire.send(method + b" /%b HTTP/1.1\r\nHost: a\r\n%b\r\n%b" % (path, length, body))
    if leave:
        await asyncio.sleep(0.004)
        wire.writer.transport.abort()
        return b""
    try:
        head, got = await wire.response()
        while b" 103 " in head:
            head, got = await wire.response()
    except (ConnectionResetError, asyncio.IncompleteReadError):
        return b"cut"
    return got


@pytest.mark.parametrize("leave", [False, True])
@pytest.mark.parametrize("hedged", [False, True])
@pytest.mark.parametrize("body", [b"", b"hello"])
async def test_whatever_upstreams_do_each_attempt_ends_once_and_before_the_request(
    serve, dial, origin, eventually, hedged, body, leave
):
    up = await origin(act, response_timeout=0.2, idle_timeout=0.2)
    plans = {}

    def decide(request):
        forward = following(request, up.upstream, hedged=hedged)
        plans[request.scope.request_id] = forward.plan
        return forward

    server, gate = await serve(decide)
    told = gate.finished

    def finished(request, outcome):
        plans[request.scope.request_id].finished()
        told(request, outcome)

    gate.finished = finished
    scripts = list(itertools.product(KINDS, repeat=2))
    wires = [await dial(server) for _ in scripts]
    asked = (ask(wire, kinds, body, leave=leave) for wire, kinds in zip(wires, scripts, strict=True))
    answers = await asyncio.gather(*asked)
    await eventually(lambda: not server.requests)
    for (first, second), got in zip(scripts, answers, strict=True):
        if first in BAD and second in GOOD and not hedged and not leave:
            assert got == GOOD[second] or b"response_timeout" in got
    assert len(gate.outcomes) == len(plans) <= len(scripts)
    for plan in plans.values():
        ended = [step[1] for step in plan.log if step[0] == "ended"]
        assert sorted(ended) == list(range(1, len(ended) + 1))
        assert plan.log.count(("finished",)) == 1
        assert plan.log[-1] == ("finished",)
        assert sum(attempt.is_chosen for attempt in plan.attempts) <= 1
        assert len([step for step in plan.log if step[0] == "reply"]) <= 1
    open_, idle = server.upstream_connections
    assert open_ == idle
