"""Links as they are kept."""

import asyncio
from dataclasses import replace

from tests.authn.device_code.conftest import Unhurried
from tests.authn.magic_link.test_rules import LINK

from yett.authn.magic_link.shelf import REMEMBERED, Shelf
from yett.store import MemoryRecords


async def kept(clock):
    shelf = Shelf(Unhurried(MemoryRecords(clock)))
    await shelf.put("ref", replace(LINK, expires_at=clock.now() + 60), now=clock.now())
    return shelf


async def test_a_link_is_taken_once(clock):
    shelf = await kept(clock)

    taken = await asyncio.gather(*(shelf.take("ref") for _ in range(50)))

    assert sum(link is not None for link in taken) == 1


async def test_of_fifty_tries_at_once_three_count(clock):
    shelf = await kept(clock)

    counted = await asyncio.gather(*(shelf.count_try("ref", 3, now=clock.now()) for _ in range(50)))

    assert sorted(link.tries for link in counted if link is not None) == [1, 2, 3]


async def test_a_link_is_remembered_beyond_its_end_and_then_gone(clock):
    shelf = await kept(clock)
    clock.advance(59 + REMEMBERED)
    assert await shelf.get("ref") is not None
    clock.advance(1)
    assert await shelf.get("ref") is None
    assert await shelf.count_try("ref", 3, now=clock.now()) is None


async def test_what_another_program_kept_is_no_link(clock):
    records = MemoryRecords(clock)
    await records.put("magic/links/ref", b"[]")
    shelf = Shelf(records)

    assert await shelf.get("ref") is None
    assert await shelf.count_try("ref", 3, now=clock.now()) is None
    assert await shelf.take("ref") is None
