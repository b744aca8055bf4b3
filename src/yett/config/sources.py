"""The files of a configuration: found, read within limits, and merged into one tree."""

import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yett.config.lines import Path as KeyPath
from yett.config.lines import line_of, scan
from yett.config.mistakes import ConfigInvalid, Mistake, Stage

MOST_BYTES = 4 << 20
"""The largest file that is read."""
MOST_FILES = 1000
DEEPEST = 32
"""Tables and lists inside one another; declared settings need four."""

_AT = re.compile(r"\(at line (\d+), column (\d+)\)$")


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """One file as it was read."""

    path: Path
    content: bytes


def paths_of(source: Path) -> list[Path]:
    """The files to read, which need not exist. Raises OSError for a directory that cannot be listed.

    Hidden files are left out: editors keep copies there, and Kubernetes its versions.
    """
    if not source.is_dir():
        return [source]
    return sorted(
        path for path in source.iterdir() if path.name.endswith(".toml") and not path.name.startswith(".")
    )


def gather(source: Path) -> tuple[File, ...]:
    """The file, or the *.toml files of the directory in the order of their names.

    Raises ConfigInvalid when there is nothing to read or a file cannot be read.
    """
    try:
        paths = paths_of(source)
    except OSError as problem:
        raise _unreadable(source, problem) from problem
    if not paths:
        raise _missing(source, "the directory holds no file whose name ends in .toml")
    if len(paths) > MOST_FILES:
        raise ConfigInvalid([Mistake(str(source), "", f"holds more than {MOST_FILES} files")], Stage.PARSING)
    files: list[File] = []
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            files.append(_read(path))
        except ConfigInvalid as problem:
            if problem.stage is Stage.MISSING:
                raise
            mistakes += problem.mistakes
    if mistakes:
        raise ConfigInvalid(mistakes, Stage.PARSING)
    return tuple(files)


def digest_of(files: Sequence[File]) -> str:
    """What tells one state of the files from another."""
    digest = hashlib.sha256()
    for file in files:
        name = file.path.name.encode("utf-8", "surrogateescape")
        digest.update(b"%d:%b%d:" % (len(name), name, len(file.content)))
        digest.update(file.content)
    return digest.hexdigest()


def _read(path: Path) -> File:
    try:
        # A pipe or a device could keep the reader waiting for ever.
        if path.exists() and not path.is_file():
            raise ConfigInvalid([Mistake(str(path), "", "is no regular file")], Stage.PARSING)
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as problem:
        raise _missing(path, "there is no such file") from problem
    except OSError as problem:
        raise _unreadable(path, problem) from problem
    if len(content) > MOST_BYTES:
        raise ConfigInvalid([Mistake(str(path), "", f"is larger than {MOST_BYTES >> 20} MiB")], Stage.PARSING)
    return File(path, content)


def _missing(source: Path, reason: str) -> ConfigInvalid:
    hint = (
        "write a configuration there (`yett reference example` prints one to start from), "
        "or name another place with --config or YETT_CONFIG"
    )
    return ConfigInvalid([Mistake(str(source), "", reason, hint)], Stage.MISSING)


def _unreadable(path: Path, problem: OSError) -> ConfigInvalid:
    hint = (
        "the account that runs the gateway needs to read it" if isinstance(problem, PermissionError) else ""
    )
    reason = f"cannot be read: {problem.strerror or problem}"
    return ConfigInvalid([Mistake(str(path), "", reason, hint)], Stage.PARSING)


class Tree:
    """What all files say together, and which of them said what."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.mistakes: list[Mistake] = []
        self._texts: list[tuple[Path, str]] = []
        self._origins: dict[KeyPath, tuple[int, KeyPath]] = {}
        """Where a part of the tree was taken over whole: the file, and the path inside it."""
        self._scans: dict[int, Any] = {}

    def add(self, file: File) -> None:
        """Merge one more file in: tables join, arrays of tables append, anything else is said once."""
        text, table = _parse(file)
        self._texts.append((file.path, text))
        self._merge(self.root, table, (), len(self._texts) - 1)

    def _merge(self, into: dict[str, Any], new: dict[str, Any], path: KeyPath, file: int) -> None:
        for key, value in new.items():
            here = (*path, key)
            old = into.get(key)
            if key not in into:
                into[key] = value
                self._origins[here] = (file, here)
            elif isinstance(old, dict) and isinstance(value, dict):
                self._merge(old, value, here, file)
            elif isinstance(old, list) and _is_array(old) and _is_array(value):
                for position, entry in enumerate(value):
                    self._origins[*here, len(old)] = (file, (*here, position))
                    old.append(entry)
            else:
                reason = f"is set in {self.place_of(here)} as well"
                place = self._place(file, here)
                dotted = ".".join(str(part) for part in here)
                self.mistakes.append(Mistake(dotted, "", reason, "keep one of them", place))

    def origin_of(self, path: KeyPath) -> Path | None:
        """The file that gave the value at `path`."""
        file, _ = self._trace(path)
        return None if file is None else self._texts[file][0]

    def place_of(self, path: KeyPath) -> str:
        """File and line of the value at `path`, or of the table around it; "" when no file has either."""
        file, local = self._trace(path)
        return "" if file is None else self._place(file, local)

    def _trace(self, path: KeyPath) -> tuple[int | None, KeyPath]:
        for length in range(len(path), 0, -1):
            if (found := self._origins.get(path[:length])) is not None:
                file, local = found
                return file, local + path[length:]
        return None, ()

    def _place(self, file: int, path: KeyPath) -> str:
        name, text = self._texts[file]
        if file not in self._scans:
            self._scans[file] = scan(text)
        line = line_of(path, self._scans[file])
        return str(name) if line is None else f"{name}:{line}"


def _is_array(value: Any) -> bool:
    """Whether a value is an array of tables, even of none."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _parse(file: File) -> tuple[str, dict[str, Any]]:
    try:
        text = file.content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except UnicodeDecodeError as problem:
        line = file.content.count(b"\n", 0, problem.start) + 1
        raise _malformed("is not UTF-8", f"{file.path}:{line}") from problem
    except RecursionError as problem:
        raise _malformed("is nested too deeply", str(file.path)) from problem
    except ValueError as problem:
        # Besides its own errors, tomllib lets those of int() through, for numbers without end.
        found = _AT.search(str(problem))
        place = f"{file.path}:{found.group(1)}" if found else str(file.path)
        if str(problem).endswith("(at end of document)"):
            last = file.content.rstrip().count(b"\n") + 1
            place = f"{file.path}:{last}"
        reason = _AT.sub(f"(column {found.group(2)})" if found else "", str(problem))
        raise _malformed(f"is not TOML: {reason}", place) from problem
    if _depth(table) > DEEPEST:
        raise _malformed(f"is nested more than {DEEPEST} deep", str(file.path))
    return text.replace("\r\n", "\n"), table


def _malformed(reason: str, place: str) -> ConfigInvalid:
    return ConfigInvalid([Mistake("", "", reason, "", place)], Stage.PARSING)


def _depth(table: dict[str, Any]) -> int:
    """How deep tables and lists go; counted level by level, so that no depth is too much to count."""
    depth = 0
    level: list[Any] = [table]
    while level and depth <= DEEPEST:
        depth += 1
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, dict | list)
        ]
    return depth
