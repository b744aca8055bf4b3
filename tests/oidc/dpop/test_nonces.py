"""The nonce that all clients and nodes share."""

import asyncio

import pytest
from tests.signin.conftest import Breakable

from yett.oidc.dpop import events
from yett.oidc.dpop.nonces import Nonces
from yett.store import MemoryRecords, StoreUnavailable

LIFETIME = 300.0


@pytest.fixture
def records(clock):
    return Breakable(MemoryRecords(clock))


async def test_every_node_knows_the_nonce_of_each(clock, records, heard):
    one, two = Nonces(records, clock, LIFETIME), Nonces(records, clock, LIFETIME)

    nonce = await one.current()

    assert await two.current() == nonce
    assert await two.accepts(nonce)
    assert [said for said, _ in heard("oidc")] == [
        events.nonce_generated,
        events.nonce_stored,
        events.nonce_generated,
    ]
    assert nonce not in str(heard())


async def test_of_many_at_once_one_makes_it(clock, records, heard):
    nodes = [Nonces(records, clock, LIFETIME) for _ in range(20)]
    assert len(set(await asyncio.gather(*(node.current() for node in nodes)))) == 1
    assert [said for said, _ in heard("oidc")].count(events.nonce_stored) == 1


async def test_the_one_before_stays_good_as_long_again(clock, records):
    nonces, later = Nonces(records, clock, LIFETIME), Nonces(records, clock, LIFETIME)
    first = await nonces.current()
    clock.advance(LIFETIME)
    assert await nonces.current() != first
    assert await nonces.accepts(first)
    assert await later.accepts(first)
    clock.advance(LIFETIME)
    assert not await nonces.accepts(first)
    assert not await later.accepts(first)


@pytest.mark.parametrize("nonce", ["", "x", "\ud800", "A" * 32])
async def test_nothing_else_is_ours(clock, records, nonce):
    assert not await Nonces(records, clock, LIFETIME).accepts(nonce)


@pytest.mark.parametrize("broken", ["oidc/dpop/nonce/"])
async def test_a_store_that_fails_is_said_and_told(clock, records, heard, broken):
    nonces = Nonces(records, clock, LIFETIME)
    records.broken_prefix = broken
    with pytest.raises(StoreUnavailable):
        await nonces.current()
    assert heard("oidc")[-1][0] is events.nonce_unavailable
    records.broken_prefix = ""
    nonce = await nonces.current()
    records.broken_prefix = broken
    # What this node knows it goes on with; only what was before it came it has to look for.
    assert await nonces.current() == nonce
    with pytest.raises(StoreUnavailable):
        await nonces.accepts(nonce)
    assert heard("oidc")[-1][0] is events.nonce_unavailable


async def test_a_nonce_that_was_deleted_while_it_was_read_is_none(clock, records, monkeypatch):
    async def nobody(*_, **__):
        return None

    monkeypatch.setattr(records._records, "create", nobody)
    with pytest.raises(StoreUnavailable):
        await Nonces(records, clock, LIFETIME).current()
