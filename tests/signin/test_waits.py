"""Who has to wait before another code is checked."""

import asyncio
from datetime import timedelta

import pytest

from yett.signin import MFASettings, events
from yett.signin.waits import CodeWaits, Try, Wait, key_of
from yett.store import MemoryRecords

SETTINGS = MFASettings(free_attempts=3, first_wait=timedelta(seconds=30), longest_wait=timedelta(seconds=120))
HOME, AWAY = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def records(clock):
    return MemoryRecords(clock)


@pytest.fixture
def waits(records, clock):
    return CodeWaits(records, SETTINGS, clock)


async def guess(waits, address=AWAY, *, is_known=False):
    begun = await waits.begin("ada", address, is_known=is_known)
    if isinstance(begun, Try):
        waits.wrong("ada", begun)
    return begun


async def test_waits_begin_after_some_wrong_codes_and_grow(waits, clock, heard):
    for _ in range(3):
        assert isinstance(await guess(waits), Try)
    seen = []
    for _ in range(4):
        wait = await guess(waits)
        seen.append(wait.seconds)
        clock.advance(wait.seconds)
        assert isinstance(await guess(waits), Try)
    assert seen == [30.0, 60.0, 120.0, 120.0]
    fields = {"user": "ada", "failures": 3, "wait_seconds": 30.0, "is_known": False}
    assert (events.codes_throttled, fields) in heard("signin")


async def test_a_new_sign_in_from_elsewhere_and_a_restart_change_nothing(waits, records, clock):
    for number in range(3):
        await guess(waits, f"198.51.100.{number}")
    again = CodeWaits(records, SETTINGS, clock)
    assert isinstance(await guess(again, "203.0.113.1"), Wait)


async def test_whoever_guesses_elsewhere_does_not_keep_the_person_out_at_home(waits):
    for _ in range(4):
        await guess(waits)
    assert isinstance(await guess(waits, HOME, is_known=True), Try)


async def test_a_right_code_clears_the_count_of_its_own_place_only(waits):
    for _ in range(3):
        await guess(waits)
        begun = await guess(waits, HOME, is_known=True)
    await waits.right(begun)
    assert isinstance(await guess(waits), Wait)
    assert isinstance(await guess(waits, HOME, is_known=True), Try)


async def test_of_fifty_tries_at_once_three_are_free(waits):
    begun = await asyncio.gather(*(waits.begin("ada", AWAY, is_known=False) for _ in range(50)))
    assert sum(isinstance(each, Try) for each in begun) == 3


async def test_many_are_a_warning(records, clock, heard):
    waits = CodeWaits(records, MFASettings(free_attempts=100), clock)
    for _ in range(40):
        await guess(waits)
    said = [fields for event, fields in heard("signin") if event is events.codes_guessed]
    assert said == [{"user": "ada", "failures": 20}, {"user": "ada", "failures": 40}]


async def test_other_people_are_not_affected(waits):
    for _ in range(4):
        await guess(waits)
    assert isinstance(await waits.begin("bob", AWAY, is_known=False), Try)


async def test_a_clock_that_steps_back_makes_nobody_wait_for_ever(waits, clock):
    for _ in range(4):
        await guess(waits)
    clock.advance(-86_400)
    assert (await guess(waits)).seconds <= 120.0


async def test_wrong_codes_are_forgotten_in_the_end(waits, clock):
    for _ in range(4):
        await guess(waits)
    clock.advance(8 * 86_400)
    assert isinstance(await guess(waits), Try)


async def test_when_the_store_cannot_say_nobody_may_try(house, heard):
    waits = CodeWaits(house.records, SETTINGS, house.clock)
    house.records.is_broken = True
    assert await guess(waits) == Wait(5.0, is_ours=True)
    await waits.right(Try("signin/codes/x", 1))
    assert [event for event, _ in heard("signin")] == [events.try_not_counted, events.tries_not_cleared]
    house.records.is_broken = False
    await house.records.put(key_of("ada", ""), b"nonsense")
    assert await guess(waits) == Wait(5.0, is_ours=True)


def test_no_name_or_address_stands_in_a_key():
    assert "ada" not in key_of("ada", HOME)
    assert key_of("ada", "") != key_of("ada", HOME) != key_of("bob", HOME)
    assert key_of("ada", "2001:db8::1") == key_of("ada", "2001:db8::2")
