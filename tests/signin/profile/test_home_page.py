import html
from dataclasses import replace

import pytest


async def test_the_first_page_shows_what_somebody_has(home, browser):
    await home.sign_in(browser)
    page = await browser.get("/profile")
    for word in (
        "Ada Lovelace",
        "ada@example.test",
        "engineers, wiki",
        "This gateway",
        "Not set up",
        "1 open",
    ):
        assert word in page.text
    assert "script-src" not in page.headers["content-security-policy"]


async def test_whoever_is_not_signed_in_is_led_there_and_back(browser):
    page = await browser.get("/profile/sessions")
    assert page.headers["location"] == "/signin?next=%2Fprofile%2Fsessions"


async def test_people_of_ldap_read_where_they_come_from(home, browser):
    await home.sign_in(browser, "liz")
    assert "The directory of your organisation" in (await browser.get("/profile")).text


async def test_a_name_that_looks_like_markup_is_text(home, browser):
    await home.sign_in(browser)
    table = home.house.people.table
    table["ada"] = replace(table["ada"], display_name="<script>alert(1)</script>", groups=('"><b>',))
    page = await browser.get("/profile")
    assert "<script>" not in page.text
    assert html.escape("<script>alert(1)</script>") in page.text


async def test_a_language_is_chosen_by_form(home, browser):
    await home.sign_in(browser, again=False)
    page = await browser.get("/profile/language")
    answer = await home.post(browser, page, "/profile/language", language="de")
    assert answer.headers["location"] == "/profile?saved=1"
    assert "Deutsch" in (await browser.get("/profile?saved=1")).text
    answer = await home.post(browser, page, "/profile/language", language="tlh")
    assert answer.headers["location"] == "/profile/language"
    assert await home.house.data.language("ada") == "de"


async def test_forms_of_other_pages_and_sessions_are_refused(home, browser):
    await home.sign_in(browser, again=False)
    page = await browser.get("/profile")
    answer = await home.post(browser, page, "/profile/language", language="de")
    assert answer.status_code == 403  # that of the form which signs out
    page = await browser.get("/profile/language")
    async with home.house.browser() as other:
        await home.sign_in(other)
        assert (await home.post(other, page, "/profile/language", language="de")).status_code == 403


async def test_a_store_that_fails_leaves_a_page_that_says_so(home, browser):
    await home.sign_in(browser)
    page = await browser.get("/profile/language")
    home.house.records.broken_prefix = "moduledata"
    assert "Not everything can be shown" in (await browser.get("/profile")).text
    assert (await browser.get("/profile/language")).status_code == 503
    assert (await home.post(browser, page, "/profile/language", language="de")).status_code == 503


@pytest.mark.parametrize("path", ["/profile", "/profile/sessions", "/profile/app", "/profile/password"])
async def test_no_page_is_kept_or_framed(home, browser, path):
    await home.sign_in(browser)
    headers = (await browser.get(path)).headers
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
