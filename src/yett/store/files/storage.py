"""Values kept as JSON files."""

import asyncio
import builtins
import json
from pathlib import Path
from typing import Any

from yett.events import describe
from yett.store.files import events
from yett.store.files.events import Operation
from yett.store.files.tree import (
    MAX_FILE,
    DirectoryUncreated,
    FileBlocked,
    FileFailed,
    TargetBlocked,
    Tree,
    split,
)


class FileStorage:
    """Files under a root, each written as a whole, readable by nobody else.

    Names are relative paths with slashes. One that leads out of the root raises FileBlocked, one
    that is no name at all ValueError; FileFailed is what the file system could not do. The work is
    done in threads.
    """

    def __init__(self, root: Path) -> None:
        self._tree = Tree(root)

    async def save(self, name: str, value: Any) -> None:
        """Keep a value; when this returns, it survives a power cut. ValueError if it has no form in JSON."""
        await asyncio.to_thread(self._save, name, value)

    async def load(self, name: str) -> Any | None:
        """The value, or None when there is no such file."""
        return await asyncio.to_thread(self._load, name)

    async def delete(self, name: str) -> bool:
        """Whether there was something to delete."""
        return await asyncio.to_thread(self._delete, name)

    async def move(self, source: str, target: str) -> None:
        """Give a file another name; a file that has it already is replaced, as when saving."""
        await asyncio.to_thread(self._move, source, target)

    async def list(self, directory: str = "") -> builtins.list[str]:
        """Names in a directory, in order, directories with a slash behind; none when it is not there."""
        return await asyncio.to_thread(self._list, directory)

    async def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        return await asyncio.to_thread(self._exists, name)

    # In a thread.

    def _save(self, name: str, value: Any) -> None:
        try:
            parts = split(name)
            data = _marshal(name, value)
            self._tree.write(parts, data)
        except FileBlocked:
            events.traversal_blocked(operation=Operation.SAVE, file=name)
            raise
        except DirectoryUncreated as problem:
            events.directory_uncreated(file=name, error=describe(problem.__cause__ or problem))
            raise FileFailed("a directory for the file could not be made") from problem
        except OSError as problem:
            events.unsaved(file=name, error=describe(problem))
            raise FileFailed(f"the file could not be saved: {problem.strerror}") from problem
        events.saved(file=name, size=len(data))

    def _load(self, name: str) -> Any | None:
        try:
            data = self._tree.read(split(name))
        except FileBlocked:
            events.traversal_blocked(operation=Operation.LOAD, file=name)
            raise
        except FileNotFoundError:
            events.not_found(file=name)
            return None
        except OSError as problem:
            events.unread(file=name, error=describe(problem))
            raise FileFailed(f"the file could not be read: {problem.strerror}") from problem
        value = _unmarshal(name, data)
        events.loaded(file=name, size=len(data))
        return value

    def _delete(self, name: str) -> bool:
        try:
            self._tree.delete(split(name))
        except FileBlocked:
            events.traversal_blocked(operation=Operation.DELETE, file=name)
            raise
        except FileNotFoundError:
            events.not_found_for_deletion(file=name)
            return False
        except OSError as problem:
            events.undeleted(file=name, error=describe(problem))
            raise FileFailed(f"the file could not be deleted: {problem.strerror}") from problem
        events.deleted(file=name)
        return True

    def _move(self, source: str, target: str) -> None:
        try:
            old = split(source)
            self._tree.move(old, _split_target(target))
        except TargetBlocked:
            events.target_blocked(source=source, target=target)
            raise
        except FileBlocked:
            events.source_blocked(source=source, target=target)
            raise
        except DirectoryUncreated as problem:
            cause = describe(problem.__cause__ or problem)
            events.target_directory_uncreated(source=source, target=target, error=cause)
            raise FileFailed("a directory for the file could not be made") from problem
        except OSError as problem:
            events.unmoved(source=source, target=target, error=describe(problem))
            raise FileFailed(f"the file could not be moved: {problem.strerror}") from problem
        events.moved(source=source, target=target)

    def _list(self, directory: str) -> builtins.list[str]:
        try:
            # "/" is no other way to say "": it names the root of the machine.
            parts = split(directory.removesuffix("/") or "/") if directory else ()
            names = self._tree.list(parts)
        except FileBlocked:
            events.traversal_blocked(operation=Operation.LIST, file=directory)
            raise
        except FileNotFoundError:
            events.directory_not_found(directory=directory)
            return []
        except OSError as problem:
            events.directory_unread(directory=directory, error=describe(problem))
            raise FileFailed(f"the directory could not be read: {problem.strerror}") from problem
        events.listed(directory=directory, count=len(names))
        return names

    def _exists(self, name: str) -> bool:
        try:
            exists = self._tree.exists(split(name))
        except FileBlocked:
            events.traversal_blocked(operation=Operation.EXISTS, file=name)
            raise
        except OSError as problem:
            raise FileFailed(f"the file could not be looked up: {problem.strerror}") from problem
        events.existence_checked(file=name, exists=exists)
        return exists


def _split_target(name: str) -> tuple[str, ...]:
    try:
        return split(name)
    except FileBlocked as problem:
        raise TargetBlocked(*problem.args) from problem


def _marshal(name: str, value: Any) -> bytes:
    try:
        data = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        events.unmarshallable(file=name, error=describe(problem))
        raise ValueError(f"the value has no form in JSON: {problem}") from problem
    if len(data) > MAX_FILE:
        raise ValueError(f"a file has at most {MAX_FILE} bytes, not {len(data)}")
    return data


def _unmarshal(name: str, data: bytes) -> Any:
    try:
        return json.loads(data.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        events.malformed(file=name, error=describe(problem))
        raise FileFailed("the file does not hold JSON") from problem


def _refuse_constant(name: str) -> Any:
    """NaN and the infinities are Python's, not JSON's (RFC 8259, section 6)."""
    raise ValueError(f"{name} is no JSON")
