import pytest
from tests.signin.federated.conftest import EVE
from tests.signin.place import ADA

from yett.identity.federation import Identity
from yett.signin.federated import events

PAGE = "/profile/connections"


async def links(place, user="ada"):
    return [each.subject for each in await place.joining.links.of(user)]


async def test_an_account_is_shown_and_confirmed_before_it_counts(place, browser):
    place.idp.claims = {"email": "ada@there.test", "email_verified": True, "name": "Ada There"}
    await browser.sign_in_anew()
    assert "None is connected yet" in (await browser.get(PAGE)).text

    page = await browser.trip(f"{PAGE}/with/acme")
    assert page.status_code == 200
    assert "ada@there.test" in page.text
    assert await links(place) == []

    done = await browser.press(page, f"{PAGE}/confirm")
    assert done.headers["location"] == f"{PAGE}?done=connected"
    assert await links(place) == ["ada-at-idp"]
    assert "ada@there.test" in (await browser.get(done.headers["location"])).text
    async with place.browser() as other:
        assert (await other.trip()).headers["location"] == "/"


async def test_an_account_at_a_provider_that_signs_nobody_in_is_not_connected(place, browser):
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    place.use(sign_in=False)
    assert (await browser.press(page, f"{PAGE}/confirm")).headers["location"] == PAGE
    assert f"{PAGE}/with/acme" not in (await browser.get(PAGE)).text
    assert (await browser.get(f"{PAGE}/with/acme")).status_code == 404
    assert await links(place) == []


async def test_it_takes_a_sign_in_that_was_asked_for_anew(browser):
    await browser.sign_in()
    response = await browser.get(f"{PAGE}/with/acme")
    assert response.headers["location"] == "/signin?next=%2Fprofile%2Fconnections%2Fwith%2Facme&again=1"


async def test_also_when_the_browser_comes_back(place, browser, clock):
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    clock.advance(400)
    response = await browser.press(page, f"{PAGE}/confirm")
    assert "again=1" in response.headers["location"]
    assert await links(place) == []


async def test_somebody_who_is_not_signed_in_is_asked_to(browser):
    assert (await browser.get(PAGE)).headers["location"].startswith("/signin")
    assert (await browser.get(f"{PAGE}/with/acme")).headers["location"].startswith("/signin")
    assert (await browser.post(f"{PAGE}/confirm")).headers["location"].startswith("/signin")
    assert (await browser.post(PAGE)).headers["location"].startswith("/signin")


async def test_what_comes_back_is_for_the_session_that_left(place, browser):
    await browser.sign_in_anew()
    answer = browser.answer(await browser.leave(f"{PAGE}/with/acme"))
    await browser.sign_in_anew("eve", "apple")
    response = await browser.get(answer)
    assert response.status_code == 409
    assert await links(place) == await links(place, "eve") == []


async def test_whoever_signed_out_meanwhile_connects_nothing(place, browser):
    await browser.sign_in_anew()
    answer = browser.answer(await browser.leave(f"{PAGE}/with/acme"))
    await place.sessions.revoke_all("ada")
    assert (await browser.get(answer)).headers["location"].startswith("/signin")


async def test_an_account_of_somebody_else_here_is_not_taken(place, browser, heard):
    await place.link(EVE)
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    response = await browser.press(page, f"{PAGE}/confirm")
    assert response.status_code == 409
    assert await links(place, "eve") == ["ada-at-idp"]
    assert events.not_linked in [emitter for emitter, _ in heard("signin.federated")]


async def test_one_of_somebody_who_is_gone_is(place, browser):
    await place.link(EVE)
    del place.local.table["eve"]
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    assert (await browser.press(page, f"{PAGE}/confirm")).headers["location"].endswith("connected")


async def test_a_form_of_another_session_or_none_connects_nothing(place, browser):
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    async with place.browser() as mallory:
        await mallory.sign_in_anew("eve", "apple")
        assert (await mallory.press(page, f"{PAGE}/confirm")).status_code == 403
        assert (await mallory.post(f"{PAGE}/confirm", data={"form": "x"})).status_code == 403
    response = await browser.post(
        f"{PAGE}/confirm", data={"form": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 403
    assert await links(place) == await links(place, "eve") == []


async def test_a_form_for_one_thing_is_not_good_for_the_other(place, browser):
    await place.link()
    await browser.sign_in_anew()
    shown = await browser.get(PAGE)
    assert (await browser.press(shown, f"{PAGE}/confirm")).headers["location"] == PAGE
    page = await browser.trip(f"{PAGE}/with/acme")
    assert (await browser.press(page, PAGE)).headers["location"] == PAGE
    assert await links(place) == ["ada-at-idp"]


async def test_an_account_is_disconnected(place, browser):
    await place.link()
    await browser.sign_in()
    page = await browser.get(PAGE)
    assert "again=1" in (await browser.press(page, PAGE)).headers["location"]
    await browser.sign_in_anew()
    page = await browser.get(PAGE)
    done = await browser.press(page, PAGE)
    assert done.headers["location"] == f"{PAGE}?done=disconnected"
    assert "is disconnected" in (await browser.get(done.headers["location"])).text
    assert await links(place) == []


async def test_who_has_no_other_way_in_keeps_the_last_one(place, browser):
    place.use(create=True)
    place.idp.userinfo = {"preferred_username": "new"}
    await browser.trip()
    page = await browser.get(PAGE)
    assert "Disconnect" not in page.text
    identity = Identity(place.idp.issuer, "second")
    person = place.people.person("new")
    await place.joining.links.add(identity, person, "acme", shown="second", how="confirm", seen=None)
    assert "Disconnect second" in (await browser.get(PAGE)).text


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/with/acme"])
async def test_without_pages_of_accounts_there_is_nothing(place, browser, path):
    await browser.sign_in_anew()
    place.portal.is_enabled = False
    assert (await browser.get(path)).status_code == 404


async def test_a_store_that_is_away_changes_nothing(place, browser):
    await browser.sign_in_anew()
    page = await browser.trip(f"{PAGE}/with/acme")
    place.records.break_("federation/", "get", "list", "create", "put")
    assert (await browser.press(page, f"{PAGE}/confirm")).status_code == 503
    assert (await browser.get(PAGE)).status_code == 503
    place.records.mend()
    await place.link()
    page = await browser.get(PAGE)
    place.records.break_("federation/", "list")
    assert (await browser.press(page, PAGE)).status_code == 503
    assert await place.joining.links.find(Identity(place.idp.issuer, "ada-at-idp"))


async def test_links_of_the_one_who_had_the_name_before_are_not_shown(place, browser):
    await place.link(ADA.__class__("ada", "Ada", "", (), is_disabled=False, source="ldap", id="7"))
    await browser.sign_in_anew()
    assert "None is connected yet" in (await browser.get(PAGE)).text
