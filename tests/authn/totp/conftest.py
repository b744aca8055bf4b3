"""Authenticator apps of two people, on a store that can fail."""

import base64

import pytest
from tests.authn.mailing import Post
from tests.store.faults import FaultyRecords

from yett.authn.totp import Confirmed, Totp, TotpSettings
from yett.authn.totp.codes import code_at, step_at
from yett.identity import Person
from yett.kernel import Supervisor
from yett.keys import MasterKey
from yett.store import ClusterSettings, MemoryRecords, ModuleData

MASTER = MasterKey(b"m" * 32)
PEOPLE = {
    name: Person(name, name.title(), email, (), False, "local")
    for name, email in (("ada", "ada@example.org"), ("bob", "bob@example.org"), ("bare", ""))
}


class People:
    def person(self, name):
        return PEOPLE.get(name)


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def records(clock):
    return FaultyRecords(MemoryRecords(clock))


@pytest.fixture
async def tasks():
    tasks = Supervisor()
    yield tasks
    await tasks.stop()


@pytest.fixture
def make(records, post, clock, tasks):
    def make(store=None, *, random=None, master=MASTER, **settings):
        store = store or records
        options = {} if random is None else {"random": random}
        data = ModuleData(store, ClusterSettings())
        return Totp(
            data, store, master, People(), post, TotpSettings(**settings), clock, tasks,
            host="yett.example.org", **options,
        )  # fmt: skip

    return make


@pytest.fixture
def totp(make):
    return make()


class App:
    """Somebody's authenticator app."""

    def __init__(self, secret, clock):
        self._secret = base64.b32decode(secret)
        self._clock = clock

    def code(self, steps=0):
        return code_at(self._secret, step_at(self._clock.now()) + steps)

    def wrong(self):
        """Six digits that it does not show anywhere near now."""
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
                    if code not in near)  # fmt: skip


@pytest.fixture
def enrol(clock):
    """Set up an app to the end: the app, and the recovery codes."""

    async def enrol(totp, user="ada", **options):
        begun = await totp.begin(user, **options)
        app = App(begun.secret, clock)
        confirmed = await totp.confirm(user, app.code())
        assert isinstance(confirmed, Confirmed)
        # The code of that step is spent.
        clock.advance(30)
        return app, confirmed.recovery_codes

    return enrol
