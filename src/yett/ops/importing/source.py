"""Foreign settings, and which of them somebody has looked at.

An import must not lose anything quietly. So values are taken out of a `Source`, and what nobody took is what is left
over: either somebody wrote down what to say of it (`Notes`), or it is not known at all. A value of the wrong kind is
left over as well; nothing here raises.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from yett.ops.importing.model import Draft

T = TypeVar("T")

_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of a foreign key that becomes no setting."""

    why: str
    advice: str = ""
    """What to do; empty when nothing has to be done."""
    harmless: tuple[Any, ...] = ()
    """Values with which it is not worth a word."""


Notes = Mapping[str, Note]
"""By the key, without the numbers of lists: "session.redis" stands for everything below it."""


@dataclass(slots=True)
class Source:
    """A table of foreign settings."""

    table: dict[str, Any]
    draft: Draft
    path: str = ""
    taken: set[str] = field(default_factory=set)
    """Shared with the tables inside."""

    def where(self, key: str = "") -> str:
        """How a key is called in the report."""
        return ".".join(part for part in (self.path, key) if part)

    def has(self, key: str) -> bool:
        """Whether a key is there and says something."""
        return self.table.get(key) is not None

    def peek(self, key: str) -> Any:
        """A value, without having dealt with it."""
        return self.table.get(key)

    def take(self, key: str) -> Any:
        """A value, dealt with whatever it is."""
        self.taken.add(self.where(key))
        return self.table.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text; a number counts as one."""
        value = self.take(key)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value).strip()
        return self._odd(key, value, "is no text", default)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false, however it is written."""
        value = self.take(key)
        text = str(value).strip().lower()
        if value is None or isinstance(value, dict | list) or text not in _FLAGS:
            return self._odd(key, value, "is neither true nor false", default)
        return _FLAGS[text]

    def number(self, key: str) -> float | None:
        """A number."""
        value = self.take(key)
        try:
            number = None if isinstance(value, bool | dict | list) or value is None else float(value)
        except (ValueError, OverflowError):
            number = None
        if number is None or number != number or abs(number) > 1e15:  # noqa: PLR0124 - what is not itself is no number
            self._odd(key, value, "is no number", None)
            return None
        return number

    def texts(self, key: str, *, split: str = "") -> list[str]:
        """A list of texts; one text is a list of one, or of those between `split`."""
        value = self.take(key)
        if isinstance(value, str):
            value = value.split(split) if split else [value]
        if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
            return [text for each in value if (text := str(each).strip())]
        none: list[str] = []
        return self._odd(key, value, "is no list of texts", none)

    def sub(self, key: str) -> "Source":
        """The table below a key; an empty one when there is none."""
        value = self.table.get(key)
        if isinstance(value, dict):
            return Source(_named(value), self.draft, self.where(key), self.taken)
        self.taken.add(self.where(key))
        self._odd(key, value, "is no table", None)
        return Source({}, self.draft, self.where(key), self.taken)

    def each(self, key: str) -> list["Source"]:
        """The tables of a list."""
        value = self.table.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            none: list[Any] = []
            value = (
                [value] if isinstance(value, dict) else self._odd(key, value, "is no list of tables", none)
            )
        found = []
        for number, entry in enumerate(value):
            name = f"{self.where(key)}[{number}]"
            if isinstance(entry, dict):
                found.append(Source(_named(entry), self.draft, name, self.taken))
            else:
                self.taken.add(name)
                self.draft.left(name, entry, "is no table", "correct it and import again")
        return found

    def rest(self, notes: Notes, *, unknown: str) -> None:
        """Put down everything that nobody has taken."""
        told: set[str] = set()
        for key, value in _leaves(self.table, self.path):
            is_taken = any(_is_below(key, taken) for taken in (key, *_above(key)) if taken in self.taken)
            if is_taken or value is None or value in ("", []):
                continue
            stem, note = _note_for(key, notes)
            if note is None:
                self.draft.left(key, value, unknown, "see whether it is still needed")
            elif value not in note.harmless and stem not in told:
                told.add(stem)
                if note.advice:
                    self.draft.left(stem, value, note.why, note.advice)
                else:
                    self.draft.settled(stem, value, note.why)

    def _odd(self, key: str, value: Any, why: str, default: T) -> T:
        if value is not None and value not in ("", [], {}):
            self.draft.left(self.where(key), value, why, "correct it and import again")
        return default


_FLAGS = {
    "true": True,
    "yes": True,
    "1": True,
    "on": True,
    "false": False,
    "no": False,
    "0": False,
    "off": False,
}


def _named(table: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in table.items()}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value that is no table, with its path; empty tables say nothing."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value):
            yield from _leaves(each, f"{path}[{number}]")
    else:
        yield path, [] if value == [] else value


def _above(key: str) -> Iterator[str]:
    """The paths that a path stands below, longest first."""
    for position in range(len(key) - 1, 0, -1):
        if key[position] in ".[":
            yield key[:position]


def _is_below(key: str, taken: str) -> bool:
    return key == taken or key[len(taken)] in ".["


def _note_for(key: str, notes: Notes) -> tuple[str, Note | None]:
    """The note for a path or the nearest one above it, and the path that it speaks of."""
    for path in (key, *_above(key)):
        note = notes.get(_INDEX.sub("", path))
        if note is not None:
            return path, note
    return key, None
