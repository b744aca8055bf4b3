"""The sign-in host in memory, with real passkeys and devices made of software."""

import html
import re
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.passkey.authenticator import Authenticator
from tests.signin.house import House
from tests.signin.place import ORIGIN

from yett.authn.passkey import PasskeyLetters, Passkeys, PasskeySettings
from yett.kernel import Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.signin import LDAP
from yett.signin.passkey import PasskeyPages, PasskeyScript, PasskeyStep
from yett.signin.profile import Portal
from yett.signin.profile.entry import Entry

HOST = "login.example.test"
SAME = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Keyed:
    """The host with passkeys, and what a visitor of it does."""

    house: House
    passkeys: Passkeys
    script: PasskeyScript
    headers: dict = field(default_factory=lambda: dict(SAME))

    async def device_of(self, user, **made):
        """A device with a passkey of somebody, enrolled behind the scenes."""
        device = Authenticator(**made)
        asked = await self.passkeys.begin_registration(user, "", device="x")
        answer = device.create(asked.options)
        kept = await self.passkeys.finish_registration(asked.id, answer, user=user, device="x")
        await self.passkeys.enrol(kept, name="Phone")
        return device

    async def form(self, browser, **query):
        """The seal of the sign-in page."""
        page = await browser.get("/signin", params=query)
        return html.unescape(re.search(r'name="form" value="([^"]*)"', page.text)[1])

    async def post(self, browser, path, /, **content):
        return await browser.post(path, json=content, headers=self.headers)

    async def sign_in(self, browser, device, *, form=None, **query):
        """What the script of the sign-in page does; the last answer."""
        form = form or await self.form(browser, **query)
        asked = await self.post(browser, "/signin/passkey/begin")
        if asked.status_code != 200:
            return asked
        credential = device.get(asked.json()["publicKey"])
        return await self.post(
            browser,
            "/signin/passkey/finish",
            form=form,
            ceremony=asked.json()["ceremony"],
            credential=credential,
        )

    async def add(self, browser, device, name="Phone", to="/"):
        """What the script of the page of one's own does."""
        asked = await self.post(browser, "/profile/passkeys/begin")
        if asked.status_code != 200:
            return asked
        return await self.post(
            browser,
            "/profile/passkeys/finish",
            ceremony=asked.json()["ceremony"],
            credential=device.create(asked.json()["publicKey"]),
            name=name,
            next=to,
        )


@pytest.fixture
async def keyed(house, clock):
    tasks = Supervisor()
    letters = PasskeyLetters(house.mails, house.people, house.data, tasks, clock)
    passkeys = Passkeys(
        house.data, house.records, PasskeySettings(), clock, letters, origin=ORIGIN, hostname=HOST
    )
    await passkeys.start()
    script = PasskeyScript(passkeys)
    second = house.onward.second
    ldap = LDAP("ldap", house.words, house.syncing)
    step = PasskeyStep(
        house.flow, second, passkeys, house.people, house.sealer, clock, origin=ORIGIN, ldap=ldap
    )
    sealer = Sealer(MasterKey(bytes(32)), "signin/passkeys")
    entry = Entry(house.flow, house.factors, Portal(is_enabled=True, has_onboarding=False))
    pages = PasskeyPages(house.flow, second, entry, passkeys, script, sealer, clock, origin=ORIGIN)
    house.factors._passkeys = passkeys
    house.front._passkeys = script
    routes = [*house.front.routes, *house.onward.routes, *script.routes, *step.routes, *pages.routes]
    house.app = Starlette(routes=routes, exception_handlers={HTTPException: http_error})
    yield Keyed(house, passkeys, script)
    await tasks.stop()


@pytest.fixture
async def browser(keyed):
    async with keyed.house.browser() as client:
        yield client
