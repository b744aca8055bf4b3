"""A sign-in host whose people signed in to clients: real sessions, tokens, keys, and a client that listens over TLS."""

import asyncio
import html
import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.net.fetching.peer import Authority, Peer
from tests.signin.house import House, build
from tests.signin.place import ORIGIN

from yett.kernel import Supervisor, new_id
from yett.keys import MasterKey, Sealer
from yett.net.fetching import Fetcher, FetchingSettings
from yett.net.pages import http_error
from yett.oidc.clients import AuthMethod, Client, Clients, Consent, Kind
from yett.oidc.logout import BackChannel, Logout, LogoutPages, LogoutSettings
from yett.oidc.signing import Algorithm, Signing, SigningSettings
from yett.oidc.tokens import Basis, Tokens, TokenSettings

BYE = "https://wiki.example.org/bye?from=yett"
MASTER = MasterKey(bytes(32))
WIKI = Client(
    "wiki",
    frozenset({"https://wiki.example.org/cb"}),
    frozenset({"openid", "offline_access"}),
    kind=Kind.CONFIGURED,
    name="The Wiki",
    auth_method=AuthMethod.NONE,
    consent=Consent.IMPLICIT,
    after_logout=frozenset({BYE, "org.example.wiki:/bye"}),
)
STRANGER = replace(WIKI, client_id="dc-stranger", name="Stranger", kind=Kind.REGISTERED)
ANSWER = b"HTTP/1.1 %d X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class Place:
    """Everything a test may turn."""

    house: House
    clients: Clients
    tokens: Tokens
    signing: Signing
    telling: BackChannel
    fetcher: Fetcher
    tasks: Supervisor

    async def get(self, browser, **asked):
        return await browser.get(
            "/oidc/logout", params={name: it for name, it in asked.items() if it is not None}
        )

    async def sign_in(self, browser, name="ada"):
        """Sign in; the session that comes of it."""
        await browser.sign_in(name, self.house.words.table[name])
        return await self.session(browser)

    async def session(self, browser):
        found = await self.house.flow.current(browser.cookies.get("__Host-yett-sso", ""))
        return found and found[0]

    async def issue(self, session, client=WIKI, scope="openid"):
        """What the client gets of the session."""
        basis = Basis(
            client.client_id, session.module_key, scope, new_id(), session.ref, auth_time=session.created_at
        )
        return await self.tokens.issue(client, basis, with_refresh=True, with_identity=True)

    async def confirm(self, browser, page, **headers):
        sealed = html.unescape(re.search(r'name="form" value="([^"]*)"', page.text)[1])
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **headers}
        return await browser.post("/oidc/logout/confirm", data={"form": sealed}, headers=sent)

    async def second(self):
        """The telling of another node."""
        return BackChannel(
            self.house.records,
            self.clients.get,
            self.signing,
            self.fetcher,
            self.house.sessions,
            self.telling.settings,
            self.house.clock,
            self.tasks,
            issuer=ORIGIN,
        )


class Listener:
    """A client that is told of logouts. It answers with these statuses, one after the other, the last for ever."""

    def __init__(self, peer, statuses) -> None:
        self.peer, self.statuses = peer, statuses

    @property
    def address(self):
        return f"https://client.example:{self.peer.port}/backchannel"

    @property
    def tokens(self):
        """The tokens that it was sent."""
        bodies = (request.partition(b"\r\n\r\n")[2].decode() for request in self.peer.requests)
        return [parse_qs(body)["logout_token"][0] for body in bodies]


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def listener(authority):
    statuses = [200]

    def answer(_):
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        return None if status is None else ANSWER % status

    async with Peer(answer, authority.context("client.example")) as peer:
        yield Listener(peer, statuses)


async def look_up(_host):
    return ["127.0.0.1"]


@pytest.fixture
async def place(clock, authority):
    tasks = Supervisor()
    house = await build(clock, tasks)
    signing = Signing(
        house.records,
        MASTER,
        SigningSettings(algorithms=(Algorithm.ES256,)),
        clock,
        tasks,
        issuer=ORIGIN,
    )
    await signing.start()
    clients = Clients()
    for client in (WIKI, STRANGER):
        clients[client.client_id] = client
    tokens = Tokens(
        house.records, signing, MASTER, clients, house.sessions, house.people, TokenSettings(), tasks, clock
    )
    await tokens.start()
    fetcher = Fetcher(FetchingSettings(allow=("127.0.0.0/8",), ca_file=authority.file), look_up)
    telling = BackChannel(
        house.records,
        clients.get,
        signing,
        fetcher,
        house.sessions,
        LogoutSettings(),
        clock,
        tasks,
        issuer=ORIGIN,
    )
    tokens.note_with(telling.note)
    house.sessions.ended.connect(tokens.told)
    house.sessions.ended.connect(telling.told)
    pages = LogoutPages(
        Logout(house.flow, tokens, clients), Sealer(MASTER, "oidc/logout"), clock, origin=ORIGIN
    )
    house.app = Starlette(
        routes=[*house.front.routes, *pages.routes], exception_handlers={HTTPException: http_error}
    )
    yield Place(house, clients, tokens, signing, telling, fetcher, tasks)
    await tokens.stop()
    await signing.stop()
    await house.sessions.stop()
    await tasks.stop()


@pytest.fixture
async def browser(place):
    async with place.house.browser() as client:
        yield client


@pytest.fixture
def eventually():
    """Wait until something is so."""

    async def wait(condition):
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - a task of the code under test changes it
                await asyncio.sleep(0.001)

    return wait
