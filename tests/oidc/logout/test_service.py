from tests.oidc.logout.conftest import BYE

from yett.oidc.logout import Logout, events
from yett.oidc.logout.model import Wanted


async def test_signing_out_ends_the_session_what_hangs_on_it_and_its_tokens(place, browser, heard):
    session = await place.sign_in(browser)
    issued = [await place.issue(session) for _ in range(2)]
    logout = Logout(place.house.flow, place.tokens, place.clients)
    await logout.end(session, Wanted("wiki", BYE))
    assert [await place.tokens.look(each.access_token) for each in issued] == [None, None]
    assert await logout.current(browser.cookies["__Host-yett-sso"]) is None
    assert heard("oidc.logout")[-1] == (
        events.completed,
        {"user": "ada", "session": session.ref, "client": "wiki", "tokens": 2},
    )


async def test_without_a_client_nobody_is_named(place, browser, heard):
    await Logout(place.house.flow, place.tokens, place.clients).end(await place.sign_in(browser), Wanted())
    assert heard("oidc.logout")[-1][1]["client"] == ""
