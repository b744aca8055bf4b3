"""The page that asks for a second factor, as a browser meets it."""

import re

import pytest

from yett.signin import MFASettings
from yett.signin.exchange import PENDING_COOKIE
from yett.signin.machine import Demand

PAGE = "/signin/factor"
AUTHORIZE = "/oidc/authorize?client_id=wiki&state=a%2Fb"
SSO = "__Host-yett-sso"


@pytest.fixture
async def asked(house, visitor):
    """Bob's browser at the page, after his password."""
    await house.enrol("bob")
    response = await visitor.sign_in("bob", "staple", to=AUTHORIZE)
    assert response.status_code == 303
    return await visitor.get(response.headers["location"])


async def test_the_password_leads_to_the_page_and_no_further(visitor, asked):
    assert asked.status_code == 200
    assert SSO not in visitor.cookies
    assert PENDING_COOKIE in visitor.cookies
    assert (await visitor.get("/")).headers["location"] == "/signin"


async def test_the_page_has_everything_a_browser_helps_with(asked):
    assert '<label for="code">Code</label>' in asked.text
    assert 'autocomplete="one-time-code"' in asked.text
    assert 'inputmode="numeric"' in asked.text
    assert "Use a recovery code instead" in asked.text
    assert "<script" not in asked.text
    assert asked.headers["cache-control"] == "no-store"


async def test_the_right_code_leads_where_the_person_wanted_to_go(house, visitor, asked):
    response = await visitor.submit(asked, PAGE, by="totp", code=house.code("bob"))

    assert response.status_code == 303
    assert response.headers["location"].startswith("/signin/done?next=%2Foidc")
    assert SSO in visitor.cookies
    assert PENDING_COOKIE not in visitor.cookies


async def test_a_wrong_code_shows_the_page_with_what_is_wrong(visitor, asked):
    page = await visitor.submit(asked, PAGE, by="totp", code="123")
    assert page.status_code == 422
    assert "The code is not right." in page.text
    assert "4 more times" in page.text
    assert 'aria-invalid="true"' in page.text
    assert (await visitor.submit(page, PAGE, by="totp", code="")).status_code == 422


async def test_too_many_wrong_codes_lead_back_to_the_beginning(house, visitor, asked):
    page = asked
    for _ in range(4):
        page = await visitor.submit(page, PAGE, by="totp", code="123")
    end = await visitor.submit(page, PAGE, by="totp", code="123")
    assert end.status_code == 409
    assert "begin again" in end.text
    assert PENDING_COOKIE not in visitor.cookies
    again = await visitor.submit(page, PAGE, by="totp", code=house.code("bob"))
    assert (again.status_code, again.headers["location"]) == (303, "/signin")


async def test_whoever_has_to_wait_is_told_how_long(house, visitor):
    await house.enrol("bob")
    for _ in range(3):
        page = await visitor.get((await visitor.sign_in("bob", "staple")).headers["location"])
        for _ in range(4):
            page = await visitor.submit(page, PAGE, by="totp", code="123")
    assert page.status_code == 429
    assert page.headers["retry-after"] == "30"
    assert "Try again in a minute" in page.text


async def test_without_a_half_finished_sign_in_there_is_no_page(visitor):
    response = await visitor.get(PAGE, params={"next": AUTHORIZE})
    assert response.status_code == 303
    assert response.headers["location"].startswith("/signin?next=%2Foidc")


@pytest.mark.usefixtures("asked")
async def test_a_form_of_another_sign_in_is_refused(house, visitor):
    async with house.browser() as other:
        page = await other.get((await other.sign_in("bob", "staple")).headers["location"])
        response = await visitor.submit(page, PAGE, by="totp", code=house.code("bob"))
    assert response.status_code == 403
    assert SSO not in visitor.cookies


async def test_a_form_from_another_site_is_refused(house, visitor, asked):
    headers = {"Origin": "https://evil.test"}
    response = await visitor.submit(asked, PAGE, headers, by="totp", code=house.code("bob"))
    assert response.status_code == 403
    assert SSO not in visitor.cookies


