"""The sign-in host's pages, as a browser meets them."""

import re
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from tests.signin.conftest import ADDRESS, ORIGIN

from yett.authn.password import Reason, Rejected
from yett.sessions import SessionType
from yett.signin import SignIn, SignInSettings, events
from yett.signin.model import FormFault, Method

PRE, SSO = "__Host-yett-pre", "__Host-yett-sso"
AUTHORIZE = "/oidc/authorize?client_id=wiki&state=a%2Fb"


def cookie_lines(response, name):
    return [line for line in response.headers.get_list("set-cookie") if line.startswith(f"{name}=")]


async def test_the_form_shows_itself_with_everything_a_browser_helps_with(browser):
    page = await browser.get("/signin")

    assert page.status_code == 200
    assert '<label for="name">User name</label>' in page.text
    assert 'autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text
    assert "Call extension 4711." in page.text
    assert "login.example.test:8443" in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_the_right_password_leads_to_the_home_page(browser):
    response = await browser.sign_in()

    assert (response.status_code, response.headers["location"]) == (303, "/")
    (line,) = cookie_lines(response, SSO)
    assert re.fullmatch(rf"{SSO}=[\w-]{{43,}}; HttpOnly; Path=/; SameSite=lax; Secure", line)
    assert "Max-Age=0" in cookie_lines(response, PRE)[0]
    home = await browser.get("/")
    assert "<h1>Ada Lovelace</h1>" in home.text
    assert "engineers, wiki" in home.text


async def test_the_way_to_another_host_goes_over_a_page_of_ours(browser):
    response = await browser.sign_in(to=AUTHORIZE)

    assert response.status_code == 303
    stop = await browser.get(response.headers["location"])
    assert stop.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/oidc/authorize?client_id=wiki&amp;state=a%2Fb"' in stop.text


async def test_whoever_does_not_keep_the_cookie_is_told_so_instead_of_going_round(browser):
    response = await browser.sign_in(to=AUTHORIZE)
    browser.cookies.clear()

    stop = await browser.get(response.headers["location"])

    assert stop.status_code == 400
    assert "Allow cookies" in stop.text


@pytest.mark.parametrize("to", ["//evil.test/", "https://evil.test", "/\\evil.test"])
async def test_a_sign_in_never_leads_to_a_foreign_host(browser, to):
    response = await browser.sign_in(to=to)
    assert response.headers["location"] == "/"

    assert (await browser.get("/signin", params={"next": to})).headers["location"] == "/"
    assert "evil" not in (await browser.get("/signin/done", params={"next": to})).text


async def test_whoever_is_signed_in_goes_on_at_once(browser):
    await browser.sign_in()

    response = await browser.get("/signin", params={"next": AUTHORIZE})

    assert (response.status_code, response.headers["location"]) == (303, AUTHORIZE)


async def test_a_fresh_sign_in_can_be_asked_for(browser, place):
    await browser.sign_in()
    before = browser.cookies[SSO]

    page = await browser.get("/signin", params={"next": AUTHORIZE, "again": "1"})
    assert "Confirm that it is you" in page.text
    assert 'value="ada"' in page.text
    await browser.submit(page, name="ada", password="correct horse")

    assert browser.cookies[SSO] != before
    assert [each.type for each in place.sessions.live("ada")] == [SessionType.SIGN_ON, SessionType.REAUTH]


async def test_a_wrong_password_gets_a_general_sentence_and_loses_nothing(browser):
    page = await browser.get("/signin", params={"next": AUTHORIZE})
    wrong = await browser.submit(page, name='a"da', password="battery")

    assert wrong.status_code == 422
    assert "The user name or the password is not right." in wrong.text
    assert 'value="a&#34;da"' in wrong.text
    assert "battery" not in wrong.text
    assert 'role="alert" tabindex="-1" autofocus' in wrong.text
    right = await browser.submit(wrong, name="ada", password="correct horse")
    assert "oidc%2Fauthorize" in right.headers["location"]


@pytest.mark.parametrize(
    ("rejected", "status", "retry", "sentence"),
    [
        (Rejected(Reason.UNKNOWN_PERSON), 422, None, "not right"),
        (Rejected(Reason.DISABLED), 422, None, "not right"),
        (Rejected(Reason.THROTTLED, 3.2), 429, "4", "Too many wrong passwords"),
        (Rejected(Reason.BUSY, 1.0), 503, "1", "Too many people"),
        (Rejected(Reason.FAILED), 503, "5", "fault is on our side"),
    ],
)
async def test_each_refusal_has_its_status_and_its_sentence(
    browser, place, rejected, status, retry, sentence
):
    place.words.verdict = rejected

    response = await browser.sign_in()

    assert (response.status_code, response.headers.get("retry-after")) == (status, retry)
    assert sentence in response.text
    assert SSO not in browser.cookies


