import asyncio
import html
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from tests.identity.federation.idp import reply
from tests.signin.place import ADA, ADDRESS, ORIGIN

from yett.identity.federation.config import Linking
from yett.net.pages import SIGN_ON_COOKIE
from yett.signin import MFASettings, SignInSettings
from yett.signin.federated import events
from yett.signin.machine import Demand, Standing
from yett.signin.model import Factor, Method, Turned


def names(heard, prefix="signin.federated"):
    return [emitter.__name__ for emitter, _ in heard(prefix)]


async def test_the_page_has_a_button_for_each_provider(place, browser):
    place.house.use(place.provider, place.idp.settings("other", client_id="x", label="Other & Co"))
    page = await browser.get("/signin", params={"next": "/there"})
    assert 'href="/signin/with/acme?next=%2Fthere">Sign in with Acme<' in page.text
    assert "Sign in with Other &amp; Co" in page.text
    place.house.use()
    assert "Sign in with" not in (await browser.get("/signin")).text


async def leave(browser):
    question = await browser.get("/signout")
    response = await browser.submit(question, "/signout")
    return await browser.get(response.headers["location"])


LOGOUT = {"end_session_endpoint": "https://idp.example.test/bye?x=1"}


async def test_who_signs_out_here_is_led_to_sign_out_there(place, browser):
    place.idp.described = LOGOUT
    place.use(sign_out=True)
    await place.link()
    await browser.trip()
    page = await leave(browser)
    assert "You are signed out" in page.text
    href = html.unescape(re.search(r'href="([^"]+)">Sign out of Acme, too<', page.text)[1])
    address, _, query = href.partition("?x=1&")
    assert address == "https://idp.example.test/bye"
    assert dict(parse_qsl(query)) == {
        "client_id": place.provider.client_id, "post_logout_redirect_uri": f"{ORIGIN}/signout",
    }  # fmt: skip


@pytest.mark.parametrize(("wanted", "described"), [(False, LOGOUT), (True, {})])
async def test_where_it_is_not_wanted_or_not_offered_nobody_is_led_there(place, browser, wanted, described):
    place.idp.described = described
    place.use(sign_out=wanted)
    await place.link()
    await browser.trip()
    assert "Acme" not in (await leave(browser)).text


async def test_who_came_in_another_way_is_not_led_to_a_provider(place, browser):
    place.idp.described = LOGOUT
    place.use(sign_out=True)
    await browser.sign_in("ada", "correct horse")
    assert "Acme" not in (await leave(browser)).text


async def test_only_a_provider_of_the_settings_is_led_to(place, browser):
    place.idp.described = LOGOUT
    place.use(sign_out=True)
    await place.link()
    await browser.trip()
    assert "too<" in (await leave(browser)).text
    for made_up in ("other", "https://evil.test/", "../acme", "", "acme&from=acme"):
        page = await browser.get(f"/signout?from={made_up}")
        assert (page.status_code, "too<" in page.text) == (200, False)


@pytest.mark.parametrize(
    "address", ["http://idp.example.test/bye", "javascript:alert(1)", "https://idp.example.test/bye#x", 7]
)
async def test_a_provider_that_signs_out_at_no_address_is_not_used(place, browser, address):
    place.idp.described = {"end_session_endpoint": address}
    place.use(sign_out=True)
    response = await browser.get("/signin/with/acme")
    assert response.status_code == 503


async def test_who_came_in_another_way_chooses_where_to_sign_in_anew(place, browser):
    await browser.sign_in("ada", "correct horse")
    assert place.sessions.live("ada")
    page = await browser.get("/signin", params={"with": "acme", "again": "1"})
    assert (page.status_code, "Sign in with Acme" in page.text) == (200, True)


async def test_a_link_may_lead_past_the_choice(place, browser):
    response = await browser.get("/signin", params={"with": "acme", "next": "/there"})
    assert (response.status_code, response.headers["location"]) == (303, "/signin/with/acme?next=%2Fthere")
    response = await browser.get("/signin", params={"with": "acme", "again": "1"})
    assert response.headers["location"] == "/signin/with/acme?again=1"
    for gone in ("other", "../acme", ""):
        page = await browser.get("/signin", params={"with": gone, "next": "/there"})
        assert (page.status_code, "Sign in with Acme" in page.text) == (200, True)
    await place.link()
    await browser.trip()
    response = await browser.get("/signin", params={"with": "acme", "again": "1"})
    assert response.headers["location"] == "/signin/with/acme?again=1"


