"""Passkeys on a real store in memory, people from a table, and a mail server that is a list."""

import pytest
from tests.authn.passkey.authenticator import Authenticator

from yett.authn.passkey import PasskeyLetters, Passkeys, PasskeySettings
from yett.identity import Person
from yett.kernel import Supervisor
from yett.store import ClusterSettings, MemoryRecords, ModuleData, StoreUnavailable

ORIGIN = "https://login.example.test:8443"
ADA = Person("ada", "Ada Lovelace", "ada@example.test", (), is_disabled=False, source="local")


class People:
    def __init__(self, *people):
        self.table = {person.name: person for person in people}

    def person(self, name):
        return self.table.get(name)

    def people(self):
        return list(self.table.values())


class Post:
    """Takes every mail."""

    def __init__(self):
        self.is_configured = True
        self.takes = True
        self.mails = []

    async def send(self, kind, to, *, language="", fields=None):
        self.mails.append((kind, to, language, dict(fields or {})))
        return self.takes


class Breakable:
    """Records of which some operations fail: those for which `fails(name, key)` is true."""

    def __init__(self, inner):
        self._inner = inner
        self.fails = lambda _name, _key: False

    def __getattr__(self, name):
        whole = getattr(self._inner, name)

        async def operate(key, *more, **options):
            if self.fails(name, key):
                raise StoreUnavailable("the disk is full")
            return await whole(key, *more, **options)

        return operate


@pytest.fixture
def records(clock):
    return Breakable(MemoryRecords(clock))


@pytest.fixture
def people():
    return People(ADA)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
def data(records):
    return ModuleData(records, ClusterSettings())


@pytest.fixture
def letters(post, people, data, tasks, clock):
    return PasskeyLetters(post, people, data, tasks, clock)


@pytest.fixture
def make(data, records, clock, letters):
    """A started method with settings of the test's own."""

    async def make(*, random=None, origin=ORIGIN, **settings):
        more = {} if random is None else {"random": random}
        made = Passkeys(
            data,
            records,
            PasskeySettings(**settings),
            clock,
            letters,
            origin=origin,
            hostname="login.example.test",
            **more,
        )
        await made.start()
        return made

    return make


@pytest.fixture
async def passkeys(make):
    return await make()


@pytest.fixture
def enrol():
    """Give somebody a passkey on a new device."""

    async def enrol(passkeys, user="ada", name="Phone", device=None, **made):
        device = device or Authenticator(**made)
        asked = await passkeys.begin_registration(user, user.title(), device="browser")
        done = await passkeys.finish_registration(
            asked.id, device.create(asked.options), user=user, device="browser"
        )
        kept = await passkeys.enrol(done, name=name)
        return device, kept

    return enrol


@pytest.fixture
def use():
    """Sign in with a device."""

    async def use(passkeys, device, *, user="", browser="browser", **wrong):
        asked = await passkeys.begin_authentication(user=user, device=browser)
        return await passkeys.finish_authentication(
            asked.id, device.get(asked.options, **wrong), device=browser
        )

    return use
