"""The device grant in memory: real codes, tokens and sessions, a program of the staff and one of everybody."""

from dataclasses import dataclass

import httpx2
import pytest
from starlette.applications import Starlette
from tests.oidc.exchange.house import exchange_of
from tests.signin.conftest import ADA, Breakable, People

from yett.authn.device_code import Approval, DeviceCodes, DeviceCodeSettings
from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.oidc import Minting, OIDCSettings
from yett.oidc.device import KIND, DeviceClientSettings, DeviceGrant, DeviceGrantSettings, routes
from yett.oidc.exchange import ExchangeSettings
from yett.oidc.exchange import routes as token_routes
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
CLI = DeviceClientSettings(
    id="cli",
    name="Command line",
    groups=("engineers",),
    scopes=("read", "write"),
    audience="https://api.internal",
)
TV = DeviceClientSettings(id="tv")
SETTINGS = DeviceGrantSettings(client=(CLI, TV))
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Place:
    """Everything a test may turn."""

    grant: DeviceGrant
    codes: DeviceCodes
    minting: Minting
    sessions: Sessions
    people: People
    clock: FrozenClock
    device: httpx2.AsyncClient

    async def ask(self, client="cli", **more):
        answer = await self.device.post("/oidc/device_authorization", data={"client_id": client, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sign_on(self):
        issued = await self.sessions.create(SessionType.SIGN_ON, "ada", audience="login.example.test")
        return issued.session

    async def confirm(self, codes, session=None, person=ADA):
        session = session or await self.sign_on()
        found = await self.codes.find(codes["user_code"], person, "192.0.2.1")
        approval = Approval(person.name, session.ref, session.created_at, session.ends_at)
        return await self.codes.complete(found.ref, approval, is_approved=True, person=person)

    async def redeem(self, codes, client="cli"):
        fields = {"grant_type": GRANT_TYPE, "device_code": codes["device_code"], "client_id": client}
        return await self.device.post("/oidc/token", data=fields)


@pytest.fixture
async def place(clock):
    records = Breakable(MemoryRecords(clock))
    tasks = Supervisor()
    sessions = Sessions(records, SessionSettings(), clock, tasks)
    await sessions.start()
    people, master = People(ADA), MasterKey(bytes(32))
    codes = DeviceCodes(records, Sealer(master, "codes"), DeviceCodeSettings(enabled=True), clock)
    minting = Minting(master, OIDCSettings(), clock, issuer=ISSUER)
    grant = DeviceGrant(codes, minting, sessions, people, SETTINGS, clock)
    codes.join(KIND, grant)
    exchange, auth, _ = exchange_of(
        records, people, None, None, grant, ExchangeSettings(), clock, has_clients=False
    )
    app = Starlette(routes=[*routes(grant, issuer=ISSUER, auth=auth), *token_routes(exchange)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER) as device:
        yield Place(grant, codes, minting, sessions, people, clock, device)
    await sessions.stop()
    await tasks.stop()
