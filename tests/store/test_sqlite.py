"""Records in a file keep the contract, and what they promise beyond it."""

import asyncio
import contextlib
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.contract import RecordsContract, eventually, names, seen

from yett.kernel import FrozenClock
from yett.store import (
    MemoryRecords,
    Record,
    SQLiteRecords,
    StoreDamaged,
    StoreInUse,
    StoreUnavailable,
    Sync,
    database,
    events,
)


@contextlib.asynccontextmanager
async def opened(path, clock, **options):
    records = SQLiteRecords(path, clock, **options)
    await records.open()
    try:
        yield records
    finally:
        await records.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
async def records(path, clock):
    async with opened(path, clock) as found:
        yield found


class TestSQLiteRecords(RecordsContract):
    pass


# Durability.


@pytest.mark.parametrize("sync", list(Sync))
async def test_everything_is_there_after_a_restart(path, clock, sync):
    async with opened(path, clock, sync=sync) as records:
        assert records.is_durable
        await records.put("a", b"1", lifetime=60)
        await records.put("b", b"2")
        await records.put("gone", b"3")
        await records.take("gone")
        before = await records.list("")

    async with opened(path, clock, sync=sync) as records:
        assert await records.list("") == before
        assert await records.create("gone", b"4") > max(record.version for _, record in before)


async def test_versions_do_not_go_back_after_a_restart(path, clock):
    async with opened(path, clock) as records:
        last = await records.put("a", b"1")
        await records.delete("a")
    async with opened(path, clock) as records:
        assert await records.create("a", b"1") > last


async def test_what_expired_while_nobody_ran_is_gone(path, clock):
    async with opened(path, clock) as records:
        await records.put("a", b"1", lifetime=10)
    clock.advance(10)
    async with opened(path, clock) as records:
        assert await records.get("a") is None


async def test_the_file_is_for_its_owner_only(path, clock):
    before = os.umask(0)
    try:
        async with opened(path, clock) as records:
            await records.put("a", b"1")
            modes = {
                found.name: stat.S_IMODE(found.stat().st_mode)
                for found in path.parent.iterdir()
                if found.is_file()
            }
    finally:
        os.umask(before)

    assert modes.keys() >= {"store.db", "store.db-wal", "store.db.lock"}
    assert set(modes.values()) == {0o600}


async def test_a_file_that_others_may_read_is_closed_to_them(path, clock):
    async with opened(path, clock):
        pass
    path.chmod(0o644)
    async with opened(path, clock):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


WRITER = """
import asyncio, sys
from pathlib import Path
from yett.kernel import SystemClock
from yett.store import SQLiteRecords, Sync

async def write(records, name):
    number = 0
    while True:
        key = f"{name}/{number}"
        await records.put(key, key.encode() * 20)
        if number % 3 == 2:
            await records.take(f"{name}/{number - 1}")
            sys.stdout.write(f"-{name}/{number - 1}\\n")
        sys.stdout.write(f"+{key}\\n")
        sys.stdout.flush()
        number += 1

async def main():
    records = SQLiteRecords(Path(sys.argv[1]), SystemClock(), sync=Sync.NORMAL)
    await records.open()
    print("open", flush=True)
    await asyncio.gather(*(write(records, sys.argv[2] + name) for name in "abcd"))

asyncio.run(main())
"""


