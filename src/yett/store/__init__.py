"""What is kept: records in memory or on disk, module data, files.

Read `records` first: it is the one interface.
"""

from yett.store.records import MAX_KEY, MAX_VALUE, Change, Consistency, Record, Records, StoreUnavailable

__all__ = ["MAX_KEY", "MAX_VALUE", "Change", "Consistency", "Record", "Records", "StoreUnavailable"]
