"""Who is sent to sign in anew, and that nothing but a fresh sign-in helps."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from tests.proxy.conftest import DOCS, NAVIGATION, SIGN_IN, WIKI, mapping, query_of, session_of

from yett.net.http import Answer, Forward
from yett.oidc.rules import read_request
from yett.proxy import events
from yett.proxy.config import ReauthSettings
from yett.sessions import SessionType

ADMIN = f"https://{WIKI}/admin"


def rule(path="", minutes=5, **more):
    return ReauthSettings(path=path, max_age=timedelta(minutes=minutes), **more)


@pytest.fixture
async def place(make_place):
    return await make_place(
        mapping=(mapping(groups=("wiki",), reauth=(rule("/admin"), rule("/pay", methods=("POST",)))),)
    )


async def test_a_mapping_may_send_people_to_another_provider_at_once(make_place, heard):
    place = await make_place(mapping=(mapping(sign_in_with="acme"), mapping(app="Docs", host=DOCS)))
    browser = place.browser()
    assert query_of((await browser.get(f"https://{WIKI}/page"))["location"])["idp_hint"] == "acme"
    assert heard("proxy.oidc") == [
        (events.redirecting_outside, {"app": "Wiki", "host": WIKI, "provider": "acme"})
    ]
    assert "idp_hint" not in query_of((await browser.get(f"https://{DOCS}/page"))["location"])


async def test_a_recent_sign_in_is_enough_and_an_old_one_is_not(place, browser, heard):
    await browser.sign_in()
    assert (await browser.get(f"{ADMIN}/x")).text == "from the application"

    place.clock.advance(301)
    heard.forget()
    reply = await browser.get(f"{ADMIN}/x?y=1")

    assert reply.status == 303
    assert query_of(reply["location"])["max_age"] == "300"
    assert heard("proxy.reauth") == [
        (
            events.reauthentication_required,
            {
                "user": "ada",
                "app": "Wiki",
                "host": WIKI,
                "path": "/admin/x",
                "max_age": 300.0,
                "age": pytest.approx(301, abs=0.01),
            },
        )
    ]
    assert (await browser.get(f"https://{WIKI}/page")).text == "from the application"


async def test_only_a_fresh_sign_in_leads_back(place, browser):
    await browser.sign_in()
    place.clock.advance(301)
    departure = (await browser.get(f"{ADMIN}/x"))["location"]

    # The provider wants the password though there is a sign-on session.
    reply = await browser.get(departure)
    assert reply["location"].startswith("/signin?")
    assert "again=1" in reply["location"]

    await browser.sign_on()
    query = query_of(departure)
    del query["max_age"]
    _, reply = await browser.follow(f"https://{SIGN_IN}/oidc/authorize?{urlencode(query)}")
    assert reply.text == "from the application"


async def test_whoever_takes_the_demand_out_of_the_address_is_asked_again(place, browser):
    await browser.sign_in()
    place.clock.advance(301)
    query = query_of((await browser.get(f"{ADMIN}/x"))["location"])
    del query["max_age"]

    way = f"https://{SIGN_IN}/oidc/authorize?{urlencode(query)}"
    callback = (await browser.get(way))["location"]
    back = await browser.get(callback)
    assert back["location"] == f"{ADMIN}/x"
    assert (await browser.get(back["location"])).status == 303


async def test_a_session_made_from_an_old_sign_on_is_as_old_as_that(place, browser):
    await browser.sign_on()
    place.clock.advance(301)
    _, reply = await browser.follow(f"https://{WIKI}/page")
    assert reply.text == "from the application"
    assert (await browser.get(f"{ADMIN}/x")).status == 303


async def test_a_sign_in_that_was_renewed_elsewhere_is_recent_here_too(place, browser):
    await browser.sign_in()
    place.clock.advance(301)
    await browser.sign_on()
    _, reply = await browser.follow(f"{ADMIN}/x")
    assert reply.text == "from the application"


async def test_a_session_that_does_not_say_when_its_person_signed_in_is_not_recent(place, ask):
    bare = await session_of(place, "ada")
    assert isinstance((await ask("/page", token=bare.token))[0], Forward)
    decision, _ = await ask("/admin", token=bare.token, headers=NAVIGATION)
    assert decision.status == 303


async def test_a_script_is_told_in_words_of_its_own(place, ask):
    bare = await session_of(place, "ada")
    decision, _ = await ask("/admin", token=bare.token, headers={"Accept": "application/json"})
    assert isinstance(decision, Answer)
    assert (decision.status, decision.body) == (
        401,
        b'{"error":"insufficient_user_authentication","max_age":300}\n',
    )
    assert b'error="insufficient_user_authentication", max_age="300"' in decision.headers


async def test_a_form_is_not_lost_to_a_redirect(place, browser):
    await browser.sign_in()
    assert (await browser.send("POST", f"https://{WIKI}/pay", NAVIGATION)).text == "from the application"
    place.clock.advance(301)
    assert (await browser.get(f"https://{WIKI}/pay")).text == "from the application"

    reply = await browser.send("POST", f"https://{WIKI}/pay", NAVIGATION)

    assert reply.status == 401
    link = re.search(r'href="(https://[^"]*max_age=300[^"]*)"', reply.text)[1].replace("&amp;", "&")
    found = read_request(tuple(query_of(link).items()), place.provider.clients)
    assert found.max_age == 300
    assert any(cookie.startswith("__Host-yett-login=") for cookie in reply.all("set-cookie"))


@pytest.mark.usefixtures("full_disk")
async def test_an_audit_record_that_cannot_be_written_stops_the_trip(place, ask):
    bare = await session_of(place, "ada")
    decision, _ = await ask("/admin", token=bare.token, headers=NAVIGATION)
    assert decision.status == 503


async def test_access_comes_before_freshness(place, ask, heard):
    bob = await session_of(place, "bob")
    assert (await ask("/admin", token=bob.token, headers=NAVIGATION))[0].status == 403
    assert not heard("proxy.reauth")


async def test_the_session_keeps_when_its_person_signed_in(place, browser):
    issued = await browser.sign_on()
    place.clock.advance(100)
    _, reply = await browser.follow(f"https://{WIKI}/page")
    assert reply.text == "from the application"
    (made,) = [each for each in place.sessions.live() if each.type is SessionType.AUTHENTICATED]
    assert float(made.metadata["auth_time"]) == pytest.approx(issued.session.created_at, abs=0.01)
