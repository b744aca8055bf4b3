"""The question whether an application may know somebody."""

import asyncio
import html
import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.oidc.conftest import HOUSE, ISSUER, SHOP, SHOP_CALLBACK, SHOPPING, answer
from tests.signin.conftest import ADA

from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc import Grant
from yett.oidc.clients import Client, Consent, Kind
from yett.oidc.consent import events

APP_AT = "http://127.0.0.1:5000/callback"


async def test_a_person_is_asked_says_yes_and_is_not_asked_again(place, heard):
    issued = await place.sign_on()
    page = await place.shop()
    assert page.status_code == 200
    assert "The Shop" in page.text
    assert "Know your mail address" in page.text
    assert "shop.example.net" in page.text
    assert "groups" not in page.text

    given = answer(await place.decide(page, "allow"), SHOP_CALLBACK)

    assert given["state"] == SHOPPING["state"]
    assert heard("oidc.consent") == [
        (
            events.given,
            {
                "user": "ada",
                "client": "shop",
                "session": issued.session.ref,
                "scopes": ("openid", "email"),
            },
        )
    ]
    grant = await place.redeem(given["code"], client_id="shop", redirect_uri=SHOP_CALLBACK)
    assert isinstance(grant, Grant)
    assert grant.scope == "openid email"
    assert "code" in answer(await place.shop(), SHOP_CALLBACK)
    assert "code" in answer(await place.shop(scope="openid"), SHOP_CALLBACK)
    # It wants more now.
    assert "Know which groups" in (await place.shop(scope="openid email groups")).text


async def test_a_no_is_told_to_the_client_and_not_remembered(place, heard):
    await place.sign_on()
    given = answer(await place.decide(await place.shop(), "deny"), SHOP_CALLBACK)
    assert (given["error"], given["state"], given["iss"]) == ("access_denied", SHOPPING["state"], ISSUER)
    assert [event for event, _ in heard("oidc.consent")] == [events.denied]
    assert (await place.shop()).status_code == 200


async def test_a_silent_request_is_answered_without_the_question(place):
    await place.sign_on()
    assert answer(await place.shop(prompt="none"), SHOP_CALLBACK)["error"] == "consent_required"


async def test_the_question_is_asked_again_when_the_client_wants_that(place):
    await place.sign_on()
    await place.decide(await place.shop(), "allow")
    page = await place.shop(prompt="consent")
    assert page.status_code == 200
    assert "code" in answer(await place.decide(page, "allow"), SHOP_CALLBACK)


async def test_the_demand_for_the_question_survives_the_sign_in(place):
    response = await place.shop(client_id="house", prompt="login consent")
    to = parse_qs(urlsplit(response.headers["location"]).query)["next"][0]
    await place.sign_on()
    page = await place.browser.get(to)
    assert page.status_code == 200
    assert "code" in answer(await place.decide(page, "allow"), SHOP_CALLBACK)


async def test_somebody_who_signs_in_first_is_asked_then(place):
    response = await place.shop()
    to = parse_qs(urlsplit(response.headers["location"]).query)["next"][0]
    await place.sign_on()
    page = await place.browser.get(to)
    assert "code" in answer(await place.decide(page, "allow"), SHOP_CALLBACK)


async def test_an_answer_in_a_form_stays_one(place):
    await place.sign_on()
    page = await place.shop(response_mode="form_post")
    posted = await place.decide(page, "allow")
    assert f'action="{SHOP_CALLBACK}"' in posted.text
    assert 'name="code"' in posted.text


async def test_of_a_program_on_a_machine_people_are_asked_each_time(place):
    await place.sign_on()
    asked = {"client_id": "app", "redirect_uri": APP_AT, "scope": "openid"}
    for _ in range(2):
        page = await place.shop(**asked)
        assert "a program on your own machine" in page.text
        assert "code" in answer(await place.decide(page, "allow"), APP_AT)
    own = {**asked, "redirect_uri": "com.example.app:/callback"}
    page = await place.shop(**own)
    assert "com.example.app" in page.text
    assert "code" in answer(await place.decide(page, "allow"), own["redirect_uri"])


async def test_of_a_client_that_registered_itself_people_are_warned(place):
    await place.sign_on()
    stranger = Client(
        "dc-1",
        frozenset({SHOP_CALLBACK}),
        frozenset({"openid"}),
        kind=Kind.REGISTERED,
        name="<b>Your Bank\u202e",
    )
    place.provider.clients.find_with(lambda client_id: stranger if client_id == "dc-1" else None)
    page = await place.shop(client_id="dc-1", scope="openid")
    assert "registered itself" in page.text
    assert "<b>Your" not in page.text
    assert "<bdi>" in page.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_another_site_decides_nothing(place, heard, headers):
    await place.sign_on()
    page = await place.decide(await place.shop(), "allow", **headers)
    assert page.status_code == 403
    assert heard("oidc.consent") == []
    assert (await place.shop()).status_code == 200


