"""Questions over gRPC, asked by Google's own client of a real listener."""

import asyncio

import grpc
import pytest
from tests.proxy.forward_auth.envoy_messages import check_request, check_response, headers_of

from yett.events import current_scope
from yett.net.http import HTTPServer
from yett.proxy.forward_auth import QuestionGate
from yett.proxy.forward_auth.config import Level, RuleSettings

CHECK = "/envoy.service.auth.v3.Authorization/Check"
PAGE = [("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("x-forwarded-proto", "https")]


@pytest.fixture
async def ask(place):
    place.apply(
        rule=(
            RuleSettings(hosts=("app.example.test",), paths=("/public",), level=Level.BYPASS),
            RuleSettings(hosts=("app.example.test",), groups=("engineers",)),
        )
    )
    server = HTTPServer(QuestionGate(place.questions.answer), spawn=place.tasks.run)
    (port,) = await server.start("127.0.0.1")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(CHECK)

        async def check(data=None, **more):
            return check_response(await call(check_request(**more) if data is None else data, timeout=10))

        check.channel = channel
        yield check
    await server.drain(1)


async def test_somebody_who_may_passes_and_is_named(place, ask):
    token = await place.session()
    found = await ask(headers=[*PAGE, ("cookie", f"a=1; {place.cookie(token)}")])
    assert found.status.code == 0
    headers = headers_of(found.ok_response.headers)
    assert headers["remote-user"] == headers["x-auth-request-user"] == "ada"
    assert headers["remote-groups"] == "engineers,wiki"
    assert headers["cookie"] == "a=1"
    assert "x-auth-request-token" in found.ok_response.headers_to_remove


async def test_what_cannot_be_recorded_is_refused(place, ask, monkeypatch):
    token = await place.session()
    headers = [*PAGE, ("cookie", place.cookie(token))]
    place.refuses = True
    assert (await ask(headers=headers)).status.code == 0
    decide = place.questions._decider.decide

    def unrecorded(question):
        current_scope().unrecorded = True
        return decide(question)

    monkeypatch.setattr(place.questions._decider, "decide", unrecorded)
    found = await ask(headers=headers)
    assert (found.status.code, found.denied_response.status.code) == (7, 503)


async def test_a_browser_without_a_token_is_sent_to_sign_in(ask):
    found = await ask(headers=PAGE)
    assert found.denied_response.status.code == 302
    location = headers_of(found.denied_response.headers)["location"]
    assert location == "https://login.example.test/login?rd=https%3A%2F%2Fapp.example.test%2Fpage%3Fx%3D1"


async def test_a_program_without_a_token_is_told_401(ask):
    found = await ask(headers=[("x-forwarded-proto", "https")])
    assert found.denied_response.status.code == 401


async def test_somebody_who_may_not_is_told_403(place, ask):
    token = await place.session("bob")
    found = await ask(headers=[*PAGE, ("cookie", place.cookie(token))])
    assert found.denied_response.status.code == 403


async def test_an_open_path_needs_nobody_and_forged_fields_go(ask):
    found = await ask(path="/public/x", headers=[*PAGE, ("remote-user", "root")])
    assert found.status.code == 0
    assert "remote-user" in found.ok_response.headers_to_remove


async def test_a_route_may_say_its_demand_itself(place, ask):
    token = await place.session("bob")
    headers = [*PAGE, ("authorization", f"Bearer {token}")]
    extensions = [("parameters", "scope=read:all&delegate_to=tap&use_authorization=true")]
    found = await ask(host="other.example.test", headers=headers, extensions=extensions)
    given = headers_of(found.ok_response.headers)
    child = place.tokens.look(given["x-auth-request-token"])
    assert (child.username, child.service) == ("bob", "tap")
    assert given["authorization"] == f"Bearer {given['x-auth-request-token']}"
    bad = await ask(headers=headers, extensions=[("parameters", "scope=a b")])
    assert bad.denied_response.status.code == 400


async def test_a_token_never_goes_on_in_authorization(place, ask):
    token = await place.user_token()
    found = await ask(headers=[*PAGE, ("authorization", f"Bearer {token}")])
    assert found.status.code == 0
    assert "authorization" in found.ok_response.headers_to_remove


async def test_what_is_no_message_is_an_error_of_grpc(ask):
    with pytest.raises(grpc.aio.AioRpcError) as problem:
        await ask(b"\x0a\x05abc")
    assert problem.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(grpc.aio.AioRpcError) as problem:
        await ask(b"\x0a\x80\x80\x40" + b"x" * (1 << 20))
    assert problem.value.code() is not grpc.StatusCode.OK


async def test_other_methods_are_unknown(ask):
    with pytest.raises(grpc.aio.AioRpcError) as problem:
        await ask.channel.unary_unary("/envoy.service.auth.v3.Authorization/Other")(b"", timeout=10)
    assert problem.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_many_questions_at_once_are_answered(place, ask):
    token = await place.session()
    found = await asyncio.gather(
        *(ask(headers=[*PAGE, ("cookie", place.cookie(token))], path=f"/{each}") for each in range(200))
    )
    assert all(each.status.code == 0 for each in found)