async def test_a_provider_that_is_there_for_tokens_only_signs_nobody_in(place, browser):
    await place.link()
    leaving = await browser.leave("/signin/with/acme")
    place.use(sign_in=False)
    assert "Sign in with" not in (await browser.get("/signin")).text
    assert not place.step.ways("/")
    assert not place.step.is_offered
    # Whoever is led there by an application finds the other ways.
    page = await browser.get("/signin", params={"with": "acme", "next": "/there"})
    assert (page.status_code, "Sign in with" in page.text) == (200, False)
    for path in ("/signin/with/acme", browser.answer(leaving)):
        assert (await browser.get(path)).status_code == 404
    assert not place.sessions.live("ada")
    assert not place.idp.count("/token")


async def test_somebody_who_is_linked_is_in(place, browser, heard):
    await place.link()
    response = await browser.trip("/signin/with/acme?next=/there")
    assert (response.status_code, response.headers["location"]) == (303, "/signin/done?next=%2Fthere")
    assert response.cookies[SIGN_ON_COOKIE]
    (session,) = place.sessions.live("ada")
    assert session.metadata["method"] == Method.FEDERATED.value
    assert session.metadata["provider"] == "acme"
    assert names(heard) == ["started", "succeeded"]
    assert "Ada Lovelace" in (await browser.get("/")).text


async def test_who_leaves_again_and_again_has_to_wait(place, browser, clock, heard):
    place.house.use(place.provider, trips_per_minute=3)
    place.step.apply()
    for _ in range(3):
        assert (await browser.get("/signin/with/acme")).status_code == 303
    heard.forget()
    response = await browser.get("/signin/with/acme")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "20")
    assert "Wait a little" in response.text
    assert heard("signin.federated") == [
        (events.too_many, {"provider": "acme", "client_address": ADDRESS, "retry_after": 20.0})
    ]
    # Others are not in their way, and names of nobody count for nothing.
    assert (await browser.get("/signin/with/other")).status_code == 404
    clock.advance(20)
    assert (await browser.get("/signin/with/acme")).status_code == 303


async def test_who_is_in_already_is_not_sent_anywhere(place, browser):
    await place.link()
    await browser.trip()
    response = await browser.get("/signin/with/acme?next=/there")
    assert response.headers["location"] == "/there"


async def test_somebody_who_has_a_second_factor_is_asked_for_it(place, browser):
    await place.link()
    place.factors.table["ada"] = Standing(frozenset({Factor.TOTP}))
    response = await browser.trip()
    assert response.headers["location"].startswith("/signin/factor")
    assert SIGN_ON_COOKIE not in response.cookies


async def test_unless_the_provider_asked_for_one_and_is_trusted(place, browser):
    await place.link()
    place.factors.table["ada"] = Standing(frozenset({Factor.TOTP}))
    place.idp.claims = {"amr": ["pwd", "mfa"]}
    assert (await browser.trip()).headers["location"].startswith("/signin/factor")
    place.use(trust_amr=("mfa",))
    assert (await browser.trip()).headers["location"] == "/"
    assert "fed mfa" in [session.metadata["amr"] for session in place.sessions.live("ada")]


async def test_signing_in_anew_over_there_makes_a_session_fresh(place, browser):
    await place.link()
    await browser.trip()
    url = await browser.leave("/signin/with/acme?again=1")
    assert "prompt=login" in url
    await browser.get(browser.answer(url))
    sessions = [each for each in place.sessions.live("ada") if place.flow.is_fresh(each)]
    assert sessions


async def test_without_having_been_there_it_is_not(place, browser, clock):
    await place.link()
    place.idp.claims = {"auth_time": int(clock.now()) - 7200}
    response = await browser.trip("/signin/with/acme?again=1")
    assert response.status_code == 502