@pytest.mark.usefixtures("asked")
async def test_the_sign_in_form_is_no_form_for_a_code(house, visitor):
    form = await visitor.get("/signin")
    response = await visitor.submit(form, PAGE, by="totp", code=house.code("bob"))
    assert response.status_code == 403


async def test_a_page_that_was_open_for_too_long_asks_again(house, visitor):
    await house.enrol("bob")
    page = await visitor.get((await visitor.sign_in("bob", "staple")).headers["location"])
    sealed = house.sealer.open(re.search(r'name="form" value="([^"]*)"', page.text)[1], now=house.clock.now())
    old = house.sealer.seal(dict(sealed.payload), expires_at=house.clock.now() - 1)
    response = await visitor.post(PAGE, data={"form": old, "by": "totp", "code": house.code("bob")})
    assert response.status_code == 422
    assert "open for too long" in response.text


async def test_a_code_by_mail_can_be_asked_for_again(house, visitor):
    house.use(MFASettings(password=Demand.ALWAYS))
    page = await visitor.get((await visitor.sign_in("bob", "staple")).headers["location"])
    assert "b…@example.test" in page.text
    assert "bob@example.test" not in page.text
    first = house.mails.code

    early = await visitor.submit(page, PAGE, by="email", code="", send="1")
    assert (early.status_code, "a moment ago" in early.text) == (422, True)
    house.clock.advance(31)
    later = await visitor.submit(early, PAGE, by="email", code="", send="1")
    assert (later.status_code, "on its way" in later.text) == (200, True)
    assert (await visitor.submit(later, PAGE, by="email", code=first)).status_code == 422
    assert (await visitor.submit(later, PAGE, by="email", code=house.mails.code)).status_code == 303
    assert SSO in visitor.cookies


async def test_reading_the_page_sends_nothing(house, visitor):
    house.use(MFASettings(password=Demand.ALWAYS))
    location = (await visitor.sign_in("bob", "staple")).headers["location"]
    for _ in range(5):
        house.clock.advance(31)
        await visitor.get(location)
    assert len(house.mails.sent) == 1


async def test_both_ways_can_be_offered(house, visitor):
    await house.enrol("bob")
    house.use(MFASettings(email_besides=True))
    page = await visitor.get((await visitor.sign_in("bob", "staple")).headers["location"])
    assert "authenticator app shows it" in page.text
    assert "?by=email" in page.text
    mail = await visitor.get(PAGE + "?by=email")
    assert "Enter the code from your mail" in mail.text
    assert "Use your authenticator app instead" in mail.text


async def test_our_own_fault_is_a_page_that_says_so(house, visitor, asked):
    house.records.broken_prefix = "signin/codes/"
    response = await visitor.submit(asked, PAGE, by="totp", code=house.code("bob"))
    assert response.status_code == 503
    assert "on our side" in response.text
    house.records.broken_prefix = ""
    assert (await visitor.submit(asked, PAGE, by="totp", code=house.code("bob"))).status_code == 303


async def test_a_recovery_code_has_a_page_for_letters_and_works_on_the_other_too(house, visitor):
    codes = await house.enrol("bob")
    for by, code in (("recovery", codes[0]), ("totp", codes[1])):
        visitor.cookies.clear()
        await visitor.sign_in("bob", "staple")
        page = await visitor.get(f"{PAGE}?by={by}")
        assert ("Enter a recovery code" in page.text) is (by == "recovery")
        assert (await visitor.submit(page, PAGE, by=by, code=code)).status_code == 303
        assert SSO in visitor.cookies


async def test_the_form_of_another_site_takes_no_cookie_away(visitor):
    # Browsers send none of ours with it (SameSite), and do as its answer says.
    response = await visitor.post(PAGE, data={"form": ""}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, response.headers["location"]) == (303, "/signin")
    assert response.headers.get_list("set-cookie") == []
