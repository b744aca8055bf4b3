import asyncio
import html
import re
from dataclasses import replace

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.x509.making import DAY, NOW, root, said
from tests.signin.place import ADA, ADDRESS, ORIGIN, Breakable, People, Standings

from yett.authn.x509 import X509, X509Settings
from yett.events import Scope, enter_scope, leave_scope
from yett.kernel import Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import SIGN_ON_COOKIE, http_error
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.signin import Flow, Memory, MFASettings, SignInSettings
from yett.signin.machine import Demand
from yett.signin.x509 import CertificateSignIn
from yett.store import ClusterSettings, MemoryRecords, ModuleData

JSON = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}


class Everybody(People):
    def by_email(self, email):
        return next((each for each in self.table.values() if each.email == email), None)


class Place:
    """A sign-in host where the engine hands over whatever certificate the test says."""

    def __init__(self, folder, ca, clock, tasks):
        self.folder, self.ca, self.clock, self.tasks = folder, ca, clock, tasks
        (folder / "ca.pem").write_bytes(ca.pem)
        self.records = Breakable(MemoryRecords(clock))
        self.people = Everybody(ADA)
        self.sessions = Sessions(self.records, SessionSettings(), clock, tasks)
        self.mfa = MFASettings(x509=Demand.NEVER)
        self.certificate = b""

    async def start(self, *, patience=10.0, **more):
        settings = X509Settings(**{"enabled": True, "authorities": self.folder / "ca.pem", **more})
        self.method = X509(self.people, self.records, settings, self.tasks, self.clock)
        await self.method.start()
        await self.sessions.start()
        signin = SignInSettings()
        memory = Memory(ModuleData(self.records, ClusterSettings()))
        self.flow = Flow(
            self.sessions, self.people, memory, Standings(), signin, self.mfa, audience="login.example.test"
        )
        self.front = CertificateSignIn(
            self.method, self.flow, Sealer(MasterKey(bytes(32)), "x509"), signin, self.clock,
            origin=ORIGIN, patience=patience,
        )  # fmt: skip
        self.app = Starlette(routes=self.front.routes, exception_handlers={HTTPException: http_error})
        return self

    def browser(self, leaf=None):
        self.certificate = leaf.der if leaf is not None else b""
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self._as_engine), base_url=ORIGIN)

    async def _as_engine(self, scope, receive, send):
        known = Scope(request_id="0199", client_address=ADDRESS)
        scope["state"] = {"request_id": "0199", "client_address": ADDRESS, "certificate": self.certificate}
        token = enter_scope(known)
        try:
            await self.app(scope, receive, send)
        finally:
            leave_scope(token)


@pytest.fixture(scope="module")
def ca():
    return root()


@pytest.fixture
async def place(tmp_path, ca, clock):
    tasks = Supervisor()
    made = Place(tmp_path, ca, clock, tasks)
    yield made
    await made.method.stop()
    await made.sessions.stop()
    await tasks.stop()


def sealed_in(page):
    return html.unescape(re.search(r'name="form" value="([^"]*)"', page.text)[1])


async def sign_in(browser, to="/", **headers):
    page = await browser.get("/signin/x509", params={"next": to})
    return await browser.post("/signin/x509", data={"form": sealed_in(page)}, headers=headers)


async def test_a_certificate_signs_its_owner_in(place, ca, heard):
    await place.start()
    leaf = ca.issue("CN=ada", ends=3600)
    async with place.browser(leaf) as browser:
        page = await browser.get("/signin/x509?next=/authorize%3Fx%3D1")
        assert page.status_code == 200
        assert "ada" in page.text
        assert "Root" in page.text
        assert not place.sessions.live()
        heard.forget()
        done = await browser.post("/signin/x509", data={"form": sealed_in(page)})
    assert (done.status_code, done.headers["location"]) == (303, "/signin/done?next=%2Fauthorize%3Fx%3D1")
    (session,) = place.sessions.live()
    assert (session.module_key, session.type) == ("ada", SessionType.SIGN_ON)
    assert session.certificate_not_after == NOW + 3600
    assert session.metadata["method"] == session.metadata["amr"] == "x509"
    assert session.metadata["x509_serial"] == leaf.serial
    assert said(heard, "signin.x509") == ["started", "capped", "succeeded"]
    assert heard("signin.x509")[1][1] == {"user": "ada", "serial": leaf.serial, "seconds": 3600}


