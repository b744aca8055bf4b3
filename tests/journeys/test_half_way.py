"""What a session is and what it is not: half a sign-in, cookies and forms of others, two people in one browser."""

import re

import pytest
from tests.journeys.crowd import Browser, Crowd, call, cookie_of, cookies_after, form, hidden, look, said
from tests.journeys.gateway import APP, SIGN_IN, Visitor
from tests.journeys.house import (
    APPLICATION,
    CALLS,
    FORMS,
    LINKED,
    PAGES,
    PENDING,
    PRE,
    SSO,
    opened,
    set_cookies,
    sign_in_query,
    told,
)
from tests.journeys.mail_server import MailServer
from tests.journeys.test_races import (
    PASSWORD,
    enrol,
    mail_to,
    mailed_code,
    mails_to,
    sign_in_by_mail,
    to_enrol,
)


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def house(tmp_path_factory, heard_folder, upstream, post):
    with opened(tmp_path_factory.mktemp("house"), heard_folder, upstream, post) as gateway:
        yield gateway


def test_whatever_cookies_a_browser_brings_along_its_sessions_are_new(house, post):
    @told
    async def story(crowd, house):
        planted = {PRE: "p" * 43, PENDING: "q" * 43, SSO: "s" * 43}
        browser = Browser(crowd, house)
        browser.cookies = dict(planted)
        before = mails_to(post, "hal") + 1
        assert (await browser.sign_in("hal", PASSWORD))["state"] == "factor_required"
        pending = browser.cookies[PENDING]
        assert pending not in planted.values()
        assert (await browser.call("/api/signin/factor", code=mailed_code(post, "hal", before)))[
            "state"
        ] == "signed_in"
        assert browser.cookies.keys() == {SSO}
        first = browser.cookies[SSO]
        assert first not in {*planted.values(), pending}
        # What it took on the way there is good for nothing any more.
        page = await crowd.ask(look("/signin/factor", {PENDING: pending}))
        assert page.header("location").startswith("/signin")

        # Asked anew, with both factors: another token, and the one from before is dead.
        await browser.sign_in("hal", PASSWORD, again="1")
        assert browser.cookies[SSO] == first
        await browser.call("/api/signin/factor", code=mailed_code(post, "hal", before + 1))
        assert browser.cookies[SSO] != first
        assert "Hal" in (await browser.look("/")).text
        page = await crowd.ask(look("/", {SSO: first}))
        assert (page.status, page.header("location")) == (303, "/signin")

        # Signed out, nothing of it is left.
        last = dict(browser.cookies)
        await browser.post("/signout", await browser.look("/signout"))
        assert SSO not in browser.cookies
        assert (await crowd.ask(look("/", last))).header("location") == "/signin"

    story(house)


def test_half_a_sign_in_is_nobody_anywhere(house, post):
    @told
    async def story(crowd, house):
        waiting, signing_up = Browser(crowd, house), Browser(crowd, house)
        await waiting.sign_in("ivy", PASSWORD)
        await signing_up.sign_in("ada", PASSWORD)
        enrolling, _, _ = await to_enrol(crowd, house, post, "ben")
        query = Visitor(house).get("/").status and sign_in_query(house)
        for browser, name in ((waiting, "Ivy"), (signing_up, "Ada"), (enrolling, "Ben")):
            token = browser.cookies[PENDING]
            for cookies in ({SSO: token}, {SSO: token, PENDING: token}, {APPLICATION: token}):
                for path in (*PAGES, f"/oidc/authorize?{query}"):
                    page = await crowd.ask(look(path, cookies))
                    assert page.status in {200, 303, 400, 401, 404, 410, 422}, (path, page.text)
                    assert "code=" not in page.header("location"), path
                    if path not in {"/signin/factor", "/signin/enrol", "/signin/step-up"}:
                        assert name not in page.text, path
                        assert SSO not in "".join(set_cookies(page)), path
                for path in CALLS:
                    if path.startswith(("/api/profile", "/profile")) and PENDING not in cookies:
                        page = await crowd.ask(call(path, cookies))
                        assert page.status in {401, 403, 404}, (path, page.body)
        # None stands in for another one either.
        for browser in (waiting, signing_up):
            assert (await crowd.ask(look("/signin/enrol", browser.cookies))).status == 303
            assert (await crowd.ask(look("/signin/password", browser.cookies))).status == 303
        assert (await crowd.ask(call("/api/signin/factor", enrolling.cookies, code="123456"))).status == 409
        made = await crowd.ask(call("/profile/passkeys/begin", waiting.cookies))
        assert made.status == 401

    story(house)


def test_a_session_of_one_host_is_none_of_another(house, post):
    @told
    async def story(crowd, house):
        gus = await sign_in_by_mail(crowd, house, post, "gus")
        async with Crowd(house, APP) as application:
            for name in (APPLICATION, SSO):
                page = await application.ask(look("/", {name: gus.cookies[SSO]}))
                assert "Hello" not in page.text
        return gus.cookies

    cookies = story(house)
    visitor = Visitor(house)
    visitor.cookies[SIGN_IN] = dict(cookies)
    assert "Hello Gus" in visitor.get("/").text
    token = visitor.cookies[APP][APPLICATION]
    for name in (SSO, PENDING, APPLICATION):
        page = house.fetch("GET", SIGN_IN, "/", headers={"Cookie": f"{name}={token}"})
        assert page.status == 303