def killed_writer(path: Path, run: int, *, after: int) -> list[str]:
    """What a process acknowledged before it was killed, some time after that many lines."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(run)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    with process:
        assert process.stdout.readline() == "open\n"
        lines = [process.stdout.readline() for _ in range(after)]
        process.kill()
        lines += process.stdout.readlines()
    # The last line may have been cut short by the end.
    return [line.strip() for line in lines if line.endswith("\n")]


async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(path, clock):
    kept, taken = set(), set()
    for run, after in enumerate((1, 7, 150, 600)):
        for line in await asyncio.to_thread(killed_writer, path, run, after=after):
            (taken if line[0] == "-" else kept).add(line[1:])

    async with opened(path, clock) as records:
        found = {key: record.value for key, record in await records.list("")}

    assert len(kept) > 500
    # A record that was about to be taken may be gone without its taking having been acknowledged.
    doubtful = {key for key in kept - taken - found.keys() if int(key.partition("/")[2]) % 3 == 1}
    assert kept - taken - doubtful <= found.keys()
    assert len(doubtful) <= 16
    assert not taken & found.keys()
    assert all(value == key.encode() * 20 for key, value in found.items())


# One process at a time.


async def test_a_second_opener_is_refused_and_told_by_whom(path, clock, records):
    with pytest.raises(StoreInUse, match=f"in use by process {os.getpid()}"):
        await SQLiteRecords(path, clock).open()
    await records.put("a", b"1")


async def test_after_closing_another_may_open(path, clock):
    async with opened(path, clock) as first:
        await first.put("a", b"1")
    async with opened(path, clock) as second:
        assert await second.get("a") is not None


# Refusals.


async def test_before_opening_and_after_closing_everything_is_unavailable(path, clock):
    records = SQLiteRecords(path, clock)
    with pytest.raises(StoreUnavailable, match="not open"):
        await records.get("a")
    await records.open()
    await records.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await records.put("a", b"1")
    await records.close()


async def test_closing_finishes_what_was_begun_and_ends_watches(path, clock):
    records = SQLiteRecords(path, clock)
    await records.open()
    watch = records.watch("")
    writes = asyncio.gather(*(records.put(f"{number:03}", b"") for number in range(100)))
    await asyncio.sleep(0)
    await records.close()

    assert len(set(await writes)) == 100
    assert len([change async for change in watch]) == 100
    async with opened(path, clock) as again:
        assert len(await again.list("")) == 100


async def test_a_caller_that_gives_up_harms_nobody(records):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await records.put("a", b"1")

    await records.put("b", b"1")

    assert "b" in await names(records)


# Trouble while running.


def shrink(records, pages):
    """Leave the file no more room than it has, plus some pages: SQLite then says that the disk is full."""
    records._writer._connection.execute(f"PRAGMA max_page_count = {pages}")


async def test_a_full_disk_is_told_once_and_the_store_goes_on_when_there_is_room(records, heard, monkeypatch):
    monkeypatch.setattr("yett.store.sqlite._NAP", 60)
    await records.put("a", b"1")
    shrink(records, 1)
    heard.forget()

    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="the disk is full; make room"):
            await records.put("b", bytes(500_000))
    assert await names(records) == ["a"]
    assert [event for event, _ in heard("store")] == [events.unavailable]

    shrink(records, 1_000_000)
    await records.put("b", bytes(500_000))

    assert await names(records) == ["a", "b"]
    assert [event for event, _ in heard("store")] == [events.unavailable, events.available_again]


async def test_a_store_that_nobody_asks_finds_out_by_itself_that_there_is_room(records, monkeypatch):
    monkeypatch.setattr("yett.store.sqlite._NAP", 0.01)
    assert not records.is_failing
    shrink(records, 1)
    with pytest.raises(StoreUnavailable):
        await records.put("a", bytes(500_000))
    assert records.is_failing
    shrink(records, 1_000_000)

    await eventually(lambda: not records.is_failing)


async def test_a_damaged_store_does_not_recover_by_itself(records):
    records._settle([], StoreDamaged("damaged"))
    records._timer.cancel()
    records._wake()
    await eventually(lambda: records._timer is not None)

    assert records.is_failing
    with pytest.raises(StoreDamaged):
        await records.put("a", b"1")


async def test_of_one_group_only_what_does_not_fit_fails(records):
    await records.put("old", b"1")
    shrink(records, 1)

    done = await asyncio.gather(
        records.put("large", bytes(500_000)),
        records.put("old", b"2"),
        records.put("large too", bytes(500_000)),
        records.take("old"),
        return_exceptions=True,
    )

    assert [type(result) for result in done] == [StoreUnavailable, int, StoreUnavailable, Record]
    assert done[3].value == b"2"
    assert await names(records) == []


async def test_a_file_that_is_removed_while_in_use_takes_no_more_writes(path, records):
    await records.put("a", b"1")
    path.rename(path.with_name("elsewhere.db"))

    with pytest.raises(StoreUnavailable, match="removed or exchanged"):
        await records.put("b", b"1")
    path.write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="removed or exchanged"):
        await records.get("a")

    path.with_name("elsewhere.db").rename(path)
    await records.put("b", b"1")
    assert await names(records) == ["a", "b"]


async def test_another_program_that_holds_the_file_is_waited_for_and_then_named(path, clock, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    async with opened(path, clock) as records:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked by another program"):
                await records.put("a", b"1")
            other.execute("ROLLBACK")
        await records.put("a", b"2")
        assert (await records.get("a")).value == b"2"


async def test_damage_found_while_running_stops_all_writing(path, clock, heard):
    async with opened(path, clock) as records:
        for number in range(200):
            await records.put(f"{number:03}", bytes(2000))
    async with opened(path, clock) as records:
        # The first page stays as it is; the pages of the table are overwritten behind SQLite's back.
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        with pytest.raises(StoreDamaged, match="nothing more is written"):
            await records.list("")
        with pytest.raises(StoreDamaged):
            await records.put("a", b"1")
    assert [event for event, _ in heard("store")].count(events.unavailable) == 1


async def test_a_record_that_was_changed_on_the_disk_is_refused_but_can_be_replaced(path, clock):
    async with opened(path, clock) as records:
        await records.put("a", b"genuine value")
        await records.put("b", b"genuine value")
        await records.put("c", b"other")
    path.write_bytes(path.read_bytes().replace(b"genuine value", b"altered value"))

    async with opened(path, clock) as records:
        for attempt in (lambda: records.get("a"), lambda: records.take("a"), lambda: records.list("")):
            with pytest.raises(StoreDamaged, match="record 'a' was changed on the disk"):
                await attempt()
        assert (await records.get("c")).value == b"other"
        await records.put("a", b"new")
        assert await records.delete("b") is True
        assert await names(records) == ["a", "c"]


# Sweeping.


async def test_expired_records_leave_the_file(records, path, clock):
    for number in range(20):
        await records.put(f"{number}", b"", lifetime=10)
    await records.put("stays", b"", lifetime=20)
    watch = records.watch("")
    clock.advance(10)

    assert len(await seen(watch, 20)) == 20
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT key FROM records").fetchall() == [("stays",)]
    assert await records.sweep() == 0


async def test_sweeping_is_done_in_portions(records, clock, monkeypatch):
    monkeypatch.setattr("yett.store.sqlite._SWEEP", 3)
    monkeypatch.setattr("yett.store.sqlite._NAP", 60)
    for number in range(7):
        await records.put(f"{number}", b"", lifetime=10)
    clock.advance(10)

    assert [await records.sweep() for _ in range(4)] == [3, 3, 1, 0]


# Every write fails once.


class Failing(sqlite3.Connection):
    """A connection whose n-th statement that changes something fails, as on a broken disk."""

    countdown = -1

    def execute(self, statement, *values):
        if statement.split(" ", 1)[0] in {"BEGIN", "INSERT", "DELETE", "UPDATE", "COMMIT"}:
            Failing.countdown -= 1
            if Failing.countdown == 0:
                raise sqlite3.OperationalError("disk I/O error")
        return super().execute(statement, *values)


@pytest.fixture
def failing(monkeypatch):
    genuine = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: genuine(*a, **k, factory=Failing))
    yield Failing
    Failing.countdown = -1


async def test_whichever_statement_fails_the_store_holds_what_it_acknowledged(tmp_path, clock, failing):
    failures = 0
    for nth in range(1, 60):
        path = tmp_path / f"{nth}.db"
        expected = {}
        async with opened(path, clock, sync=Sync.NORMAL) as records:
            failing.countdown = nth
            for number in range(4):
                key = f"{number}"
                for attempt, after in (
                    (records.put(key, b"1"), b"1"),
                    (records.create(key + "c", b"2"), None),
                    (records.put(key, b"3"), b"3"),
                    (records.take(key + "c"), None),
                ):
                    try:
                        result = await attempt
                    except StoreUnavailable:
                        failures += 1
                        continue
                    if after is not None:
                        expected[key] = after
                    elif isinstance(result, int):
                        expected[key + "c"] = b"2"
                    elif result is not None:
                        del expected[key + "c"]
            failing.countdown = -1
            assert {key: record.value for key, record in await records.list("")} == expected
        async with opened(path, clock) as records:
            assert {key: record.value for key, record in await records.list("")} == expected
    assert failures > 40


# The file and memory agree.

KEYS = st.sampled_from(["a", "b", "a/1", "a/2", "ä"])
LIFETIMES = st.sampled_from([None, 0, 5, 50])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, LIFETIMES),
        st.tuples(st.just("create"), KEYS, LIFETIMES),
        st.tuples(st.just("replace"), KEYS, st.integers(0, 6)),
        st.tuples(st.just("take"), KEYS),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("get"), KEYS),
        st.tuples(st.just("list"), st.sampled_from(["", "a", "a/", "c"])),
        st.tuples(st.just("advance"), st.integers(1, 30)),
        st.tuples(st.just("reopen")),
    ),
    max_size=25,
)


async def step(records, number, kind, *values):
    value = b"%d" % number
    match kind, values:
        case (("put" | "create"), (key, lifetime)):
            return await getattr(records, kind)(key, value, lifetime=lifetime)
        case "replace", (key, back):
            found = await records.get(key)
            return await records.replace(key, value, version=(found.version if found else number) - back // 3)
        case (("take" | "delete" | "get" | "list"), (key,)):
            return await getattr(records, kind)(key)
    raise AssertionError(kind)


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_answers_whatever_is_asked_as_memory_does(tmp_path_factory, steps):
    async def compare():
        clock = FrozenClock()
        memory = MemoryRecords(clock)
        path = tmp_path_factory.mktemp("model") / "store.db"
        records = SQLiteRecords(path, clock, sync=Sync.NORMAL)
        await records.open()
        try:
            for number, (kind, *values) in enumerate(steps):
                if kind == "advance":
                    clock.advance(values[0])
                elif kind == "reopen":
                    await records.close()
                    await records.open()
                else:
                    expected = await step(memory, number, kind, *values)
                    assert await step(records, number, kind, *values) == expected
        finally:
            await records.close()
            await memory.close()

    asyncio.run(compare())
