"""What is kept: records in memory or on disk, module data, files.

Read `records` first: it is the one interface. `memory` and `sqlite` keep it, `space` divides it,
`watch` tells of changes, `following` keeps somebody's memory in step with them; behind `sqlite` stand
`worker` (threads) and `database` (the file). `moduledata` and `files` are smaller things of their own.
"""

from yett.store.config import ClusterSettings, Sync
from yett.store.counting import CountedRecords
from yett.store.database import StoreDamaged, StoreInUse
from yett.store.files import FileBlocked, FileFailed, FileStorage
from yett.store.following import Follower
from yett.store.memory import MemoryRecords
from yett.store.moduledata import ModuleData, ModuleDataDamaged
from yett.store.opening import open_records
from yett.store.records import (
    MAX_KEY,
    MAX_VALUE,
    Change,
    Changes,
    Consistency,
    Record,
    Records,
    StoreUnavailable,
)
from yett.store.salvage import Salvaged, salvage
from yett.store.space import Space
from yett.store.sqlite import SQLiteRecords
from yett.store.watch import WatchOverrun

__all__ = [
    "MAX_KEY",
    "MAX_VALUE",
    "Change",
    "Changes",
    "ClusterSettings",
    "Consistency",
    "CountedRecords",
    "FileBlocked",
    "FileFailed",
    "FileStorage",
    "Follower",
    "MemoryRecords",
    "ModuleData",
    "ModuleDataDamaged",
    "Record",
    "Records",
    "SQLiteRecords",
    "Salvaged",
    "Space",
    "StoreDamaged",
    "StoreInUse",
    "StoreUnavailable",
    "Sync",
    "WatchOverrun",
    "open_records",
    "salvage",
]
