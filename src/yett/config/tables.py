"""From a tree of tables to sections, collecting every mistake on the way."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yett.config import events
from yett.config.convert import Bad, Good, Outside, check_bounds, convert, type_name
from yett.config.declare import Section
from yett.config.environment import FAILED, variable_name
from yett.config.forms import Field, Shape, fields_of, item_labels, naming_key
from yett.config.lines import Path
from yett.config.mistakes import MASK, Mistake, shown
from yett.config.notices import Notice


@dataclass(frozen=True, slots=True)
class Spot:
    """Where reading is: the key as people write it, and the path through the tree."""

    key: str
    path: Path

    def child(self, name: str) -> "Spot":
        return Spot(f"{self.key}.{name}" if self.key else name, (*self.path, name))

    def item(self, position: int, label: str) -> "Spot":
        return Spot(f"{self.key}[{label}]", (*self.path, position))


@dataclass(slots=True)
class Reader:
    """Reads tables into their declared classes; what is wrong, corrected or set gathers here."""

    mistakes: list[Mistake] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each key that was set got its value: "file", or as `Outside.origin` says."""
    paths: dict[str, Path] = field(default_factory=dict)
    """The path through the tree of every key that was met."""

    def section(self, section: Section, root: Mapping[str, Any], inner: Collection[str]) -> Any:
        """One section, or None after a mistake. `inner` names the sections right inside it."""
        spot = Spot(section.name, tuple(section.name.split(".")))
        return self._table(section.model, table_at(root, spot.path), spot, inner)

    def wrong(self, spot: Spot, value: str, reason: str, hint: str = "") -> None:
        """Take a mistake down."""
        self.paths[spot.key] = spot.path
        self.mistakes.append(Mistake(spot.key, value, reason, hint))

    def unknown(self, spot: Spot, known: Iterable[str], what: str) -> None:
        """Take down a key that nobody declared. Its value stays hidden: it may be a misspelt secret."""
        near = difflib.get_close_matches(str(spot.path[-1])[:100], list(known), n=1)
        self.wrong(spot, "", f"there is no such {what}", f'"{near[0]}" is near' if near else "")

    def _table(self, model: type[Any], raw: Any, spot: Spot, inner: Collection[str] = ()) -> Any:
        self.paths[spot.key] = spot.path
        if raw is FAILED:
            return None
        if not isinstance(raw, dict):
            # The value stays hidden: a secret may have been written one level too high.
            self.wrong(spot, "", f"has to be a table, not {type_name(raw)}")
            return None
        before = len(self.mistakes)
        declared = fields_of(model)
        for name in raw:
            if name not in declared and name not in inner:
                self.unknown(spot.child(name), declared, "key")
        values = {}
        is_whole = True
        for name, each in declared.items():
            here = spot.child(name)
            if name in raw:
                good = self._value(each, raw[name], here)
                is_whole = is_whole and good is not None
                values[name] = good.value if good is not None else None
            elif each.is_required:
                self.wrong(here, "", "is required", _way_to_set(here))
        if not is_whole or len(self.mistakes) > before:
            return None
        try:
            return model(**values)
        except ValueError as problem:
            # A class may check its fields against one another when it is made.
            self.wrong(spot, "", str(problem))
            return None

    def _value(self, field: Field, raw: Any, spot: Spot) -> Good | None:
        self.paths[spot.key] = spot.path
        if raw is FAILED or (isinstance(raw, list) and any(each is FAILED for each in raw)):
            return None
        if field.form.model is not None:
            return self._tables(field, field.form.model, raw, spot)
        self.origins[spot.key] = raw.origin if isinstance(raw, Outside) else "file"
        result = convert(raw, field)
        if isinstance(result, Bad):
            self.wrong(spot, _shown(raw, field), result.reason, result.hint)
            return None
        for correction in result.corrections:
            words = (spot.key, correction.expected, correction.got, correction.outcome)
            self.notices.append(Notice(events.corrected, words))
        return result

    def _tables(self, field: Field, model: type[Any], raw: Any, spot: Spot) -> Good | None:
        if field.form.shape is Shape.ITEM:
            made = self._table(model, raw, spot)
            return None if made is None else Good(made)
        if isinstance(raw, dict):
            words = (
                spot.key,
                Shape.ITEMS.value,
                Shape.ITEM.value,
                f"write [[{spot.key}]], with two brackets",
            )
            self.notices.append(Notice(events.corrected, words))
            labels = item_labels((_name_of(raw, model),))
            made = self._table(model, raw, Spot(f"{spot.key}[{labels[0]}]", spot.path))
            return None if made is None else Good((made,))
        if not isinstance(raw, list):
            self.wrong(spot, "", f"has to be an array of tables, not {type_name(raw)}")
            return None
        labels = item_labels([_name_of(entry, model) for entry in raw])
        items = [
            self._table(model, entry, spot.item(position, label))
            for position, (entry, label) in enumerate(zip(raw, labels, strict=True))
        ]
        if any(each is None for each in items):
            return None
        if raw:
            self.origins[spot.key] = "file"
        bad = check_bounds(tuple(items), field)
        if bad is not None:
            self.wrong(spot, f"{len(items)} entries", bad.reason)
            return None
        return Good(tuple(items))


def table_at(root: Any, path: Path) -> Any:
    """What stands at the path; an empty table when nothing does."""
    for part in path:
        if not isinstance(root, dict):
            # Told by the section, or the unknown key, that this value belongs to.
            return {}
        root = root.get(part, {})
    return root


def _name_of(entry: Any, model: type[Any]) -> str:
    key = naming_key(model)
    if not key or not isinstance(entry, dict):
        return ""
    name = entry.get(key, "")
    text = name.text if isinstance(name, Outside) else name
    return text[:60] if isinstance(text, str) and text.isprintable() else ""


def _shown(raw: Any, field: Field) -> str:
    if field.setting.secret:
        return MASK
    if isinstance(raw, Outside):
        return raw.written or shown(raw.text)
    return shown(raw)


def _way_to_set(spot: Spot) -> str:
    plain = all(isinstance(part, str) for part in spot.path)
    name = spot.path[-1]
    variable = variable_name(*(str(part) for part in spot.path)) if plain else ""
    return f"set {name} in the file" + (f", or {variable} in the environment" if variable else "")
