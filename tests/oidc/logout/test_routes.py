import re

import pytest
from tests.oidc.logout.conftest import BYE, STRANGER
from tests.tampering import altered

from yett.oidc.logout import events
from yett.oidc.logout.model import Wrong
from yett.signin import events as signin_events

GONE = "/signout"


async def is_in(place, browser):
    return await place.session(browser) is not None


async def test_a_client_signs_its_person_out_and_gets_them_back(place, browser, heard):
    session = await place.sign_in(browser)
    issued = await place.issue(session)
    answer = await place.get(
        browser, id_token_hint=issued.id_token, post_logout_redirect_uri=BYE, state="a b&c"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{BYE}&state=a+b%26c"
    assert "__Host-yett-sso" not in browser.cookies
    assert place.house.sessions.live("ada") == []
    assert await place.tokens.look(issued.access_token) is None
    assert heard("oidc.logout") == [
        (events.completed, {"user": "ada", "session": session.ref, "client": "wiki", "tokens": 1})
    ]
    assert heard("signin.signout")[0][0] is signin_events.signed_out


async def test_without_an_address_there_is_a_page_of_ours(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    answer = await place.get(browser, id_token_hint=issued.id_token)
    assert answer.headers["location"] == GONE
    assert "You are signed out" in (await browser.get(GONE)).text


async def test_an_id_token_that_is_over_will_do(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    place.house.clock.advance(1200)
    await browser.get("/")
    answer = await place.get(browser, id_token_hint=issued.id_token, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not await is_in(place, browser)


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_a_changed_id_token_signs_nobody_out(place, browser, part):
    issued = await place.issue(await place.sign_in(browser))
    parts = issued.id_token.split(".")
    parts[part] = altered(parts[part])
    answer = await place.get(browser, id_token_hint=".".join(parts))
    assert "Sign out?" in answer.text
    assert await is_in(place, browser)


async def test_tokens_of_other_kinds_are_no_hints(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    for hint in (issued.access_token, issued.refresh_token):
        assert "Sign out?" in (await place.get(browser, id_token_hint=hint)).text
    assert await is_in(place, browser)


async def test_whoever_shows_nothing_has_to_have_the_person_asked(place, browser, heard):
    await place.sign_in(browser)
    page = await place.get(browser, client_id="wiki", post_logout_redirect_uri=BYE, state="s")
    assert page.status_code == 200
    assert "The Wiki" in page.text
    assert await is_in(place, browser)
    assert heard("oidc.logout") == [(events.asked, {"user": "ada", "client": "wiki"})]
    done = await place.confirm(browser, page)
    assert done.status_code == 200
    assert f'content="0; url={BYE}&amp;state=s"' in done.text
    assert not await is_in(place, browser)


async def test_nobody_is_asked_in_the_name_of_an_unknown_client(place, browser):
    await place.sign_in(browser)
    page = await place.get(browser, client_id="<b>unknown</b>")
    assert "Sign out?" in page.text
    assert "unknown" not in page.text
    assert (await place.confirm(browser, page)).headers["location"] == GONE


async def test_the_hint_of_an_earlier_session_or_of_somebody_else_asks(place, browser):
    async with place.house.browser() as other:
        bobs = await place.issue(await place.sign_in(other, "bob"))
    session = await place.sign_in(browser)
    earlier = await place.issue(session)
    await place.house.flow.sign_out(session)
    await place.sign_in(browser)
    for hint in (bobs.id_token, earlier.id_token):
        assert "Sign out?" in (await place.get(browser, id_token_hint=hint)).text
        assert await is_in(place, browser)
    assert place.house.sessions.live("bob")


async def test_a_form_of_another_site_is_asked_again_with_our_cookies(place, browser):
    session = await place.sign_in(browser)
    issued = await place.issue(session)
    form = {"id_token_hint": issued.id_token, "post_logout_redirect_uri": BYE, "state": "s"}
    async with place.house.browser() as elsewhere:
        answer = await elsewhere.post(
            "/oidc/logout",
            data=form,
            headers={"Origin": "https://wiki.example.org", "Sec-Fetch-Site": "cross-site"},
        )
    assert answer.status_code == 303
    onward = answer.headers["location"]
    assert issued.id_token not in onward
    assert await is_in(place, browser)
    assert (await browser.get(onward)).headers["location"] == f"{BYE}&state=s"
    assert not await is_in(place, browser)


async def test_what_was_sealed_for_the_way_is_good_for_minutes_and_for_nothing_else(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    answer = await browser.post("/oidc/logout", data={"id_token_hint": issued.id_token})
    onward = answer.headers["location"]
    for changed in (altered(onward), "/oidc/logout?request=x", onward + "&request=x"):
        found = await browser.get(changed)
        assert found.status_code == 400 or "Sign out?" in found.text
    place.house.clock.advance(301)
    assert (await browser.get(onward)).status_code == 400
    assert await is_in(place, browser)


async def test_a_question_is_answered_by_whom_it_was_asked(place, browser):
    await place.sign_in(browser)
    page = await place.get(browser)
    async with place.house.browser() as other:
        await place.sign_in(other, "bob")
        assert (await place.confirm(other, page)).status_code == 403
        assert place.house.sessions.live("bob")
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await place.confirm(browser, page, **headers)).status_code == 403
    assert (await browser.post("/oidc/logout/confirm", data={"form": "x"})).status_code == 403
    assert await is_in(place, browser)
    assert (await place.confirm(browser, page)).headers["location"] == GONE
    # A second click of the same button.
    assert (await place.confirm(browser, page)).headers["location"] == GONE


async def test_an_address_that_is_not_registered_is_told_and_goes_nowhere(place, browser, heard):
    issued = await place.issue(await place.sign_in(browser))
    answer = await place.get(
        browser, id_token_hint=issued.id_token, post_logout_redirect_uri="https://evil.example/"
    )
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "evil" not in answer.text
    assert 'href="/signout"' in answer.text
    assert await is_in(place, browser)
    assert heard("oidc.logout") == [(events.refused, {"client": "wiki", "reason": Wrong.REDIRECT_URI})]


async def test_another_client_than_the_hints_is_refused(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    answer = await place.get(browser, id_token_hint=issued.id_token, client_id="dc-stranger")
    assert answer.status_code == 400
    assert await is_in(place, browser)


async def test_looking_at_the_head_signs_nobody_out(place, browser):
    issued = await place.issue(await place.sign_in(browser))
    answer = await browser.head("/oidc/logout", params={"id_token_hint": issued.id_token})
    assert answer.status_code == 405
    assert await is_in(place, browser)


async def test_where_nobody_is_signed_in_only_a_known_client_gets_them_at_once(place, browser):
    async with place.house.browser() as elsewhere:
        hint = (await place.issue(await place.sign_in(elsewhere))).id_token
    answer = await place.get(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    # The session in the other browser is not this one's to end.
    assert place.house.sessions.live("ada")
    page = await place.get(browser, client_id="wiki", post_logout_redirect_uri=BYE)
    assert page.status_code == 200
    assert "http-equiv" not in page.text
    assert f'href="{BYE}"' in page.text


async def test_a_client_that_registered_itself_gets_nobody_unseen(place, browser):
    issued = await place.issue(await place.sign_in(browser), STRANGER)
    page = await place.get(browser, id_token_hint=issued.id_token, post_logout_redirect_uri=BYE)
    assert page.status_code == 200
    assert "http-equiv" not in page.text
    assert re.search(r"leads to another site: <code>https://wiki\.example\.org", page.text)
    assert not await is_in(place, browser)


async def test_offline_grants_outlive_the_session(place, browser, heard):
    session = await place.sign_in(browser)
    offline = await place.issue(session, scope="openid offline_access")
    issued = await place.issue(session)
    await place.get(browser, id_token_hint=issued.id_token)
    assert await place.tokens.look_at_refresh(issued.refresh_token) is None
    assert await place.tokens.look_at_refresh(offline.refresh_token)
    assert heard("oidc.logout")[0][1]["tokens"] == 1


async def test_a_form_that_is_too_much_or_none_is_told(browser):
    assert (await browser.post("/oidc/logout", data={"state": "x" * 40_000})).status_code == 413
    assert (await browser.post("/oidc/logout", json={})).status_code == 415
    assert (await browser.post("/oidc/logout", data={"state": "\n"})).status_code == 400
