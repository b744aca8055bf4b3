"""First contact, as a browser meets it."""

import asyncio
import re
from dataclasses import replace

import pytest

from yett.signin import MFASettings
from yett.signin.onboarding import events
from yett.signin.onboarding.model import Refusal

PAGE = "/onboarding"
LINK = "/onboarding/invitation"
SSO, PENDING = "__Host-yett-sso", "__Host-yett-pending"


def said(heard):
    return [each for each, _ in heard("onboarding")]


async def test_whoever_comes_first_is_told_what_happens(browser):
    page = await browser.get(PAGE)
    assert page.status_code == 200
    assert 'href="/signin?again=1&amp;next=%2Fonboarding"' in page.text
    assert "Confirm that it is you" not in (await browser.get("/signin?again=1&next=/onboarding")).text


async def test_a_password_and_a_code_by_mail_lead_to_an_app(porch, browser, heard):
    await porch.sign_in(browser)
    assert "a code goes to ada@example.test" in (await browser.get(PAGE)).text
    answer = await porch.begin(browser)
    assert answer.headers["location"] == "/signin/factor?next=%2Fonboarding"
    page = await browser.get(answer.headers["location"])
    assert events.entering not in said(heard)
    answer = await browser.submit(page, "/signin/factor", by="email", code=porch.house.mails.code)
    assert answer.headers["location"] == "/signin/enrol?next=%2Fonboarding"
    assert heard("onboarding") == [(events.entering, {"user": "ada", "method": "password"})]
    # What was begun is gone on with.
    assert (await browser.get(PAGE)).headers["location"] == "/signin/enrol?next=%2Fonboarding"
    done = await porch.set_up_app(browser, "ada")
    assert len(re.findall(r"<li><code>", done.text)) == 10
    assert 'href="/signin/done?next=%2Fonboarding"' in done.text
    assert "You are all set" in (await browser.get(PAGE)).text
    (session,) = [each for each in porch.house.sessions.live("ada") if each.type.value == "sign_on"]
    assert session.metadata["assurance"] == "mfa"
    assert porch.house.flow.is_fresh(session)


async def test_without_an_address_the_password_is_enough(porch, browser, heard):
    await porch.sign_in(browser, "eve")
    answer = await porch.begin(browser)
    assert answer.headers["location"] == "/signin/enrol?next=%2Fonboarding"
    assert said(heard) == [events.entering]
    await porch.set_up_app(browser, "eve")
    assert "You are all set" in (await browser.get(PAGE)).text


async def test_unless_the_settings_say_otherwise(porch, browser):
    await porch.use(MFASettings(enrol_after_first_factor=False))
    await porch.sign_in(browser, "eve")
    page = await browser.get(PAGE)
    assert "Ask for an invitation" in page.text
    assert 'name="form"' not in page.text


async def test_a_session_that_lay_about_begins_nothing(porch, browser, clock):
    await porch.sign_in(browser, "eve")
    page = await browser.get(PAGE)
    clock.advance(301)
    assert (await porch.post(browser, page, PAGE)).headers["location"] == PAGE
    assert "Begin" in (await browser.get(PAGE)).text
    assert PENDING not in browser.cookies


async def test_whoever_has_a_factor_is_done(porch, browser):
    await porch.sign_in(browser)
    page = await browser.get(PAGE)
    await porch.house.enrol("ada")
    assert (await porch.post(browser, page, PAGE)).headers["location"] == PAGE
    assert "You are all set" in (await browser.get(PAGE)).text


async def test_forms_of_others_begin_nothing(porch, browser):
    await porch.sign_in(browser, "eve")
    page = await browser.get(PAGE)
    async with porch.house.browser() as other:
        await porch.sign_in(other, "ada")
        assert (await porch.post(other, page, PAGE)).status_code == 403
    assert (await browser.post(PAGE, data={"form": ""})).status_code == 403
    async with porch.house.browser() as nobody:
        assert (await nobody.post(PAGE, data={})).headers["location"] == PAGE


async def test_it_can_be_switched_off(porch, browser, heard):
    await porch.onboarding.start()
    await porch.use(enabled=False)
    await porch.use(enabled=False)
    for path in (PAGE, LINK):
        assert (await browser.get(path)).status_code == 404
        assert (await browser.post(path, data={})).status_code == 404
    assert said(heard) == [events.registered, events.disabled]


async def test_without_the_store_it_stops(porch, browser, heard):
    await porch.sign_in(browser, "eve")
    page = await browser.get(PAGE)
    porch.house.records.broken_prefix = "moduledata"
    assert (await browser.get(PAGE)).status_code == 503
    assert (await porch.post(browser, page, PAGE)).status_code == 503
    porch.house.records.broken_prefix = "sessions"
    assert (await porch.post(browser, page, PAGE)).status_code == 503
    assert said(heard) == [events.session_not_created]
    porch.house.records.broken_prefix = ""


