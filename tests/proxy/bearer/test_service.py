import asyncio
from dataclasses import replace

import pytest
from tests.identity.federation.idp import reply
from tests.keys.test_epochs import Broken
from tests.proxy.bearer.making import PERSON, WANTED, elsewhere, session

from yett.identity.federation import TradeGrant, Wrong
from yett.keys import MasterKey
from yett.proxy.bearer import events
from yett.proxy.bearer.model import Cause
from yett.sessions import Ended, EndReason

SAID = ("proxy.bearer_inject", "proxy.bearer_refresh")


async def test_a_token_is_minted_once_and_used_again(node, heard):
    assert node.bearers.peek(session(), PERSON, WANTED) is None
    first = await node.bearers.obtain(session(), PERSON, WANTED)
    assert node.bearers.peek(session(), PERSON, WANTED) is first
    ((said, fields),) = heard(*SAID)
    assert said is events.minted
    assert fields == {"app": "Wiki", "user": "ada", "session": "s1", "expires_in": 300.0}


async def test_requests_that_come_together_share_one_token(node, heard):
    found = await asyncio.gather(*(node.bearers.obtain(session(), PERSON, WANTED) for _ in range(20)))
    assert len(set(map(id, found))) == 1
    assert len(heard(*SAID)) == 1


async def test_another_node_goes_on_with_the_same_token(make_node, heard):
    one, two = make_node(), make_node()
    first = await one.bearers.obtain(session(), PERSON, WANTED)
    second = await two.bearers.obtain(session(), PERSON, WANTED)
    assert second.token == first.token
    assert len(heard(*SAID)) == 1


async def test_two_sessions_and_two_audiences_have_tokens_of_their_own(node):
    wishes = [("s1", WANTED), ("s2", WANTED), ("s1", replace(WANTED, audience="other"))]
    found = [await node.bearers.obtain(session(ref), PERSON, wanted) for ref, wanted in wishes]
    assert len({each.token for each in found}) == 3


async def test_a_person_who_changes_gets_another_token_at_once(node):
    first = await node.bearers.obtain(session(), PERSON, WANTED)
    fewer = replace(PERSON, groups=())
    assert node.bearers.peek(session(), fewer, WANTED) is None
    second = await node.bearers.obtain(session(), fewer, WANTED)
    assert second.token != first.token
    assert node.bearers.peek(session(), PERSON, WANTED) is None


async def test_a_person_who_changes_while_a_token_is_made_does_not_get_the_old_one(node):
    fewer = replace(PERSON, groups=())
    old, new = await asyncio.gather(
        node.bearers.obtain(session(), PERSON, WANTED), node.bearers.obtain(session(), fewer, WANTED)
    )
    assert old.person is PERSON
    assert new.person is fewer


async def test_a_token_is_renewed_in_the_background_by_whoever_uses_it(node, clock, heard):
    first = await node.bearers.obtain(session(), PERSON, WANTED)
    clock.advance(239)
    assert node.bearers.peek(session(), PERSON, WANTED) is first
    assert not node.bearers._making
    clock.advance(1)
    for _ in range(3):
        assert node.bearers.peek(session(), PERSON, WANTED) is first
    await node.settle()
    second = node.bearers.peek(session(), PERSON, WANTED)
    assert second.token != first.token
    assert [said for said, _ in heard(*SAID)] == [events.minted, events.refreshed]


async def test_a_renewal_that_fails_leaves_the_old_token_in_use(node, clock, heard):
    first = await node.bearers.obtain(session(), PERSON, WANTED)
    clock.advance(250)
    node.minting._epochs._master = Broken()
    node.minting._epochs._known.clear()
    assert node.bearers.peek(session(), PERSON, WANTED) is first
    await node.settle()
    assert node.bearers.peek(session(), PERSON, WANTED) is first
    await node.settle()
    said = heard(*SAID)[1:]
    assert [each for each, _ in said] == [events.refresh_failed] * 2
    assert said[0][1]["error"] == "signing_key"


