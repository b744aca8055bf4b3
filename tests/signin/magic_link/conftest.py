"""A sign-in host in memory with magic links: the real method, and a post box."""

from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.authn.magic_link.conftest import SETTINGS, Directory, PostBox, at_once
from tests.authn.magic_link.conftest import Place as Method
from tests.signin.place import ADA, ORIGIN, Place

from yett.authn.device_code import DeviceCodes, DeviceCodeSettings
from yett.authn.magic_link import Addresses, MagicLinks
from yett.kernel import Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.signin.magic_link import Asking, Opening


@dataclass
class Linked:
    """Everything a test may turn."""

    host: Place
    method: Method
    asking: Asking

    async def ask(self, browser, email="ada@example.test", to="/wanted"):
        """From the form to the waiting page."""
        page = await browser.get("/signin/link", params={"next": to})
        answer = await browser.submit(page, "/signin/link", email=email)
        await self.method.settle()
        return answer

    def link(self):
        """The address that was mailed last, without the host."""
        return self.method.post.mails[-1][2]["link"].removeprefix(ORIGIN)

    async def open(self, browser, **fields):
        """Open the link and send its form."""
        page = await browser.get(self.link())
        return await browser.submit(page, "/signin/link/open", **fields)

    async def number(self, browser):
        page = await browser.get("/signin/link/wait")
        return page.text.partition('id="check">')[2][:2]


@pytest.fixture
async def linked(place, clock):
    tasks, post = Supervisor(), PostBox()
    directory = Directory(ADA)
    place.people.table = directory.table
    master = MasterKey(bytes(32))
    codes = DeviceCodes(place.records, Sealer(master, "codes"), DeviceCodeSettings(enabled=True), clock)
    addresses = Addresses(directory)
    await addresses.start()
    links = MagicLinks(
        place.records,
        codes,
        addresses,
        post,
        place.data,
        Sealer(master, "links"),
        SETTINGS,
        tasks,
        clock,
        origin=ORIGIN,
        sleep=at_once,
    )
    post.verify = links.is_ours
    asking = Asking(place.flow, links, place.sealer, clock, origin=ORIGIN)
    opening = Opening(
        place.flow,
        links,
        place.sealer,
        clock,
        origin=ORIGIN,
        application_of=lambda query: "https://app.example.test" if query == b"client_id=app" else "",
    )
    place.app = Starlette(
        routes=[*place.front.routes, *asking.routes, *opening.routes],
        exception_handlers={HTTPException: http_error},
    )
    method = Method(links, codes, directory, addresses, post, place.data, place.records, clock, tasks)
    yield Linked(place, method, asking)
    await tasks.stop()


@pytest.fixture
async def phone(place):
    """Another browser."""
    async with place.browser() as client:
        yield client
