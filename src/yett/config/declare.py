"""Declaring settings, beside the module that reads them.

A section is a frozen class; each field has a type, a default, one sentence of help and its
bounds. Declaring reads nothing: `load` fills sections from files and the environment, and the
reference page is printed from the same declarations.

Field types: str, int, float, bool, an optional of these, `timedelta` (written "720h", "1m30s"),
`Size` (bytes, written "10MiB"), `pathlib.Path`, an enum, a tuple of any of these (`tuple[str, ...]`),
and for tables inside a section a class decorated with `item`, an optional one, or a tuple of them.
"""

import dataclasses
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar, dataclass_transform

T = TypeVar("T")

REQUIRED: Any = dataclasses.MISSING
"""As a default: the operator has to give a value."""


class _Bytes:
    """Marks an integer that is a number of bytes."""


Size = Annotated[int, _Bytes]
"""A number of bytes; text such as "10MiB" or "64kB" is understood."""


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What is promised about one key besides its name, type and default."""

    help: str
    at_least: Any = None
    """The least value; of text and of a list, the least length. The default need not keep to bounds."""
    at_most: Any = None
    matches: str = ""
    """A regular expression that the whole text has to match, or each entry of a list."""
    expects: str = ""
    """What `matches` asks for, in words: "a host name"."""
    secret: bool = False
    """Masked wherever settings are shown."""
    reloadable: bool = True
    """Whether a change takes effect without a restart."""


@dataclasses.dataclass(frozen=True, slots=True)
class Moved:
    """An old key that still works."""

    to: str
    """The key that replaces it; empty when nothing does and the old value is ignored."""
    note: str


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One declared section."""

    name: str
    model: type[Any]
    help: str
    deprecated: dict[str, Moved]


class Catalogue:
    """Every section declared so far."""

    def __init__(self) -> None:
        self.sections: dict[str, Section] = {}

    def add(self, section: Section) -> None:
        known = self.sections.get(section.name)
        if known is not None and known.model.__qualname__ != section.model.__qualname__:
            raise TypeError(f"settings section [{section.name}] is declared twice")
        self.sections[section.name] = section


catalogue = Catalogue()

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


def setting(
    default: Any,
    help: str,  # noqa: A002 - reads as what it is at the place of use
    *,
    at_least: Any = None,
    at_most: Any = None,
    matches: str = "",
    expects: str = "",
    secret: bool = False,
    reloadable: bool = True,
) -> Any:
    """One key of a section. `help` is one sentence for the reference page."""
    info = Setting(help, at_least, at_most, matches, expects, secret, reloadable)
    if default is REQUIRED:
        return dataclasses.field(metadata={"setting": info})
    return dataclasses.field(default=default, metadata={"setting": info})


@dataclass_transform(frozen_default=True, kw_only_default=True)
def section(name: str, *, deprecated: dict[str, Moved] | None = None) -> Callable[[type[T]], type[T]]:
    """Declare a section `[name]`; the class docstring introduces it in the reference."""
    if not _NAME.fullmatch(name):
        raise TypeError(f"{name!r} is not a section name")

    def declare(model: type[T]) -> type[T]:
        frozen = _freeze(model)
        catalogue.add(Section(name, frozen, _first_words(frozen), deprecated or {}))
        frozen.__section__ = name  # type: ignore[attr-defined]
        return frozen

    return declare


@dataclass_transform(frozen_default=True, kw_only_default=True)
def item(*, named_by: str = "") -> Callable[[type[T]], type[T]]:
    """Declare a table inside a section; `named_by` is the key whose value names an item of an array.

    Items of an array can then be reached from the environment: YETT_SECTION_ARRAY_NAME_KEY.
    """

    def declare(model: type[T]) -> type[T]:
        frozen = _freeze(model)
        frozen.__named_by__ = named_by  # type: ignore[attr-defined]
        return frozen

    return declare


def _freeze(model: type[T]) -> type[T]:
    # Asked first, because a dataclass without a docstring is given one.
    if not model.__doc__:
        raise TypeError(f"{model.__qualname__} has no docstring, so nothing introduces it")
    made = dataclasses.dataclass(frozen=True, kw_only=True)(model)
    for field in dataclasses.fields(made):  # type: ignore[arg-type]
        if "setting" not in field.metadata:
            raise TypeError(f"{model.__qualname__}.{field.name} is declared without setting(…)")
    return made


def _first_words(model: type[Any]) -> str:
    return (model.__doc__ or "").strip()


def is_size(annotation: Any) -> bool:
    """Whether an annotation is `Size`."""
    return bool(annotation == Size)
