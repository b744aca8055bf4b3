"""Device codes as they are kept."""

import asyncio
from dataclasses import replace

from tests.authn.device_code.test_rules import CODE

from yett.authn.device_code import Status
from yett.authn.device_code.shelf import REMEMBERED, Shelf
from yett.store import MemoryRecords


async def test_a_code_is_kept_once_and_taken_once(clock):
    shelf = Shelf(MemoryRecords(clock))
    code = replace(CODE, expires_at=clock.now() + 60)

    assert await shelf.put("ref", code, now=clock.now())
    assert not await shelf.put("ref", code, now=clock.now())
    taken = await asyncio.gather(*(shelf.take("ref") for _ in range(50)))

    assert taken.count(code) == 1
    assert taken.count(None) == 49


async def test_only_the_decision_on_what_was_seen_counts(clock):
    shelf = Shelf(MemoryRecords(clock))
    await shelf.put("ref", replace(CODE, expires_at=clock.now() + 60), now=clock.now())
    kept = await shelf.get("ref")
    denied = replace(kept.code, status=Status.DENIED)

    assert await shelf.decide("ref", denied, seen=kept.version, now=clock.now())
    assert not await shelf.decide("ref", denied, seen=kept.version, now=clock.now())
    assert (await shelf.get("ref")).code == denied


async def test_a_code_is_remembered_beyond_its_end_and_then_gone(clock):
    shelf = Shelf(MemoryRecords(clock))
    await shelf.put("ref", replace(CODE, expires_at=clock.now() + 60), now=clock.now())

    clock.advance(60 + REMEMBERED - 1)
    assert await shelf.get("ref") is not None
    clock.advance(1)
    assert await shelf.get("ref") is None


async def test_a_user_code_leads_to_one_device(clock):
    shelf = Shelf(MemoryRecords(clock))

    assert await shelf.point("BBBBBBBB", "one", lifetime=60)
    assert not await shelf.point("BBBBBBBB", "other", lifetime=60)
    assert await shelf.follow("BBBBBBBB") == "one"
    assert await shelf.follow("CCCCCCCC") is None
