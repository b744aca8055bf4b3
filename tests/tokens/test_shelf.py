"""One token in the store: what is there after each write, and after each write that failed."""

import asyncio
import dataclasses

import pytest
from tests.store.faults import FaultyRecords

from yett.store import MemoryRecords, StoreUnavailable
from yett.tokens import Actor, Change, Query, TokenData, TokenType, encoding, recording, text
from yett.tokens.history import History
from yett.tokens.shelf import NameTaken, Shelf
from yett.tokens.stored import Stored

ACTOR = Actor("ada", "192.0.2.7")


class Kept:
    def __init__(self, clock) -> None:
        self.clock = clock
        self.records = FaultyRecords(MemoryRecords(clock))
        self.history = History(self.records, clock, 365 * 86400)
        self.shelf = Shelf(self.records, self.history, clock)

    def token(self, name="laptop"):
        data = TokenData(
            text.new_key(), "ada", TokenType.USER, frozenset(), self.clock.now(), token_name=name
        )
        return Stored(data, bytes(32))

    def entry(self, stored, change=Change.CREATE):
        return recording.entry_of(stored.data, change, ACTOR, self.clock.now())

    async def make(self, name="laptop"):
        stored = self.token(name)
        await self.shelf.create(stored, self.entry(stored))
        return stored

    async def end(self, stored):
        await self.shelf.end(stored.data.key, self.entry(stored, Change.REVOKE))
        await self.shelf.settle(stored.data.key)

    async def changes(self):
        return [each.action for each in (await self.history.changes(Query(), None, 100)).entries]

    async def keys(self):
        return [key for key, _ in await self.records.list("tokens/")]


@pytest.fixture
def kept(clock):
    return Kept(clock)


async def test_a_token_is_kept_with_its_name_and_its_history(kept):
    stored = await kept.make()

    assert (await kept.shelf.find(stored.data.key)).stored == stored
    assert await kept.changes() == [Change.CREATE]
    with pytest.raises(NameTaken):
        await kept.make()


async def test_of_fifty_tokens_of_one_name_one_is_made(kept):
    made = await asyncio.gather(*(kept.make() for _ in range(50)), return_exceptions=True)

    assert sum(isinstance(each, Stored) for each in made) == 1
    assert await kept.changes() == [Change.CREATE]


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_of_a_token_that_could_not_be_kept_nothing_is_left(kept, number):
    kept.records.fail_write = number

    with pytest.raises(StoreUnavailable):
        await kept.make()

    assert await kept.keys() == []
    await kept.make()


async def test_a_process_that_dies_at_any_write_leaves_no_token_without_its_entry(kept):
    """The store stays down from the n-th write on, as if the process were gone."""
    for number in range(1, 4):
        kept.records.fail_write = number

        async def die(*_):
            raise StoreUnavailable("gone")

        kept.shelf._undo, usual = die, kept.shelf._undo
        with pytest.raises(StoreUnavailable):
            await kept.make(f"name {number}")
        kept.shelf._undo = usual
    found = await kept.records.list(encoding.TOKENS)
    assert found == []
    # The names are free again, once it is sure that nobody is still at work.
    kept.clock.advance(61)
    for number in range(1, 4):
        await kept.make(f"name {number}")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
async def test_an_end_that_was_interrupted_is_finished_later(kept, number):
    stored = await kept.make()
    key = stored.data.key
    kept.records.fail_write = number
    with pytest.raises(StoreUnavailable):
        await kept.end(stored)

    found = await kept.shelf.find(key)
    if number == 1:
        assert not found.stored.is_ended
        assert await kept.changes() == [Change.CREATE]
        return
    assert found is None or found.stored.is_ended
    await kept.shelf.settle(key)

    assert await kept.changes() == [Change.REVOKE, Change.CREATE]
    assert not [each for each in await kept.keys() if "history" not in each]


async def test_exactly_one_of_fifty_ends_a_token(kept):
    stored = await kept.make()
    entry = kept.entry(stored, Change.REVOKE)

    ended = await asyncio.gather(*(kept.shelf.end(stored.data.key, entry) for _ in range(50)))

    assert sum(ended) == 1


async def test_the_entry_of_a_change_is_written_before_the_token_ends(kept):
    stored = await kept.make()
    key = stored.data.key
    found = await kept.shelf.find(key)
    edited = dataclasses.replace(stored, unlogged=kept.entry(stored, Change.EDIT))
    await kept.shelf.change(edited, found.version)

    await kept.shelf.end(key, kept.entry(stored, Change.REVOKE))
    await kept.shelf.settle(key)

    assert await kept.changes() == [Change.REVOKE, Change.EDIT, Change.CREATE]


async def test_a_name_of_a_token_that_is_gone_can_be_taken_over(kept):
    stored = await kept.make()
    await kept.shelf.end(stored.data.key, kept.entry(stored, Change.REVOKE))
    # It was never settled, so the name is still noted.
    with pytest.raises(NameTaken):
        await kept.make()
    kept.clock.advance(61)
    again = await kept.make()

    # Whoever settles the old one late does not take the name from the new one.
    await kept.shelf.settle(stored.data.key)
    with pytest.raises(NameTaken):
        await kept.make()
    assert await kept.shelf.find(again.data.key) is not None