@pytest.mark.parametrize("fields", [{"name": "ada"}, {"password": "x"}, {"name": "", "password": ""}])
async def test_an_empty_field_is_pointed_out_before_anything_is_checked(browser, place, fields):
    place.words.verdict = Rejected(Reason.BUSY)

    response = await browser.submit(await browser.get("/signin"), **fields)

    assert response.status_code == 422
    assert "Enter your user name and your password." in response.text


async def test_a_store_out_of_reach_lets_nobody_in(browser, place, heard):
    page = await browser.get("/signin")
    place.records.is_broken = True

    response = await browser.submit(page, name="ada", password="correct horse")

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert cookie_lines(response, SSO) == []
    assert events.session_failed in [emitter for emitter, _ in heard("signin")]


async def test_what_is_said_afterwards_knows_who_it_is_about(browser, place):
    await browser.sign_in()

    assert place.scopes[-1].user == "ada"
    assert place.scopes[-1].session == place.sessions.live("ada")[0].ref


# Forms from elsewhere.


def refused(heard, response, reason):
    assert response.status_code == 403
    assert heard("signin") == [(events.form_refused, {"reason": reason, "client_address": ADDRESS})]


async def test_a_form_that_another_site_sends_is_refused(browser, heard):
    page = await browser.get("/signin")
    response = await browser.submit(
        page, name="ada", password="correct horse", headers={"Origin": "https://evil.test"}
    )
    refused(heard, response, FormFault.CROSS_SITE)


async def test_a_form_of_our_own_origin_is_not(browser):
    page = await browser.get("/signin")
    headers = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    assert (
        await browser.submit(page, name="ada", password="correct horse", headers=headers)
    ).status_code == 303


async def test_a_browser_without_our_cookie_is_told_to_allow_it(browser, heard):
    page = await browser.get("/signin")
    browser.cookies.clear()
    response = await browser.submit(page, name="ada", password="correct horse")

    refused(heard, response, FormFault.NO_COOKIE)
    assert "Allow cookies" in response.text


async def test_a_form_given_to_another_browser_is_refused(browser, place, heard):
    page = await browser.get("/signin")
    async with place.browser() as victim:
        await victim.get("/signin")
        response = await victim.submit(page, name="ada", password="correct horse")

    refused(heard, response, FormFault.FOREIGN)


async def test_a_forged_seal_is_refused(browser, heard):
    await browser.get("/signin")
    response = await browser.post(
        "/signin", data={"form": "AAAA", "name": "ada", "password": "correct horse"}
    )

    refused(heard, response, FormFault.FORGED)


async def test_a_form_that_was_open_too_long_is_shown_anew(browser, clock, heard):
    page = await browser.get("/signin", params={"next": AUTHORIZE})
    clock.advance(30 * 60)
    late = await browser.submit(page, name="ada", password="correct horse")

    assert late.status_code == 422
    assert "open for too long" in late.text
    assert heard("signin") == [(events.form_expired, {})]
    again = await browser.submit(late, name="ada", password="correct horse")
    assert "oidc%2Fauthorize" in again.headers["location"]


async def test_a_planted_cookie_is_not_adopted(browser):
    browser.cookies.set(PRE, "short", domain="login.example.test")
    page = await browser.get("/signin")

    assert not cookie_lines(page, PRE)[0].startswith(f"{PRE}=short")


async def test_two_pages_of_one_browser_both_work(browser):
    first, _second = await browser.get("/signin"), await browser.get("/signin")

    assert (await browser.submit(first, name="ada", password="correct horse")).status_code == 303


