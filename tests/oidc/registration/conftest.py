"""Registration in memory, over HTTP, as an engine would hand it requests."""

from dataclasses import dataclass, replace

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.conftest import Breakable

from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey
from yett.net.pages import http_error
from yett.oidc.registration import (
    Mode,
    RegistrationCommands,
    RegistrationEndpoint,
    Registrations,
    RegistrationSettings,
)
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
ADDRESS = "192.0.2.7"
APP = {"redirect_uris": ["https://app.example.org/cb"], "client_name": "Nice App"}
EC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}  # RFC 7517, appendix A.1


@dataclass
class Office:
    """Everything a test may turn."""

    registrations: Registrations
    commands: RegistrationCommands
    records: Breakable
    clock: FrozenClock
    tasks: Supervisor
    browser: httpx2.AsyncClient
    addresses: list

    def use(self, **changes):
        self.registrations.apply(replace(self.registrations.settings, **changes))

    async def register(self, token="", **changes):
        document = {name: it for name, it in {**APP, **changes}.items() if it is not ...}
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return await self.browser.post("/oidc/register", json=document, headers=headers)

    async def registered(self, **changes):
        answer = await self.register(**changes)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def node(self, master=bytes(32)):
        """The same on another node, or of another cluster."""
        return Registrations(
            self.records,
            MasterKey(master),
            self.registrations.settings,
            self.clock,
            self.tasks,
            algorithms=lambda: ("ES256", "RS256"),
            titles=lambda: ("Payroll",),
        )


@pytest.fixture
async def office(clock):
    records, tasks, addresses = Breakable(MemoryRecords(clock)), Supervisor(), [ADDRESS]
    registrations = Registrations(
        records,
        MasterKey(bytes(32)),
        RegistrationSettings(mode=Mode.OPEN),
        clock,
        tasks,
        algorithms=lambda: ("ES256", "RS256"),
        titles=lambda: ("Payroll", "login.example.test"),
    )
    await registrations.start()
    endpoint = RegistrationEndpoint(registrations, issuer=ISSUER)
    app = Starlette(routes=endpoint.routes, exception_handlers={HTTPException: http_error})

    async def engine(scope, receive, send):
        scope["state"] = {"client_address": addresses[-1]}
        await app(scope, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=engine), base_url=ISSUER) as browser:
        yield Office(
            registrations,
            RegistrationCommands(registrations, clock),
            records,
            clock,
            tasks,
            browser,
            addresses,
        )
    await registrations.stop()
    await tasks.stop()
