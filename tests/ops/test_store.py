import pytest

from yett.kernel import CommandFailed, Place, commands
from yett.ops import store
from yett.store import SQLiteRecords


@pytest.fixture
async def damaged(tmp_path, clock):
    """A store with two records, one of which was changed behind its back."""
    path = tmp_path / "store.db"
    records = SQLiteRecords(path, clock)
    await records.open()
    await records.put("one", b"first value")
    await records.put("two", b"second value")
    await records.close()
    path.write_bytes(path.read_bytes().replace(b"second value", b"altered data"))
    return path


def test_it_runs_where_it_is_typed_since_no_gateway_can_run_with_a_damaged_store():
    assert commands["store", "salvage"].place is Place.HERE


async def test_what_was_saved_and_what_was_left_out_is_told(damaged, tmp_path):
    target = tmp_path / "saved.db"
    before = damaged.read_bytes()
    said = store.save(damaged, target)
    assert said.startswith(f"copied 1 records to {target}; 1 were altered and left out.")
    assert damaged.read_bytes() == before


async def test_a_file_that_is_there_already_is_not_written_over(damaged, tmp_path):
    target = tmp_path / "saved.db"
    target.write_text("precious")
    with pytest.raises(CommandFailed):
        store.save(damaged, target)
    assert target.read_text() == "precious"


def test_a_store_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CommandFailed, match=r"store\.db"):
        store.save(tmp_path / "store.db", tmp_path / "saved.db")
