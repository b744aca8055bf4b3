"""What is in memory is what is in the store, whatever comes between."""

import asyncio

import pytest
from tests.store.contract import eventually

from yett.store import Follower, MemoryRecords, StoreUnavailable


class Memory:
    """Somebody's memory of the records below "a/"."""

    def __init__(self, records):
        self.records = records
        self.known = {}
        self.loads = self.misses = 0
        self.is_deaf = False
        self.follower = Follower(records, "a/", load=self.load, hear=self.hear, missed=self.miss)

    async def load(self):
        self.loads += 1
        self.known = {key: record.value for key, record in await self.records.list("a/")}

    def hear(self, change):
        if self.is_deaf:
            raise ValueError("a fault")
        if change.record is None:
            self.known.pop(change.key, None)
        else:
            self.known[change.key] = change.record.value

    def miss(self):
        self.misses += 1


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
async def memory(records):
    memory = Memory(records)
    yield memory
    await memory.follower.close()


async def following(memory):
    return asyncio.create_task(memory.follower.follow())  # noqa: TID251 - awaited by the test


async def test_what_was_there_and_what_comes_is_known(records, memory):
    await records.put("a/1", b"1")
    await records.put("b/1", b"1")
    await memory.follower.open()
    task = await following(memory)
    await records.put("a/2", b"2")
    await records.delete("a/1")
    await eventually(lambda: memory.known == {"a/2": b"2"})
    await memory.follower.close()
    await task
    assert (memory.loads, memory.misses) == (1, 0)


async def test_nothing_falls_between_the_watch_and_the_first_reading(records, memory):
    memory.follower.watch()
    await records.put("a/1", b"1")
    task = await following(memory)
    await eventually(lambda: memory.known == {"a/1": b"1"})
    await memory.follower.close()
    await task


async def test_after_a_fault_everything_is_read_anew(records, memory):
    await memory.follower.open()
    memory.is_deaf = True
    await records.put("a/1", b"1")
    with pytest.raises(ValueError, match="a fault"):
        await memory.follower.follow()
    memory.is_deaf = False
    task = await following(memory)
    await eventually(lambda: memory.known == {"a/1": b"1"})
    await memory.follower.close()
    await task
    assert memory.loads == 2


async def test_lost_changes_are_told_of_and_read(records, memory, monkeypatch):
    monkeypatch.setattr("yett.store.watch.LIMIT", 4)
    await memory.follower.open()
    for number in range(9):
        await records.put(f"a/{number}", b"")
    task = await following(memory)
    await eventually(lambda: len(memory.known) == 9)
    await memory.follower.close()
    await task
    assert (memory.loads, memory.misses) == (2, 1)


async def test_what_cannot_be_read_is_read_later(records, memory):
    async def fails(_prefix):
        raise StoreUnavailable("down")

    whole, records.list = records.list, fails
    with pytest.raises(StoreUnavailable):
        await memory.follower.open()
    with pytest.raises(StoreUnavailable):
        await memory.follower.follow()
    records.list = whole
    await records.put("a/1", b"1")
    task = await following(memory)
    await eventually(lambda: memory.known == {"a/1": b"1"})
    await memory.follower.close()
    await task


async def test_hearing_may_take_time(records):
    known = []

    async def hear(change):
        await asyncio.sleep(0)
        known.append(change.key)

    async def load():
        pass

    follower = Follower(records, "a/", load=load, hear=hear)
    await follower.open()
    task = asyncio.create_task(follower.follow())  # noqa: TID251 - awaited below
    for number in range(5):
        await records.put(f"a/{number}", b"")
    await eventually(lambda: known == [f"a/{number}" for number in range(5)])
    await follower.close()
    await task
