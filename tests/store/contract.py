"""What every store promises. Each store's test file runs this suite; a subclass brings `records`."""

import asyncio

import pytest

from yett.kernel import FrozenClock
from yett.store import MAX_KEY, MAX_VALUE, Change, Consistency, Record, Records, WatchOverrun


async def seen(watch, count):
    """The next `count` changes, or a failure when they do not come."""
    async with asyncio.timeout(5):
        return [await anext(watch) for _ in range(count)]


async def eventually(condition):
    """Wait until something has become so, or fail."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)


async def names(records, prefix=""):
    return [key for key, _ in await records.list(prefix)]


class RecordsContract:
    """The suite. Fixtures: `records`, and the frozen `clock` it runs on."""

    async def test_nothing_is_there_at_first(self, records: Records):
        assert await records.get("a") is None
        assert await records.take("a") is None
        assert await records.delete("a") is False
        assert await records.list("") == []

    async def test_what_was_put_is_got(self, records: Records):
        version = await records.put("a", b"1")

        assert await records.get("a") == Record(b"1", version, None)

    @pytest.mark.parametrize("value", [b"", b"\0\xff", bytes(MAX_VALUE)], ids=["empty", "binary", "largest"])
    async def test_any_bytes_are_kept(self, records: Records, value):
        await records.put("a", value)

        assert (await records.get("a")).value == value

    async def test_each_write_has_a_newer_version_even_after_deletion(self, records: Records):
        versions = [await records.put("a", b"1"), await records.put("a", b"2")]
        await records.delete("a")
        versions.append(await records.create("a", b"3"))
        await records.take("a")
        versions.append(await records.put("a", b"4"))

        assert versions == sorted(set(versions))

    async def test_consistency_can_be_named(self, records: Records):
        assert await records.put("a", b"1", consistency=Consistency.BEST_EFFORT)
        assert await records.create("b", b"1", consistency=Consistency.BEST_EFFORT)

    async def test_create_writes_only_where_nothing_is(self, records: Records):
        first = await records.create("a", b"1")

        assert await records.create("a", b"2") is None
        assert await records.get("a") == Record(b"1", first, None)

    async def test_replace_writes_only_over_the_version_it_names(self, records: Records):
        first = await records.put("a", b"1")
        second = await records.replace("a", b"2", version=first)

        assert second > first
        assert await records.replace("a", b"3", version=first) is None
        assert await records.replace("b", b"3", version=first) is None
        assert await records.get("a") == Record(b"2", second, None)

    async def test_replace_does_not_revive_what_was_deleted_and_made_anew(self, records: Records):
        first = await records.put("a", b"1")
        await records.delete("a")
        await records.create("a", b"1")

        assert await records.replace("a", b"2", version=first) is None

    async def test_delete_says_whether_there_was_something(self, records: Records):
        await records.put("a", b"1")

        assert await records.delete("a") is True
        assert await records.delete("a") is False

    async def test_of_fifty_takes_exactly_one_gets_the_record(self, records: Records):
        version = await records.put("code", b"1")

        taken = await asyncio.gather(*(records.take("code") for _ in range(50)))

        assert [found for found in taken if found is not None] == [Record(b"1", version, None)]

    async def test_of_fifty_creates_exactly_one_wins(self, records: Records):
        made = await asyncio.gather(*(records.create("a", b"%d" % number) for number in range(50)))

        winners = [number for number, version in enumerate(made) if version is not None]
        assert len(winners) == 1
        assert (await records.get("a")).value == b"%d" % winners[0]

    async def test_no_increment_is_lost_between_concurrent_replacers(self, records: Records):
        await records.put("n", b"0")

        async def increment():
            while True:
                found = await records.get("n")
                if await records.replace("n", b"%d" % (int(found.value) + 1), version=found.version):
                    return

        await asyncio.gather(*(increment() for _ in range(20)))

        assert (await records.get("n")).value == b"20"

    async def test_list_is_in_key_order_and_under_the_prefix_only(self, records: Records):
        keys = ["b", "a/2", "a/10", "a/1", "a", "a0", "á/1", "a/\ud7ff", "a/\U0010ffff", "a/𝄞", "A/1"]
        for key in keys:
            await records.put(key, key.encode())

        assert await names(records) == sorted(keys)
        assert await names(records, "a/") == sorted(key for key in keys if key.startswith("a/"))
        assert await names(records, "a/\U0010ffff") == ["a/\U0010ffff"]
        assert await names(records, "a/\ud7ff") == ["a/\ud7ff"]
        assert await names(records, "\U0010ffff") == []
        assert all(record.value == key.encode() for key, record in await records.list(""))

    @pytest.mark.parametrize("odd", ["%", "_", "*", "?", "'", '"', "[a-z]", "\\", " "])
    async def test_no_character_of_a_prefix_has_a_meaning_of_its_own(self, records: Records, odd):
        await records.put(f"{odd}1", b"")
        await records.put("x1", b"")

        assert await names(records, odd) == [f"{odd}1"]

    # Expiry.

    async def test_a_record_is_gone_at_the_instant_it_expires(self, records: Records, clock: FrozenClock):
        await records.put("a", b"1", lifetime=10)
        clock.advance(9.5)
        assert (await records.get("a")).expires_at == clock.now() + 0.5

        clock.advance(0.5)

        assert await records.get("a") is None
        assert await records.list("") == []
        assert await records.take("a") is None
        assert await records.delete("a") is False

    async def test_an_expired_record_is_neither_replaced_nor_in_the_way(
        self, records: Records, clock: FrozenClock
    ):
        old = await records.put("a", b"1", lifetime=10)
        clock.advance(10)

        assert await records.replace("a", b"2", version=old) is None
        assert await records.create("a", b"3") > old
        assert (await records.get("a")).value == b"3"

    async def test_a_write_sets_the_lifetime_anew(self, records: Records, clock: FrozenClock):
        version = await records.put("a", b"1", lifetime=10)
        await records.put("b", b"1", lifetime=10)
        clock.advance(9)
        await records.replace("a", b"2", version=version, lifetime=10)
        await records.put("b", b"2")
        clock.advance(9)

        assert await names(records) == ["a", "b"]
        clock.advance(1)
        assert await names(records) == ["b"]

    async def test_a_lifetime_of_nothing_has_ended_already(self, records: Records):
        await records.put("a", b"1")
        await records.put("a", b"2", lifetime=0)
        await records.put("b", b"2", lifetime=-5)

        assert await records.list("") == []

    # Watching.

    async def test_a_watcher_hears_what_happens_under_its_prefix_from_then_on(self, records: Records):
        await records.put("a/0", b"before")
        watch = records.watch("a/")

        first = await records.put("a/1", b"1")
        await records.put("b/1", b"elsewhere")
        second = await records.replace("a/1", b"2", version=first)
        third = await records.create("a/2", b"3")
        await records.create("a/2", b"refused")
        await records.take("a/1")
        await records.delete("a/2")
        await records.delete("a/2")
        last = await records.put("a/9", b"end")

        assert await seen(watch, 6) == [
            Change("a/1", Record(b"1", first, None)),
            Change("a/1", Record(b"2", second, None)),
            Change("a/2", Record(b"3", third, None)),
            Change("a/1", None),
            Change("a/2", None),
            Change("a/9", Record(b"end", last, None)),
        ]
        await watch.aclose()

    async def test_a_watcher_hears_of_expiry_though_nobody_asks(self, records: Records, clock: FrozenClock):
        watch = records.watch("")
        await records.put("a", b"1", lifetime=10)
        await seen(watch, 1)
        clock.advance(10)

        assert await seen(watch, 1) == [Change("a", None)]

    async def test_a_watcher_hears_of_expiry_before_it_hears_of_the_next_record(
        self, records: Records, clock: FrozenClock
    ):
        watch = records.watch("")
        await records.put("a", b"1", lifetime=10)
        clock.advance(10)
        version = await records.create("a", b"2")

        assert (await seen(watch, 3))[1:] == [Change("a", None), Change("a", Record(b"2", version, None))]

    async def test_a_watcher_waits_until_something_happens(self, records: Records):
        watch = records.watch("")
        coming = asyncio.gather(anext(watch))
        await asyncio.sleep(0)
        assert not coming.done()

        version = await records.put("a", b"1")

        async with asyncio.timeout(5):
            assert await coming == [Change("a", Record(b"1", version, None))]

    async def test_a_wait_that_was_given_up_loses_nothing(self, records: Records):
        watch = records.watch("")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await anext(watch)

        await records.put("a", b"1")

        assert (await seen(watch, 1))[0].key == "a"

    async def test_a_closed_watch_ends_even_for_whoever_waits(self, records: Records):
        watch = records.watch("")
        coming = asyncio.gather(anext(watch))
        await asyncio.sleep(0)

        await watch.aclose()

        with pytest.raises(StopAsyncIteration):
            await coming
        assert [change async for change in watch] == []

    async def test_a_watcher_that_falls_behind_is_told_and_goes_on(self, records: Records, monkeypatch):
        monkeypatch.setattr("yett.store.watch.LIMIT", 4)
        watch, other = records.watch(""), records.watch("other")
        for number in range(5):
            await records.put(f"a{number}", b"")

        with pytest.raises(WatchOverrun):
            await seen(watch, 1)
        await records.put("a9", b"")

        assert (await seen(watch, 1))[0].key == "a9"
        await records.put("other", b"")
        assert (await seen(other, 1))[0].key == "other"

    # Refusals.

    @pytest.mark.parametrize(
        "key",
        ["", "x" * (MAX_KEY + 1), "a\n", "a\0b", "\x7f", "\x85", "\ud800"],
        ids=["empty", "long", "line", "nul", "del", "c1", "surrogate"],
    )
    async def test_a_key_that_cannot_be_is_refused_by_every_operation(self, records: Records, key):
        for attempt in (
            lambda: records.get(key),
            lambda: records.put(key, b""),
            lambda: records.create(key, b""),
            lambda: records.replace(key, b"", version=1),
            lambda: records.take(key),
            lambda: records.delete(key),
        ):
            with pytest.raises(ValueError):
                await attempt()
        if key:
            with pytest.raises(ValueError):
                await records.list(key)
            with pytest.raises(ValueError):
                records.watch(key)
        assert await records.list("") == []

    async def test_a_value_that_is_too_large_is_refused_and_changes_nothing(self, records: Records):
        version = await records.put("a", b"1")
        large = bytes(MAX_VALUE + 1)
        for attempt in (
            lambda: records.put("a", large),
            lambda: records.create("b", large),
            lambda: records.replace("a", large, version=version),
        ):
            with pytest.raises(ValueError):
                await attempt()

        assert await records.list("") == [("a", Record(b"1", version, None))]

    @pytest.mark.parametrize("value", ["text", bytearray(b"1"), None])
    async def test_a_value_is_bytes(self, records: Records, value):
        with pytest.raises(TypeError):
            await records.put("a", value)

    @pytest.mark.parametrize("lifetime", [float("nan"), float("inf")])
    async def test_a_lifetime_is_finite(self, records: Records, lifetime):
        with pytest.raises(ValueError):
            await records.put("a", b"1", lifetime=lifetime)
