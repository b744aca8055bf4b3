from tests.signin.place import ADDRESS

PAGE = "/profile/sessions"


async def test_sessions_and_sign_ins_are_shown(home, browser):
    await home.owner()
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    assert page.text.count("This one") == 1
    assert page.text.count('name="session"') == 1
    assert f"from {ADDRESS}" in page.text
    assert "Sign-ins lately" in page.text


async def test_one_is_ended_by_its_form(home, browser):
    other = await home.owner()
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    answer = await home.post(browser, page, PAGE, session=other.session.ref)
    assert answer.headers["location"] == f"{PAGE}?done=one"
    assert await home.house.flow.current(other.token) is None
    again = await home.post(browser, page, PAGE, session=other.session.ref)
    assert again.headers["location"] == f"{PAGE}?done=gone"
    assert "ended already" in (await browser.get(again.headers["location"])).text


async def test_all_others_are_ended(home, browser):
    other = await home.owner()
    await home.sign_in(browser)
    answer = await home.post(browser, await browser.get(PAGE), PAGE, which="others")
    assert "signed out everywhere else" in (await browser.get(answer.headers["location"])).text
    assert await home.house.flow.current(other.token) is None


async def test_people_sign_out_everywhere(home, browser):
    other = await home.owner()
    await home.sign_in(browser)
    answer = await home.post(browser, await browser.get(PAGE), PAGE, which="all")
    assert answer.headers["location"] == "/signout"
    assert "__Host-yett-sso" not in browser.cookies
    assert await home.house.flow.current(other.token) is None


async def test_a_form_from_elsewhere_ends_nothing(home, browser):
    other = await home.owner()
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    home.headers["Sec-Fetch-Site"] = "cross-site"
    assert (await home.post(browser, page, PAGE, which="all")).status_code == 403
    assert await home.house.flow.current(other.token)
    answer = await browser.post(PAGE, data={"which": "all"})
    assert answer.status_code == 403


async def test_notices_are_ours_only(home, browser):
    await home.sign_in(browser)
    assert 'role="status"' not in (await browser.get(f"{PAGE}?done=<b>")).text
