"""Deciding what has to be waited for, and many questions at once."""

import asyncio

from tests.proxy.conftest import request_for
from tests.proxy.forward_auth.conftest import APP, PROXY, SIGN_IN

from yett.events import Scope, enter_scope, leave_scope
from yett.keys import MasterKey
from yett.proxy.forward_auth.deciding import place_of
from yett.sessions import SessionSettings
from yett.store import StoreUnavailable
from yett.tokens import ScopedTokens, TokensSettings


async def test_a_hundred_questions_at_once_make_one_token(place, said):
    token = await place.session()
    said.forget()
    replies = await asyncio.gather(*(place.ingress("delegate_to=tap", token) for _ in range(100)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply["x-auth-request-token"] for reply in replies}) == 1
    assert len(said("Created new internal token")) == 1
    assert len(said("Token authorized")) == 100


async def test_what_is_known_is_answered_without_waiting(place):
    token = await place.session()
    headers = {
        "Host": SIGN_IN, "X-Original-Method": "GET", "X-Original-URL": f"{APP}/", "Authorization": f"Bearer {token}",
    }  # fmt: skip
    request = request_for("GET", "/ingress/auth?scope=read:all", headers)
    request.connection.client_address = PROXY
    entered = enter_scope(Scope())
    try:
        assert place.questions.answer(request).status == 200
    finally:
        leave_scope(entered)


async def test_a_token_of_another_node_is_found_in_the_store(place):
    token = await place.user_token()
    other = ScopedTokens(
        place.records, place.directory, MasterKey(bytes(32)), place.settings.tokens, place.clock, place.tasks
    )
    place.questions._decider._tokens = other
    place.questions._decider._holders._tokens = other
    assert (await place.ingress("scope=read:all", token)).status == 200


async def test_when_no_token_can_be_made_nobody_passes(place, monkeypatch):
    token = await place.session()

    async def refuse(*_, **__):
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(place.tokens._making._shelf, "create", refuse)
    reply = await place.ingress("notebook=true", token)
    assert reply.status == 500
    assert reply["x-auth-request-token"] is None


async def test_a_parent_that_ends_meanwhile_makes_no_child(place):
    token = await place.session()
    place.clock.advance(11 * 3600)
    for session in place.sessions.live("ada"):
        await place.sessions.revoke(session.ref)
    assert (await place.ingress("notebook=true", token)).status == 401


async def test_the_use_of_a_token_is_noted(place):
    token = await place.user_token()
    await place.ingress("", token)
    assert place.tokens.last_used(token[3:25]) == place.clock.now()
    await place.ingress("scope=nothing", await place.user_token(label="b"))


async def test_while_a_quota_is_counted_fifty_at_once_get_what_there_is(place):
    token = await place.user_token()
    replies = await asyncio.gather(*(place.ingress("service=tap", token) for _ in range(50)))
    assert sorted(reply.status for reply in replies) == [200] * 2 + [403] * 48


def test_tokens_that_rest_on_a_sign_on_last_no_longer_than_that():
    place = place_of(TokensSettings(cookie_domain="example.test"), SessionSettings())
    assert (place.longest, place.longest_sign_on) == (30 * 86400, 12 * 3600)
    assert place.cookie == "__Secure-yett-token"
