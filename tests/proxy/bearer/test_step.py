from dataclasses import replace

import pytest
from tests.identity.federation.idp import reply
from tests.proxy.bearer.making import PERSON, WANTED, elsewhere, session
from tests.proxy.conftest import WIKI, request_for

from yett.net.http import Answer, Forward, Upstream
from yett.proxy.bearer import BearerStep, events
from yett.proxy.steps import Call

PLAIN = Forward(Upstream("wiki.internal", 80), add=b"X-A: b\r\n", drop=frozenset({b"x-c"}))


@pytest.fixture
def step(node):
    return BearerStep(WANTED, node.bearers)


def call(who=PERSON):
    request = request_for("GET", "/", {"Host": WIKI, "Authorization": "Basic eDp5"})
    return Call(request, "Wiki", None if who is None else session(), who)


async def test_a_token_takes_the_place_of_what_the_client_sent(step):
    first = await step.prepare(call(), PLAIN, None)
    assert first.add.startswith(b"X-A: b\r\nAuthorization: Bearer ey")
    assert first.add.endswith(b"\r\n")
    assert first.drop == {b"x-c", b"authorization"}
    # With a token at hand there is nothing to wait for.
    assert step.prepare(call(), PLAIN, None) == first


async def test_nobody_is_vouched_for_with_what_they_sent_themselves(step, heard):
    forward = step.prepare(call(None), PLAIN, None)
    assert forward.add == PLAIN.add
    assert b"authorization" in forward.drop
    assert heard("proxy.bearer_inject") == [(events.nobody, {"app": "Wiki"})]


async def test_without_a_token_the_request_is_not_passed_on(step):
    many = replace(PERSON, groups=tuple(f"group-{number:050}" for number in range(400)))
    answer = await step.prepare(call(many), PLAIN, None)
    assert isinstance(answer, Answer)
    assert answer.status == 502


async def test_another_servers_token_takes_its_place_too(trader, idp):
    step = BearerStep(elsewhere(idp), trader.bearers)
    first = await step.prepare(call(), PLAIN, None)
    assert first.add == b"X-A: b\r\nAuthorization: Bearer traded.%d\r\n" % len(idp.asked)
    assert first.drop == {b"x-c", b"authorization"}
    assert step.prepare(call(), PLAIN, None) == first


@pytest.mark.parametrize("answer", [reply(400, {"error": "invalid_grant"}), reply(200, b"[]"), reply(500)])
async def test_without_another_servers_token_nothing_is_passed_on(trader, idp, answer):
    idp.answers = {"/token": answer}
    answer = await BearerStep(elsewhere(idp), trader.bearers).prepare(call(), PLAIN, None)
    assert isinstance(answer, Answer)
    assert answer.status == 502
    assert b"invalid_grant" not in answer.body