@pytest.mark.parametrize("name", ["ada", "eve"])
async def test_a_session_that_cannot_be_made_stops_it(porch, browser, heard, name):
    await porch.sign_in(browser, name)
    page = await browser.get(PAGE)
    porch.house.records.broken_prefix = "sessions"
    assert (await porch.post(browser, page, PAGE)).status_code == 503
    assert heard("onboarding") == [(events.session_not_created, {"user": name})]
    assert PENDING not in browser.cookies


async def test_a_session_that_is_gone_at_once_stops_it(porch, browser, heard):
    await porch.sign_in(browser, "eve")
    page = await browser.get(PAGE)

    def disable(_):
        table = porch.house.people.table
        table["eve"] = replace(table["eve"], is_disabled=True)

    porch.house.sessions.created.connect(disable)
    assert (await porch.post(browser, page, PAGE)).status_code == 503
    assert heard("onboarding") == [(events.session_invalid, {"user": "eve"})]
    assert PENDING not in browser.cookies


# By invitation.


async def invited(porch, name="ada"):
    made = await porch.invitations.invite(name, by="operator")
    return f"{LINK}?t={made.token}"


async def test_an_invitation_needs_no_password(porch, browser, heard):
    link = await invited(porch)
    page = await browser.get(link)
    assert "Ada" not in page.text
    answer = await porch.post(browser, page, LINK)
    assert answer.headers["location"] == "/signin/enrol?next=%2Fonboarding"
    assert SSO not in browser.cookies
    done = await porch.set_up_app(browser, "ada")
    assert done.status_code == 200
    assert SSO in browser.cookies
    assert said(heard) == [events.invited, events.used, events.entering]


async def test_looking_uses_nothing_up_and_going_on_does(porch, browser, heard):
    link = await invited(porch)
    for _ in range(3):
        page = await browser.get(link)
        assert page.status_code == 200
    await porch.post(browser, page, LINK)
    assert (await browser.get(link)).status_code == 410
    assert (await porch.post(browser, page, LINK)).status_code == 410
    assert heard("onboarding")[-1][1]["reason"] is Refusal.NOT_OPEN


async def test_of_fifty_who_go_on_at_once_one_does(porch, browser):
    page = await browser.get(await invited(porch))
    answers = await asyncio.gather(*(porch.post(browser, page, LINK) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 49


async def test_a_form_is_good_in_the_browser_it_was_shown_in(porch, browser):
    page = await browser.get(await invited(porch))
    async with porch.house.browser() as other:
        assert (await porch.post(other, page, LINK)).status_code == 403
        await other.get("/signin")
        assert (await porch.post(other, page, LINK)).status_code == 403
    assert (await porch.post(browser, page, LINK)).status_code == 303


async def test_other_sites_cannot_use_it(porch, browser):
    page = await browser.get(await invited(porch))
    porch.headers["Origin"] = "https://evil.example"
    assert (await porch.post(browser, page, LINK)).status_code == 403


async def test_whoever_is_gone_or_disabled_gets_nowhere(porch, browser, heard, disabled_ada):
    page = await browser.get(await invited(porch))
    porch.house.people.table["ada"] = disabled_ada
    assert (await porch.post(browser, page, LINK)).status_code == 410
    assert heard("onboarding")[-1][1]["reason"] is Refusal.GONE


async def test_nor_does_who_has_a_factor_by_now(porch, browser, heard):
    page = await browser.get(await invited(porch))
    await porch.house.enrol("ada")
    assert (await porch.post(browser, page, LINK)).status_code == 410
    assert heard("onboarding")[-1][1]["reason"] is Refusal.HAS_FACTOR
    assert PENDING not in browser.cookies


@pytest.mark.parametrize(
    "query", ["", "?t=", "?t=x", "?t=a&t=b", "?t=%ff", "?t=" + "x" * 43, "?" + "a" * 5000]
)
async def test_links_that_lead_nowhere_say_so(browser, query):
    assert (await browser.get(LINK + query)).status_code == 410


async def test_a_store_that_fails_uses_nothing_up(porch, browser, heard):
    link = await invited(porch)
    page = await browser.get(link)
    porch.house.records.is_broken = True
    assert (await browser.get(link)).status_code == 503
    assert (await porch.post(browser, page, LINK)).status_code == 503
    porch.house.records.is_broken = False
    assert events.unreadable in said(heard)
    assert (await porch.post(browser, page, LINK)).status_code == 303
