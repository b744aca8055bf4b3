from yett.signin.model import Visitor
from yett.signin.profile import events
from yett.signin.profile.sessions import OwnSessions

VISITOR = Visitor("192.0.2.9", "")


async def test_people_end_one_of_their_sessions(home, heard):
    this, other = await home.owner(), await home.owner()
    sessions = OwnSessions(home.house.sessions)
    assert [each.is_this for each in sessions.shown(this)] == [True, False]
    assert await sessions.end(this, other.session.ref)
    assert [each.ref for each in sessions.shown(this)] == [this.session.ref]
    assert heard("profile") == [(events.session_ended, {"user": "ada", "session": other.session.ref})]
    assert not await sessions.end(this, other.session.ref)


async def test_nobody_ends_the_sessions_of_others(home):
    ada, eve = await home.owner(), await home.owner("eve")
    assert not await OwnSessions(home.house.sessions).end(ada, eve.session.ref)
    assert home.house.sessions.live("eve")


async def test_a_half_finished_sign_in_is_no_session_to_end(home):
    ada = await home.owner()
    issued = await home.house.flow.expired_password("ada", VISITOR)
    assert not await OwnSessions(home.house.sessions).end(ada, issued.issued.session.ref)


async def test_people_end_all_others_half_finished_ones_too(home, heard):
    this, _, _ = await home.owner(), await home.owner(), await home.owner("eve")
    await home.house.flow.expired_password("ada", VISITOR)
    sessions = OwnSessions(home.house.sessions)
    # Two sign-ons and their notes of freshness, less this one and its own; and the half-finished one.
    assert await sessions.end_others(this) == 2
    assert [each.ref for each in sessions.shown(this)] == [this.session.ref]
    assert home.house.flow.is_fresh(this.session)
    assert home.house.sessions.live("eve")
    assert heard("profile") == [(events.others_ended, {"user": "ada", "sessions": 2})]


async def test_people_sign_out_everywhere(home, heard):
    this = await home.owner()
    await home.owner()
    assert await OwnSessions(home.house.sessions).end_all(this) > 1
    assert home.house.sessions.live("ada") == []
    assert heard("profile")[0][0] is events.all_ended
