"""The store that the settings ask for."""

from yett.kernel import Clock
from yett.store.config import ClusterSettings
from yett.store.memory import MemoryRecords
from yett.store.sqlite import SQLiteRecords

FILE = "store.db"


async def open_records(settings: ClusterSettings, clock: Clock) -> MemoryRecords | SQLiteRecords:
    """The node's records, opened; whoever asks closes them. Raises StoreUnavailable when they cannot be."""
    directory = settings.directory
    if directory is None or not settings.is_kept:
        return MemoryRecords(clock)
    records = SQLiteRecords(directory / FILE, clock, sync=settings.sync)
    await records.open()
    return records
