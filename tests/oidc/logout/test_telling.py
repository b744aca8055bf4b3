import asyncio
import base64
import json
from dataclasses import replace

import pytest
from tests.oidc.logout.conftest import WIKI

from yett.kernel import new_id
from yett.oidc.logout import events
from yett.oidc.logout.rules import EVENT
from yett.oidc.tokens import Basis
from yett.sessions import SessionType

KINDS = ("oidc.logout.backchannel",)


def said(heard):
    return [each for each, _ in heard(*KINDS)]


def claims_of(token, part=1):
    raw = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))


@pytest.fixture
def wiki(place, listener):
    """A client that wants to be told."""
    client = place.clients["wiki"] = replace(WIKI, backchannel_logout=listener.address)
    return client


async def pending(place):
    return await place.house.records.list("oidc/logout/")


async def done(place):
    """Wait until nothing has to be told any more."""
    async with asyncio.timeout(10):
        while await pending(place):  # noqa: ASYNC110 - tasks of the code under test change it
            await asyncio.sleep(0.001)


async def test_a_client_is_told_who_is_signed_out_of_which_session(
    place, browser, wiki, listener, heard, eventually
):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: said(heard))
    (token,) = listener.tokens
    assert claims_of(token, 0)["typ"] == "logout+jwt"
    claims = claims_of(token)
    assert claims.pop("jti")
    now = int(place.house.clock.now())
    assert claims == {
        "iss": place.signing.issuer, "sub": "ada", "aud": "wiki", "sid": session.ref, "iat": now, "exp": now + 120,
        "events": {EVENT: {}},
    }  # fmt: skip
    assert place.signing.verify(token, typ="logout+jwt")
    assert place.signing.verify(token, typ="JWT") is None
    await done(place)
    assert heard(*KINDS) == [
        (events.told, {"user": "ada", "session": session.ref, "client": "wiki", "attempts": 1})
    ]


@pytest.mark.parametrize("ending", ["revoke", "revoke_all", "sign in anew"])
async def test_it_is_told_however_the_session_ended(place, browser, wiki, listener, eventually, ending):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    if ending == "revoke":
        await place.house.sessions.revoke(session.ref)
    elif ending == "revoke_all":
        await place.house.sessions.revoke_all("ada")
    else:
        page = await browser.get("/signin?again=1")
        await browser.submit(page, name="ada", password="correct horse")
    await eventually(lambda: listener.tokens)
    assert claims_of(listener.tokens[0])["sid"] == session.ref


async def test_what_runs_out_is_told_only_where_that_is_wanted(place, browser, wiki, listener, eventually):
    first = await place.sign_in(browser)
    await place.issue(first, wiki)
    place.house.clock.advance(7200)
    await place.house.sessions.tick()
    await asyncio.sleep(0)
    place.telling.settings = replace(place.telling.settings, on_expiry=True)
    second = await place.sign_in(browser)
    await place.issue(second, wiki)
    place.house.clock.advance(7200)
    await place.house.sessions.tick()
    await eventually(lambda: listener.tokens)
    assert [claims_of(each)["sid"] for each in listener.tokens] == [second.ref]


async def test_clients_that_got_nothing_or_want_nothing_are_not_told(
    place, browser, wiki, listener, eventually
):
    quiet = place.clients["quiet"] = replace(WIKI, client_id="quiet")
    session = await place.sign_in(browser)
    await place.issue(session, quiet)
    assert await pending(place) == []
    async with place.house.browser() as other:
        bobs = await place.sign_in(other, "bob")
        await place.issue(bobs, wiki)
        await place.house.flow.sign_out(session)
        await place.telling.tick()
        assert listener.tokens == []
        await place.house.flow.sign_out(bobs)
        await eventually(lambda: listener.tokens)


async def test_a_client_with_several_grants_is_told_once(place, browser, wiki, listener, eventually):
    session = await place.sign_in(browser)
    for _ in range(5):
        await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: listener.tokens)
    await place.telling.tick()
    assert len(listener.tokens) == 1


async def test_two_nodes_tell_once(place, browser, wiki, listener):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    other = await place.second()
    place.house.sessions.ended.connect(other.told)
    await place.house.flow.sign_out(session)
    await asyncio.gather(*(each.tick() for each in (place.telling, other) * 25))
    await done(place)
    assert len(listener.tokens) == 1


async def test_who_does_not_answer_is_told_again_and_then_given_up(
    place, browser, wiki, listener, heard, eventually
):
    listener.statuses[:] = [503]
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: len(said(heard)) == 1)
    for pause in (10, 20):
        await place.telling.tick()
        before = len(listener.tokens)
        place.house.clock.advance(pause - 1)
        await place.telling.tick()
        assert len(listener.tokens) == before
        place.house.clock.advance(1)
        await place.telling.tick()
    assert said(heard) == [events.not_told_yet, events.not_told_yet, events.not_told]
    assert heard(*KINDS)[-1][1] | {"error": ""} == {
        "user": "ada", "session": session.ref, "client": "wiki", "attempts": 3, "status": 503, "error": "",
    }  # fmt: skip
    assert len({claims_of(each)["jti"] for each in listener.tokens}) == 3
    assert await pending(place) == []


async def test_who_refuses_is_not_told_again(place, browser, wiki, listener, heard):
    listener.statuses[:] = [400]
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await done(place)
    assert said(heard) == [events.not_told]


