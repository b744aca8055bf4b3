"""Nouns of an import: settings of ours with where each came from, and what has no equivalent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from yett.ops.importing.masking import shown

_SIGN = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that stands in the environment, because settings may be read by more people than secrets."""

    name: str


Value = str | int | float | bool | Variable | list[str]


@dataclass(frozen=True, slots=True)
class Line:
    """One setting of ours."""

    key: str
    value: Value
    source: str
    """The foreign key that it came from, or why it is there."""


@dataclass(slots=True)
class Table:
    """A section of ours, or one table of an array."""

    name: str
    is_array: bool = False
    source: str = ""
    lines: list[Line] = field(default_factory=list)
    inner: list["Table"] = field(default_factory=list)

    def put(self, key: str, value: Value | None, source: str) -> None:
        """Set a key; None and an empty list say nothing. A key that is there already stays as it is."""
        if value is None or value == [] or self.get(key) is not None:
            return
        self.lines.append(Line(key, value, source))

    def get(self, key: str) -> Value | None:
        """What a key was set to."""
        return next((line.value for line in self.lines if line.key == key), None)

    def replace(self, key: str, value: Value, source: str) -> None:
        """Set a key whatever it was."""
        self.lines = [line for line in self.lines if line.key != key]
        self.lines.append(Line(key, value, source))

    def below(self, key: str, source: str = "", *, is_array: bool = False) -> "Table":
        """A table inside this one: the one that is there, or a further one of an array."""
        name = f"{self.name}.{key}"
        if not is_array:
            for each in self.inner:
                if each.name == name:
                    return each
        made = Table(name, is_array, source)
        self.inner.append(made)
        return made


@dataclass(frozen=True, slots=True)
class Leftover:
    """A foreign setting that became none of ours."""

    key: str
    value: str
    """As it may be shown: secrets are masked."""
    why: str
    advice: str
    is_settled: bool = False
    """Whether nothing has to be done: it is so here without a setting."""


@dataclass(slots=True)
class Draft:
    """What comes of an import."""

    tables: list[Table] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    """By the name of the variable."""
    people: list[dict[str, Any]] = field(default_factory=list, repr=False)
    leftovers: list[Leftover] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """For whoever reads the new settings, above them."""
    _sections: dict[str, Table] = field(default_factory=dict)

    def section(self, name: str) -> Table:
        """The section of that name."""
        if name not in self._sections:
            self._sections[name] = Table(name)
            self.tables.append(self._sections[name])
        return self._sections[name]

    def item(self, name: str, source: str) -> Table:
        """A further table of an array."""
        made = Table(name, is_array=True, source=source)
        self.tables.append(made)
        return made

    def items(self, name: str) -> Iterator[Table]:
        """The tables of an array so far."""
        return (table for table in self.tables if table.is_array and table.name == name)

    def secret(self, wanted: str, value: str) -> Variable:
        """Keep a secret apart, under a name of its own. The same secret of that name is kept once."""
        # Names that begin with the prefix of settings would be taken for settings.
        stem = _SIGN.sub("_", wanted.upper()).strip("_")[:80] or "SECRET"
        stem = f"IMPORTED_{stem}" if stem.startswith("YETT") or stem[0].isdigit() else stem
        name, number = stem, 1
        while self.secrets.get(name, value) != value:
            number += 1
            name = f"{stem}_{number}"
        self.secrets[name] = value
        return Variable(name)

    def awaited(self, wanted: str) -> Variable:
        """The name of a secret that the foreign settings do not hold; whoever imports has to give it."""
        return self.secret(wanted, "")

    def left(self, key: str, value: Any, why: str, advice: str) -> None:
        """Put down what has no equivalent."""
        self.leftovers.append(Leftover(key, shown(key, value), why, advice))

    def settled(self, key: str, value: Any, why: str) -> None:
        """Put down what needs no setting here."""
        self.leftovers.append(Leftover(key, shown(key, value), why, "nothing", is_settled=True))

    @property
    def open_ends(self) -> list[Leftover]:
        """What somebody has to look at."""
        return [each for each in self.leftovers if not each.is_settled]
