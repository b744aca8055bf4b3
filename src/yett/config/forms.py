"""What a declared field accepts, worked out once from its annotation.

Everything that walks declarations (reading, showing, the reference) asks here, so that they
agree on what a field is.
"""

import dataclasses
import enum
import functools
import re
import types
import typing
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from yett.config.declare import Setting, is_size


class Shape(enum.Enum):
    """The kinds of value, each with the words for it."""

    TEXT = "text"
    INTEGER = "a whole number"
    NUMBER = "a number"
    FLAG = "true or false"
    DURATION = "a duration"
    SIZE = "a size"
    PATH = "a path"
    CHOICE = "a choice"
    LIST = "a list"
    ITEM = "a table"
    ITEMS = "an array of tables"


_PLAIN: Mapping[Any, Shape] = {
    str: Shape.TEXT,
    int: Shape.INTEGER,
    float: Shape.NUMBER,
    bool: Shape.FLAG,
    timedelta: Shape.DURATION,
    Path: Shape.PATH,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Form:
    """What a value may be."""

    shape: Shape
    is_optional: bool = False
    choices: tuple[tuple[str, Any], ...] = ()
    """What may be written, and what it stands for; for a choice."""
    element: "Form | None" = None
    """For a list."""
    model: type[Any] | None = None
    """For a table or an array of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One key of a section or of a table inside it."""

    name: str
    form: Form
    setting: Setting
    default: Any
    is_required: bool


def fields_of(model: type[Any]) -> Mapping[str, Field]:
    """The declared keys of a section or item, in order. Raises TypeError for a type nobody can write."""
    return _fields_of(cast("Hashable", model))


@functools.cache
def _fields_of(model: Any) -> Mapping[str, Field]:
    hints = typing.get_type_hints(model, include_extras=True)
    found = {}
    for field in dataclasses.fields(model):
        try:
            form = form_of(hints[field.name])
        except TypeError as problem:
            raise TypeError(f"{model.__qualname__}.{field.name}: {problem}") from problem
        is_required = field.default is dataclasses.MISSING
        default = None if is_required else field.default
        found[field.name] = Field(field.name, form, field.metadata["setting"], default, is_required)
    return types.MappingProxyType(found)


def form_of(annotation: Any) -> Form:
    """The form behind an annotation. Raises TypeError for one that settings cannot have."""
    if is_size(annotation):
        return Form(Shape.SIZE)
    if annotation in _PLAIN:
        return Form(_PLAIN[annotation])
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return Form(Shape.CHOICE, choices=tuple((choice_text(member), member) for member in annotation))
    if is_item(annotation):
        return Form(Shape.ITEM, model=annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, types.UnionType}:
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) == 1 and len(arguments) == 2:
            form = form_of(inner[0])
            if form.shape not in {Shape.LIST, Shape.ITEMS}:
                return dataclasses.replace(form, is_optional=True)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        if is_item(arguments[0]):
            return Form(Shape.ITEMS, model=arguments[0])
        element = form_of(arguments[0])
        if not element.is_optional and element.shape not in {Shape.LIST, Shape.ITEMS}:
            return Form(Shape.LIST, element=element)
    raise TypeError(f"{annotation!r} is no type that a setting can have")


def choice_text(member: enum.Enum) -> str:
    """What is written for a member of an enum: its value when that is text, else its name in lower case."""
    return str(member.value if isinstance(member.value, str) else member.name.lower())


def is_item(annotation: Any) -> bool:
    """Whether a class was declared with `item`."""
    return isinstance(annotation, type) and hasattr(annotation, "__named_by__")


def naming_key(model: type[Any]) -> str:
    """The key whose value names an item of an array; empty when items have no names."""
    return str(getattr(model, "__named_by__", ""))


def item_labels(names: Sequence[str]) -> tuple[str, ...]:
    """How the items of an array are called in keys: by name, by position where there is none."""
    seen: dict[str, int] = {}
    labels = []
    for position, name in enumerate(names, start=1):
        seen[name] = seen.get(name, 0) + 1
        if not name:
            labels.append(f"#{position}")
        else:
            labels.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(labels)


