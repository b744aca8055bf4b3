"""A space keeps the contract, and its neighbours keep out of it."""

import pytest
from tests.store.contract import RecordsContract, names, seen

from yett.store import MAX_KEY, MemoryRecords, Space


class TestSpace(RecordsContract):
    @pytest.fixture
    def inner(self, clock):
        return MemoryRecords(clock)

    @pytest.fixture
    async def records(self, inner):
        # Neighbours that a careless prefix would let in.
        for key in ("codes", "codes0", "codes./x", "codes0/a", "code/a", "a"):
            await inner.put(key, b"neighbour")
        return Space(inner, "codes")

    async def test_keys_stand_under_the_prefix(self, records, inner):
        await records.put("a", b"1")

        assert (await inner.get("codes/a")).value == b"1"

    async def test_neighbours_are_neither_seen_nor_touched(self, records, inner):
        before = await inner.list("")
        watch = records.watch("")
        await inner.put("codes0/b", b"1")
        await inner.delete("codes0/b")
        await records.put("b", b"1")
        await records.take("b")

        assert [change.key for change in await seen(watch, 2)] == ["b", "b"]
        assert await inner.list("") == before

    async def test_spaces_nest(self, records, inner):
        nested = Space(records, "mail")
        await nested.put("a", b"1")

        assert await names(nested) == ["a"]
        assert await names(records) == ["mail/a"]
        assert await inner.get("codes/mail/a") is not None

    async def test_the_limit_holds_for_the_whole_key(self, records):
        await records.put("x" * (MAX_KEY - len("codes/")), b"")
        with pytest.raises(ValueError):
            await records.put("x" * (MAX_KEY - len("codes/") + 1), b"")


async def test_a_slash_behind_the_prefix_changes_nothing(clock):
    inner = MemoryRecords(clock)
    await Space(inner, "codes/").put("a", b"1")

    assert await names(inner) == ["codes/a"]
    assert Space(inner, "codes").is_durable is False


@pytest.mark.parametrize("prefix", ["", "a\n"])
def test_a_space_needs_a_prefix(clock, prefix):
    with pytest.raises(ValueError):
        Space(MemoryRecords(clock), prefix)
