"""From files and the environment to one checked snapshot, or to the list of everything wrong.

Strongest first: variables named after keys, ${VAR} inside values, files, defaults.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from yett.config import events
from yett.config.convert import Outside
from yett.config.declare import Moved, Section, catalogue
from yett.config.environment import expand, override
from yett.config.lines import Path as KeyPath
from yett.config.mistakes import ConfigInvalid, Mistake
from yett.config.notices import Notice, announce
from yett.config.snapshot import Snapshot
from yett.config.sources import Tree, digest_of, gather
from yett.config.tables import Reader, Spot, table_at

Check = Callable[[Snapshot], Iterable[Mistake]]
"""Looks at sections side by side; a mistake's key is written as in a file: "service.tls_cert"."""


@dataclasses.dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    snapshot: Snapshot
    notices: tuple[Notice, ...]
    provenance: Mapping[str, str]
    """Where each key that was set got its value: a file's name, "… template", "environment NAME"."""
    digest: str
    """Tells this state of the files from others."""
    files: tuple[Path, ...]


def load(
    source: Path,
    environ: Mapping[str, str],
    sections: Iterable[Section] | None = None,
    checks: Sequence[Check] = (),
) -> Loaded:
    """Read `source`, a file or a directory of *.toml, and the environment. Prints notices.

    Raises ConfigInvalid with all mistakes of the stage that was reached: files that are not TOML
    are reported together, and settings only once every file could be read.
    """
    declared = list(catalogue.sections.values() if sections is None else sections)
    declared.sort(key=lambda section: section.name)
    files = gather(source)
    if files[0].path != source:
        events.directory_loaded(source)
    tree = _merge(files)
    reader = Reader()
    reader.mistakes += tree.mistakes
    try:
        snapshot = _read(tree, reader, declared, environ, digest_of(files))
        if not reader.mistakes:
            for check in checks:
                reader.mistakes += check(snapshot)
    finally:
        announce(reader.notices)
    if reader.mistakes:
        placed = [_placed(mistake, tree, reader) for mistake in reader.mistakes]
        raise ConfigInvalid(sorted(placed, key=_reading_order))
    origins = {key: _origin(key, origin, tree, reader) for key, origin in reader.origins.items()}
    names = tuple(file.path for file in files)
    return Loaded(snapshot, tuple(reader.notices), origins, snapshot.digest, names)


def _merge(files: Iterable[Any]) -> Tree:
    tree, stage = Tree(), None
    mistakes: list[Mistake] = []
    for file in files:
        try:
            tree.add(file)
        except ConfigInvalid as problem:
            mistakes += problem.mistakes
            stage = problem.stage
    if stage is not None:
        raise ConfigInvalid(mistakes, stage)
    return tree


def _read(
    tree: Tree, reader: Reader, sections: Sequence[Section], environ: Mapping[str, str], digest: str
) -> Snapshot:
    for path, problem in expand(tree.root, environ):
        reader.wrong(_spot(path), "", problem)
    found = override(tree.root, sections, environ)
    reader.mistakes += found.mistakes
    reader.notices += [Notice(events.stray_variable, words) for words in found.ignored]
    for section in sections:
        for old, moved in section.deprecated.items():
            _move(tree.root, section.name, old, moved, sections, reader)
    inner = _inner_names(sections)
    _refuse_unknown(tree.root, (), inner, {section.name for section in sections}, reader)
    read = {}
    for section in sections:
        read[section.model] = reader.section(section, tree.root, inner.get(section.name, ()))
    return Snapshot(read, digest=digest)


def _inner_names(sections: Iterable[Section]) -> dict[str, set[str]]:
    """For each dotted name, "" included, the names of the sections right inside it."""
    inner: dict[str, set[str]] = {}
    for section in sections:
        parts = section.name.split(".")
        for depth, part in enumerate(parts):
            inner.setdefault(".".join(parts[:depth]), set()).add(part)
    return inner


def _refuse_unknown(
    table: Mapping[str, Any], path: KeyPath, inner: Mapping[str, set[str]], names: set[str], reader: Reader
) -> None:
    """Report what belongs to no section. What stands inside a section is that section's to report."""
    dotted = ".".join(str(part) for part in path)
    known = inner.get(dotted, set())
    for name, value in table.items():
        spot = _spot((*path, name))
        if name in known:
            if not isinstance(value, dict):
                if spot.key not in names:
                    reader.wrong(spot, "", "has to be a table")
            else:
                _refuse_unknown(value, (*path, name), inner, names, reader)
        elif dotted not in names:
            reader.unknown(spot, known, "section" if isinstance(value, dict) else "key")


def _move(
    root: dict[str, Any],
    section: str,
    old: str,
    moved: Moved,
    sections: Sequence[Section],
    reader: Reader,
) -> None:
    """Treat the value of a deprecated key as that of the key which replaces it."""
    path = (*section.split("."), old)
    table = table_at(root, path[:-1])
    if not isinstance(table, dict) or old not in table:
        return
    value = table.pop(old)
    note = moved.note
    if moved.to:
        target = _full_name(moved.to, section, sections).split(".")
        place: Any = root
        for part in target[:-1]:
            place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if isinstance(place, dict):
            new = place.get(target[-1])
            if new is None or (_is_variable(value) and not _is_variable(new)):
                place[target[-1]] = value
            else:
                note = f"{note}; it is ignored, because {'.'.join(target)} is set"
    reader.notices.append(Notice(events.deprecated, (f"{section}.{old}", note)))


def _full_name(to: str, section: str, sections: Iterable[Section]) -> str:
    names = {each.name for each in sections}
    return to if to.rpartition(".")[0] in names else f"{section}.{to}"


def _is_variable(value: Any) -> bool:
    return isinstance(value, Outside) and value.is_variable


def _spot(path: KeyPath) -> Spot:
    key = ""
    for part in path:
        key += f"[#{part + 1}]" if isinstance(part, int) else f".{part}" if key else part
    return Spot(key, path)


def _placed(mistake: Mistake, tree: Tree, reader: Reader) -> Mistake:
    """The mistake with file and line, where a file can be blamed."""
    if mistake.place:
        return mistake
    origin = reader.origins.get(mistake.key, "")
    if origin.startswith("environment "):
        return dataclasses.replace(mistake, place=origin)
    path = reader.paths.get(mistake.key, tuple(mistake.key.split(".")))
    return dataclasses.replace(mistake, place=tree.place_of(path))


def _reading_order(mistake: Mistake) -> tuple[bool, str, int]:
    """File by file, line by line; what stands in no file comes last."""
    file, _, line = mistake.place.rpartition(":")
    return not file, file, int(line) if line.isdecimal() else 0


def _origin(key: str, origin: str, tree: Tree, reader: Reader) -> str:
    if origin.startswith("environment "):
        return origin
    file = tree.origin_of(reader.paths[key])
    name = file.name if file is not None else ""
    return f"{name} {origin}".strip() if origin == "template" else name
