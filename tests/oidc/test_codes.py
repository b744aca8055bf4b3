"""Authorization codes as they are kept: good once, whoever comes first."""

import asyncio
from dataclasses import replace

import pytest
from tests.oidc.test_rules import KEPT

from yett.oidc import rules
from yett.oidc.codes import Codes, Use
from yett.store import MemoryRecords


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
def codes(records):
    return Codes(records)


@pytest.fixture
def kept(clock):
    return replace(KEPT, expires_at=clock.now() + 60)


async def test_a_code_is_long_and_kept_only_as_its_hash(codes, records, kept, clock):
    text = await codes.issue(kept, now=clock.now())

    assert len(text) == 43
    ((key, record),) = await records.list("oidc/codes/")
    assert key == f"oidc/codes/{rules.fingerprint(text)}"
    assert text.encode() not in record.value


async def test_of_many_who_spend_a_code_exactly_one_is_first(codes, kept, clock):
    text = await codes.issue(kept, now=clock.now())

    found = await asyncio.gather(*(codes.spend(text) for _ in range(20)))

    assert sum(use is Use.FIRST for use, _ in found) == 1
    assert sum(use is Use.LATER for use, _ in found) == 19


async def test_a_code_nobody_was_given_is_nothing(codes):
    assert await codes.spend("guess") is None
    assert await codes.spend("") is None


async def test_a_code_is_gone_after_its_time(codes, kept, clock):
    text = await codes.issue(kept, now=clock.now())
    clock.advance(60)

    assert await codes.spend(text) is None


async def test_a_spent_code_is_recognised_for_ten_minutes(codes, kept, clock):
    text = await codes.issue(kept, now=clock.now())
    assert await codes.spend(text) == (Use.FIRST, kept)

    clock.advance(599)
    assert (await codes.spend(text))[0] is Use.LATER
    clock.advance(1)
    assert await codes.spend(text) is None


async def test_a_record_of_another_program_is_nothing(codes, records, kept, clock):
    text = await codes.issue(kept, now=clock.now())
    await records.put(f"oidc/codes/{rules.fingerprint(text)}", b'{"v":9}')

    assert await codes.spend(text) is None


async def test_a_code_made_here_is_spent_without_being_read(codes, records, kept, clock, monkeypatch):
    text, other = [await codes.issue(kept, now=clock.now()) for _ in range(2)]
    reads = []
    get = records.get

    async def seen(key):
        reads.append(key)
        return await get(key)

    monkeypatch.setattr(records, "get", seen)
    assert (await codes.spend(text), reads) == ((Use.FIRST, kept), [])
    assert (await codes.spend(text))[0] is Use.LATER
    # What another node did to it counts all the same.
    assert (await Codes(records).spend(other))[0] is Use.FIRST
    assert (await codes.spend(other))[0] is Use.LATER


async def test_codes_that_nobody_brings_are_not_kept_in_memory_without_end(codes, kept, clock, monkeypatch):
    monkeypatch.setattr("yett.oidc.codes._KNOWN", 3)
    texts = [await codes.issue(kept, now=clock.now()) for _ in range(5)]
    assert len(codes._known) == 3
    assert [(await codes.spend(text))[0] for text in texts] == [Use.FIRST] * 5
    assert not codes._known


async def test_codes_that_are_over_are_not_kept_in_memory(codes, kept, clock):
    for _ in range(3):
        await codes.issue(kept, now=clock.now())
    clock.advance(60)
    await codes.issue(replace(kept, expires_at=clock.now() + 60), now=clock.now())
    assert len(codes._known) == 1


async def test_who_looks_at_a_code_reads_nothing_the_first_time_and_spends_nothing(
    codes, records, kept, clock
):
    text = await codes.issue(kept, now=clock.now())
    inner = records.get
    reads = []

    async def seen(key):
        reads.append(key)
        return await inner(key)

    records.get = seen
    assert (await codes.look(text), reads) == ((Use.FIRST, kept), [])
    assert (await codes.look(text), len(reads)) == ((Use.FIRST, kept), 1)
    assert await codes.spend(text) == (Use.FIRST, kept)
    assert (await codes.look(text))[0] is Use.LATER
    assert await codes.look("guess") is None