async def test_a_form_is_of_the_session_it_was_given_to(place):
    await place.sign_on()
    page = await place.shop()
    place.people.table["bob"] = replace(ADA, name="bob")
    await place.sign_on("bob")
    assert (await place.decide(page, "allow")).status_code == 403
    place.browser.cookies.delete(SIGN_ON_COOKIE)
    assert (await place.decide(page, "allow")).status_code == 403


async def test_a_form_that_was_open_for_too_long_is_not_believed(place):
    await place.sign_on()
    page = await place.shop()
    place.clock.advance(1801)
    assert (await place.decide(page, "allow")).status_code in {403, 422}


@pytest.mark.parametrize("decision", ["", "ALLOW", "yes"])
async def test_what_is_no_decision_decides_nothing(place, decision):
    await place.sign_on()
    assert (await place.decide(await place.shop(), decision)).status_code == 400


@pytest.mark.parametrize("body", [b"", b"form=x", b"form=%zz", b"form=a&form=b"])
async def test_what_is_no_form_of_ours_decides_nothing(place, body):
    await place.sign_on()
    response = await place.browser.post(
        "/oidc/consent", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code in {400, 403}


async def test_everything_is_decided_anew_when_the_answer_comes(place):
    await place.sign_on()
    page = await place.shop()
    place.use(replace(SHOP, groups=("bakers",)))
    assert answer(await place.decide(page, "allow"), SHOP_CALLBACK)["error"] == "access_denied"
    place.use(replace(SHOP, redirect_uris=("https://shop.example.net/new",)))
    assert (await place.decide(page, "allow")).status_code == 400
    place.use(HOUSE)
    assert (await place.decide(page, "allow")).status_code == 400


async def test_somebody_disabled_meanwhile_allows_nothing(place):
    await place.sign_on()
    page = await place.shop()
    place.people.table["ada"] = replace(ADA, is_disabled=True)
    assert (await place.decide(page, "allow")).status_code == 403


async def test_a_yes_counts_once_for_each_time_it_is_sent_and_codes_stay_single(place):
    """A page that is sent twice makes two codes, each good once: the person did say yes."""
    await place.sign_on()
    page = await place.shop()
    pages = await asyncio.gather(*(place.decide(page, "allow") for _ in range(3)))
    codes = {answer(each, SHOP_CALLBACK)["code"] for each in pages}
    assert len(codes) == 3


async def test_a_yes_that_cannot_be_kept_does_not_count(place, heard):
    await place.sign_on()
    page = await place.shop()
    place.records.broken_prefix = "module"
    sent = await place.decide(page, "allow")
    place.records.broken_prefix = ""
    assert answer(sent, SHOP_CALLBACK)["error"] == "temporarily_unavailable"
    assert events.given not in [event for event, _ in heard("oidc.consent")]


async def test_nobody_allows_more_than_they_were_shown(place):
    await place.sign_on()
    claims = json.dumps({"userinfo": {"groups": None}})
    place.use(replace(SHOP, scopes=("openid", "email")))
    page = await place.shop(claims=claims)
    assert "Know which groups" not in page.text
    place.use(SHOP)
    again = await place.decide(page, "allow")
    assert "Know which groups you are in" in again.text
    assert "code" in answer(await place.decide(again, "allow"), SHOP_CALLBACK)


async def test_claims_are_named_by_the_scopes_that_stand_for_them(place):
    await place.sign_on()
    page = await place.shop(scope="openid", claims=json.dumps({"userinfo": {"groups": None}}))
    assert "Know which groups you are in" in page.text
    await place.decide(page, "allow")
    assert "code" in answer(await place.shop(scope="openid"), SHOP_CALLBACK)
    again = await place.shop(scope="openid", claims=json.dumps({"userinfo": {"email": None}}))
    assert again.status_code == 200


async def test_where_people_are_always_asked_nothing_is_ever_covered(place):
    await place.sign_on()
    place.use(replace(SHOP, consent=Consent.ALWAYS))
    for _ in range(2):
        page = await place.shop()
        assert "code" in answer(await place.decide(page, "allow"), SHOP_CALLBACK)


async def test_the_longest_request_fits_into_the_form(place):
    await place.sign_on()
    page = await place.shop(state="x" * 4000)
    assert "code" in answer(await place.decide(page, "allow"), SHOP_CALLBACK)


async def test_the_page_works_by_keyboard_and_runs_nothing(place):
    await place.sign_on()
    page = await place.shop()
    assert "script" not in page.headers["content-security-policy"]
    assert "<script" not in page.text
    buttons = re.findall(r'<button class="[^"]+" type="submit" name="decision" value="(\w+)">', page.text)
    assert buttons == ["allow", "deny"]
    again = html.unescape(re.search(r'href="(/signin\?[^"]+)"', page.text)[1])
    assert parse_qs(urlsplit(again).query)["again"] == ["1"]
