"""The sign-in host in memory, with the pages of one's own account and of first contact."""

import asyncio
import html
import re
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from tests.signin.house import HOST, House
from tests.signin.place import ORIGIN

from yett.authn.passkey import PasskeyLetters, Passkeys, PasskeySettings
from yett.authn.password import Hasher, Password, PasswordSettings
from yett.identity import LocalUser, LocalUsers
from yett.kernel import Supervisor
from yett.keys import MasterKey, Sealer
from yett.net.pages import http_error
from yett.oidc.personal import ACCOUNT, Personal, PersonalLetters, PersonalTokenSettings
from yett.oidc.signing import Algorithm, Signing, SigningSettings
from yett.signin.profile import OwnPassword, PasswordChanges, Portal, Profile, TokensPage
from yett.signin.profile.model import Owner

SAME = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
QUICK = PasswordSettings(memory=8192, passes=1)
WORDS = {"ada": "correct horse", "bob": "staple", "eve": "apple", "liz": "violin string"}


class Door:
    """The sign-in's check of passwords, without its limits; `verdict` overrules it."""

    def __init__(self, password, words) -> None:
        self._password, self._words = password, words
        self.verdict = None

    async def verify(self, name, password):
        if self.verdict is not None:
            return self.verdict
        if name == "liz":
            return await self._words.verify(name, password)
        return await self._password.verify(name, password)


@dataclass
class Home:
    """The host with accounts, and what a visitor of it does."""

    house: House
    portal: Portal
    profile: Profile
    password: OwnPassword
    users: LocalUsers
    passkeys: Passkeys
    door: Door
    tasks: Supervisor
    changes: PasswordChanges
    headers: dict = field(default_factory=lambda: dict(SAME))

    async def sign_in(self, browser, name="ada", *, again=True):
        """A sign-in that was asked for anew, unless it was not."""
        query = {"again": "1"} if again else {}
        page = await browser.get("/signin", params=query)
        words = self.house.words.table[name]
        return await browser.submit(page, name=name, password=words)

    async def owner(self, name="ada"):
        """Somebody who is signed in, as the pages know them."""
        async with self.house.browser() as client:
            await self.sign_in(client, name)
            token = client.cookies["__Host-yett-sso"]
        return Owner(*await self.house.flow.current(token), token)

    async def call(self, browser, path, /, **content):
        return await browser.post(f"/api/profile{path}", json=content, headers=self.headers)

    async def post(self, browser, page, path, /, **fields):
        """Send a form of a page."""
        sealed = html.unescape(re.search(r'name="form" value="([^"]*)"', page.text)[1])
        return await browser.post(path, data={"form": sealed, **fields}, headers=self.headers)


@pytest.fixture
async def home(house, clock, tmp_path):
    tasks = Supervisor()
    users = LocalUsers(tmp_path / "users.toml", clock=clock)
    for name, person in house.people.table.items():
        if person.source == "local":
            users.add(LocalUser(person, Hasher(QUICK).hash(WORDS[name].encode())))
    users.load()
    password = Password(users, QUICK, tasks)
    letters = PasskeyLetters(house.mails, house.people, house.data, tasks, clock)
    passkeys = Passkeys(
        house.data, house.records, PasskeySettings(), clock, letters, origin=ORIGIN, hostname=HOST
    )
    await passkeys.start()
    door = Door(password, house.words)
    own = OwnPassword(
        door,
        password,
        users,
        house.sessions,
        house.mails,
        house.data,
        clock,
        tasks,
        ldap=house.changing,
        ldap_source="ldap",
    )
    changes = PasswordChanges(users, house.sessions, tasks)
    users.password_changed.connect(changes.told)
    portal = Portal(is_enabled=True, has_onboarding=False)
    profile = Profile(
        portal,
        house.flow,
        house.factors,
        house.sessions,
        house.flow._memory,
        house.data,
        house.totp,
        passkeys,
        own,
        Sealer(MasterKey(bytes(32)), "signin/profile"),
        house.onward.forms,
        clock,
        origin=ORIGIN,
    )
    routes = [*house.front.routes, *house.onward.routes, *profile.routes]
    house.app = Starlette(routes=routes, exception_handlers={HTTPException: http_error})
    yield Home(house, portal, profile, own, users, passkeys, door, tasks, changes)
    await password.stop()
    await tasks.stop()


@pytest.fixture
async def browser(home):
    async with home.house.browser() as client:
        yield client


@pytest.fixture
async def kept(home, clock):
    """Personal access tokens, and their page."""
    house, master = home.house, MasterKey(bytes(32))
    settings = SigningSettings(algorithms=(Algorithm.ES256,))
    signing = Signing(house.records, master, settings, clock, home.tasks, issuer=ORIGIN)
    await signing.start()
    letters = PersonalLetters(house.mails, house.data, home.tasks, clock)
    personal = Personal(
        house.records,
        signing,
        house.people,
        letters,
        PersonalTokenSettings(enabled=True, most=3),
        clock,
        home.tasks,
        issuer=ORIGIN,
    )
    await personal.start()
    home.profile.entry.read_with(partial(personal.session_for, scope=ACCOUNT, audience=HOST))
    home.profile.looking.count_tokens_with(
        lambda person: len(personal.listed(person)) if personal.is_offered(person) else None
    )
    page = TokensPage(home.profile.entry, personal, Sealer(master, "tokens"), clock, origin=ORIGIN)
    house.app = Starlette(
        routes=[*house.app.routes, *page.routes], exception_handlers={HTTPException: http_error}
    )
    yield SimpleNamespace(personal=personal, page=page)
    await personal.stop()
    await signing.stop()


@pytest.fixture
def eventually():
    """Wait until something is so."""

    async def wait(condition):
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - a task of the code under test changes it
                await asyncio.sleep(0.001)

    return wait