async def test_who_recovers_hears_it_late(place, browser, wiki, listener, heard, eventually):
    listener.statuses[:] = [500, 200]
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: said(heard))
    place.house.clock.advance(10)
    await place.telling.tick()
    assert said(heard) == [events.not_told_yet, events.told]


async def test_an_address_inside_the_network_is_not_asked(place, browser, heard, eventually):
    place.fetcher.apply(replace(place.fetcher._settings, allow=()))
    client = place.clients["wiki"] = replace(WIKI, backchannel_logout="https://169.254.169.254/latest")
    session = await place.sign_in(browser)
    await place.issue(session, client)
    await place.house.flow.sign_out(session)
    await eventually(lambda: said(heard))
    assert said(heard) == [events.not_told_yet]
    assert "169.254" not in heard(*KINDS)[0][1]["error"]


async def test_a_client_that_is_gone_is_not_told(place, browser, wiki, listener):
    listener.statuses[:] = [500]
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    del place.clients["wiki"]
    await place.house.flow.sign_out(session)
    await place.telling.tick()
    assert listener.tokens == []


async def test_signing_out_does_not_wait_for_a_client_that_says_nothing(place, browser, wiki, listener):
    listener.statuses[:] = [None]
    session = await place.sign_in(browser)
    issued = await place.issue(session, wiki)
    answer = await place.get(browser, id_token_hint=issued.id_token)
    assert answer.status_code == 303
    assert await pending(place)


async def test_what_ended_while_nobody_ran_is_told_at_the_next_start(
    place, browser, wiki, listener, eventually
):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    # As after a crash between the end of the session and the hearing of it.
    place.house.sessions.ended._listeners.clear()
    await place.house.sessions.revoke(session.ref)
    assert listener.tokens == []
    other = await place.second()
    # What is this young may be of a session that another node has just made.
    await other.tick()
    assert listener.tokens == []
    place.house.clock.advance(61)
    await other.start()
    await eventually(lambda: listener.tokens)
    assert len(listener.tokens) == 1


async def test_a_node_that_died_while_telling_is_stood_in_for(
    place, browser, wiki, listener, heard, eventually
):
    listener.statuses[:] = [None]
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: listener.peer.requests)
    other = await place.second()
    listener.statuses[:] = [200]
    await other.tick()
    assert len(listener.peer.requests) == 1
    place.house.clock.advance(61)
    await other.tick()
    assert events.told in said(heard)


async def test_a_store_that_is_away_puts_it_off(place, browser, wiki, listener, heard, eventually):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    place.house.records.is_broken = True
    await place.house.sessions.revoke(session.ref)
    await eventually(lambda: said(heard) == [events.not_gathered])
    await place.telling.tick()
    place.house.records.is_broken = False
    place.house.clock.advance(61)
    await place.telling.tick()
    await eventually(lambda: listener.tokens)


async def test_without_a_note_a_client_gets_no_tokens(place, browser, wiki):
    session = await place.sign_in(browser)
    place.house.records.broken_prefix = "oidc/logout"
    issued = await place.issue(session, wiki)
    assert not hasattr(issued, "access_token")
    assert place.tokens.families("ada") == []


async def test_what_cannot_be_read_is_left_alone(place, browser, wiki, listener):
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    for key, _ in await place.house.records.list("oidc/logout/who/"):
        await place.house.records.put(key, b"{")
    await place.house.records.put("oidc/logout/due/x", b"{")
    await place.house.flow.sign_out(session)
    await place.telling.tick()
    assert listener.tokens == []


async def test_who_ends_many_sessions_has_each_looked_at_once(place, wiki, listener, monkeypatch):
    """To look at everything that is due once for each would take the square of the time."""
    looks = []
    tick = place.telling.tick
    monkeypatch.setattr(place.telling, "tick", lambda: looks.append(1) or tick())
    for _ in range(40):
        session = await place.house.sessions.create(
            SessionType.SIGN_ON,
            "ada",
            audience="login.example.test",
            metadata={"method": "password", "amr": "pwd"},
        )
        await place.telling.note(wiki, Basis("wiki", "ada", "openid", new_id(), session.session.ref))
    await place.house.sessions.revoke_all("ada")
    await done(place)
    assert len(listener.tokens) == 40
    assert len({claims_of(token)["sid"] for token in listener.tokens}) == 40
    assert looks == []


async def test_a_client_that_answers_with_a_page_was_told(place, browser, wiki, listener, heard, eventually):
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\nConnection: close\r\n\r\n" + b"x" * 20_000
    listener.peer.answer = lambda _: page
    session = await place.sign_in(browser)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: said(heard))
    assert said(heard) == [events.told]


async def test_who_never_answers_keeps_nobody_waiting(place, browser, wiki, listener, eventually):
    hanging = []

    class Slow:
        async def post(self, url, *rest, **more):
            if "slow" in url:
                hanging.append(url)
                await asyncio.Event().wait()
            return await place.fetcher.post(url, *rest, **more)

    place.telling._fetcher = Slow()
    slow = place.clients["slow"] = replace(wiki, client_id="slow", backchannel_logout="https://slow.example/")
    session = await place.sign_in(browser)
    for number in range(40):
        basis = Basis("slow", "ada", "openid", new_id(), f"{session.ref}-{number}")
        await place.telling.note(slow, basis)
        place.tasks.run(place.telling._end(basis.sign_on_ref, is_wanted=True), name="test")
    await eventually(lambda: hanging)
    await place.issue(session, wiki)
    await place.house.flow.sign_out(session)
    await eventually(lambda: listener.tokens)
    assert len(hanging) < 16
