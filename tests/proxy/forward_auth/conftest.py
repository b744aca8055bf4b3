"""Questions of proxies, asked as the engine hands them over, to real tokens, sessions and people."""

import json
from dataclasses import dataclass, replace

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.proxy.conftest import request_for

from yett.events import Native, Scope, enter_scope, leave_scope
from yett.events.dialects import DIALECTS, NativeDialect
from yett.identity import Directory, Person, PersonChanged
from yett.identity.access import ASSURANCE
from yett.kernel import Signal, Supervisor
from yett.keys import MasterKey
from yett.net.pages import SIGN_ON_COOKIE, http_error
from yett.proxy.forward_auth import Browser, ForwardAuth, ForwardAuthSettings, Holders, Settings
from yett.sessions import Sessions, SessionSettings, SessionType
from yett.store import MemoryRecords
from yett.tokens import Actor, Draft, Identity, ScopedTokens, Source, TokensSettings, TokenType
from yett.tokens.config import QuotaSettings, ScopeSettings, ServiceQuotaSettings

SIGN_IN = "login.example.test"
ORIGIN = f"https://{SIGN_IN}"
PROXY = "192.0.2.7"
CLIENT = "203.0.113.9"
APP = "https://app.example.test"
ADA = Person("ada", "Ada Löwe", "ada@example.test", ("engineers", "wiki"), is_disabled=False, source="table")
BOB = Person("bob", "Bob", "", ("guests",), is_disabled=False, source="table")
EVE = Person("eve", "Eve", "", (), is_disabled=False, source="table")
TOKENS = TokensSettings(
    enabled=True,
    cookie_domain="example.test",
    scope=(
        ScopeSettings(name="read:all", groups=("engineers", "guests")),
        ScopeSettings(name="exec:admin", groups=("engineers",)),
    ),
    quota=(
        QuotaSettings(
            api=(
                ServiceQuotaSettings(service="tap", amount=2),
                ServiceQuotaSettings(service="closed", amount=0),
            )
        ),
    ),
)
SETTINGS = ForwardAuthSettings(enabled=True, trusted=(f"{PROXY}/32", "127.0.0.0/8"))


class Table:
    """A source of people that is a table."""

    name = "table"

    def __init__(self, *people) -> None:
        self.changed = Signal("table.changed")
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return list(self.table.values())


class Flow:
    """The part of the sign-in that is asked here, on real sessions."""

    def __init__(self, sessions, directory) -> None:
        self.sessions = sessions
        self.directory = directory
        self.fresh = set()

    async def current(self, token):
        session = await self.sessions.validate(token, audience=SIGN_IN) if token else None
        return None if session is None else (session, self.directory.person(session.module_key))

    def is_fresh(self, session):
        return session.ref in self.fresh

    async def sign_out(self, session):
        await self.sessions.revoke(session.ref)


@dataclass
class Reply:
    """What a proxy gets."""

    status: int
    headers: list
    body: bytes
    kind: bytes

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def __getitem__(self, name):
        found = self.all(name)
        return found[0] if found else None

    @property
    def json(self):
        return json.loads(self.body)