@pytest.mark.parametrize("path", ["/signin", "/signout"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x=" + b"y" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_no_form_of_ours_gets_a_clear_answer(browser, path, body, kind, status):
    response = await browser.post(path, content=body, headers={"Content-Type": kind})

    assert response.status_code == status
    assert "<h1>" in response.text


@pytest.mark.parametrize("path", ["/", "/signin", "/signin/done", "/signout"])
async def test_head_works_and_other_methods_do_not(browser, path):
    assert (await browser.head(path)).content == b""
    assert (await browser.head(path)).status_code == (await browser.get(path)).status_code
    assert (await browser.delete(path)).status_code == 405


# Home and signing out.


async def test_the_home_page_sends_strangers_to_the_form(browser):
    assert (await browser.get("/")).headers["location"] == "/signin"


async def test_the_home_page_tells_where_sessions_are_open(browser, place):
    await browser.sign_in()
    ref = place.sessions.live("ada")[0].ref
    await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience="wiki.example.test", parent=ref)

    home = await browser.get("/")

    assert "2, in wiki.example.test" in home.text


async def test_the_home_page_tells_of_the_sign_in_before_this_one(browser, place, clock):
    await browser.sign_in()
    assert "Last time" not in (await browser.get("/")).text
    clock.advance(90 * 60)
    async with place.browser() as another:
        await another.sign_in()
        home = await another.get("/")

    last = (
        '<dt>Last time</dt><dd><time datetime="2027-01-15T08:00:00+00:00">15 January 2027, 08:00 UTC</time>'
    )
    assert f"{last}, from {ADDRESS}</dd>" in home.text
    # The first browser's own sign-in is still the first.
    assert "Last time" not in (await browser.get("/")).text


async def test_the_home_page_does_without_what_cannot_be_read(browser, place):
    await browser.sign_in()
    await browser.sign_in()
    place.records.broken_prefix = "moduledata/"

    home = await browser.get("/")

    assert home.status_code == 200
    assert "<h1>Ada Lovelace</h1>" in home.text
    assert "Last time" not in home.text


async def test_the_language_of_the_browser_is_remembered_for_mail(browser, place):
    browser.headers["Accept-Language"] = "fr;q=0.5, de-at"
    await browser.sign_in()

    assert await place.data.language("ada") == "de-AT"


async def test_signing_out_asks_first_and_then_ends_everything(browser, place, heard):
    await browser.sign_in()
    token = browser.cookies[SSO]
    heard.forget()

    question = await browser.get("/signout")
    assert "Sign out?" in question.text
    response = await browser.submit(question, "/signout")

    assert (response.status_code, response.headers["location"]) == (303, "/signout")
    assert SSO not in browser.cookies
    assert "You are signed out" in (await browser.get("/signout")).text
    assert place.sessions.live("ada") == []
    assert await place.sessions.validate(token, audience="login.example.test") is None
    assert events.signed_out in [emitter for emitter, _ in heard("signin")]


async def test_the_home_page_signs_out_directly(browser, place):
    await browser.sign_in()

    await browser.submit(await browser.get("/"), "/signout")

    assert place.sessions.live("ada") == []


async def test_another_site_cannot_sign_anybody_out(browser, place, heard):
    await browser.sign_in()
    question = await browser.get("/signout")
    heard.forget()

    response = await browser.submit(question, "/signout", headers={"Sec-Fetch-Site": "cross-site"})
    refused(heard, response, FormFault.CROSS_SITE)
    heard.forget()
    response = await browser.post("/signout", data={"form": ""})
    refused(heard, response, FormFault.FORGED)
    assert len(place.sessions.live("ada")) == 1


async def test_a_question_that_was_open_too_long_is_asked_again(browser, place, clock, heard):
    await browser.sign_in()
    question = await browser.get("/signout")
    clock.advance(29 * 60)
    await place.sessions.extend(browser.cookies[SSO])
    clock.advance(60)
    heard.forget()

    late = await browser.submit(question, "/signout")

    assert late.status_code == 422
    assert heard("signin") == [(events.form_expired, {})]
    await browser.submit(late, "/signout")
    assert place.sessions.live("ada") == []


async def test_the_form_of_another_site_takes_no_cookies_away(browser):
    # Browsers send none of ours with it (SameSite), and do as its answer says.
    response = await browser.post(
        "/signout", data={"form": ""}, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
    )

    assert response.headers.get_list("set-cookie") == []


async def test_what_is_left_of_a_session_that_has_ended_is_taken_away(browser, place):
    await browser.sign_in()
    await place.sessions.revoke_all("ada")

    await browser.post("/signout", data={"form": ""})

    assert SSO not in browser.cookies


async def test_signing_out_twice_is_signed_out(browser):
    response = await browser.post("/signout", data={"form": ""})

    assert response.headers["location"] == "/signout"


async def test_a_very_long_user_agent_is_cut(browser, place):
    browser.headers["User-Agent"] = "x" * 5000
    await browser.sign_in()

    assert place.sessions.live("ada")[0].metadata["user_agent"] == "x" * 200


async def test_other_settings_hold_from_then_on(browser, place, clock):
    place.front.apply(SignInSettings(form_lifetime=timedelta(minutes=1), help="Ask Bob."))
    page = await browser.get("/signin")
    assert "Ask Bob." in page.text

    clock.advance(60)

    assert "open for too long" in (await browser.submit(page, name="ada", password="correct horse")).text


class Elsewhere:
    """A method with a page of its own."""

    def __init__(self, address) -> None:
        self.address = address


@pytest.mark.parametrize("primary", [Method.PASSWORD, Method.MAGIC_LINK, Method.X509])
async def test_the_primary_method_stands_first(place, clock, primary):
    settings = SignInSettings(primary=primary)
    front = SignIn(
        place.flow,
        place.words,
        place.sealer,
        settings,
        clock,
        origin=ORIGIN,
        links=Elsewhere("/signin/link"),
        certificates=Elsewhere("/signin/certificate"),
    )
    place.app = Starlette(routes=front.routes)
    async with place.browser() as browser:
        page = (await browser.get("/signin")).text
    places = {
        Method.PASSWORD: page.index('name="password"'),
        Method.MAGIC_LINK: page.index("Send me a link by mail"),
        Method.X509: page.index("Sign in with a certificate"),
    }
    assert min(places, key=places.get) is primary
    assert page.count("Send me a link by mail") == 1


async def test_the_name_that_an_application_expects_is_filled_in(browser):
    page = await browser.get("/signin", params={"next": AUTHORIZE, "login_hint": 'b"o'})
    assert 'value="b&#34;o"' in page.text
