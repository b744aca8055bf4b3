"""Tokens over real sessions, signing keys and a store that fails when told to; people and clients from tables."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.oidc.signing.conftest import ISSUER, MASTER, ONE
from tests.signin.place import ADA, People
from tests.store.faults import FaultyRecords

from yett.identity.access import Assurance
from yett.kernel import FrozenClock, Supervisor, new_id, new_secret
from yett.oidc.clients import AuthMethod, Client, Kind, Lifetimes
from yett.oidc.signing import Signing
from yett.oidc.tokens import Basis, Confirmation, Tokens, TokenSettings
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords

HOST = "login.example.test"
WIKI = Client(
    "wiki",
    frozenset({"https://wiki.example.test/callback"}),
    frozenset({"openid", "profile", "email", "groups", "offline_access"}),
    kind=Kind.CONFIGURED,
    auth_method=AuthMethod.BASIC,
    lifetimes=Lifetimes(
        access=timedelta(minutes=10), refresh=timedelta(days=14), identity=timedelta(minutes=5)
    ),
)
NOTHING = Confirmation()


class Secrets:
    """The machine's random source, which can fail."""

    def __init__(self):
        self.is_broken = False

    def __call__(self):
        if self.is_broken:
            raise OSError("no entropy")
        return new_secret()


@dataclass
class Place:
    """Everything a test may turn."""

    records: FaultyRecords
    sessions: Sessions
    people: People
    clients: dict[str, Client]
    signing: Signing
    tasks: Supervisor
    clock: FrozenClock
    secrets: Secrets
    nodes: list[Tokens] = field(default_factory=list)

    @property
    def tokens(self) -> Tokens:
        return self.nodes[0]

    async def node(self, settings=None) -> Tokens:
        """One more gateway on the same store."""
        tokens = Tokens(
            self.records,
            self.signing,
            MASTER,
            self.clients,
            self.sessions,
            self.people,
            settings or TokenSettings(),
            self.tasks,
            self.clock,
            secret=self.secrets,
        )
        await tokens.start()
        self.nodes.append(tokens)
        return tokens

    async def sign_on(self, name="ada") -> str:
        issued = await self.sessions.create(SessionType.SIGN_ON, name, audience=HOST)
        return issued.session.ref

    async def basis(self, scope="openid profile email groups", **changed) -> Basis:
        """What a person just granted."""
        given = {
            "client_id": "wiki",
            "user": "ada",
            "scope": scope,
            "grant_ref": new_id(),
            "auth_time": self.clock.now(),
            "methods": ("pwd", "otp"),
            "assurance": Assurance.MFA,
            "nonce": "n-0S6",
        } | changed
        if "sign_on_ref" not in given:
            given["sign_on_ref"] = await self.sign_on(given["user"])
        return Basis(**given)

    async def issue(self, scope="openid profile email groups", *, client=WIKI, tokens=None, **changed):
        basis = await self.basis(scope, **changed)
        return await (tokens or self.tokens).issue(
            client, basis, with_refresh=True, with_identity="openid" in scope
        )

    async def refresh(self, answer, scope="", *, client=WIKI, shown=NOTHING, tokens=None):
        return await (tokens or self.tokens).refresh(client, answer.refresh_token, scope, shown)

    async def are_good(self, *answers) -> list[bool]:
        return [await self.tokens.look(each.access_token) is not None for each in answers]

    async def kept(self) -> list[str]:
        """The families that stand in the store, graves aside."""
        found = await self.records._inner.list("oidc/families/")
        return [key for key, record in found if b"is_revoked" not in record.value]


async def settled(condition):
    """Wait until it holds."""
    while not condition():  # noqa: ASYNC110 - only the test wants to know
        await asyncio.sleep(0)


@pytest.fixture
async def place(clock):
    records = FaultyRecords(MemoryRecords(clock))
    tasks = Supervisor(sleep=lambda _seconds: asyncio.sleep(0))
    sessions = Sessions(records, SessionSettings(), clock, Supervisor())
    await sessions._following.open()
    signing = Signing(records, MASTER, ONE, clock, Supervisor(), issuer=ISSUER)
    await signing.tick()
    place = Place(records, sessions, People(ADA), {"wiki": WIKI}, signing, tasks, clock, Secrets())
    await place.node()
    sessions.ended.connect(place.tokens.told)
    yield place
    for tokens in place.nodes:
        await tokens.stop()
    await tasks.stop()
    await sessions._following.follower.close()
    await records._inner.close()


@pytest.fixture
async def web(place):
    from tests.oidc.tokens.web import build  # noqa: PLC0415 - it needs what stands here

    web = build(place)
    async with web.http:
        yield web
