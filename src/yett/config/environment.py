"""What the environment says about settings: variables named after keys, and ${VAR} inside values.

A variable is named YETT_<SECTION>_<KEY>. Inside an array of tables it names the item too:
YETT_<SECTION>_<ARRAY>_<ITEM>_<KEY>; everything that is no letter or digit becomes "_". The key may
be written without its underscores. Variables change items, they make none.
"""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from yett.config.convert import Outside
from yett.config.declare import Section
from yett.config.forms import Shape, fields_of, naming_key
from yett.config.lines import Path
from yett.config.mistakes import Mistake, shown

PREFIX = "YETT_"
RESERVED = frozenset({"YETT_CONFIG", "YETT_ADMIN_SOCK", "YETT_EVENTS_HEARD", "YETT_PURE"})
"""Variables that mean something else than a setting."""

_SIGN = re.compile(r"[^A-Za-z0-9]")
_SERVICE_LINK = re.compile(r"YETT_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_\w+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A place in the tree that a variable can reach."""

    path: Path
    is_secret: bool


@dataclasses.dataclass(slots=True)
class Found:
    """What came of looking through the environment."""

    mistakes: list[Mistake] = dataclasses.field(default_factory=list)
    ignored: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    """Variables that belong to nothing, each with the reason."""


def sanitise(name: str) -> str:
    """A name as it stands inside a variable's."""
    return _SIGN.sub("_", name).upper()


def variable_name(*parts: str) -> str:
    """The variable for a section, an array and its item if any, and a key."""
    return PREFIX + "_".join(sanitise(part) for part in parts)


# Variables.


class Targets:
    """Every variable that would be understood, given the items there are."""

    def __init__(self, sections: Iterable[Section], root: Mapping[str, Any]) -> None:
        self.exact: dict[str, list[Target]] = {}
        self.compact: dict[str, list[Target]] = {}
        self.arrays: dict[str, str] = {}
        """What variables for the items of an array begin with, and what the array is called."""
        self.prefixes: dict[str, str] = {}
        for section in sections:
            parts = tuple(section.name.split("."))
            table = _descend(root, parts)
            self.prefixes[variable_name(section.name) + "_"] = section.name
            self._add_model(section.model, variable_name(section.name), parts, table)
            for old in section.deprecated:
                self._add(variable_name(section.name), old, Target((*parts, old), is_secret=True))

    def _add_model(self, model: type[Any], stem: str, path: Path, table: Mapping[str, Any]) -> None:
        for name, field in fields_of(model).items():
            inner = field.form.model
            if field.form.shape is Shape.ITEM and inner is not None:
                self._add_model(inner, f"{stem}_{sanitise(name)}", (*path, name), _descend(table, (name,)))
            elif field.form.shape is Shape.ITEMS and inner is not None:
                self._add_items(inner, f"{stem}_{sanitise(name)}", (*path, name), table.get(name))
            else:
                self._add(stem, name, Target((*path, name), field.setting.secret))

    def _add_items(self, model: type[Any], stem: str, path: Path, raw: Any) -> None:
        self.arrays[stem + "_"] = ".".join(str(part) for part in path)
        key = naming_key(model)
        entries: list[tuple[Path, Any]] = []
        if isinstance(raw, list):
            entries = [((*path, position), entry) for position, entry in enumerate(raw)]
        elif isinstance(raw, dict):
            # Written as a table, [a.b] for [[a.b]], which reading corrects.
            entries = [(path, raw)]
        for place, entry in entries:
            if key and isinstance(entry, dict):
                name = entry.get(key, fields_of(model)[key].default)
                text = name.text if isinstance(name, Outside) else name
                if isinstance(text, str) and text:
                    self._add_model(model, f"{stem}_{sanitise(text)}", place, entry)

    def _add(self, stem: str, key: str, target: Target) -> None:
        self.exact.setdefault(f"{stem}_{sanitise(key)}", []).append(target)
        if "_" in key:
            self.compact.setdefault(f"{stem}_{sanitise(key).replace('_', '')}", []).append(target)

    def find(self, variable: str) -> list[Target]:
        """The places that a variable means: one, none, or too many. The full spelling wins."""
        return self.exact.get(variable) or self.compact.get(variable) or []

    def explain(self, variable: str) -> tuple[str, str]:
        """Why a variable means nothing, and what may have been meant."""
        near = difflib.get_close_matches(variable[:200], list(self.exact), n=1, cutoff=0.8)
        hint = f"{near[0]} is near" if near else ""
        for stem, array in self.arrays.items():
            if variable.startswith(stem):
                return f"no item of [[{array}]] has that name and key; variables make no items", hint
        for stem, section in self.prefixes.items():
            if variable.startswith(stem):
                return f"[{section}] has no key of that name", hint
        return "", hint


def override(root: dict[str, Any], sections: Iterable[Section], environ: Mapping[str, str]) -> Found:
    """Put what variables say in the place of what files say."""
    found = Found()
    variables = sorted(name for name in environ if name.startswith(PREFIX) and name not in RESERVED)
    if not variables:
        return found
    targets = Targets(sections, root)
    links = _service_links(environ)
    given: dict[Path, str] = {}
    for variable in variables:
        if variable in links:
            found.ignored.append((variable, "Kubernetes made it for the service called yett"))
            continue
        reached = targets.find(variable)
        if not reached:
            reason, hint = targets.explain(variable)
            if reason:
                found.mistakes.append(Mistake(variable, "", reason, hint, "environment"))
            else:
                found.ignored.append((variable, hint or "no section has that name"))
            continue
        target = reached[0]
        if len(reached) > 1:
            reason = f"could mean {len(reached)} keys whose names differ only in signs"
            found.mistakes.append(Mistake(variable, "", reason, "set them in the file", "environment"))
        elif target.path in given and environ[given[target.path]] != environ[variable]:
            reason = f"says otherwise than {given[target.path]} about the same key"
            found.mistakes.append(Mistake(variable, "", reason, "keep one of them", "environment"))
        else:
            given[target.path] = variable
            _put(root, target.path, Outside(environ[variable], "", f"environment {variable}"))
    return found


def _descend(table: Any, parts: Path) -> Mapping[str, Any]:
    for part in parts:
        table = table.get(part) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def _put(root: dict[str, Any], path: Path, value: Outside) -> None:
    place: Any = root
    for part in path[:-1]:
        if isinstance(place, dict):
            place = place.setdefault(part, {})
        elif isinstance(place, list) and isinstance(part, int):
            place = place[part]
    # Where a value stands in the place of a table, reading the tree says so.
    if isinstance(place, dict):
        place[path[-1]] = value


def _service_links(environ: Mapping[str, str]) -> frozenset[str]:
    """Variables that Kubernetes adds to every container when a service is called "yett".

    YETT_SERVICE_PORT would otherwise be taken for the port to listen on. They are recognised by
    YETT_PORT, which no setting is called, and which repeats host and port of the service; a
    YETT_SERVICE_PORT that says something else was set by the operator.
    """
    host, _, port = environ.get("YETT_PORT", "").partition("://")[2].rpartition(":")
    if not host or environ.get("YETT_SERVICE_HOST") != host.strip("[]"):
        return frozenset()
    links = {name for name in environ if _SERVICE_LINK.fullmatch(name)}
    if environ.get("YETT_SERVICE_PORT") != port:
        links.discard("YETT_SERVICE_PORT")
    return frozenset(links)


# Templates.

FAILED = object()
"""Stands in the tree for a value whose mistake has been told."""

_TEMPLATE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def expand(value: Any, environ: Mapping[str, str], path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Fill ${VAR} in all text below `value`, a table or list, in place.

    Yields what is wrong, as the path of the value and the reason. `$${` stands for `${`.
    """
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in list(entries):
        if isinstance(entry, dict | list):
            yield from expand(entry, environ, (*path, key))
        elif isinstance(entry, str) and "${" in entry:
            text, problems = fill(entry, environ)
            yield from (((*path, key), problem) for problem in problems)
            if problems:
                value[key] = FAILED
            elif entry.replace("$${", "${") == text:
                value[key] = text
            else:
                value[key] = Outside(text, shown(entry), "template", is_variable=False)


def fill(text: str, environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """The text with its variables filled in, and what is wrong with it."""
    problems: list[str] = []

    def replace(found: re.Match[str]) -> str:
        name = found.group(1)
        if name is None:
            return "${"
        if not found.group().endswith("}") or not _VARIABLE.fullmatch(name):
            problems.append("holds ${ that begins no ${VARIABLE}; write $${ for the characters themselves")
        elif name not in environ:
            problems.append(f"needs the environment variable {name}, which is not set")
        else:
            return environ[name]
        return ""

    return _TEMPLATE.sub(replace, text), problems
