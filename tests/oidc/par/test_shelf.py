"""Pushed requests in the store."""

import asyncio

import pytest
from tests.signin.conftest import Breakable

from yett.oidc.par import PREFIX, Shelf, Use
from yett.oidc.par.shelf import WHILE
from yett.store import MemoryRecords


@pytest.fixture
def records(clock):
    return Breakable(MemoryRecords(clock))


@pytest.fixture
def shelf(records):
    return Shelf(records)


async def put(shelf, clock, lifetime=60.0):
    return await shelf.put("shop", "client_id=shop", now=clock.now(), lifetime=lifetime)


async def test_a_request_is_kept_under_a_reference_that_nobody_guesses(shelf, clock, records):
    reference = await put(shelf, clock)
    assert reference.startswith(PREFIX)
    assert len(reference) == len(PREFIX) + 43
    pushed = await shelf.get(reference, now=clock.now())
    assert (pushed.client_id, pushed.query, pushed.is_begun) == ("shop", "client_id=shop", False)
    ((key, record),) = await records.list("oidc/par/")
    # Whoever reads the store cannot make a request of it.
    assert reference.removeprefix(PREFIX) not in key + record.value.decode()


async def test_it_is_gone_after_its_time(shelf, clock):
    reference = await put(shelf, clock)
    clock.advance(60)
    assert await shelf.get(reference, now=clock.now()) is None
    assert await shelf.spend(reference, now=clock.now()) is None
    await shelf.begin(reference, now=clock.now())
    assert await shelf.get(PREFIX + "guess", now=clock.now()) is None


async def test_whoever_has_come_may_take_their_time_once(shelf, clock):
    reference = await put(shelf, clock)
    clock.advance(59)
    await shelf.begin(reference, now=clock.now())
    clock.advance(WHILE - 1)
    await shelf.begin(reference, now=clock.now())
    assert (await shelf.get(reference, now=clock.now())).is_begun
    clock.advance(1)
    assert await shelf.get(reference, now=clock.now()) is None


async def test_of_fifty_uses_one_is_the_first(shelf, clock):
    reference = await put(shelf, clock)
    uses = await asyncio.gather(*(shelf.spend(reference, now=clock.now()) for _ in range(50)))
    assert uses.count(Use.FIRST) == 1
    assert uses.count(Use.LATER) == 49
    assert (await shelf.get(reference, now=clock.now())).is_spent
    await shelf.begin(reference, now=clock.now())
    assert (await shelf.get(reference, now=clock.now())).is_spent


async def test_what_another_version_kept_is_nothing(shelf, clock, records):
    reference = await put(shelf, clock)
    ((key, _),) = await records.list("oidc/par/")
    await records.put(key, b"{}")
    assert await shelf.get(reference, now=clock.now()) is None
    assert await shelf.spend(reference, now=clock.now()) is None
