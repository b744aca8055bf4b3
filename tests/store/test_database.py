"""A file is used only when it is whole and ours; one that is not stays exactly as it was."""

import contextlib
import sqlite3

import pytest

from yett.store import SQLiteRecords, StoreDamaged, StoreUnavailable, database, events
from yett.store.database import Lock


def contents(directory):
    """Every byte that matters; the index of the log (-shm) is made anew by every reader."""
    return {
        found.name: found.read_bytes()
        for found in directory.iterdir()
        if not found.name.endswith((".lock", "-shm"))
        and not (found.name.endswith("-wal") and not found.stat().st_size)
    }


@pytest.fixture
async def path(tmp_path, clock):
    """A store with some records, closed."""
    path = tmp_path / "store.db"
    records = SQLiteRecords(path, clock)
    await records.open()
    for number in range(300):
        await records.put(f"{number:03}", b"%03d" % number * 100)
    await records.close()
    return path


async def refused(path, clock):
    """Open, expecting a refusal; the refusal, when it left every byte as it was and can be repeated."""
    before = contents(path.parent)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as refusal:
            await SQLiteRecords(path, clock).open()
        assert contents(path.parent) == before
    assert str(path) in str(refusal.value)
    return refusal.value


def cut(path, size):
    with path.open("r+b") as file:
        file.truncate(size)


def scribble(path, start, length=4096):
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * length)


@pytest.mark.parametrize("keep", [0, 1, 99, 100, 4096, 5000, 20_000, -4096, -1], ids=str)
async def test_a_truncated_file_is_refused_and_left_alone(path, clock, keep):
    cut(path, keep if keep >= 0 else path.stat().st_size + keep)

    refusal = await refused(path, clock)

    assert isinstance(refusal, StoreDamaged)
    assert "nothing was touched" in str(refusal)
    assert "yett store salvage" in str(refusal)


@pytest.mark.parametrize("start", [0, 100, 4096, 8192, -4096], ids=str)
async def test_an_overwritten_page_is_noticed_at_opening(path, clock, start):
    scribble(path, start if start >= 0 else path.stat().st_size + start)

    assert isinstance(await refused(path, clock), StoreDamaged)


async def test_damage_under_a_log_that_was_left_behind_touches_neither(path, clock, tmp_path):
    # As after a crash: the log holds writes that are not in the file yet.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.put("new", b"1" * 20_000)
    for name in ("store.db", "store.db-wal"):
        (crashed / name).write_bytes((tmp_path / name).read_bytes())
    await records.close()
    # Pages that the log does not hold.
    scribble(crashed / "store.db", 10 * 4096, 5 * 4096)

    assert isinstance(await refused(crashed / "store.db", clock), StoreDamaged)


async def test_text_is_no_store(tmp_path, clock):
    path = tmp_path / "store.db"
    path.write_text("not a database, whatever its name says\n" * 200)

    assert isinstance(await refused(path, clock), StoreDamaged)


async def test_a_log_without_its_file_is_not_taken_for_a_new_store(path, clock):
    path.rename(path.with_name("elsewhere"))
    path.with_name("store.db-wal").write_bytes(b"frames")

    refusal = await refused(path, clock)

    assert isinstance(refusal, StoreDamaged)
    assert "missing" in str(refusal)


async def test_another_programs_database_is_refused(tmp_path, clock):
    path = tmp_path / "store.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE records (x)")

    refusal = await refused(path, clock)

    assert "another program" in str(refusal)
    assert not isinstance(refusal, StoreDamaged)


async def test_a_store_of_a_newer_version_is_refused(path, clock):
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")

    assert "written by a newer version (schema 99" in str(await refused(path, clock))


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM meta", "DELETE FROM meta WHERE name = 'revision'", "DROP TABLE records", "DROP TABLE meta"],
)
async def test_a_store_without_its_parts_is_damaged(path, clock, change):
    with contextlib.closing(sqlite3.connect(path)) as other, other:
        other.execute(change)

    assert isinstance(await refused(path, clock), StoreDamaged)


async def test_a_half_made_store_is_made_anew(tmp_path, clock, heard):
    path = tmp_path / "deep" / "store.db"
    path.parent.mkdir()
    path.with_name("store.db.new").write_bytes(b"cut short")
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.close()

    assert not path.with_name("store.db.new").exists()
    assert heard("store") == [(events.opened, {"file": str(path), "schema": database.SCHEMA})]


async def test_a_directory_that_cannot_be_made_is_named(tmp_path, clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="file/below: cannot be made"):
        await SQLiteRecords(tmp_path / "file" / "below" / "store.db", clock).open()


async def test_a_directory_in_place_of_the_file_is_refused(tmp_path, clock):
    (tmp_path / "store.db").mkdir()
    with pytest.raises(StoreUnavailable, match=r"store\.db"):
        await SQLiteRecords(tmp_path / "store.db", clock).open()


async def test_a_directory_in_place_of_the_lock_is_refused(tmp_path, clock):
    (tmp_path / "store.db.lock").mkdir()
    with pytest.raises(StoreUnavailable, match=r"store\.db\.lock: cannot be opened"):
        await SQLiteRecords(tmp_path / "store.db", clock).open()


async def test_a_refused_store_is_unlocked_again(path, clock):
    scribble(path, 0)
    with pytest.raises(StoreDamaged):
        await SQLiteRecords(path, clock).open()

    Lock(path).release()


async def test_a_check_that_takes_too_long_is_cut_off_and_said(path, clock, monkeypatch, heard):
    monkeypatch.setattr(database, "_CHECK_SECONDS", -1.0)
    monkeypatch.setattr(database, "_CHECK_STEPS", 1)
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.close()

    assert heard("store")[0] == (events.check_unfinished, {"file": str(path), "seconds": -1.0})


async def test_odd_names_are_names(tmp_path, clock):
    path = tmp_path / "100% ?mode=memory#ö" / "store.db"
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.close()

    assert path.stat().st_size > 0