def test_two_people_in_one_browser_are_not_mixed_up(house, post):
    @told
    async def story(crowd, house):
        browser = Browser(crowd, house)
        ada, _ = await enrol(crowd, house, post, "cleo")
        eva, _ = await enrol(crowd, house, post, "eva")
        await browser.sign_in("cleo", PASSWORD)
        cleos = dict(browser.cookies)
        page = await browser.look("/signin/factor")
        await browser.sign_in("eva", PASSWORD)
        assert browser.cookies[PENDING] != cleos[PENDING]

        # The form of one in the sign-in of the other; the code of one in the sign-in of the other.
        code = ada.code()
        mixed = await browser.post("/signin/factor", page, code=code)
        assert (mixed.status, SSO in browser.cookies) == (403, False)
        assert (await browser.call("/api/signin/factor", code=code))["code"] == "wrong"
        # Both sign-ins go on by themselves, as whose they are.
        assert (await browser.call("/api/signin/factor", code=eva.code()))["state"] == "signed_in"
        assert "Eva" in (await browser.look("/")).text
        page = await crowd.ask(call("/api/signin/factor", {**browser.cookies, **cleos}, code=code))
        assert said(page)["state"] == "signed_in"
        signed_in = cookies_after(page, browser.cookies)
        assert "Cleo" in (await crowd.ask(look("/", signed_in))).text
        # One browser is one person: the other one's session has ended.
        assert (await crowd.ask(look("/", browser.cookies))).header("location") == "/signin"

        # A code by mail is its person's, too.
        browser = Browser(crowd, house)
        count = mails_to(post, "kim") + 1
        await browser.sign_in("kim", PASSWORD)
        code = mailed_code(post, "kim", count)
        await browser.sign_in("lou", PASSWORD)
        assert (await browser.call("/api/signin/factor", code=code)).get("state") is None

    story(house)


def test_a_form_is_good_for_its_own_page_and_person(house, post):
    @told
    async def story(crowd, house):
        gus = await sign_in_by_mail(crowd, house, post, "gus")
        jo = await sign_in_by_mail(crowd, house, post, "jo")
        stranger = Browser(crowd, house)
        sealed = {
            path: hidden(await browser.look(path))
            for browser, path in (
                (gus, "/signout"),
                (gus, "/device"),
                (stranger, "/signin"),
                (stranger, "/signin/link"),
            )
        }
        filled = {"name": "gus", "password": PASSWORD, "code": "1", "user_code": "BCDF-GHJK", "decision": "allow",
                  "email": "gus@example.org", "action": "signin_here", "old": "a", "new": "b"}  # fmt: skip
        for made_for, text in sealed.items():
            for path in FORMS:
                for browser in (gus, jo, stranger):
                    if made_for == path:
                        continue
                    page = await crowd.ask(form(house, path, browser.cookies, form=text, **filled))
                    # Back to the beginning, or refused; never in, and nothing decided.
                    assert page.status in {303, 400, 403, 404, 413}, (made_for, path, page.text)
                    assert SSO not in "".join(set_cookies(page))
            # Nobody signs out, or types a code, with another's form.
            if made_for in {"/signout", "/device"}:
                page = await crowd.ask(form(house, made_for, jo.cookies, form=text, **filled))
                assert page.status == 403
        assert "Gus" in (await gus.look("/")).text
        assert "Jo" in (await jo.look("/")).text

    story(house)


def test_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(house, post):
    @told
    async def story(crowd, house):
        seen = []
        browser = Browser(crowd, house)
        count = mails_to(post, "lou") + 1
        for asked in (
            look("/signin"),
            look("/signin/link"),
            call("/api/signin/link", email="lou@example.org"),
            call("/api/signin", name="lou", password=PASSWORD),
        ):
            page = await browser.ask(asked if asked.method == "GET" else _with(asked, browser.cookies))
            seen += set_cookies(page)
            assert page.header("cache-control") == "no-store"
        until_code = next(
            code
            for code in (mailed_code_of(post, "lou", number) for number in range(count, count + 2))
            if code
        )
        page = await browser.ask(call("/api/signin/factor", browser.cookies, code=until_code))
        assert said(page)["state"] == "signed_in"
        seen += set_cookies(page)
        return seen

    seen = story(house)
    assert {line.partition("=")[0] for line in seen} == {PRE, PENDING, SSO, LINKED}
    for line in seen:
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes, line
        assert not any(each.startswith("domain") for each in attributes), line


def _with(asked, cookies):
    asked.headers |= cookie_of(cookies)
    return asked


def mailed_code_of(post, name, count):
    """The code in a mail, empty when it has none."""
    found = re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", mail_to(post, name, count))
    return found[0] if found else ""
