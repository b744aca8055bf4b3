"""What is wrong with a configuration, said so that it can be mended in one go."""

import datetime
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MASK = "********"
"""Stands for the value of a secret wherever settings are shown."""

_LONGEST_VALUE = 80
_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend. `value` is shown as it is, so a secret has to be masked before."""

    key: str
    value: str
    reason: str
    hint: str = ""
    place: str = ""
    """File and line, or the environment variable, where that is known."""

    def __str__(self) -> str:
        at = f"{self.place}: " if self.place else ""
        key = f"{self.key}: " if self.key else ""
        given = f" (given: {self.value})" if self.value else ""
        hint = f"; {self.hint}" if self.hint else ""
        return _plain(f"{at}{key}{self.reason}{given}{hint}")


class Stage(enum.Enum):
    """How far reading came."""

    MISSING = "missing"
    """There is nothing to read."""
    PARSING = "parsing"
    """A file could not be read, or is not TOML."""
    CHECKING = "checking"
    """The files are TOML, what they say is not right."""


class ConfigInvalid(Exception):
    """The configuration cannot be used; `mistakes` holds everything that is wrong with it."""

    def __init__(self, mistakes: Sequence[Mistake], stage: Stage = Stage.CHECKING) -> None:
        self.mistakes = tuple(mistakes)
        self.stage = stage
        super().__init__(render(self.mistakes))


def render(mistakes: Sequence[Mistake]) -> str:
    """One line for the count, one for each mistake."""
    count = len(mistakes)
    lines = [f"The configuration has {count} mistake{'' if count == 1 else 's'}:"]
    lines += [f"  {mistake}" for mistake in mistakes[:_MOST_SHOWN]]
    if count > _MOST_SHOWN:
        lines.append(f"  … and {count - _MOST_SHOWN} more")
    return "\n".join(lines)


def shown(value: Any) -> str:
    """A value as a mistake shows it: on one line, short, whatever it is.

    Numbers of more than a few thousand digits have no text in Python, and a file may hold one.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case int() if abs(value) >= 1 << 64:
            return "a number beyond 64 bits"
        case str() | int() | float():
            text = f'"{_plain(value[: 2 * _LONGEST_VALUE])}"' if isinstance(value, str) else str(value)
            return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
        case dict():
            return "a table"
        case list():
            return "a list"
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return ""


def one_of(names: Iterable[str]) -> str:
    """A short enumeration: "a", "b" or "c"."""
    quoted = [f'"{name}"' for name in names]
    return " or ".join(part for part in (", ".join(quoted[:-1]), quoted[-1] if quoted else "") if part)


def _plain(text: str) -> str:
    """Control characters and lone surrogates escaped, so that a value cannot forge a line of its own."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
