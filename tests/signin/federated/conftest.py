"""A sign-in host in memory whose people may come from a provider over TLS."""

import html
import re
import urllib.parse

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.identity.federation.conftest import Breakable
from tests.identity.federation.idp import HOST, House, IdP
from tests.net.fetching.peer import Authority
from tests.signin.place import ADA, ADDRESS, ORIGIN, Browser, Standings, Words

from yett.events import Scope, enter_scope, leave_scope
from yett.identity import Directory, Person
from yett.identity.federation import FederatedPeople, Grants, Identity, Joining, Links, Staying
from yett.kernel import Signal, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.sessions import Sessions, SessionSettings
from yett.signin import Flow, Memory, MFASettings, SignIn, SignInSettings
from yett.signin.federated import Connecting, FederatedSignIn, Watching
from yett.signin.profile import Portal
from yett.signin.profile.entry import Entry
from yett.store import ClusterSettings, MemoryRecords, ModuleData

EVE = Person("eve", "Eve", "eve@example.test", (), is_disabled=False, source="local")
AUDIENCE = "login.example.test"


class Table:
    """A source of the directory that is a table."""

    name = "local"

    def __init__(self, *people):
        self.changed = Signal("table")
        self.table = {each.name: each for each in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return self.table.values()


class Place:
    """Everything a test may turn."""

    def __init__(self, authority, records, tasks, clock, idp):
        self.records, self.tasks, self.clock, self.idp = records, tasks, clock, idp
        self.house = House(authority, records, tasks, clock)
        self.house.use()
        self.people = FederatedPeople(records, tasks, clock)
        self.local = Table(ADA, EVE)
        self.directory = Directory([self.local, self.people], tasks)
        self.sessions = Sessions(records, SessionSettings(), clock, tasks)
        self.factors = Standings()
        settings, mfa = SignInSettings(), MFASettings()
        self.flow = Flow(
            self.sessions,
            self.directory,
            Memory(ModuleData(records, ClusterSettings())),
            self.factors,
            settings,
            mfa,
            audience=AUDIENCE,
        )
        master = MasterKey(bytes(32))
        federation = self.federation = self.house.federation
        self.joining = Joining(self.people, Links(records, clock), self.directory)
        self.staying = Staying(federation, Grants(records, Sealer(master, "grants"), clock), self.joining)
        self.step = FederatedSignIn(federation, self.joining, self.staying, self.flow, clock)
        self.portal = Portal(is_enabled=True, has_onboarding=False)
        entry = Entry(self.flow, self.factors, self.portal)
        connecting = Connecting(
            entry, federation, self.joining, self.step, Sealer(master, "connections"), clock, origin=ORIGIN
        )
        self.step.connect_with(connecting)
        self.watching = Watching(self.sessions, federation, self.staying, tasks)
        self.sessions.ended.connect(self.watching.told)
        front = SignIn(
            self.flow,
            Words(ada="correct horse", eve="apple"),
            Sealer(master, "signin"),
            settings,
            clock,
            origin=ORIGIN,
            providers=self.step,
        )
        self.app = Starlette(
            routes=[*front.routes, *self.step.routes, *connecting.routes],
            exception_handlers={HTTPException: http_error},
        )

    async def start(self):
        await self.people.start()
        await self.directory.start()
        await self.sessions.start()
        return self

    async def stop(self):
        await self.sessions.stop()
        await self.people.stop()

    def use(self, **settings):
        """One provider, with these settings."""
        self.provider = self.idp.settings(label="Acme", **settings)
        self.house.use(self.provider)

    async def link(self, person=ADA, subject="ada-at-idp"):
        identity = Identity(self.idp.issuer, subject)
        assert await self.joining.links.add(identity, person, "acme", shown="x", how="confirm", seen=None)

    def browser(self):
        return Traveller(
            self,
            transport=httpx2.ASGITransport(app=self._as_engine),
            base_url=ORIGIN,
            headers={"User-Agent": "Testfox/1.0"},
        )

    async def _as_engine(self, scope, receive, send):
        scope["state"] = {"request_id": "0199", "client_address": ADDRESS}
        token = enter_scope(Scope(request_id="0199", client_address=ADDRESS))
        try:
            await self.app(scope, receive, send)
        finally:
            leave_scope(token)


class Traveller(Browser):
    """A browser that may leave for the provider."""

    def __init__(self, place, **more):
        super().__init__(**more)
        self.place = place

    async def leave(self, path="/signin/with/acme"):
        """Where it is sent."""
        response = await self.get(path)
        assert response.status_code == 303, response.text
        return response.headers["location"]

    def answer(self, url, **more):
        """What it brings back after signing in over there."""
        found = self.place.idp.visit(url, **more)
        fields = {"state": found.state, "code": found.code, "error": found.error, "iss": found.issuer}
        return "/signin/with/acme/callback?" + urllib.parse.urlencode({k: v for k, v in fields.items() if v})

    async def trip(self, path="/signin/with/acme", **more):
        """There and back; the page it ends on."""
        return await self.get(self.answer(await self.leave(path), **more))

    async def sign_in_anew(self, name="ada", password="correct horse"):
        page = await self.get("/signin", params={"again": "1"})
        return await self.submit(page, name=name, password=password)

    async def press(self, page, path, which=0):
        """Send a form of a page."""
        sealed = html.unescape(re.findall(r'name="form" value="([^"]*)"', page.text)[which])
        return await self.post(path, data={"form": sealed})


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def context(authority):
    return authority.context(HOST)


@pytest.fixture
async def tasks():
    made = Supervisor()
    yield made
    await made.stop()


@pytest.fixture
async def place(authority, context, tasks, clock):
    async with IdP(clock, context) as idp:
        made = await Place(authority, Breakable(MemoryRecords(clock)), tasks, clock, idp).start()
        made.use()
        yield made
        await made.stop()


@pytest.fixture
async def browser(place):
    async with place.browser() as client:
        yield client