async def test_without_a_certificate_the_page_says_what_to_do(place, heard):
    await place.start()
    async with place.browser() as browser:
        page = await browser.get("/signin/x509?next=/x")
    assert page.status_code == 403
    assert "showed no certificate" in page.text
    assert "/signin?next=%2Fx" in page.text
    assert said(heard, "signin.x509") == ["started", "no_certificate"]


async def test_a_certificate_that_is_away_when_the_form_comes_signs_nobody_in(place, ca):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        page = await browser.get("/signin/x509")
        place.certificate = b""
        done = await browser.post("/signin/x509", data={"form": sealed_in(page)})
    assert done.status_code == 403
    assert "showed no certificate" in done.text
    assert not place.sessions.live()


@pytest.mark.parametrize(
    ("made", "status", "words", "code", "event"),
    [
        (lambda ca: ca.issue(ends=-5), 403, "has expired", "certificate_expired", "expired"),
        (lambda ca: ca.issue(begins=5), 403, "not valid yet", "certificate_not_yet_valid", "not_yet_valid"),
        (lambda _: root("CN=X").issue(), 403, "not accepted", "certificate_not_trusted", "chain_failed"),
        (lambda ca: ca.issue("CN=eve"), 403, "does not sign you in", "certificate_without_account", "nobody"),
    ],
)
async def test_each_refusal_is_told_on_the_page_and_in_the_interface(
    place, ca, heard, made, status, words, code, event
):
    await place.start()
    async with place.browser(made(ca)) as browser:
        page = await sign_in(browser)
        assert page.status_code == status
        assert words in html.unescape(page.text)
        heard.forget()
        answer = await browser.post("/api/signin/x509", headers=JSON, content="{}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert said(heard, "signin.x509") == ["started", event]
    assert not place.sessions.live()


async def test_what_cannot_be_found_out_is_our_fault(place, ca, heard):
    await place.start(ocsp=True)
    async with place.browser(ca.issue()) as browser:
        page = await sign_in(browser)
    assert page.status_code == 503
    assert page.headers["retry-after"]
    assert said(heard, "signin.x509")[-1] == "not_validated"


async def test_junk_in_place_of_a_certificate_is_refused(place, heard):
    await place.start()
    async with place.browser() as browser:
        place.certificate = b"junk"
        page = await sign_in(browser)
    assert page.status_code == 403
    assert said(heard, "signin.x509")[-1] == "malformed"


async def test_programs_sign_in_with_one_call(place, ca):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        answer = await browser.post("/api/signin/x509?next=/x", headers=JSON, content="{}")
        assert answer.json() == {"state": "signed_in", "next": "/x"}
        token = browser.cookies["__Host-yett-sso"]
    assert await place.sessions.validate(token, audience="login.example.test")


@pytest.mark.parametrize(
    "headers",
    [
        {**JSON, "Origin": "https://evil.example"},
        {**JSON, "Sec-Fetch-Site": "cross-site"},
        {**JSON, "Content-Type": "text/plain"},
        {},
    ],
)
async def test_other_sites_sign_nobody_in_by_call(place, ca, headers):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        answer = await browser.post("/api/signin/x509", headers=headers, content="{}")
    assert answer.status_code == 403
    assert not place.sessions.live()


async def test_other_sites_sign_nobody_in_by_form(place, ca):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await sign_in(browser, **headers)).status_code == 403
        for form in ({"other": "x"}, {"form": "junk"}):
            assert (await browser.post("/signin/x509", data=form)).status_code in {400, 403}
        page = await browser.get("/signin/x509")
    async with place.browser(ca.issue()) as other:
        # A form that was given to another browser.
        assert (await other.post("/signin/x509", data={"form": sealed_in(page)})).status_code == 403
    assert not place.sessions.live()


async def test_a_form_that_was_open_for_too_long_is_shown_anew(place, ca):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        page = await browser.get("/signin/x509")
        place.clock.advance(DAY / 2)
        page = await browser.post("/signin/x509", data={"form": sealed_in(page)})
        assert page.status_code == 422
        assert not place.sessions.live()
        assert (await browser.post("/signin/x509", data={"form": sealed_in(page)})).status_code == 303


