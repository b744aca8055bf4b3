"""The page on which a password that has run out is changed, as a browser meets it."""

import pytest

from yett.authn.password import Expired
from yett.signin import events
from yett.signin.exchange import PENDING_COOKIE
from yett.signin.model import Turned, TurnedAway
from yett.signin.password_page import PasswordChange, judge

PAGE = "/signin/password"
SSO = "__Host-yett-sso"
NEW = "a longer password"


@pytest.fixture
async def sent(house, visitor):
    """Liz's browser at the page: her password is right and has run out."""
    house.words.verdict = Expired("liz")
    response = await visitor.sign_in("liz", "violin string", to="/oidc/authorize?a=b")
    assert response.headers["location"].startswith(PAGE)
    house.words.verdict = None
    return await visitor.get(response.headers["location"])


async def test_a_new_password_leads_back_to_the_beginning(visitor, sent, heard):
    assert 'autocomplete="new-password"' in sent.text

    response = await visitor.submit(sent, PAGE, old="violin string", new=NEW, again=NEW)

    assert response.status_code == 303
    assert response.headers["location"].startswith("/signin?changed=1&next=")
    assert SSO not in visitor.cookies
    assert PENDING_COOKIE not in visitor.cookies
    assert (events.password_changed, {"user": "liz"}) in heard("signin")
    form = await visitor.get(response.headers["location"])
    assert "Your password is changed." in form.text
    await visitor.submit(form, name="liz", password=NEW)
    assert SSO in visitor.cookies


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"old": "violin string", "new": NEW, "again": "another"}, "not the same"),
        ({"old": "violin string", "new": "", "again": ""}, "all three"),
        ({"old": NEW, "new": NEW, "again": NEW}, "is the old one"),
        ({"old": "wrong", "new": NEW, "again": NEW}, "was not changed"),
        ({"old": "violin string", "new": "short", "again": "short"}, "8 letters"),
    ],
)
async def test_what_is_wrong_is_said(visitor, sent, fields, words):
    page = await visitor.submit(sent, PAGE, **fields)
    assert page.status_code == 422
    assert words in page.text


async def test_the_old_password_cannot_be_guessed_there(house, visitor, sent):
    page = sent
    for _ in range(5):
        page = await visitor.submit(page, PAGE, old="wrong", new=NEW, again=NEW)
    end = await visitor.submit(page, PAGE, old="violin string", new=NEW, again=NEW)
    assert (end.status_code, house.changing.asked) == (303, 5)
    assert house.words.table["liz"] == "violin string"


@pytest.mark.usefixtures("sent")
async def test_its_session_is_good_for_nothing_else(visitor):
    for path in ("/", "/signin/factor", "/signin/enrol"):
        assert (await visitor.get(path)).headers["location"].startswith("/signin")


async def test_a_half_finished_sign_in_is_no_leave_to_change_a_password(house, visitor):
    await house.enrol("bob")
    await visitor.sign_in("bob", "staple")
    assert (await visitor.get(PAGE)).headers["location"] == "/signin"


async def test_a_form_from_another_site_is_refused(visitor, sent, house):
    headers = {"Sec-Fetch-Site": "cross-site"}
    response = await visitor.submit(sent, PAGE, headers, old="violin string", new=NEW, again=NEW)
    assert (response.status_code, house.changing.asked) == (403, 0)


@pytest.mark.usefixtures("sent")
async def test_where_nobody_can_change_it_that_is_our_fault(house, visitor):
    change = PasswordChange(house.second._pending, None)
    token = visitor.cookies[PENDING_COOKIE]
    assert await change.change(token, "violin string", NEW) == TurnedAway(Turned.UNAVAILABLE)


def test_what_was_typed_is_judged_before_anybody_is_asked():
    assert judge("a", "b", "b") is None


async def test_the_form_of_another_site_takes_no_cookie_away(visitor):
    # Browsers send none of ours with it (SameSite), and do as its answer says.
    response = await visitor.post(PAGE, data={"form": ""}, headers={"Sec-Fetch-Site": "cross-site"})

    assert (response.status_code, response.headers["location"]) == (303, "/signin")
    assert response.headers.get_list("set-cookie") == []


async def test_whoever_came_in_with_the_old_password_is_out(house, visitor):
    async with house.browser() as earlier:
        await earlier.sign_in("liz", "violin string")
        house.words.verdict = Expired("liz")
        response = await visitor.sign_in("liz", "violin string")
        page = await visitor.get(response.headers["location"])
        done = await visitor.submit(
            page, PAGE, old="violin string", new="another string", again="another string"
        )
        assert done.status_code == 303
        assert house.sessions.live("liz") == []
