"""A provider, and a relying party that goes to it, for every test of this room."""

import pytest
from tests.identity.federation.idp import HOST, House, IdP
from tests.net.fetching.peer import Authority

from yett.kernel import Supervisor
from yett.store import MemoryRecords, StoreUnavailable


class Breakable:
    """Records of which some methods are out of order for keys under some prefixes."""

    def __init__(self, records):
        self._records = records
        self.broken = set()

    def break_(self, prefix, *methods):
        self.broken |= {(prefix, method) for method in methods}

    def mend(self):
        self.broken.clear()

    def __getattr__(self, name):
        whole = getattr(self._records, name)
        if name not in {"get", "put", "create", "replace", "take", "delete", "list"}:
            return whole

        async def call(key, *more, **options):
            if any(key.startswith(prefix) and name == method for prefix, method in self.broken):
                raise StoreUnavailable("the disk is full")
            return await whole(key, *more, **options)

        return call


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def context(authority):
    return authority.context(HOST)


@pytest.fixture
async def tasks():
    made = Supervisor()
    yield made
    await made.stop()


@pytest.fixture
def records(clock):
    return Breakable(MemoryRecords(clock))


@pytest.fixture
async def idp(clock, context):
    async with IdP(clock, context) as running:
        yield running


@pytest.fixture
def house(authority, records, tasks, clock):
    return House(authority, records, tasks, clock)
