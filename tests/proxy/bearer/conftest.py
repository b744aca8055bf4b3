import pytest
from tests.proxy.bearer.making import Node
from tests.store.faults import FaultyRecords

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
