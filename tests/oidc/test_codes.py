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
