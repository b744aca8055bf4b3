"""A sign-in host in memory: the real sessions and sealer, people and passwords from a table."""

import html
import re
from dataclasses import dataclass, field

import httpx2

from yett.authn.password import Accepted, Reason, Rejected
from yett.events import Scope, enter_scope, leave_scope
from yett.identity import Person
from yett.keys import Sealer
from yett.sessions import Sessions
from yett.signin import Flow, SignIn
from yett.signin.machine import Standing
from yett.store import ModuleData, StoreUnavailable

ORIGIN = "https://login.example.test:8443"
ADDRESS = "192.0.2.7"
ADA = Person(
    "ada", "Ada Lovelace", "ada@example.test", ("engineers", "wiki"), is_disabled=False, source="local"
)


class People:
    """A directory that is a table."""

    def __init__(self, *people: Person) -> None:
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)


class Standings:
    """Second factors that are a table."""

    def __init__(self) -> None:
        self.table = {}
        self.is_broken = False
        self.sent = []

    async def send_first(self, person, offers, visitor):
        self.sent.append((person.name, offers, visitor.device))

    async def standing(self, person):
        if self.is_broken:
            raise StoreUnavailable("the disk is full")
        return self.table.get(person.name, Standing())


class Words:
    """A password method that is a table; `verdict` overrules it."""

    def __init__(self, **table: str) -> None:
        self.table = table
        self.verdict = None

    async def verify(self, name, password):
        if self.verdict is not None:
            return self.verdict
        return Accepted(name) if self.table.get(name) == password else Rejected(Reason.WRONG)


class Breakable:
    """Records that can be out of reach, all of them or those under a prefix."""

    def __init__(self, records) -> None:
        self._records = records
        self.is_broken = False
        self.broken_prefix = ""

    def __getattr__(self, name):
        whole = getattr(self._records, name)
        if self.broken_prefix and name in {"get", "put", "create", "replace"}:

            async def refuse_some(key, *more, **options):
                if key.startswith(self.broken_prefix):
                    raise StoreUnavailable("the disk is full")
                return await whole(key, *more, **options)

            return refuse_some
        if self.is_broken and name in {"get", "put", "create", "replace", "take", "delete", "list"}:

            async def refuse(*_, **__):
                raise StoreUnavailable("the disk is full")

            return refuse
        return whole


@dataclass
class Place:
    """Everything a test may turn."""

    front: SignIn
    app: object
    people: People
    words: Words
    sessions: Sessions
    records: Breakable
    data: ModuleData
    sealer: Sealer
    flow: Flow
    factors: Standings
    scopes: list = field(default_factory=list)

    def browser(self) -> "Browser":
        return Browser(
            transport=httpx2.ASGITransport(app=self._as_engine),
            base_url=ORIGIN,
            headers={"User-Agent": "Testfox/1.0"},
        )

    async def _as_engine(self, scope, receive, send):
        """What the engine does around an application."""
        known = Scope(request_id=f"0199-{len(self.scopes)}", client_address=ADDRESS)
        self.scopes.append(known)
        scope["state"] = {"request_id": known.request_id, "client_address": ADDRESS}
        token = enter_scope(known)
        try:
            await self.app(scope, receive, send)
        finally:
            leave_scope(token)


class Browser(httpx2.AsyncClient):
    """A browser that fills in forms, and a program that makes calls."""

    async def call(self, path, headers=None, **texts):
        return await self.post(path, json=texts, headers=headers)

    async def submit(self, page, path="/signin", headers=None, **fields):
        found = re.search(r'name="form" value="([^"]*)"', page.text)
        sealed = html.unescape(found[1]) if found else ""
        return await self.post(path, data={"form": sealed, **fields}, headers=headers)

    async def sign_in(self, name="ada", password="correct horse", to="/"):
        page = await self.get("/signin", params={"next": to})
        return await self.submit(page, name=name, password=password)
