"""A sign-in step by step: what is decided, what is said, what is kept."""

import pytest
from tests.signin.conftest import ADDRESS

from yett.authn.password import Accepted
from yett.sessions import Issued, SessionType
from yett.signin import events
from yett.signin.memory import Memory
from yett.signin.model import Turned, TurnedAway, Visit, Visitor
from yett.signin.service import Flow

HOST = "login.example.test"
VISITOR = Visitor(ADDRESS, "Testfox/1.0")


@pytest.fixture
def flow(place):
    return Flow(place.words, place.sessions, place.people, Memory(place.data), HOST)


async def test_the_right_password_makes_a_sign_on_session(flow, heard):
    issued = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)

    assert isinstance(issued, Issued)
    session = issued.session
    assert (session.type, session.module_key, session.audience) == (SessionType.SIGN_ON, "ada", HOST)
    assert dict(session.metadata) == {
        "method": "password",
        "amr": "pwd",
        "client_address": ADDRESS,
        "user_agent": "Testfox/1.0",
    }
    assert heard("signin") == [
        (events.completed, {"user": "ada", "method": "password"}),
        (
            events.signed_in,
            {"user": "ada", "method": "password", "session": session.ref, "client_address": ADDRESS},
        ),
    ]
    assert (await flow.current(issued.token))[0].ref == session.ref


async def test_a_wrong_password_makes_none_and_the_method_has_said_so(flow, place, heard):
    assert await flow.sign_in("ada", "battery", VISITOR, earlier=None) == TurnedAway(Turned.WRONG)
    assert heard("signin") == []
    assert place.sessions.live("ada") == []


async def test_somebody_disabled_is_turned_away_with_the_right_password_too(flow, place, heard, disabled_ada):
    place.people.table["ada"] = disabled_ada

    assert await flow.sign_in("ada", "correct horse", VISITOR, earlier=None) == TurnedAway(Turned.WRONG)
    assert heard("signin") == [(events.account_disabled, {"user": "ada", "client_address": ADDRESS})]


async def test_somebody_whom_the_directory_does_not_know_is_turned_away(flow, place, heard):
    place.words.verdict = Accepted("eve")

    assert await flow.sign_in("eve", "x", VISITOR, earlier=None) == TurnedAway(Turned.WRONG)
    assert heard("signin") == [(events.person_gone, {"user": "eve", "client_address": ADDRESS})]


async def test_without_a_session_nobody_is_signed_in(flow, place, heard):
    place.records.is_broken = True

    assert await flow.sign_in("ada", "correct horse", VISITOR, earlier=None) == TurnedAway(Turned.UNAVAILABLE)
    said = [emitter for emitter, _ in heard("signin")]
    assert said == [events.completed, events.session_failed]


async def test_a_sign_in_is_remembered_when_its_session_is_gone(flow, clock):
    first = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)
    assert await flow.before(first.session) is None
    await flow.sign_out(first.session)
    clock.advance(60)

    second = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)

    assert await flow.before(second.session) == Visit(first.session.ref, clock.now() - 60, ADDRESS)


async def test_a_sign_in_that_was_turned_away_is_not_remembered(flow, place):
    await flow.sign_in("ada", "battery", VISITOR, earlier=None)

    assert not await place.data.exists("signin", "ada")


async def test_a_new_sign_in_ends_the_one_before_in_the_same_browser(flow):
    first = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)
    second = await flow.sign_in("ada", "correct horse", VISITOR, earlier=first.session)

    assert second.token != first.token
    assert await flow.current(first.token) is None
    assert await flow.current(second.token) is not None


async def test_a_sign_in_that_fails_leaves_the_one_before(flow, place):
    first = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)
    place.records.is_broken = True

    assert isinstance(await flow.sign_in("ada", "correct horse", VISITOR, earlier=first.session), TurnedAway)
    assert await flow.current(first.token) is not None


async def test_a_session_of_somebody_who_is_gone_or_disabled_is_nobodys(flow, place, disabled_ada):
    issued = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)

    place.people.table["ada"] = disabled_ada
    assert await flow.current(issued.token) is None
    del place.people.table["ada"]
    assert await flow.current(issued.token) is None


async def test_only_a_sign_on_session_signs_on(flow, place):
    other = await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)

    assert await flow.current(other.token) is None
    assert await flow.current("") is None
    assert await flow.current("no token") is None


async def test_signing_out_ends_what_hangs_on_the_sign_on(flow, place, heard):
    issued = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)
    ref = issued.session.ref
    await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience="wiki.example.test", parent=ref)
    heard.forget()

    await flow.sign_out(issued.session)

    assert place.sessions.live("ada") == []
    assert heard("signin") == [(events.signed_out, {"user": "ada", "session": ref})]


async def test_signing_out_works_while_the_store_does_not(flow, place):
    issued = await flow.sign_in("ada", "correct horse", VISITOR, earlier=None)
    place.records.is_broken = True

    await flow.sign_out(issued.session)

    assert await flow.current(issued.token) is None
    place.records.is_broken = False
