"""Where a link leads: looking, deciding, and going on."""

import asyncio
from dataclasses import replace

import pytest
from tests.authn.magic_link.conftest import SETTINGS
from tests.signin.place import ADA, ADDRESS

from yett.authn.magic_link import Action
from yett.net.pages import SIGN_ON_COOKIE
from yett.signin.magic_link import events


async def test_the_page_shows_who_asked_from_where_and_when(linked, browser, phone):
    await linked.ask(browser)

    page = await phone.get(linked.link())

    assert page.status_code == 200
    assert "ada@example.test" in page.text
    assert ADDRESS in page.text
    assert "15 January 2027" in page.text
    assert "Number that the other browser shows" in page.text
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"


async def test_another_browser_is_let_in_with_its_number(linked, browser, phone, heard):
    await linked.ask(browser)
    number = await linked.number(browser)

    wrong = await linked.open(phone, action="authorize", check="00")
    assert (wrong.status_code, "You can try twice more" in wrong.text) == (422, True)
    done = await linked.open(phone, action="authorize", check=number)

    assert "The other browser is let in" in done.text
    assert SIGN_ON_COOKIE not in phone.cookies
    assert heard("signin.magiclink.verify") == [
        (
            events.verified,
            {"user": "ada", "action": Action.AUTHORIZE, "client_address": ADDRESS},
        )
    ]


async def test_signing_in_here_leads_another_browser_to_the_application_anew(linked, browser, phone):
    await linked.ask(browser, to="/oidc/authorize?client_id=app")

    answer = await linked.open(phone, action="signin_here")

    assert SIGN_ON_COOKIE in phone.cookies
    go = "/signin/link/go?next=%2Foidc%2Fauthorize%3Fclient_id%3Dapp"
    assert answer.headers["location"].startswith("/signin/done?next=%2Fsignin%2Flink%2Fgo")
    assert (await phone.get(go)).headers["location"] == "https://app.example.test/"


async def test_the_browser_that_asked_goes_where_it_wanted(linked, browser):
    await linked.ask(browser, to="/oidc/authorize?client_id=app")
    page = await browser.get(linked.link())
    assert "Number that" not in page.text

    answer = await browser.submit(page, "/signin/link/open", action="signin_here")

    assert answer.headers["location"] == "/signin/done?next=%2Foidc%2Fauthorize%3Fclient_id%3Dapp"


@pytest.mark.parametrize(
    ("wanted", "to"),
    [
        ("/elsewhere", "/elsewhere"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/oidc/authorize?client_id=evil", "/"),
    ],
)
async def test_the_way_on_leads_nowhere_that_is_not_known(linked, phone, wanted, to):  # noqa: ARG001 - the pages
    answer = await phone.get("/signin/link/go", params={"next": wanted})

    assert (answer.status_code, answer.headers["location"]) == (303, to)


async def test_a_denied_link_is_used_up(linked, browser, phone):
    await linked.ask(browser)

    assert "Nobody is let in" in (await linked.open(phone, action="deny")).text
    assert (await phone.get(linked.link())).status_code == 410


async def test_of_fifty_simultaneous_sign_ins_by_one_link_exactly_one_is_made(linked, browser, phone):
    await linked.ask(browser)
    page = await phone.get(linked.link())

    answers = await asyncio.gather(
        *(phone.submit(page, "/signin/link/open", action="signin_here") for _ in range(50))
    )

    assert [answer.status_code for answer in answers].count(303) == 1
    assert len(linked.host.sessions.live("ada")) == 1


@pytest.mark.parametrize("action", ["", "approve", "AUTHORIZE"])
async def test_an_unknown_action_is_refused_and_the_link_stays_good(linked, browser, phone, action):
    await linked.ask(browser)

    assert (await linked.open(phone, action=action)).status_code == 400
    assert (await phone.get(linked.link())).status_code == 200


@pytest.mark.parametrize(
    "query", ["", "t=x", "t=x&r=y", f"t={'x' * 43}&r=y", "t=%", "t=a&t=b", "r=%FF&t=%00", "t=" + "x" * 7000]
)
async def test_what_is_no_link_is_refused(linked, phone, query):  # noqa: ARG001 - the pages
    assert (await phone.get(f"/signin/link/open?{query}")).status_code in {400, 410}


async def test_a_store_that_fails_is_told_and_the_link_stays_good(linked, browser, phone):
    await linked.ask(browser)
    page = await phone.get(linked.link())
    linked.host.records.is_broken = True
    answer = await phone.submit(page, "/signin/link/open", action="signin_here")
    assert (answer.status_code, "Open it again" in answer.text) == (503, True)
    assert (await phone.get(linked.link())).status_code == 503

    linked.host.records.is_broken = False
    assert (await phone.submit(page, "/signin/link/open", action="signin_here")).status_code == 303


async def test_who_is_out_meanwhile_is_not_signed_in(linked, browser, phone):
    await linked.ask(browser)
    linked.method.directory.change("ada", replace(ADA, is_disabled=True))

    answer = await linked.open(phone, action="signin_here")

    assert answer.status_code == 403
    assert SIGN_ON_COOKIE not in phone.cookies


async def test_without_links_the_page_is_gone(linked, browser, phone):
    await linked.ask(browser)
    linked.method.links.apply(replace(SETTINGS, enabled=False))

    assert (await phone.get(linked.link())).status_code == 404
    assert (await phone.post("/signin/link/open")).status_code == 404