async def test_a_renewed_token_that_cannot_be_kept_is_said_to_have_failed(node, clock, records, heard):
    await node.bearers.obtain(session(), PERSON, WANTED)
    clock.advance(250)
    records.is_down = True
    node.bearers.peek(session(), PERSON, WANTED)
    await node.settle()
    assert heard(*SAID)[-1][0] is events.refresh_failed


async def test_without_the_store_each_node_has_a_token_of_its_own(node, records, heard):
    records.is_down = True
    assert await node.bearers.obtain(session(), PERSON, WANTED) is not None
    assert [said for said, _ in heard(*SAID)] == [events.not_kept, events.minted, events.not_kept]


async def test_a_kept_token_that_does_not_open_is_minted_again(make_node, heard):
    await make_node(sealed_with=MasterKey(b"o" * 32)).bearers.obtain(session(), PERSON, WANTED)
    heard.forget()
    found = await make_node().bearers.obtain(session(), PERSON, WANTED)
    assert found is not None
    assert [said for said, _ in heard(*SAID)] == [events.not_decrypted, events.minted]


async def test_whoever_cannot_be_vouched_for_has_no_token(node, heard):
    many = replace(PERSON, groups=tuple(f"group-{number:050}" for number in range(400)))
    assert await node.bearers.obtain(session(), many, WANTED) is None
    ((said, fields),) = heard(*SAID)
    assert said is events.not_minted
    assert (fields["reason"], fields["error"]) == (Cause.TOO_LONG, "too_long")


async def test_a_token_too_long_to_be_sealed_is_used_and_not_kept(node, records, heard):
    many = replace(PERSON, groups=tuple(f"group-{number:050}" for number in range(180)))
    assert await node.bearers.obtain(session(), many, WANTED) is not None
    assert [said for said, _ in heard(*SAID)] == [events.minted, events.not_encrypted]
    assert await records.list("") == []


async def test_tokens_end_with_their_session(node):
    await node.bearers.obtain(session(), PERSON, WANTED)
    node.bearers.forget(Ended(session(), EndReason.REVOKED))
    assert node.bearers.peek(session(), PERSON, WANTED) is None


async def test_a_token_made_for_a_session_that_ends_meanwhile_is_not_held(node):
    asking = node.ask()
    await asyncio.sleep(0)
    node.bearers.forget(Ended(session(), EndReason.REVOKED))
    assert await asking is None
    assert not node.bearers._held
    assert not node.bearers._ended


async def test_somebody_who_goes_away_does_not_take_the_token_from_others(node):
    leaving = node.ask()
    staying = node.ask()
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying is not None


async def test_a_clock_that_was_put_back_keeps_no_token_of_the_future_in_use(node, clock):
    await node.bearers.obtain(session(), PERSON, WANTED)
    clock.advance(-10)
    assert node.bearers.peek(session(), PERSON, WANTED) is None


async def test_memory_for_tokens_is_bounded(node, monkeypatch):
    monkeypatch.setattr("yett.proxy.bearer.service._MOST_SESSIONS", 4)
    for number in range(20):
        assert await node.bearers.obtain(session(f"s{number}"), PERSON, WANTED)
    assert len(node.bearers._held) <= 4


# Tokens of another authorization server.


async def test_another_servers_token_is_asked_for_once_and_used_by_every_node(make_node, trading, idp, heard):
    one, two = make_node(trading=trading), make_node(trading=trading)
    wanted = elsewhere(idp)
    found = await asyncio.gather(*(one.bearers.obtain(session(), PERSON, wanted) for _ in range(20)))
    assert len(set(map(id, found))) == 1
    assert one.bearers.peek(session(), PERSON, wanted) is found[0]
    assert (await two.bearers.obtain(session(), PERSON, wanted)).token == found[0].token
    assert found[0].line == f"Authorization: Bearer {found[0].token}\r\n".encode()
    assert idp.count("/token") == 1
    assert [said for said, _ in heard(*SAID)] == [events.minted]


