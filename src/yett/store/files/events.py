"""What file storage says in the log."""

import enum

from yett.events import DEBUG, ERROR, WARN, event
from yett.events.fields import Detail, Error


class Operation(enum.Enum):
    """What was tried."""

    SAVE = "save"
    LOAD = "load"
    DELETE = "delete"
    LIST = "list"
    EXISTS = "exists"


@event("storage.filesystem", WARN, "Path traversal attempt blocked")
def traversal_blocked(operation: Operation, file: Detail) -> None:
    """A name led out of the storage (`..`, an absolute path, a symbolic link). Find out who supplied it."""


@event("storage.filesystem", WARN, "Path traversal attempt blocked (source)")
def source_blocked(source: Detail, target: Detail) -> None:
    """The file to move would lie outside of the storage. Find out who supplied the name."""


@event("storage.filesystem", WARN, "Path traversal attempt blocked (target)")
def target_blocked(source: Detail, target: Detail) -> None:
    """The place to move a file to would lie outside of the storage. Find out who supplied the name."""


@event("storage.filesystem", ERROR, "Failed to create directory")
def directory_uncreated(file: Detail, error: Error) -> None:
    """Nothing was saved. Look for a file where a directory should be, and at rights and room on the disk."""


@event("storage.filesystem", ERROR, "Failed to marshal JSON")
def unmarshallable(file: Detail, error: Error) -> None:
    """Nothing was saved: the value has no form in JSON. This is a fault of the gateway; report it."""


@event("storage.filesystem", ERROR, "Failed to save file")
def unsaved(file: Detail, error: Error) -> None:
    """The file is as it was before. Look at rights and room on the disk."""


@event("storage.filesystem", DEBUG, "File saved")
def saved(file: Detail, size: int) -> None:
    """The file is safe on the disk. Nothing to do."""


@event("storage.filesystem", DEBUG, "File not found")
def not_found(file: Detail) -> None:
    """There is no such file, which is an answer like any other. Nothing to do."""


@event("storage.filesystem", ERROR, "Failed to read file")
def unread(file: Detail, error: Error) -> None:
    """The file is there but cannot be read. Look at rights and at the disk."""


@event("storage.filesystem", ERROR, "Failed to unmarshal JSON")
def malformed(file: Detail, error: Error) -> None:
    """The file was changed by somebody else or damaged. It was left as it is; restore or delete it."""


@event("storage.filesystem", DEBUG, "File loaded")
def loaded(file: Detail, size: int) -> None:
    """The file was read. Nothing to do."""


@event("storage.filesystem", DEBUG, "File not found for deletion")
def not_found_for_deletion(file: Detail) -> None:
    """The file was gone already. Nothing to do."""


@event("storage.filesystem", ERROR, "Failed to delete file")
def undeleted(file: Detail, error: Error) -> None:
    """The file is still there. Look at rights, and whether the name is that of a directory."""


@event("storage.filesystem", DEBUG, "File deleted")
def deleted(file: Detail) -> None:
    """The file is gone. Nothing to do."""


@event("storage.filesystem", ERROR, "Failed to create target directory")
def target_directory_uncreated(source: Detail, target: Detail, error: Error) -> None:
    """The file stayed where it was. Look for a file where a directory should be, and at rights and room."""


@event("storage.filesystem", ERROR, "Failed to move file")
def unmoved(source: Detail, target: Detail, error: Error) -> None:
    """The file stayed where it was, if it was there. Look at rights, and whether the target is a directory."""


@event("storage.filesystem", DEBUG, "File moved")
def moved(source: Detail, target: Detail) -> None:
    """The file has its new name. Nothing to do."""


@event("storage.filesystem", DEBUG, "Directory not found")
def directory_not_found(directory: Detail) -> None:
    """Nothing was saved there yet. Nothing to do."""


@event("storage.filesystem", ERROR, "Failed to read directory")
def directory_unread(directory: Detail, error: Error) -> None:
    """The directory is there but cannot be read. Look at rights, and whether the name is that of a file."""


@event("storage.filesystem", DEBUG, "Directory listed")
def listed(directory: Detail, count: int) -> None:
    """The names were read. Nothing to do."""


@event("storage.filesystem", DEBUG, "File existence checked")
def existence_checked(file: Detail, exists: bool) -> None:
    """Somebody asked whether a file is there. Nothing to do."""
