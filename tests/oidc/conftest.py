"""A provider in memory: the real sessions, people from a table, one client behind the proxy and some others."""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.conftest import ADA, Breakable, People

from yett.identity.belongings import Belongings, IdentitySettings
from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import SIGN_ON_COOKIE, http_error
from yett.oidc import OIDCSettings, Provider
from yett.oidc.clients import AuthMethod, ClientSettings, Consent
from yett.oidc.consent import Consents
from yett.sessions import Issued, Sessions, SessionSettings, SessionType
from yett.store import ClusterSettings, MemoryRecords, ModuleData

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


SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
SHOP_CALLBACK = "https://shop.example.net/oauth/callback"
APP_CALLBACK = "http://127.0.0.1/callback"
SHOP = ClientSettings(
    id="shop",
    name="The Shop",
    secret=SECRET,
    redirect_uris=(SHOP_CALLBACK,),
    scopes=("openid", "profile", "email", "groups", "offline_access"),
)
"""An application elsewhere, of which people are asked for consent."""
HOUSE = replace(SHOP, id="house", name="", consent=Consent.IMPLICIT, pkce=False)
"""One of the house, and an old one."""
APP = ClientSettings(
    id="app",
    auth_method=AuthMethod.NONE,
    redirect_uris=(APP_CALLBACK, "com.example.app:/callback"),
    scopes=("openid",),
)
"""A program on people's machines."""
SHOPPING = {
    "response_type": "code",
    "client_id": "shop",
    "redirect_uri": SHOP_CALLBACK,
    "scope": "openid email",
    "state": "af0if js/ldkj",
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
    consents: Consents
    tasks: Supervisor
    settings: OIDCSettings
    origin: dict = field(default_factory=dict)
    """Where the browser is; what the engine would say."""

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

    async def shop(self, **changed):
        """Ask for a code for an application elsewhere."""
        asked = {name: value for name, value in {**SHOPPING, **changed}.items() if value is not None}
        return await self.browser.get("/oidc/authorize", params=asked)

    async def decide(self, page, decision, **more):
        """Fill in the form of a page of consent."""
        assert page.status_code == 200, page.text
        sealed = html.unescape(re.search(r'name="form" value="([^"]+)"', page.text)[1])
        form = {"form": sealed, "decision": decision}
        return await self.browser.post("/oidc/consent", data=form, headers={"Origin": ISSUER, **more})

    def use(self, *clients, **more):
        """Other settings."""
        self.settings = replace(self.settings, **({"client": clients} if clients else {}), **more)
        self.provider.apply(self.settings)

    async def code(self, **changed) -> str:
        return answer(await self.ask(**changed))["code"]

    async def redeem(self, code, **changed):
        given = {"verifier": VERIFIER, "client_id": "wiki", "redirect_uri": CALLBACK} | changed
        return await self.provider.redeem(code, **given)


def answer(response, callback=CALLBACK) -> dict[str, str]:
    """What a redirect brings to the client, be it that of a page after a form."""
    if response.status_code == 200:
        location = html.unescape(
            re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', response.text)[1]
        )
    else:
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
    data = Belongings(ModuleData(records, ClusterSettings()), people, IdentitySettings(), clock, tasks)
    consents, settings = Consents(data, clock), OIDCSettings(client=(SHOP, HOUSE, APP))
    provider = Provider(
        records,
        sessions,
        people,
        settings,
        clock,
        issuer=ISSUER,
        sealer=Sealer(MasterKey(bytes(32)), "oidc"),
        consents=consents,
    )
    provider.register_client("wiki", [CALLBACK])
    app = Starlette(routes=provider.routes, exception_handlers={HTTPException: http_error})
    origin = {"client_address": "192.0.2.7"}

    async def as_engine(scope, receive, send):
        scope["state"] = dict(origin)
        await app(scope, receive, send)

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=as_engine), base_url=ISSUER) as browser:
        yield Place(provider, people, sessions, records, clock, browser, consents, tasks, settings, origin)
    await sessions.stop()
    await tasks.stop()
