import pytest
from tests.store.faults import FaultyRecords

from yett.proxy.balancing.leases import Leases


@pytest.fixture
def records(memory):
    return FaultyRecords(memory)


@pytest.fixture
async def nodes(records):
    for node in ("one", "two"):
        await records.put(f"nodes/{node}", b"{}")
    return Leases(records, "one"), Leases(records, "two")


async def test_one_node_holds_it_until_it_ends(nodes, clock):
    one, two = nodes
    assert await one.hold("x", 10.0)
    assert not await two.hold("x", 10.0)
    clock.advance(8.0)
    assert await one.hold("x", 10.0)
    clock.advance(8.0)
    assert not await two.hold("x", 10.0)
    clock.advance(3.0)
    assert await two.hold("x", 10.0)
    assert not await one.hold("x", 10.0)


async def test_what_is_given_back_is_free_at_once(nodes):
    one, two = nodes
    await one.hold("x", 10.0)
    await one.hold("y", 10.0)
    await one.release()
    assert await two.hold("x", 10.0)


async def test_only_ones_own_is_given_back(nodes, clock):
    one, two = nodes
    await one.hold("x", 10.0)
    clock.advance(11.0)
    await two.hold("x", 10.0)
    await one.release()
    assert not await one.hold("x", 10.0)


async def test_a_node_that_is_gone_holds_nothing(nodes, records):
    one, two = nodes
    await one.hold("x", 1000.0)
    await records.delete("nodes/one")
    assert await two.hold("x", 10.0)


async def test_without_the_store_everybody_does_it(nodes, records):
    one, two = nodes
    await one.hold("x", 10.0)
    records.is_down = True
    assert await two.hold("x", 10.0)
    await one.release()
