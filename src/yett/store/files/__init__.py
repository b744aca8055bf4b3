"""Files that the gateway keeps beside its records: exports, reports, whatever is too large for a record.

`tree` reaches files without ever leaving the root, `storage` is what others talk to.
"""

from yett.store.files.storage import FileStorage
from yett.store.files.tree import MAX_FILE, FileBlocked, FileFailed

__all__ = ["MAX_FILE", "FileBlocked", "FileFailed", "FileStorage"]
