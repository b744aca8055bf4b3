"""Personal access tokens in memory: real records and keys, people from a table, a mailer that remembers."""

import asyncio
from dataclasses import dataclass, replace

import pytest
from tests.signin.conftest import ADA, Breakable, People

from yett.identity import Person
from yett.kernel import FrozenClock, Supervisor
from yett.keys import MasterKey
from yett.oidc.personal import (
    Made,
    Personal,
    PersonalExpiry,
    PersonalLetters,
    PersonalScopeSettings,
    PersonalTokenSettings,
)
from yett.oidc.signing import Algorithm, Signing, SigningSettings
from yett.store import MemoryRecords, StoreUnavailable

ISSUER = "https://login.example.test"
BOB = Person("bob", "Bob", "", ("staff",), is_disabled=False, source="local")
WIKI = PersonalScopeSettings(name="wiki", text="Write to the wiki")
SETTINGS = PersonalTokenSettings(enabled=True, most=3, scope=(WIKI,))
DAY = 86400.0


class Post:
    """A mailer that remembers."""

    def __init__(self) -> None:
        self.mails = []
        self.ended = []
        self.is_configured = True
        self.is_broken = False

    async def send(self, kind, to, *, language="", fields):
        self.mails.append((kind, to, language, dict(fields)))
        return not self.is_broken

    async def token_ended(self, user, to, *, language="", fields):
        self.ended.append((user, to, language, dict(fields)))
        return bool(to)


class Languages:
    def __init__(self) -> None:
        self.is_broken = False

    async def language(self, user):
        if self.is_broken:
            raise StoreUnavailable("the disk is full")
        return {"ada": "de"}.get(user)


@dataclass
class Desk:
    """Everything a test may turn."""

    personal: Personal
    letters: PersonalLetters
    expiry: PersonalExpiry
    signing: Signing
    records: Breakable
    people: People
    post: Post
    languages: Languages
    clock: FrozenClock
    tasks: Supervisor

    async def make(self, name="backup", person=ADA, scopes=("account",), days=30) -> Made:
        made = await self.personal.make(person, name, scopes, days)
        assert isinstance(made, Made), made
        return made

    def use(self, **changes):
        self.personal.apply(replace(self.personal.settings, **changes))

    async def settled(self):
        """Mails go out by themselves; wait until they have."""
        for task in list(self.tasks._tasks):
            if task.get_name().startswith("oidc.personal.token_"):
                await task

    async def without_keys(self) -> Personal:
        """The same where no key was ever loaded."""
        settings = SigningSettings(algorithms=(Algorithm.ES256,))
        empty = Signing(self.records, MasterKey(bytes(32)), settings, self.clock, self.tasks, issuer=ISSUER)
        return Personal(
            self.records, empty, self.people, self.letters, SETTINGS, self.clock, self.tasks, issuer=ISSUER
        )

    async def second(self) -> Personal:
        """The same on another node."""
        other = Personal(
            self.records,
            self.signing,
            self.people,
            self.letters,
            SETTINGS,
            self.clock,
            self.tasks,
            issuer=ISSUER,
        )
        await other.start()
        return other


@pytest.fixture
async def desk(clock):
    records, tasks, people, post, languages = (
        Breakable(MemoryRecords(clock)), Supervisor(), People(ADA, BOB), Post(), Languages()
    )  # fmt: skip
    signing = Signing(
        records,
        MasterKey(bytes(32)),
        SigningSettings(algorithms=(Algorithm.ES256,)),
        clock,
        tasks,
        issuer=ISSUER,
    )
    await signing.start()
    letters = PersonalLetters(post, languages, tasks, clock)
    personal = Personal(records, signing, people, letters, SETTINGS, clock, tasks, issuer=ISSUER)
    await personal.start()
    expiry = PersonalExpiry(personal, people, letters, clock, tasks)
    yield Desk(personal, letters, expiry, signing, records, people, post, languages, clock, tasks)
    await personal.stop()
    await signing.stop()
    await tasks.stop()


@pytest.fixture
def eventually():
    """Wait until something is so."""

    async def wait(condition):
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - a task of the code under test changes it
                await asyncio.sleep(0.001)

    return wait
