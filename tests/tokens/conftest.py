"""Scoped tokens on a real store in memory, with a directory that is a table and a clock that stands still."""

import asyncio
import dataclasses
import json
from contextlib import contextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.store.faults import FaultyRecords

from yett.events import Scope, enter_scope, leave_scope
from yett.events.dialects import DIALECTS, Native, NativeDialect
from yett.identity import Person
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.net.pages import http_error
from yett.store import MemoryRecords
from yett.tokens import (
    Actor,
    Draft,
    Identity,
    Query,
    ScopedTokens,
    Source,
    Token,
    TokensSettings,
    TokenType,
    parse,
)
from yett.tokens.api import Door, TokenAPI
from yett.tokens.api.forms import ClientForm
from yett.tokens.config import ScopeSettings
from yett.tokens.pages import TokenPages

ORIGIN = "https://login.example.test"
ADDRESS = "192.0.2.7"
MASTER = MasterKey(bytes(32))
BOOTSTRAP = "gt-bootstrapbootstrapbooA.bootstrapbootstrapbooA"
ADA = Person(
    "ada",
    "Ada Lovelace",
    "ada@example.test",
    ("engineers", "wiki"),
    is_disabled=False,
    source="local",
    id="1",
    uid=4711,
    gid=100,
)
BOB = Person("bob", "Bob", "", ("guests",), is_disabled=False, source="local", id="2")
ROOT = Person("root", "Root", "", ("admins", "engineers"), is_disabled=False, source="local", id="3")
SETTINGS = TokensSettings(
    enabled=True,
    scope=(
        ScopeSettings(name="read:all", description="Read everything", groups=("engineers", "guests")),
        ScopeSettings(name="exec:admin", description="Run things", groups=("engineers",)),
        ScopeSettings(name="admin:token", groups=("admins",)),
        ScopeSettings(name="admin:userinfo", groups=("admins",)),
        ScopeSettings(name="admin:oidc", groups=("admins",)),
    ),
    bootstrap_token=BOOTSTRAP,
)


class People:
    """A directory that is a table."""

    def __init__(self, *people) -> None:
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return list(self.table.values())

    def change(self, name, **new):
        self.table[name] = dataclasses.replace(self.table[name], **new)


class Place:
    """Everything a test may turn."""

    def __init__(self, clock, settings=SETTINGS) -> None:
        self.clock = clock
        self.inner = MemoryRecords(clock)
        self.records = FaultyRecords(self.inner)
        self.tasks = Supervisor()
        self.people = People(ADA, BOB, ROOT)
        self.live = {"s1", "s2"}
        self.grants = set()
        self.settings = settings
        self.tokens = self.node()
        self.door = Door(self.tokens, MASTER, host="login.example.test")
        clients = [ClientForm("wiki", "https://wiki/cb", "Wiki", ("https://wiki/cb",))]
        api = TokenAPI(self.tokens, self.door, clock, origin=ORIGIN, clients=lambda: clients)
        pages = TokenPages(self.tokens, self.door, clock, origin=ORIGIN)
        self.app = Starlette(
            routes=[*api.routes, *pages.routes], exception_handlers={HTTPException: http_error}
        )

    def node(self):
        """One more node with the same store."""
        return ScopedTokens(
            self.records,
            self.people,
            MASTER,
            self.settings,
            self.clock,
            self.tasks,
            is_session_live=lambda ref: ref in self.live,
            is_grant_live=lambda grant: grant in self.grants,
        )

    async def session(self, person=ADA, *, ref="s1", scopes=None, expires_at=None):
        scopes = self.tokens.scopes_for(person) if scopes is None else scopes
        return await self.tokens.make_session(
            person, scopes=scopes, session_ref=ref, expires_at=expires_at, address=ADDRESS
        )

    async def actor(self, person=ADA, **more):
        data = self.tokens.look(await self.session(person, **more))
        return Actor(person.name, ADDRESS, data, Source.COOKIE)

    async def user_token(self, actor, name="laptop", *, scopes=("read:all",), expires=None):
        made = await self.tokens.create_own(
            Draft(actor.username, TokenType.USER, frozenset(scopes), expires, name), actor
        )
        assert isinstance(made, Token), made
        return str(made)

    async def service_token(self, actor, name="bot-ci", *, scopes=("read:all",), **identity):
        made = await self.tokens.create_as_administrator(
            Draft(name, TokenType.SERVICE, frozenset(scopes), None, identity=Identity(**identity)), actor
        )
        assert isinstance(made, Token), made
        return str(made)

    async def keys(self):
        """The tokens that the store has."""
        return [key for key, _ in await self.inner.list("tokens/keys/")]

    def key(self, text):
        return parse(text).key

    async def history(self, **query):
        page = await self.tokens.changes(Query(**query), None, 1000)
        return [(each.action.value, each.token) for each in page.entries]

    @contextmanager
    def within(self):
        """What the engine knows of a request."""
        token = enter_scope(Scope(client_address=ADDRESS))
        try:
            yield
        finally:
            leave_scope(token)

    def client(self, text="", *, cookie=""):
        """A program with a token, or a browser with a cookie."""
        headers = {"Authorization": f"Bearer {text}"} if text else {}
        cookies = {self.settings.cookie: cookie} if cookie else {}

        async def app(scope, receive, send):
            scope.setdefault("state", {})["client_address"] = ADDRESS
            await self.app(scope, receive, send)

        transport = httpx2.ASGITransport(app=app)
        return httpx2.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers, cookies=cookies)


async def until(condition):
    """Let others run until it is true."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come true")


@pytest.fixture
async def place(clock):
    place = Place(clock)
    await place.tokens.start()
    yield place
    place.records.is_down = False
    place.records.fail_write = 0
    await place.tokens.stop()
    await place.tasks.stop()


@pytest.fixture
def said(heard):
    """Whole records as Gafaelfawr writes them, but for when they were made."""

    def read(component="gafaelfawr"):
        native, theirs = Native(), DIALECTS["gafaelfawr"]
        found = []
        for record in heard.records:
            if record.declaration.component == component:
                line = theirs.write(NativeDialect().read(native.line(record)))
                values = json.loads(line)
                del values["timestamp"]
                found.append(values)
        return found

    read.forget = heard.forget
    return read
