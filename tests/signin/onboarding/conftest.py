"""The sign-in host in memory, with the pages of first contact."""

import html
import re
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.house import House
from tests.signin.place import ORIGIN

from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.signin import MFASettings
from yett.signin.onboarding import (
    Enrolment,
    Invitations,
    Onboarding,
    OnboardingCommands,
    OnboardingSettings,
)

SAME = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
PAGE = "/onboarding"


@dataclass
class Porch:
    """The host with onboarding, and what a visitor of it does."""

    house: House
    onboarding: Onboarding
    enrolment: Enrolment
    invitations: Invitations
    commands: OnboardingCommands
    headers: dict = field(default_factory=lambda: dict(SAME))

    def use(self, mfa=None, **settings):
        """Other settings."""
        mfa = mfa or MFASettings()
        self.house.use(mfa)
        return self.onboarding.apply(OnboardingSettings(**settings), mfa)

    async def sign_in(self, browser, name="ada", *, again=True):
        """A sign-in that comes back here."""
        query = {"again": "1"} if again else {}
        page = await browser.get("/signin", params={"next": PAGE, **query})
        return await browser.submit(page, name=name, password=self.house.words.table[name])

    async def begin(self, browser):
        """Send the form of the page."""
        page = await browser.get(PAGE)
        return await self.post(browser, page, PAGE)

    async def post(self, browser, page, path, /, **fields):
        sealed = html.unescape(re.search(r'name="form" value="([^"]*)"', page.text)[1])
        return await browser.post(path, data={"form": sealed, **fields}, headers=self.headers)

    async def set_up_app(self, browser, name):
        """Set up an app on the page for enrolling; the last answer."""
        page = await browser.get("/signin/enrol", params={"next": PAGE})
        shown = await browser.submit(page, "/signin/enrol")
        self.house.secrets[name] = re.search(r"<code>([A-Z2-7]+)</code>", shown.text)[1]
        return await browser.submit(shown, "/signin/enrol", code=self.house.code(name))


@pytest.fixture
async def porch(house, clock):
    second = house.onward.second
    enrolment = Enrolment(house.flow, second, house.factors)
    house.sessions.created.connect(enrolment.told)
    settings, mfa = OnboardingSettings(), MFASettings()
    invitations = Invitations(house.records, settings, clock)
    onboarding = Onboarding(
        house.flow,
        second,
        house.factors,
        house.people,
        enrolment,
        invitations,
        Sealer(MasterKey(bytes(32)), "signin/onboarding"),
        settings,
        mfa,
        clock,
        origin=ORIGIN,
    )
    commands = OnboardingCommands(
        invitations,
        house.people.person,
        house.factors,
        house.mails,
        house.data,
        lambda: onboarding.is_enabled,
        origin=ORIGIN,
    )
    routes = [*house.front.routes, *house.onward.routes, *onboarding.routes]
    house.app = Starlette(routes=routes, exception_handlers={HTTPException: http_error})
    return Porch(house, onboarding, enrolment, invitations, commands)


@pytest.fixture
async def browser(porch):
    async with porch.house.browser() as client:
        yield client
