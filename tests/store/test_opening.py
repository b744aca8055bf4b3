"""The settings choose the store."""

from pathlib import Path

import pytest

from yett.store import ClusterSettings, MemoryRecords, SQLiteRecords, StoreUnavailable, open_records


async def test_a_data_directory_gets_a_file(tmp_path, clock):
    records = await open_records(ClusterSettings(cluster_path=tmp_path / "data"), clock)
    await records.put("a", b"1")
    await records.close()

    assert isinstance(records, SQLiteRecords)
    assert (tmp_path / "data" / "store.db").exists()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "options", [{"cluster_path": None}, {"cluster_path": Path()}, {"persistence": False}], ids=str
)
async def test_without_a_place_records_stay_in_memory(tmp_path, clock, options):
    records = await open_records(ClusterSettings(**{"cluster_path": tmp_path, **options}), clock)
    await records.put("a", b"1")
    await records.close()

    assert isinstance(records, MemoryRecords)
    assert list(tmp_path.iterdir()) == []


async def test_a_store_that_cannot_be_opened_is_no_reason_for_another(tmp_path, clock):
    (tmp_path / "store.db").write_bytes(b"")
    with pytest.raises(StoreUnavailable):
        await open_records(ClusterSettings(cluster_path=tmp_path), clock)