async def test_what_was_kept_for_another_wish_is_not_used(trader, house, idp):
    house.use(idp.settings(), idp.settings("other", client_id="x"))
    changes = (
        {},
        {"grant": TradeGrant.JWT_BEARER},
        {"scope": "read"},
        {"audience": "x"},
        {"provider": "other", "client_id": "x"},
    )
    found = [await trader.bearers.obtain(session(), PERSON, elsewhere(idp, **each)) for each in changes]
    assert len({each.token for each in found}) == len(changes)
    # Whoever has the name by now is another client over there: there is no token, and no kept one either.
    house.use(idp.settings(client_id="y"))
    assert await trader.bearers.obtain(session(), PERSON, elsewhere(idp, client_id="z")) is None


async def test_a_token_goes_with_the_change_of_its_person(trader, idp):
    wanted = elsewhere(idp)
    first = await trader.bearers.obtain(session(), PERSON, wanted)
    fewer = replace(PERSON, groups=())
    assert trader.bearers.peek(session(), fewer, wanted) is None
    assert (await trader.bearers.obtain(session(), fewer, wanted)).token != first.token


@pytest.mark.parametrize(
    ("answer", "said", "reason", "error"),
    [
        (reply(400, {"error": "invalid_grant", "error_description": "ada"}), events.not_minted, Cause.REFUSED,
         "invalid_grant"),
        (reply(503), events.not_minted, Cause.UNREACHABLE, "status 503"),
        (b"no HTTP\r\n\r\n", events.not_minted, Cause.UNREACHABLE, ...),
        (reply(200, b"[]"), events.wrong_response, Wrong.NO_OBJECT, None),
        (reply(200, {"token_type": "Bearer"}), events.wrong_response, Wrong.ACCESS_TOKEN, None),
        (reply(200, {"access_token": "a"}), events.wrong_response, Wrong.TOKEN_TYPE, None),
        (reply(200, {"access_token": "a", "token_type": "Bearer"}), events.wrong_response,
         Wrong.ISSUED_TOKEN_TYPE, None),
    ],
)  # fmt: skip
async def test_without_their_token_there_is_none_and_it_is_said_why(
    trader, idp, heard, answer, said, reason, error
):
    idp.answers = {"/token": answer}
    assert await trader.bearers.obtain(session(), PERSON, elsewhere(idp)) is None
    ((found, fields),) = heard(*SAID)
    assert (found, fields["reason"], fields["user"], fields["session"]) == (said, reason, "ada", "s1")
    if error is None:
        assert fields["provider"] == "acme"
    elif error is not ...:
        assert fields["error"] == error
    assert not trader.bearers._held


async def test_a_server_that_fails_leaves_the_old_token_in_use_and_is_not_asked_each_time(
    trader, idp, clock, heard
):
    wanted = elsewhere(idp)
    first = await trader.bearers.obtain(session(), PERSON, wanted)
    idp.answers = {"/token": reply(200, {"access_token": "a", "token_type": "DPoP"})}
    clock.advance(250)
    for _ in range(3):
        assert trader.bearers.peek(session(), PERSON, wanted).token == first.token
        await trader.settle()
    assert idp.count("/token") == 2
    clock.advance(5)
    idp.answers = {}
    assert trader.bearers.peek(session(), PERSON, wanted).token == first.token
    await trader.settle()
    assert trader.bearers.peek(session(), PERSON, wanted).token != first.token
    said = heard(*SAID)[1:]
    assert [each for each, _ in said] == [events.refresh_failed, events.refreshed]
    assert said[0][1]["error"] == "token_type"


async def test_a_token_of_a_provider_that_went_is_used_until_it_is_over_and_not_replaced_by_ours(
    trader, house, idp, clock
):
    wanted = elsewhere(idp)
    first = await trader.bearers.obtain(session(), PERSON, wanted)
    house.use()
    clock.advance(250)
    assert trader.bearers.peek(session(), PERSON, wanted).token == first.token
    await trader.settle()
    clock.advance(50)
    assert trader.bearers.peek(session(), PERSON, wanted) is None
    assert await trader.bearers.obtain(session(), PERSON, wanted) is None


async def test_a_token_that_is_given_after_the_session_ended_is_kept_nowhere(trader, idp, records):
    wanted = elsewhere(idp)
    asking = trader.ask(wanted)
    await asyncio.sleep(0)
    trader.bearers.forget(Ended(session(), EndReason.REVOKED))
    assert await asking is None
    assert not trader.bearers._held
    assert await records.list("") == []