class Place:
    """Everything a test may turn."""

    def __init__(self, clock) -> None:
        self.clock = clock
        self.tasks = Supervisor()
        self.records = MemoryRecords(clock)
        self.people = Table(ADA, BOB, EVE)
        self.directory = Directory([self.people], self.tasks)
        self.sessions = Sessions(self.records, SessionSettings(), clock, self.tasks)
        self.tokens = ScopedTokens(
            self.records,
            self.directory,
            MasterKey(bytes(32)),
            TOKENS,
            clock,
            self.tasks,
            is_session_live=self.sessions.is_live,
        )
        self.sessions.ended.connect(lambda ended: self.tokens.session_ended(ended.session.ref))
        self.settings = Settings(SETTINGS, TOKENS, SessionSettings())
        self.refuses = False
        self.questions = ForwardAuth(
            self.tokens,
            Holders(self.tokens, self.sessions, self.directory),
            self.settings,
            clock,
            origin=ORIGIN,
            sign_in_host=SIGN_IN,
            refuse_unrecorded=lambda: self.refuses,
        )
        self.flow = Flow(self.sessions, self.directory)
        self.pages = Browser(self.flow, self.tokens, SETTINGS, origin=ORIGIN)
        self.app = Starlette(routes=self.pages.routes, exception_handlers={HTTPException: http_error})

    async def start(self):
        await self.directory.start()
        await self.sessions.start()
        await self.tokens.start()

    async def stop(self):
        await self.tokens.stop()
        await self.sessions.stop()
        await self.tasks.stop()

    def apply(self, **changes):
        """Other settings."""
        self.settings = replace(self.settings, own=replace(self.settings.own, **changes))
        self.questions.apply(self.settings)
        self.pages.apply(self.settings.own)

    # People.

    def change(self, name, **changes):
        """Another entry in the directory."""
        before = self.people.table[name]
        self.people.table[name] = now = replace(before, **changes)
        self.people.changed.send(PersonChanged(name, now, was_disabled=before.is_disabled, before=before))

    async def sign_on(self, name="ada", assurance="single"):
        return await self.sessions.create(
            SessionType.SIGN_ON, name, audience=SIGN_IN, metadata={ASSURANCE: assurance}
        )

    async def session(self, name="ada", *, assurance="single", scopes=None):
        """The token that a browser of theirs has."""
        issued = await self.sign_on(name, assurance)
        person = self.directory.person(name)
        return await self.tokens.make_session(
            person,
            scopes=self.tokens.scopes_for(person) if scopes is None else scopes,
            session_ref=issued.session.ref,
            expires_at=issued.session.ends_at,
            address=CLIENT,
        )

    async def user_token(self, name="ada", *, scopes=("read:all",), lifetime=None, label="laptop"):
        """A token of theirs for programs."""
        parent = self.tokens.look(await self.session(name))
        expires = None if lifetime is None else self.clock.now() + lifetime
        draft = Draft(name, TokenType.USER, frozenset(scopes), expires, label, identity=Identity())
        return str(await self.tokens.create_own(draft, Actor(name, CLIENT, parent, Source.COOKIE)))

    # Asking.

    async def ask(self, target, headers=None, *, method="GET", host=SIGN_IN, peer=PROXY):
        """One question; None where it is none."""
        sent = {"Host": host, **(headers or {})}
        request = request_for(
            method, target, {key: value for key, value in sent.items() if value is not None}
        )
        request.connection.client_address = request.scope.client_address = peer
        token = enter_scope(request.scope)
        try:
            decision = self.questions.answer(request)
            if hasattr(decision, "__await__"):
                decision = await decision
        finally:
            leave_scope(token)
        self.request = request
        if decision is None:
            return None
        pairs = [line.split(": ", 1) for line in decision.headers.decode("utf-8").split("\r\n") if line]
        return Reply(decision.status, pairs, decision.body, decision.content_type)

    async def ingress(self, query="", token="", *, url=f"{APP}/page?x=1", method="GET", **more):
        """A question of /ingress/auth about a request with this bearer token."""
        headers = {
            "X-Original-Method": method,
            "X-Original-URL": url,
            "X-Forwarded-For": CLIENT,
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **more,
        }
        return await self.ask(f"/ingress/auth{'?' if query else ''}{query}", headers)

    async def forwarded(
        self, path="/api/authz/forward-auth", *, host="app.example.test", uri="/page", method="GET", **more
    ):
        """A question in the words of Traefik."""
        headers = {
            "X-Forwarded-Method": method,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": host,
            "X-Forwarded-Uri": uri,
            "X-Forwarded-For": CLIENT,
            **more,
        }
        return await self.ask(path, {key.replace("_", "-"): value for key, value in headers.items()})

    def cookie(self, *tokens):
        return "; ".join(f"{TOKENS.cookie}={token}" for token in tokens)

    # Browsers.

    def browser(self, *, sign_on="", token="", **headers):
        """A client of /login and /logout that follows nothing."""

        async def app(scope, receive, send):
            scope.setdefault("state", {})["client_address"] = CLIENT
            entered = enter_scope(Scope(client_address=CLIENT))
            try:
                await self.app(scope, receive, send)
            finally:
                leave_scope(entered)

        cookies = {SIGN_ON_COOKIE: sign_on} if sign_on else {}
        if token:
            cookies[TOKENS.cookie] = token
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url=ORIGIN, cookies=cookies, headers=headers
        )


@pytest.fixture
async def place(clock):
    made = Place(clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def said(heard):
    """Whole records as Gafaelfawr writes them, but for when they were made and what only we write besides."""

    def read(*messages):
        native, theirs = Native(), DIALECTS["gafaelfawr"]
        found = []
        for record in heard.records:
            if record.declaration.component != "gafaelfawr":
                continue
            values = json.loads(theirs.write(NativeDialect().read(native.line(record))))
            if messages and values["event"] not in messages:
                continue
            for name in ("timestamp", "event_code", "logger", "audit", "server.request.id"):
                values.pop(name, None)
            found.append(values)
        return found

    read.forget = heard.forget
    return read