async def test_an_answer_is_good_once(place, browser):
    await place.link()
    answer = browser.answer(await browser.leave())
    responses = await asyncio.gather(*(browser.get(answer) for _ in range(50)))
    assert sorted(each.status_code for each in responses)[:2] == [303, 409]
    assert len(place.sessions.live("ada")) == 1


async def test_an_answer_is_good_in_one_browser(place, browser):
    """Whoever hands their own answer to somebody else does not sign them in."""
    await place.link()
    answer = browser.answer(await browser.leave())
    async with place.browser() as victim:
        await victim.get("/signin")
        response = await victim.get(answer)
        assert response.status_code == 409
        assert SIGN_ON_COOKIE not in response.cookies


@pytest.mark.parametrize(
    "query",
    ["", "?state=x", "?code=a&code=b&state=c&state=d", "?%zz", "?error=access_denied", "?" + "a=b&" * 100],
)
async def test_an_answer_that_nobody_waited_for_leads_back_to_the_beginning(browser, query):
    response = await browser.get(f"/signin/with/acme/callback{query}")
    assert response.status_code == 409
    assert "Begin again" in response.text


async def test_somebody_nobody_knows_is_told_how_to_connect(browser, heard):
    response = await browser.trip()
    assert response.status_code == 403
    assert "/signin?next=%2Fprofile%2Fconnections" in response.text
    assert "ada" not in response.text.split("<main>")[1].lower()
    assert names(heard) == ["started"]


async def test_who_called_it_off_may_try_again(browser):
    response = await browser.trip("/signin/with/acme?next=/there", error="access_denied", code="")
    assert response.status_code == 403
    assert "/signin/with/acme?next=%2Fthere" in response.text


async def test_a_provider_that_is_away_is_told_kindly(place, browser):
    place.use(timeout=timedelta(milliseconds=300))
    place.idp.answers = {"/.well-known/openid-configuration": reply(503)}
    response = await browser.get("/signin/with/acme")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "Sign in another way" in response.text


async def test_a_token_that_is_not_believed_is_told_as_our_own_trouble(place, browser):
    place.idp.claims = {"aud": "somebody else"}
    response = await browser.trip()
    assert response.status_code == 502
    assert "aud" not in response.text.split("<main>")[1].split()


async def test_providers_that_are_not_there_are_not(browser):
    for path in ("/signin/with/nobody", "/signin/with/nobody/callback", "/signin/with/..%2f/callback"):
        assert (await browser.get(path)).status_code == 404


async def test_nobody_is_led_to_another_host(place, browser):
    await place.link()
    for to in ("//evil.example/", "https://evil.example/", "/\\evil.example"):
        response = await browser.trip(f"/signin/with/acme?next={to}")
        assert response.headers["location"] in {"/", "/signin/done"}
        await place.sessions.revoke_all("ada")


async def test_who_is_switched_off_is_turned_away(place, browser):
    await place.link()
    place.local.table["ada"] = replace(ADA, is_disabled=True)
    response = await browser.trip()
    assert response.status_code == 403
    assert not place.sessions.live("ada")


async def test_who_is_asked_for_a_factor_and_has_none_is_turned_away(place, browser, heard):
    await place.link()
    place.flow.apply(
        SignInSettings(),
        MFASettings(federated=Demand.ALWAYS, enrol_after_first_factor=False, email_codes=False),
    )
    response = await browser.trip()
    assert response.status_code == 403
    assert names(heard)[-1] == "turned_away"
    assert heard("signin.federated")[-1][1]["why"] is Turned.NO_FACTOR
    assert len(place.idp.revoked) == 1


async def test_a_session_that_cannot_be_kept_lets_nobody_in(place, browser, heard):
    await place.link()
    place.records.break_("sessions/", "put", "create")
    response = await browser.trip()
    assert response.status_code == 503
    assert events.session_failed in [emitter for emitter, _ in heard("signin.federated")]


async def test_somebody_who_is_linked_by_address_is_in_at_once(place, browser):
    place.use(link_by=Linking.EMAIL)
    place.idp.claims = {"email": "ADA@example.test", "email_verified": True}
    assert (await browser.trip()).headers["location"] == "/"
    assert place.sessions.live("ada")
