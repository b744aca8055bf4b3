"""Records in memory keep the contract."""

import gc

import pytest
from tests.store.contract import RecordsContract

from yett.store import MemoryRecords


class TestMemoryRecords(RecordsContract):
    @pytest.fixture
    def records(self, clock):
        return MemoryRecords(clock)


async def test_nothing_survives_the_process(clock):
    assert not MemoryRecords(clock).is_durable


async def test_closing_forgets_everything_and_ends_watches(clock):
    records = MemoryRecords(clock)
    await records.open()
    watch = records.watch("")
    await records.put("a", b"1", lifetime=5)
    await records.close()

    assert [change.key async for change in watch] == ["a"]
    assert await records.list("") == []


async def test_a_record_that_is_prolonged_for_ever_leaves_no_trail(clock):
    records = MemoryRecords(clock)
    for _ in range(5000):
        await records.put("a", b"1", lifetime=60)

    assert len(records._ends) < 2000
    clock.advance(59)
    assert await records.get("a") is not None
    clock.advance(1)
    assert await records.get("a") is None


async def test_a_watch_that_nobody_holds_costs_nothing(clock):
    records = MemoryRecords(clock)
    records.watch("")
    gc.collect()

    await records.put("a", b"1")

    assert len(records._watchers._watches) == 0
