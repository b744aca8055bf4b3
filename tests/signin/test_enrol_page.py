"""The page for whoever needs a second factor and has none, as a browser meets it."""

import re

import pytest

from yett.authn.totp import EnrolmentFailed, Reason
from yett.signin import MFASettings
from yett.signin.exchange import PENDING_COOKIE
from yett.signin.machine import Demand

PAGE = "/signin/enrol"
SSO = "__Host-yett-sso"


@pytest.fixture
async def sent(house, visitor):
    """Eve's browser at the page: she has no factor and no address."""
    house.use(MFASettings(password=Demand.ALWAYS))
    response = await visitor.sign_in("eve", "apple", to="/oidc/authorize?a=b")
    return await visitor.get(response.headers["location"])


async def begin(house, visitor, page, user="eve"):
    shown = await visitor.submit(page, PAGE)
    house.secrets[user] = re.search(r"<code>([A-Z2-7]+)</code>", shown.text)[1]
    return shown


async def test_an_app_is_set_up_and_the_person_is_in(house, visitor, sent):
    assert (sent.status_code, "Set up an app" in sent.text) == (200, True)
    shown = await begin(house, visitor, sent)
    assert "<svg" in shown.text

    done = await visitor.submit(shown, PAGE, code=house.code("eve"))

    assert done.status_code == 200
    assert len(re.findall(r"<li><code>", done.text)) == 10
    assert "/signin/done?next=" in done.text
    assert SSO in visitor.cookies
    assert PENDING_COOKIE not in visitor.cookies
    (session,) = house.sessions.live("eve")
    assert (session.metadata["factor"], session.metadata["assurance"]) == ("totp", "mfa")


async def test_a_wrong_first_code_leaves_the_picture_good(house, visitor, sent):
    shown = await begin(house, visitor, sent)
    wrong = await visitor.submit(shown, PAGE, code="123")
    assert (wrong.status_code, "The code is not right." in wrong.text) == (422, True)
    assert (await visitor.submit(wrong, PAGE, code=house.code("eve"))).status_code == 200
    assert SSO in visitor.cookies


async def test_a_first_code_that_comes_too_late_gets_a_new_picture(visitor, sent):
    late = await visitor.submit(sent, PAGE, code="123456")
    assert late.status_code == 422
    assert "Scan the new picture." in late.text
    assert "<svg" in late.text


async def test_opening_the_page_again_makes_nothing(house, visitor, sent):
    shown = await begin(house, visitor, sent)
    await visitor.get(PAGE)
    assert (await visitor.submit(shown, PAGE, code=house.code("eve"))).status_code == 200


async def test_of_two_who_know_the_password_the_first_has_the_account(house, visitor, sent):
    async with house.browser() as other:
        there = await other.get((await other.sign_in("eve", "apple")).headers["location"])
        shown = await begin(house, other, there)
        await other.submit(shown, PAGE, code=house.code("eve"))
    response = await visitor.submit(sent, PAGE)
    assert (response.status_code, response.headers["location"]) == (
        303,
        "/signin?next=%2Foidc%2Fauthorize%3Fa%3Db",
    )
    assert SSO not in visitor.cookies


async def test_whoever_may_not_enrol_alone_is_sent_away(house, visitor):
    house.use(MFASettings(password=Demand.ALWAYS, enrol_after_first_factor=False))
    response = await visitor.sign_in("eve", "apple")
    assert response.status_code == 403
    assert "Ask your administrator" in response.text


@pytest.mark.parametrize("user", ["bob"])
async def test_the_session_of_a_code_is_none_for_enrolling(house, visitor, user):
    await house.enrol(user)
    await visitor.sign_in("bob", "staple")
    assert (await visitor.get(PAGE)).headers["location"] == "/signin"


@pytest.mark.usefixtures("sent")
async def test_a_form_of_another_page_is_refused(visitor):
    form = await visitor.get("/signin")
    assert (await visitor.submit(form, PAGE)).status_code == 403


async def test_our_own_fault_is_a_page_that_says_so(house, visitor, sent, monkeypatch):
    async def fail(_user):
        return EnrolmentFailed(Reason.UNAVAILABLE)

    monkeypatch.setattr(house.totp, "begin", fail)
    assert (await visitor.submit(sent, PAGE)).status_code == 503


async def test_the_form_of_another_site_takes_no_cookie_away(visitor):
    # Browsers send none of ours with it (SameSite), and do as its answer says.
    response = await visitor.post(PAGE, data={"form": ""}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, response.headers["location"]) == (303, "/signin")
    assert response.headers.get_list("set-cookie") == []
