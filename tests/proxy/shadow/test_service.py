import asyncio

import pytest
from tests.net.http.conftest import eventually
from tests.proxy.conftest import request_for

from yett.events import current_scope
from yett.kernel import Supervisor
from yett.net.http import Failure, Forward, Sent, Upstream
from yett.proxy.shadow import Mirror, Shadow, events

SENT = Forward(Upstream("10.0.0.1", 80))


class Sender:
    """Sends nothing; answers when it is told to."""

    def __init__(self):
        self.asked = []
        self.named = []
        self.scopes = []
        self.may_answer = asyncio.Event()
        self.answer = Sent(200, None, "", 0.25)

    async def send(self, request, forward, body, *, timeout, names_client):  # noqa: ASYNC109 - the port's signature
        self.asked.append((request, forward, body, timeout))
        self.named.append(names_client)
        self.scopes.append(current_scope().request_id)
        await self.may_answer.wait()
        return self.answer


@pytest.fixture
def sender():
    return Sender()


@pytest.fixture
async def mirror(sender, clock):
    tasks = Supervisor()
    yield Mirror(sender, tasks, clock)
    await tasks.stop()


def shadow(**changes):
    return Shadow("next", Upstream("10.0.0.9", 90), "10.0.0.9:90", **changes)


def copy(mirror, to, body=b"", number=1):
    request = request_for("GET", f"/{number}", {"Host": "wiki.example.test"})
    request.scope.request_id = f"request-{number}"
    mirror.copy(to, "Wiki", request, SENT, body)


@pytest.mark.parametrize("is_told", [False, True])
async def test_only_a_shadow_that_may_know_is_told_who_asked(mirror, sender, is_told):
    copy(mirror, shadow(identity=is_told))
    await eventually(lambda: sender.named)
    assert sender.named == [is_told]


@pytest.mark.parametrize(
    ("answer", "said", "fields"),
    [
        (Sent(204, None, "", 0.25), events.succeeded, {"status_code": 204}),
        (Sent(302, None, "", 0.25), events.succeeded, {"status_code": 302}),
        (Sent(404, None, "", 0.25), events.failed_with_status, {"status_code": 404}),
        (Sent(500, None, "", 0.25), events.failed_with_status, {"status_code": 500}),
        (
            Sent(0, Failure.CONNECT_REFUSED, "connection refused", 0.25),
            events.failed,
            {"error_type": Failure.CONNECT_REFUSED, "error": "connection refused"},
        ),
        (
            Sent(200, Failure.BODY_BROKEN, "broke", 0.25),
            events.failed,
            {"error_type": Failure.BODY_BROKEN, "error": "broke"},
        ),
    ],
)
async def test_how_a_copy_went_is_said(mirror, sender, heard, answer, said, fields):
    sender.answer = answer
    sender.may_answer.set()
    copy(mirror, shadow())
    await eventually(lambda: heard("shadow.dispatch"))
    assert heard("proxy.shadow") == [
        (events.dispatched, {"app": "Wiki", "shadow_name": "next", "backend": "10.0.0.9:90"})
    ]
    assert heard("shadow.dispatch") == [(said, {"shadow_name": "next", "latency_ms": 250.0, **fields})]


async def test_only_so_many_are_sent_at_once_and_only_so_many_wait(mirror, sender, heard):
    to = shadow(concurrency=2, queue=3, timeout=1.5)
    for number in range(10):
        copy(mirror, to, b"body", number)
    await eventually(lambda: len(sender.asked) == 2)
    # Workers have taken theirs by now: what waits still waits.
    assert len([each for each, _ in heard("proxy.shadow") if each is events.dispatched]) <= 5
    assert (events.dropped, {"shadow_name": "next", "count": 1}) in heard("proxy.shadow")
    sender.may_answer.set()
    await eventually(lambda: len(heard("shadow.dispatch")) == len(sender.asked) >= 3)
    assert {timeout for *_, timeout in sender.asked} == {1.5}
    assert mirror._held == 0


async def test_each_copy_is_told_of_in_the_scope_of_its_own_request(mirror, sender):
    to = shadow(concurrency=1)
    for number in range(3):
        copy(mirror, to, number=number)
    sender.may_answer.set()
    await eventually(lambda: len(sender.asked) == 3)
    assert sender.scopes == ["request-0", "request-1", "request-2"]


async def test_drops_are_counted_and_said_now_and_then(mirror, sender, clock, heard):
    to = shadow(concurrency=1, queue=0)
    for _ in range(5):
        copy(mirror, to)
    await eventually(lambda: sender.asked)
    clock.advance(11)
    copy(mirror, to)
    assert [fields["count"] for each, fields in heard("proxy.shadow") if each is events.dropped] == [1, 4]


async def test_a_shadow_that_is_done_leaves_nothing_behind(mirror, sender):
    sender.may_answer.set()
    for _ in range(3):
        copy(mirror, shadow(), b"body")
    await eventually(lambda: not mirror._lines)
    assert mirror._held == 0


async def test_bodies_that_wait_are_bounded_together(mirror, sender, heard):
    to = shadow(concurrency=1, queue=100)
    for number in range(8):
        copy(mirror, to, bytes(10 << 20), number)
    assert (events.dropped, {"shadow_name": "next", "count": 1}) in heard("proxy.shadow")
    assert mirror._held <= 64 << 20
    sender.may_answer.set()
    await eventually(lambda: not mirror._held)
