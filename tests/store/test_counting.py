"""Records that count keep the contract."""

import pytest
from tests.store.contract import RecordsContract

from yett.store import CountedRecords, MemoryRecords, StoreUnavailable


class Refusing(MemoryRecords):
    async def get(self, key):  # noqa: ARG002 - the port's signature
        raise StoreUnavailable("the disk is full")


class TestCountedRecords(RecordsContract):
    @pytest.fixture
    def records(self, clock):
        return CountedRecords(MemoryRecords(clock))


def found(records):
    return {sample.values: sample.value for sample in records.samples() if len(sample.values) == 2}


async def test_operations_are_counted_with_how_long_they_took(clock):
    records = CountedRecords(MemoryRecords(clock))
    await records.put("a", b"1")
    await records.put("a", b"2")
    await records.list("")
    assert found(records) == {("put", "ok"): 2, ("list", "ok"): 1}
    took = {sample.values: sample.value.total for sample in records.samples() if len(sample.values) == 1}
    assert took == {("put",): 2, ("list",): 1}


async def test_what_the_store_could_not_do_is_counted_apart(clock):
    records = CountedRecords(Refusing(clock))
    with pytest.raises(StoreUnavailable):
        await records.get("a")
    assert found(records) == {("get", "unavailable"): 1}
    assert (records.is_durable, records.is_failing) == (False, False)
