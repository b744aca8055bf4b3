"""Digests: one for all nodes in each window, with everything in it, once."""

import asyncio

import pytest

from yett.notify.notices.digests import Digests
from yett.notify.notices.model import Notice, Severity
from yett.store import MemoryRecords

INTERVAL = 900.0


def notice(number=0, **more):
    return Notice(kind="a.b", severity=Severity.WARN, text=f"Notice {number}", at=float(number), **more)


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


async def test_what_gathers_in_a_window_is_claimed_once_in_the_next(records, clock):
    nodes = [Digests(records, clock) for _ in range(5)]
    for number in range(10):
        await nodes[number % 5].add("r", notice(number), INTERVAL)
    assert [await node.claim("r", INTERVAL) for node in nodes] == [None] * 5
    clock.advance(INTERVAL)

    claims = await asyncio.gather(*(node.claim("r", INTERVAL) for node in nodes for _ in range(10)))

    (claimed,) = [each for each in claims if each is not None]
    assert [each.text for each in claimed.digest.notices] == [f"Notice {number}" for number in range(10)]
    await nodes[0].settle(claimed)
    clock.advance(INTERVAL)
    assert [await node.claim("r", INTERVAL) for node in nodes] == [None] * 5


async def test_a_node_that_dies_before_it_has_told_anybody_loses_nothing(records, clock):
    first, second = Digests(records, clock), Digests(records, clock)
    await first.add("r", notice(1), INTERVAL)
    clock.advance(INTERVAL)
    assert await first.claim("r", INTERVAL) is not None
    assert await second.claim("r", INTERVAL) is None
    clock.advance(INTERVAL)
    claimed = await second.claim("r", INTERVAL)
    assert [each.text for each in claimed.digest.notices] == ["Notice 1"]


async def test_rules_do_not_mix(records, clock):
    node = Digests(records, clock)
    await node.add("r", notice(1), INTERVAL)
    await node.add("r/x", notice(2), INTERVAL)
    clock.advance(INTERVAL)
    assert [each.text for each in (await node.claim("r", INTERVAL)).digest.notices] == ["Notice 1"]
    assert [each.text for each in (await node.claim("r/x", INTERVAL)).digest.notices] == ["Notice 2"]


async def test_the_same_notice_is_kept_once(records, clock):
    nodes = [Digests(records, clock) for _ in range(3)]
    for node in nodes:
        await node.add("r", notice(1, id="certificate 5 ends"), INTERVAL)
    clock.advance(INTERVAL)
    assert (await nodes[2].claim("r", INTERVAL)).digest.count == 1


async def test_of_fifty_nodes_one_is_first_to_tell(records, clock):
    nodes = [Digests(records, clock) for _ in range(50)]
    firsts = await asyncio.gather(*(node.is_first(notice(1, id="x" * 5000)) for node in nodes))
    assert sum(firsts) == 1
    clock.advance(86_401)
    assert await nodes[0].is_first(notice(1, id="x" * 5000))


async def test_what_finds_no_place_is_counted(records, clock):
    node = Digests(records, clock, most=3)
    for number in range(10):
        await node.add("r", notice(number), INTERVAL)
    await node.save_more(INTERVAL)
    clock.advance(INTERVAL)
    await node.save_more(INTERVAL)
    claimed = await node.claim("r", INTERVAL)
    assert (len(claimed.digest.notices), claimed.digest.more) == (3, 7)
    await node.settle(claimed)
    await node.save_more(INTERVAL)
    clock.advance(INTERVAL)
    assert await node.claim("r", INTERVAL) is None


async def test_another_interval_loses_nothing(records, clock):
    node = Digests(records, clock)
    await node.add("r", notice(1), 60.0)
    clock.advance(3600.0)
    assert (await node.claim("r", 3600.0)).digest.count == 1


async def test_what_cannot_be_read_is_passed_over(records, clock):
    node = Digests(records, clock)
    await node.add("r", notice(1), INTERVAL)
    (key, _), *_ = await records.list("notify/kept/")
    await records.put(key[:-1] + "z", b"{\xff", lifetime=9999)
    clock.advance(INTERVAL)
    claimed = await node.claim("r", INTERVAL)
    assert claimed.digest.count == 1
    await node.settle(claimed)
    assert not await records.list("notify/kept/")
