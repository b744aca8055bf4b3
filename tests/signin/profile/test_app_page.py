import re

import pytest

PAGE = "/profile/app"


async def test_an_app_is_set_up_by_its_first_code(home, browser):
    await home.sign_in(browser)
    shown = await home.post(browser, await browser.get(PAGE), PAGE, action="begin")
    assert '<svg class="qr"' in shown.text
    home.house.secrets["ada"] = re.search(r"<code>([A-Z2-7]+)</code>", shown.text)[1]
    wrong = await home.post(browser, shown, PAGE, action="confirm", code="000")
    assert (wrong.status_code, "The code is not right." in wrong.text) == (422, True)
    assert '<svg class="qr"' not in wrong.text
    done = await home.post(browser, wrong, PAGE, action="confirm", code=home.house.code("ada"))
    assert len(re.findall(r"<li><code>", done.text)) == 10
    page = await browser.get(PAGE)
    assert "10 are left" in page.text
    assert "Set up on" in page.text


async def test_new_codes_and_removal(home, browser):
    await home.sign_in(browser)
    codes = await home.house.enrol("ada")
    page = await browser.get(PAGE)
    renewed = await home.post(browser, page, PAGE, action="renew")
    assert codes[0] not in renewed.text
    assert len(re.findall(r"<li><code>", renewed.text)) == 10
    removed = await home.post(browser, page, PAGE, action="remove")
    assert removed.headers["location"] == PAGE
    assert "You have none set up" in (await browser.get(PAGE)).text
    again = await home.post(browser, page, PAGE, action="remove")
    assert (again.status_code, "There is no app" in again.text) == (422, True)
    assert (await home.post(browser, page, PAGE, action="renew")).status_code == 422


@pytest.mark.parametrize("action", ["begin", "confirm", "renew", "remove", ""])
async def test_nothing_is_done_without_a_fresh_sign_in(home, browser, action):
    await home.sign_in(browser, again=False)
    await home.house.enrol("ada")
    page = await browser.get(PAGE)
    assert 'name="form"' not in page.text
    language = await browser.get("/profile/language")
    answer = await home.post(browser, language, PAGE, action=action, code=home.house.code("ada"))
    assert answer.headers["location"] == "/signin?next=%2Fprofile%2Fapp&again=1"
    assert (await home.house.totp.status("ada")).recovery_left == 10


async def test_the_first_one_is_set_up_in_onboarding(home, browser):
    home.portal.has_onboarding = True
    await home.sign_in(browser)
    answer = await home.post(browser, await browser.get(PAGE), PAGE, action="begin")
    assert answer.headers["location"] == "/onboarding"


async def test_an_action_that_there_is_not_does_nothing(home, browser):
    await home.sign_in(browser)
    answer = await home.post(browser, await browser.get(PAGE), PAGE, action="drop")
    assert answer.headers["location"] == PAGE


async def test_a_code_without_a_beginning_begins_nothing(home, browser):
    await home.sign_in(browser)
    answer = await home.post(browser, await browser.get(PAGE), PAGE, action="confirm", code="123456")
    assert (answer.status_code, "This took too long" in answer.text) == (422, True)


async def test_a_store_that_fails_is_told(home, browser):
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    home.house.records.broken_prefix = "moduledata"
    assert (await browser.get(PAGE)).status_code == 503
    for action in ("begin", "remove", "renew"):
        assert (await home.post(browser, page, PAGE, action=action)).status_code == 503
