"""Asking for a link, and waiting for it, over HTTP."""

from dataclasses import replace

import pytest
from tests.authn.magic_link.conftest import SETTINGS
from tests.signin.place import ADDRESS

from yett.authn.magic_link import Fault
from yett.net.pages import SIGN_ON_COOKIE
from yett.sessions import SessionType
from yett.signin.exchange import PENDING_COOKIE
from yett.signin.machine import Standing
from yett.signin.magic_link import ASK, events
from yett.signin.magic_link.asking import COOKIE
from yett.signin.model import Factor, Turned


async def test_the_form_leads_to_a_page_that_waits(linked, browser):
    answer = await linked.ask(browser, to="/wanted?x=1")

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/signin/link/wait?next=%2Fwanted%3Fx%3D1",
    )
    cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE))
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    page = await browser.get(answer.headers["location"])
    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]
    assert '<meta http-equiv="refresh" content="5">' in page.text
    script = page.text.partition('<script src="')[2].partition('"')[0]
    code = await browser.get(script)
    assert code.headers["content-type"].startswith("text/javascript")
    assert "immutable" in code.headers["cache-control"]


async def test_a_confirmed_link_signs_the_waiting_browser_in(linked, browser, phone):
    await linked.ask(browser)
    await linked.open(phone, action="authorize", check=await linked.number(browser))

    page = await browser.get("/signin/link/wait", params={"next": "/wanted"})
    assert "The link was answered." in page.text
    answer = await browser.submit(page, "/signin/link/wait")

    assert (answer.status_code, answer.headers["location"]) == (303, "/signin/done?next=%2Fwanted")
    assert SIGN_ON_COOKIE in browser.cookies
    assert COOKIE not in browser.cookies
    (session,) = linked.host.sessions.live("ada")
    assert (session.metadata["method"], session.metadata["client_address"]) == ("magiclink", ADDRESS)


async def test_the_script_hears_the_same(linked, browser, phone):
    await linked.ask(browser)
    path = "/api/signin/link/poll?next=%2Fwanted"
    assert (await browser.call(path)).json() == {"state": "pending", "interval": 5}
    assert (await browser.call(path)).json() == {"state": "pending", "interval": 10}
    await linked.open(phone, action="authorize", check=await linked.number(browser))

    answer = await browser.call(path)

    assert answer.json() == {"state": "signed_in", "next": "/wanted"}
    assert SIGN_ON_COOKIE in browser.cookies
    assert (await browser.call(path)).status_code == 410


async def test_a_second_factor_is_asked_for_as_after_any_method(linked, browser, phone):
    linked.host.factors.table["ada"] = Standing(enrolled=frozenset({Factor.TOTP}))
    await linked.ask(browser)
    await linked.open(phone, action="authorize", check=await linked.number(browser))

    answer = await browser.call("/api/signin/link/poll")

    assert answer.json()["state"] == "factor_required"
    assert PENDING_COOKIE in browser.cookies
    assert SIGN_ON_COOKIE not in browser.cookies
    assert [session.type for session in linked.host.sessions.live("ada")] == [SessionType.MFA_PENDING]


async def test_a_sign_in_that_cannot_be_finished_is_told(linked, browser, phone, heard):
    linked.host.factors.is_broken = True
    await linked.ask(browser)
    await linked.open(phone, action="authorize", check=await linked.number(browser))

    page = await browser.get("/signin/link/wait")
    answer = await browser.submit(page, "/signin/link/wait")

    assert answer.status_code == 503
    assert heard("signin.magiclink.verify")[-1] == (
        events.not_finalized,
        {"user": "ada", "reason": Turned.UNAVAILABLE},
    )


async def test_a_link_that_cannot_be_made_is_told_and_recorded(linked, browser, heard):
    linked.host.records.broken_prefix = "magic/"

    answer = await linked.ask(browser)
    call = await browser.call("/api/signin/link", email="ada@example.test")

    assert (answer.status_code, call.status_code) == (503, 503)
    assert (
        heard("signin.magiclink")
        == [(events.initiate_failed, {"reason": Fault.UNAVAILABLE, "client_address": ADDRESS})] * 2
    )


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [("hunter2", 422, "That is not a mail address."), ("", 422, "That is not a mail address.")],
)
async def test_what_is_no_address_is_shown_again_and_marked(linked, browser, typed, status, words):
    answer = await linked.ask(browser, email=typed)

    assert answer.status_code == status
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text


async def test_who_asks_too_often_is_told_to_wait(linked, browser):
    linked.method.links.apply(replace(SETTINGS, max_per_address=1))
    await linked.ask(browser)

    answer = await linked.ask(browser)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    call = await browser.call("/api/signin/link", email="ada@example.test")
    assert (call.status_code, call.json()["code"]) == (429, "throttled")


async def test_a_form_of_another_browser_or_step_is_refused(linked, browser, phone):
    page = await browser.get(ASK)
    stolen = await phone.submit(page, ASK, email="ada@example.test")
    await linked.ask(browser)
    waiting = await browser.get("/signin/link/wait")
    other_step = await browser.submit(waiting, ASK, email="ada@example.test")
    bare = await browser.post(ASK, data={"email": "ada@example.test"})

    assert (stolen.status_code, other_step.status_code, bare.status_code) == (403, 403, 403)
    assert len(linked.method.post.mails) == 1


@pytest.mark.parametrize("cookie", ["", "x", "x" * 5000])
async def test_a_browser_that_waits_for_nothing_is_told_so(linked, browser, cookie):  # noqa: ARG001 - the pages
    if cookie:
        browser.cookies.set(COOKIE, cookie)

    page = await browser.get("/signin/link/wait")
    call = await browser.call("/api/signin/link/poll")

    assert (page.status_code, call.status_code) == (410, 410)
    assert "Ask for another link" in page.text


async def test_a_sealed_form_does_not_pass_for_a_cookie(linked, browser):  # noqa: ARG001 - the pages
    page = await browser.get(ASK)
    sealed = page.text.partition('name="form" value="')[2].partition('"')[0]
    browser.cookies.set(COOKIE, sealed)

    assert (await browser.get("/signin/link/wait")).status_code == 410


async def test_waiting_ends_with_the_link(linked, browser):
    await linked.ask(browser)
    linked.method.clock.advance(600)

    assert (await browser.call("/api/signin/link/poll")).status_code == 410


async def test_a_browser_that_was_signed_in_meanwhile_goes_on(linked, browser):
    await linked.ask(browser)
    waiting = await browser.get("/signin/link/wait")
    await browser.sign_in()

    page = await browser.get("/signin/link/wait", params={"next": "/wanted"})
    assert (page.status_code, page.headers["location"]) == (303, "/wanted")
    await linked.ask(browser)  # now for a fresh sign-in: the session it has does not count
    assert (await browser.call("/api/signin/link/poll")).json()["state"] == "pending"
    assert (await browser.submit(waiting, "/signin/link/wait")).status_code in {303, 403}


async def test_calls_of_other_sites_are_refused(linked, browser):
    await linked.ask(browser)

    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.call("/api/signin/link/poll", headers=headers)).status_code == 403
        assert (
            await browser.call("/api/signin/link", headers=headers, email="ada@example.test")
        ).status_code == 403


async def test_without_links_there_are_no_pages(linked, browser):
    assert linked.asking.address == ASK
    linked.method.links.apply(replace(SETTINGS, enabled=False))

    assert linked.asking.address == ""
    assert (await browser.get(ASK)).status_code == 404
    assert (await browser.post(ASK)).status_code == 404
    assert (await browser.call("/api/signin/link", email="x@example.test")).status_code == 404
