"""What can be read of a damaged store is saved, and nothing that was deleted comes back."""

import asyncio
import contextlib
import sqlite3

import pytest

from yett.store import Salvaged, SQLiteRecords, StoreDamaged, StoreInUse, StoreUnavailable, salvage

COUNT = 2000


def value(number):
    return b"<%04d>" % number * 35


@pytest.fixture
async def path(tmp_path, clock):
    path = tmp_path / "store.db"
    records = SQLiteRecords(path, clock)
    await records.open()
    await asyncio.gather(
        *(records.put(f"{number:04}", value(number), lifetime=60) for number in range(COUNT))
    )
    await records.put("spent", b"one-time code")
    await records.take("spent")
    await records.close()
    return path


async def content(path, clock):
    records = SQLiteRecords(path, clock)
    await records.open()
    try:
        return dict(await records.list(""))
    finally:
        await records.close()


def scribble(path, *pages):
    with path.open("r+b") as file:
        for page in pages:
            file.seek(4096 * page)
            file.write(b"\xa5" * 4096)


def table_leaves(path):
    """The pages, counted from 0, that hold rows of the table (SQLite file format, section 1.6: type 13)."""
    data = path.read_bytes()
    return [number for number in range(1, len(data) // 4096) if data[4096 * number] == 13]


async def test_a_whole_store_is_copied_whole(path, tmp_path, clock):
    before = await content(path, clock)

    result = salvage(path, tmp_path / "saved.db")

    assert result == Salvaged(records=COUNT, altered=0, is_complete=True)
    assert await content(tmp_path / "saved.db", clock) == before


async def test_all_but_the_damaged_pages_is_saved(path, tmp_path, clock):
    before = await content(path, clock)
    leaves = table_leaves(path)
    scribble(path, leaves[3], leaves[40])
    evidence = path.read_bytes()
    with pytest.raises(StoreDamaged):
        await SQLiteRecords(path, clock).open()

    result = salvage(path, tmp_path / "saved.db")

    saved = await content(tmp_path / "saved.db", clock)
    assert not result.is_complete
    assert len(saved) == result.records >= COUNT - 2 * 25
    assert saved.items() <= before.items()
    assert path.read_bytes() == evidence


async def test_of_a_truncated_store_the_front_is_saved(path, tmp_path, clock):
    before = await content(path, clock)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size * 2 // 3)

    result = salvage(path, tmp_path / "saved.db")

    saved = await content(tmp_path / "saved.db", clock)
    assert len(saved) == result.records > COUNT // 3
    assert saved.items() <= before.items()


async def test_an_altered_record_is_left_out(path, tmp_path):
    path.write_bytes(path.read_bytes().replace(value(7), value(8)[:-1] + b"X"))

    assert salvage(path, tmp_path / "saved.db") == Salvaged(records=COUNT - 1, altered=1)


async def test_writes_that_are_only_in_the_log_are_saved(path, tmp_path, clock):
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.put("newest", b"1")
    for name in ("store.db", "store.db-wal"):
        (crashed / name).write_bytes((tmp_path / name).read_bytes())
    await records.close()

    assert salvage(crashed / "store.db", tmp_path / "saved.db").records == COUNT + 1


async def test_versions_go_on_above_any_that_may_have_been_lost(path, tmp_path, clock):
    newest = max(record.version for record in (await content(path, clock)).values())
    salvage(path, tmp_path / "saved.db")
    records = SQLiteRecords(tmp_path / "saved.db", clock)
    await records.open()

    assert await records.put("a", b"1") > newest + 2
    await records.close()


async def test_nothing_readable_makes_nothing(path, tmp_path):
    path.write_bytes(b"\xa5" * 50_000)

    with pytest.raises(StoreDamaged, match="nothing of it can be read"):
        salvage(path, tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()
    assert not list(tmp_path.glob(".salvage*"))


async def test_a_store_in_use_is_not_salvaged(path, tmp_path, clock):
    records = SQLiteRecords(path, clock)
    await records.open()
    with pytest.raises(StoreInUse):
        salvage(path, tmp_path / "saved.db")
    await records.close()


def test_nothing_is_overwritten_and_nothing_missing_is_salvaged(tmp_path):
    (tmp_path / "there").write_text("precious")
    with pytest.raises(StoreUnavailable, match="exists already"):
        salvage(tmp_path / "store.db", tmp_path / "there")
    with pytest.raises(StoreUnavailable, match="no such file"):
        salvage(tmp_path / "store.db", tmp_path / "new")
    assert (tmp_path / "there").read_text() == "precious"


async def test_a_target_that_cannot_be_written_is_named(path, tmp_path):
    with pytest.raises(StoreUnavailable, match="saved"):
        salvage(path, tmp_path / "nowhere" / "saved.db")


async def test_the_copy_is_for_its_owner_only(path, tmp_path):
    salvage(path, tmp_path / "saved.db")
    assert (tmp_path / "saved.db").stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(tmp_path / "saved.db")) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