async def test_where_nobody_can_sign_in_this_way_there_is_no_page(place, ca):
    await place.start(enabled=False)
    async with place.browser(ca.issue()) as browser:
        assert (await browser.get("/signin/x509")).status_code == 404
        assert (await browser.post("/signin/x509")).status_code == 404
        assert (await browser.post("/api/signin/x509", headers=JSON)).status_code == 404


async def test_somebody_disabled_is_turned_away(place, ca, heard):
    await place.start()
    place.people.table["ada"] = replace(ADA, is_disabled=True)
    async with place.browser(ca.issue()) as browser:
        assert (await sign_in(browser)).status_code == 422
    assert not place.sessions.live()
    assert "succeeded" not in said(heard, "signin.x509")


async def test_a_store_that_fails_lets_nobody_in(place, ca, heard):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        page = await browser.get("/signin/x509")
        place.records.is_broken = True
        done = await browser.post("/signin/x509", data={"form": sealed_in(page)})
        place.records.is_broken = False
    assert done.status_code == 503
    assert said(heard, "signin.x509")[-1] == "session_failed"


async def test_a_store_that_hangs_does_not_keep_people_waiting(place, ca, heard):
    await place.start(patience=0.05)
    forever = asyncio.Event()

    class Hanging:
        def __getattr__(self, name):
            async def hang(*_, **__):
                await forever.wait()

            return hang

    async with place.browser(ca.issue()) as browser:
        page = await browser.get("/signin/x509")
        whole, place.sessions._making._index = place.sessions._making._index, Hanging()
        done = await browser.post("/signin/x509", data={"form": sealed_in(page)})
        place.sessions._making._index = whole
    assert done.status_code == 503
    assert said(heard, "signin.x509")[-1] == "session_timeout"


async def test_somebody_who_is_removed_while_they_sign_in_is_not_let_in(place, ca, heard, monkeypatch):
    await place.start()
    keep = place.flow._memory.keep

    async def remove_meanwhile(session, visitor):
        place.people.table.clear()
        await keep(session, visitor)

    # The sign-in is remembered once there is a session.
    monkeypatch.setattr(place.flow._memory, "keep", remove_meanwhile)
    async with place.browser(ca.issue()) as browser:
        page = await browser.get("/signin/x509")
        done = await browser.post("/signin/x509", data={"form": sealed_in(page)})
        assert SIGN_ON_COOKIE not in browser.cookies
    assert done.status_code == 503
    assert said(heard, "signin.x509")[-1] == "session_invalid"


async def test_an_earlier_session_of_the_browser_ends(place, ca):
    await place.start()
    async with place.browser(ca.issue()) as browser:
        await sign_in(browser)
        (before,) = place.sessions.live()
        await sign_in(browser)
    (after,) = place.sessions.live()
    assert after.ref != before.ref


async def test_a_form_signs_in_as_whoever_the_connection_is_of_now(place, ca):
    place.people.table["bob"] = replace(ADA, name="bob")
    await place.start()
    async with place.browser(ca.issue("CN=ada")) as browser:
        page = await browser.get("/signin/x509")
        place.certificate = ca.issue("CN=bob").der
        await browser.post("/signin/x509", data={"form": sealed_in(page)})
    (session,) = place.sessions.live()
    assert session.module_key == "bob"


async def test_a_second_factor_is_asked_for_if_that_is_wanted(place, ca, heard):
    place.mfa = MFASettings(x509=Demand.ALWAYS)
    await place.start()
    async with place.browser(ca.issue(ends=300)) as browser:
        done = await sign_in(browser)
    assert done.headers["location"].startswith(("/signin/enrol", "/signin/factor"))
    (session,) = place.sessions.live()
    assert session.type is SessionType.MFA_PENDING
    assert session.certificate_not_after == NOW + 300
    assert session.metadata["x509_certificate"]
    assert said(heard, "signin.x509")[-1] == "succeeded"


async def test_a_certificate_does_not_show_that_anybody_is_there_now(place, ca):
    await place.start()
    async with place.browser(ca.issue("CN=ada")) as browser:
        page = await browser.get("/signin/x509?again=1")
        assert "To change how you sign in" in page.text
        await browser.post("/signin/x509", data={"form": sealed_in(page)})

    (session,) = place.sessions.live()
    assert session.type is SessionType.SIGN_ON
    assert not place.flow.is_fresh(session)