def in_words(form: Form) -> str:
    """What is expected, in words."""
    match form.shape:
        case Shape.CHOICE:
            return "one of " + ", ".join(f'"{text}"' for text, _ in form.choices)
        case Shape.LIST if form.element is not None:
            return f"a list, each {in_words(form.element)}"
        case _:
            return str(form.shape.value)


# Durations and sizes have a spelling of their own.

_MICROSECONDS = {
    "ns": (1, 1000),
    "us": (1, 1),
    "µs": (1, 1),
    "μs": (1, 1),
    "ms": (1000, 1),
    "s": (1_000_000, 1),
    "m": (60_000_000, 1),
    "h": (3_600_000_000, 1),
    "d": (86_400_000_000, 1),
}
_DURATION_PART = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9}))? ?([kmgt]?i?b)?", re.ASCII | re.IGNORECASE)
_SIZES = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}


def parse_duration(text: str) -> timedelta:
    """The time in "720h", "1m30s" or "250ms". Raises ValueError with the reason."""
    if text == "0":
        return timedelta(0)
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    position, total = 0, 0
    while position < len(rest):
        part = _DURATION_PART.match(rest, position)
        if part is None:
            break
        whole, fraction, unit = part.group(1), part.group(2) or "", part.group(3)
        over, under = _MICROSECONDS[unit]
        amount, remainder = divmod(int(whole + fraction) * over, under * 10 ** len(fraction))
        if remainder:
            raise ValueError("is finer than a microsecond")
        total += amount
        position = part.end()
    if not rest or position < len(rest):
        raise ValueError("is not a duration")
    try:
        return timedelta(microseconds=sign * total)
    except OverflowError as problem:
        raise ValueError("is too long") from problem


def duration_text(value: timedelta) -> str:
    """The duration as it is written in a file."""
    left = abs(value) // timedelta(microseconds=1)
    if not left:
        return "0s"
    parts = []
    for unit in ("h", "m", "s", "ms", "us"):
        amount, left = divmod(left, _MICROSECONDS[unit][0])
        if amount:
            parts.append(f"{amount}{unit}")
    return ("-" if value < timedelta(0) else "") + "".join(parts)


def parse_size(text: str) -> int:
    """The bytes in "64KiB", "10MB" or "512". Raises ValueError with the reason."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("is not a size")
    fraction = found.group(2) or ""
    amount = int(found.group(1) + fraction) * _SIZES[(found.group(3) or "b").lower()]
    scale = int("1" + "0" * len(fraction))
    if amount % scale:
        raise ValueError("is not a whole number of bytes")
    return amount // scale


def size_text(value: int) -> str:
    """The size as it is written in a file: in the largest unit that needs no fraction."""
    for unit in ("TiB", "GiB", "MiB", "KiB", "TB", "GB", "MB", "kB"):
        if value and value % _SIZES[unit.lower()] == 0:
            return f"{value // _SIZES[unit.lower()]}{unit}"
    return f"{value}B"


def value_text(value: Any, form: Form) -> str:
    """A value as it would be written in a file, without quotes for a single one; "" when unset."""
    if value is None:
        return ""
    match form.shape:
        case Shape.FLAG:
            return "true" if value else "false"
        case Shape.DURATION:
            return duration_text(value)
        case Shape.SIZE:
            return size_text(value)
        case Shape.CHOICE:
            return choice_text(value)
        case Shape.LIST if form.element is not None:
            return "[" + ", ".join(f'"{value_text(each, form.element)}"' for each in value) + "]"
        case _:
            return str(value)


def names_of(items: Iterable[Any], model: type[Any]) -> tuple[str, ...]:
    """The names of read items, "" for one without."""
    key = naming_key(model)
    return tuple(str(getattr(each, key, "")) if key else "" for each in items)
