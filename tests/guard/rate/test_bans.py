import asyncio
import math
import time

import pytest

from yett.guard.rate import Bans, BansUnknown, events
from yett.guard.rate.bans import TooManyBans
from yett.guard.rate.rules import parse_network
from yett.kernel import Supervisor
from yett.store import MemoryRecords, StoreUnavailable

ADA, BOB = parse_network("192.0.2.1"), parse_network("2001:db8::/64")
WIDE = parse_network("192.0.0.0/16")


async def eventually(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        await asyncio.sleep(0.002)


@pytest.fixture
async def bans(records, clock, tasks):
    """`await bans()` is the list as one more node keeps it."""
    made = []

    async def start(store=records, supervisor=tasks):
        one = Bans(store, clock, supervisor)
        await one.start()
        made.append(one)
        return one

    yield start
    for one in made:
        await one.stop()


async def test_a_ban_holds_for_its_network_until_it_ends(bans, clock):
    one = await bans()
    await one.add(ADA, 60)
    await one.add(BOB, None)
    assert one.until(ADA) == clock.now() + 60
    assert one.until(parse_network("192.0.2.2")) == 0
    assert one.until(parse_network("2001:db8::7")) == math.inf
    assert one.until(parse_network("2001:db8:1::7")) == 0
    assert [ban.network for ban in one.list()] == [ADA, BOB]
    clock.advance(60)
    assert [ban.network for ban in one.list()] == [BOB]


async def test_of_overlapping_bans_the_longest_counts(bans, clock):
    one = await bans()
    await one.add(ADA, 60)
    await one.add(WIDE, 600)
    assert one.until(ADA) == clock.now() + 600
    await one.remove(WIDE)
    assert one.until(ADA) == clock.now() + 60


async def test_bans_survive_a_restart_and_reach_every_node(bans):
    one, other = await bans(), await bans()
    await one.add(ADA, 60)
    await eventually(lambda: other.until(ADA))
    assert (await bans()).until(ADA)
    assert await other.remove(ADA)
    await eventually(lambda: not one.until(ADA))
    assert not await other.remove(ADA)


async def test_a_ban_of_the_same_network_takes_the_place_of_the_earlier_one(bans, clock):
    one = await bans()
    await one.add(ADA, 600)
    await one.add(ADA, 60)
    assert one.until(ADA) == clock.now() + 60


async def test_a_record_that_cannot_be_read_is_said_and_ignored(bans, records, heard):
    await records.put("guard/rate/bans/192.0.2.1", b"?")
    await records.put("guard/rate/bans/who", b'{"since":1,"until":null}')
    one = await bans()
    assert one.list() == ()
    assert [event for event, _ in heard("ratelimit")] == [events.ban_unreadable] * 2


async def test_the_list_is_bounded(bans, monkeypatch):
    monkeypatch.setattr("yett.guard.rate.bans.MOST", 2)
    one = await bans()
    await one.add(ADA, 60)
    await one.add(BOB, 60)
    with pytest.raises(TooManyBans):
        await one.add(WIDE, 60)
    await one.add(ADA, 120)


class Troubled(MemoryRecords):
    """A store that does not always answer."""

    is_down = False

    async def list(self, prefix):
        if self.is_down:
            raise StoreUnavailable("down")
        return await super().list(prefix)


async def test_while_the_list_cannot_be_known_nobody_is_told_otherwise(bans, clock, heard):
    released = asyncio.Event()

    async def wait(_seconds):
        await released.wait()

    supervisor = Supervisor(sleep=wait)
    store = Troubled(clock)
    one = await bans(store, supervisor)
    await one.add(ADA, 60)
    (watch,) = store._watchers._watches
    store.is_down = True
    for number in range(watch._limit + 1):
        await store.put(f"guard/rate/bans/198.51.{number % 250}.1", b'{"since":1,"until":null}')
    await eventually(lambda: not one.is_known)
    with pytest.raises(BansUnknown):
        one.until(ADA)
    await eventually(lambda: (events.list_unreadable, {"error": "StoreUnavailable: down"}) in heard())
    store.is_down = False
    released.set()
    await eventually(lambda: one.is_known)
    assert one.until(ADA)
    assert one.until(parse_network("198.51.7.1"))
    await supervisor.stop()
