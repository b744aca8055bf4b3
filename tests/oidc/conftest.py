"""A provider in memory: the real sessions, people from a table, one client."""

import base64
import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.conftest import ADA, Breakable, People

from yett.kernel import FrozenClock, Supervisor
from yett.net.pages import SIGN_ON_COOKIE, http_error
from yett.oidc import OIDCSettings, Provider
from yett.sessions import Issued, Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

ISSUER = "https://login.example.test"
HOST = "login.example.test"
CALLBACK = "https://wiki.example.test/_yett/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # RFC 7636, appendix B
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
ASKED = {
    "response_type": "code",
    "client_id": "wiki",
    "redirect_uri": CALLBACK,
    "state": "s/t a+te",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "nonce": "n-0S6",
}


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Place:
    """Everything a test may turn."""

    provider: Provider
    people: People
    sessions: Sessions
    records: Breakable
    clock: FrozenClock
    browser: httpx2.AsyncClient

    async def sign_on(self, name="ada", **metadata) -> Issued:
        issued = await self.sessions.create(
            SessionType.SIGN_ON, name, audience=HOST, metadata={"amr": "pwd", **metadata}
        )
        self.browser.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)
        return issued

    async def ask(self, **changed):
        """Ask for a code; None leaves a parameter out."""
        asked = {name: value for name, value in {**ASKED, **changed}.items() if value is not None}
        return await self.browser.get("/oidc/authorize", params=asked)

    async def code(self, **changed) -> str:
        return answer(await self.ask(**changed))["code"]

    async def redeem(self, code, **changed):
        given = {"verifier": VERIFIER, "client_id": "wiki", "redirect_uri": CALLBACK} | changed
        return await self.provider.redeem(code, **given)


def answer(response, callback=CALLBACK) -> dict[str, str]:
    """What a redirect brings to the client."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith(callback + "?")
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query, strict_parsing=True).items()}


@pytest.fixture
async def place(clock):
    records = Breakable(MemoryRecords(clock))
    tasks = Supervisor()
    sessions = Sessions(records, SessionSettings(), clock, tasks)
    await sessions.start()
    people = People(ADA)
    provider = Provider(records, sessions, people, OIDCSettings(), clock, issuer=ISSUER)
    provider.register_client("wiki", [CALLBACK])
    app = Starlette(routes=provider.routes, exception_handlers={HTTPException: http_error})
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=ISSUER) as browser:
        yield Place(provider, people, sessions, records, clock, browser)
    await sessions.stop()
    await tasks.stop()
