"""Ids that are good once."""

import asyncio

import pytest
from tests.signin.conftest import Breakable

from yett.oidc.jose import Once
from yett.store import MemoryRecords, StoreUnavailable


async def test_of_fifty_at_once_one_is_the_first(clock):
    once = Once(MemoryRecords(clock), "tests")
    assert sum(await asyncio.gather(*(once.is_first("a", "x", lifetime=60) for _ in range(50)))) == 1


async def test_owners_and_purposes_have_their_own(clock):
    records = MemoryRecords(clock)
    once, other = Once(records, "tests"), Once(records, "others")

    assert await once.is_first("a", "b:c", lifetime=60)
    assert await once.is_first("a:b", "c", lifetime=60)
    assert await other.is_first("a", "b:c", lifetime=60)
    assert not await once.is_first("a", "b:c", lifetime=60)


async def test_an_id_is_forgotten_when_nobody_could_use_it_any_more(clock):
    once = Once(MemoryRecords(clock), "tests")
    await once.is_first("a", "x", lifetime=60)
    clock.advance(61)
    assert await once.is_first("a", "x", lifetime=60)


async def test_ids_may_be_anything(clock):
    once = Once(MemoryRecords(clock), "tests")
    assert await once.is_first("a\ud800", "x" * 100_000, lifetime=-5)


async def test_a_store_that_fails_is_told(clock):
    records = Breakable(MemoryRecords(clock))
    records.is_broken = True
    with pytest.raises(StoreUnavailable):
        await Once(records, "tests").is_first("a", "x", lifetime=60)
