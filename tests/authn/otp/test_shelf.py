"""How codes are kept."""

import pytest

from yett.authn.otp import rules
from yett.authn.otp.model import KIND, Kept
from yett.authn.otp.shelf import Found, Shelf
from yett.store import Consistency, MemoryRecords, StoreUnavailable

NOW = 1_800_000_000.0
CODE = Kept(KIND, b"digest", "ada", "ada@example.org", NOW, NOW + 300)


class Watched(MemoryRecords):
    """Remembers what each write waited for."""

    def __init__(self, clock):
        super().__init__(clock)
        self.waited = []

    async def create(self, key, value, *, lifetime=None, consistency):
        self.waited.append(consistency)
        return await super().create(key, value, lifetime=lifetime, consistency=consistency)

    async def replace(self, key, value, *, version, lifetime=None, consistency):
        self.waited.append(consistency)
        return await super().replace(key, value, version=version, lifetime=lifetime, consistency=consistency)


@pytest.fixture
def records(clock):
    return Watched(clock)


@pytest.fixture
def shelf(records):
    return Shelf(records)


async def test_what_is_written_is_found_until_a_minute_after_its_time(shelf, clock):
    version = await shelf.write("d", CODE, None, NOW)
    assert await shelf.find("d") == Found(CODE, version)
    assert await shelf.find("e") is None
    clock.advance(359)
    assert await shelf.find("d") is not None
    clock.advance(1)
    assert await shelf.find("d") is None


async def test_only_what_was_found_is_replaced(shelf):
    await shelf.write("d", CODE, None, NOW)
    found = await shelf.find("d")
    assert await shelf.write("d", CODE, found, NOW) is not None
    assert await shelf.write("d", CODE, found, NOW) is None
    assert await shelf.write("d", CODE, None, NOW) is None


async def test_every_write_waits_for_a_quorum(shelf, records):
    await shelf.write("d", CODE, None, NOW)
    await shelf.write("d", CODE, await shelf.find("d"), NOW)
    await shelf.count("ada", 5, NOW)
    await shelf.count("ada", 5, NOW)
    assert records.waited == [Consistency.QUORUM] * 4


async def test_counts_of_people_are_apart_and_end(shelf, clock):
    assert [await shelf.count("ada", 2, clock.now()) for _ in range(3)] == [0.0, 0.0, 3600.0]
    assert await shelf.count("bob", 2, clock.now()) == 0.0
    clock.advance(3600)
    assert await shelf.count("ada", 2, clock.now()) == 0.0


async def test_counts_at_a_place_are_apart_and_forgotten_with_the_others(shelf):
    assert [await shelf.count("ada", 1, NOW) for _ in range(2)] == [0.0, 3600.0]
    assert [await shelf.count("ada", 1, NOW, place="192.0.2.7") for _ in range(2)] == [0.0, 3600.0]
    assert await shelf.count("ada", 1, NOW, place="192.0.2.8") == 0.0
    await shelf.count("bob", 1, NOW, place="192.0.2.7")
    await shelf.forget("ada")
    assert [await shelf.count("ada", 1, NOW, place=place) for place in ("", "192.0.2.7", "192.0.2.8")] == [
        0.0
    ] * 3
    assert await shelf.count("bob", 1, NOW, place="192.0.2.7") > 0


async def test_a_damaged_count_is_not_taken_for_none(shelf, records):
    await records.put(f"authn/otp/people/{rules.key_of('ada')}", b"\xc1")
    with pytest.raises(StoreUnavailable):
        await shelf.count("ada", 2, NOW)
