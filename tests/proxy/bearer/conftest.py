import pytest
from tests.identity.federation.idp import HOST, House, IdP
from tests.net.fetching.peer import Authority
from tests.proxy.bearer.making import Node
from tests.store.faults import FaultyRecords

from yett.identity.federation import Trading
from yett.kernel import Supervisor
from yett.store import MemoryRecords


@pytest.fixture
def records(clock):
    return FaultyRecords(MemoryRecords(clock))


@pytest.fixture
async def make_node(records, clock):
    made = []

    def make(**more):
        made.append(Node(records, clock, **more))
        return made[-1]

    yield make
    for node in made:
        await node.tasks.stop()


@pytest.fixture
def node(make_node):
    return make_node()


# Another authorization server.


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def idp(clock, authority):
    async with IdP(clock, authority.context(HOST)) as running:
        yield running


@pytest.fixture
async def house(authority, clock, idp):
    tasks = Supervisor()
    made = House(authority, MemoryRecords(clock), tasks, clock)
    made.use(idp.settings())
    yield made
    await tasks.stop()


@pytest.fixture
def trading(house):
    return Trading(house.federation)


@pytest.fixture
def trader(make_node, trading):
    """A node that gets tokens from the other server."""
    return make_node(trading=trading)
