"""Settings in force, and what differs between two states of them, as rows of text without secrets."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from yett.config.forms import Field, Shape, fields_of, item_labels, names_of, value_text
from yett.config.mistakes import MASK
from yett.config.snapshot import Snapshot


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One key and its value."""

    key: str
    value: str
    is_default: bool
    origin: str
    """Where the value comes from: "default", a file's name, "… template", "environment NAME"."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One key whose value differs. An item that came or went is one change, without its keys."""

    key: str
    before: str
    after: str
    is_reloadable: bool


def flatten(snapshot: Snapshot, provenance: Mapping[str, str] | None = None) -> tuple[Row, ...]:
    """Every key in force: sections by name, keys as declared."""
    rows = []
    for name, section in _by_name(snapshot):
        for key, field, value in _leaves(section, name):
            is_default = not field.is_required and value == field.default
            origin = (provenance or {}).get(key, "default")
            rows.append(Row(key, _shown(value, field), is_default, origin))
    return tuple(rows)


def diff(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """What differs, key by key."""
    before = old.sections()
    changes: list[Change] = []
    for name, section in _by_name(new):
        if type(section) in before:
            changes += _compare(before[type(section)], section, name, is_reloadable=True)
    return tuple(changes)


def hold(old: Snapshot, new: Snapshot) -> tuple[Snapshot, tuple[Change, ...]]:
    """`new` with the old value of every key that cannot change without a restart, and those changes.

    Raises ValueError when a section cannot be made of such a mixture.
    """
    before = old.sections()
    held: list[Change] = []
    sections = {}
    for model, section in new.sections().items():
        was = before.get(model)
        mixed = section if was is None else _hold(was, section, str(getattr(model, "__section__", "")), held)
        # An equal section stays the same object, so that whoever holds on to it need not compare.
        sections[model] = was if was == mixed else mixed
    version = old.version + any(sections[model] is not before.get(model) for model in sections)
    return Snapshot(sections, digest=new.digest, version=version), tuple(held)


def _by_name(snapshot: Snapshot) -> list[tuple[str, Any]]:
    found = [(str(getattr(model, "__section__", "")), each) for model, each in snapshot.sections().items()]
    return sorted(found, key=lambda pair: pair[0])


def _leaves(section: Any, prefix: str) -> Iterator[tuple[str, Field, Any]]:
    for name, field in fields_of(type(section)).items():
        key, value = f"{prefix}.{name}", getattr(section, name)
        if field.form.shape is Shape.ITEM and value is not None:
            yield from _leaves(value, key)
        elif field.form.shape is Shape.ITEMS and value:
            for label, each in _labelled(value, field).items():
                yield from _leaves(each, f"{key}[{label}]")
        else:
            yield key, field, value


def _labelled(items: tuple[Any, ...], field: Field) -> dict[str, Any]:
    names = names_of(items, field.form.model) if field.form.model is not None else ()
    return dict(zip(item_labels(names), items, strict=True))


def _shown(value: Any, field: Field) -> str:
    if field.setting.secret:
        return MASK if value else ""
    return "[]" if value == () else value_text(value, field.form)


def _compare(old: Any, new: Any, prefix: str, *, is_reloadable: bool) -> Iterator[Change]:
    for name, field in fields_of(type(new)).items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            may_change = is_reloadable and field.setting.reloadable
            yield from _compare_field(field, before, after, f"{prefix}.{name}", is_reloadable=may_change)


def _compare_field(
    field: Field, before: Any, after: Any, key: str, *, is_reloadable: bool
) -> Iterator[Change]:
    match field.form.shape:
        case Shape.ITEM if before is not None and after is not None:
            yield from _compare(before, after, key, is_reloadable=is_reloadable)
        case Shape.ITEM:
            yield Change(key, _presence(before), _presence(after), is_reloadable)
        case Shape.ITEMS:
            yield from _compare_items(field, before, after, key, is_reloadable=is_reloadable)
        case _:
            yield Change(key, _shown(before, field), _shown(after, field), is_reloadable)


def _compare_items(
    field: Field, before: tuple[Any, ...], after: tuple[Any, ...], key: str, *, is_reloadable: bool
) -> Iterator[Change]:
    old, new = _labelled(before, field), _labelled(after, field)
    for label in [*old, *(label for label in new if label not in old)]:
        here = f"{key}[{label}]"
        if label in old and label in new:
            yield from _compare(old[label], new[label], here, is_reloadable=is_reloadable)
        else:
            yield Change(here, _presence(old.get(label)), _presence(new.get(label)), is_reloadable)
    if list(old) != list(new) and set(old) == set(new):
        yield Change(key, ", ".join(old), ", ".join(new), is_reloadable)


def _presence(item: Any) -> str:
    return "" if item is None else "present"


def _hold(old: Any, new: Any, prefix: str, held: list[Change]) -> Any:
    values: dict[str, Any] = {}
    for name, field in fields_of(type(new)).items():
        before, after = getattr(old, name), getattr(new, name)
        key = f"{prefix}.{name}"
        if before == after:
            continue
        if not field.setting.reloadable:
            held += _compare_field(field, before, after, key, is_reloadable=False)
            values[name] = before
        elif field.form.shape is Shape.ITEM and before is not None and after is not None:
            values[name] = _hold(before, after, key, held)
        elif field.form.shape is Shape.ITEMS:
            known = _labelled(before, field)
            values[name] = tuple(
                _hold(known[label], each, f"{key}[{label}]", held) if label in known else each
                for label, each in _labelled(after, field).items()
            )
    return dataclasses.replace(new, **values) if values else new
