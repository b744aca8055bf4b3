"""The reference of all settings and an example file, printed from the declarations."""

import textwrap
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from yett.config.declare import Section, catalogue
from yett.config.environment import sanitise, variable_name
from yett.config.forms import Field, Form, Shape, fields_of, in_words, naming_key, value_text

_WIDTH = 100


def markdown(sections: Iterable[Section] | None = None) -> str:
    """The settings reference, the same text for the same declarations."""
    lines = [
        "# Settings",
        "",
        "Printed from the declarations; do not edit by hand.",
        "",
        "Values come from, strongest first: environment variables, `${VAR}` inside values, files, defaults.",
        'Durations are written like "720h", "1m30s" or "250ms", sizes like "64KiB", "10MB" or 512.',
    ]
    for section in _sorted(sections):
        lines += ["", f"## [{section.name}]", "", _paragraph(section.help)]
        lines += _model(section.model, section.name, variable_name(section.name))
        if section.deprecated:
            lines += ["", "Deprecated keys:", ""]
            lines += [
                f"- `{old}`" + (f", now `{moved.to}`" if moved.to else "") + f": {_cell(moved.note)}"
                for old, moved in sorted(section.deprecated.items())
            ]
    return "\n".join(lines) + "\n"


def example(sections: Iterable[Section] | None = None) -> str:
    """A configuration file in which every setting is explained and stands at its default.

    Settings are commented out with `#`, words with `# `; only what has to be given is left open.
    """
    lines = [
        "# Configuration of Yett. A line that begins with # and no space after it shows a default:",
        "# remove the # to change it. Environment variables outrank this file.",
    ]
    for section in _sorted(sections):
        lines += ["", *_words(section.help), f"[{section.name}]"]
        lines += _example(section.model, section.name, comment="")
    return "\n".join(lines) + "\n"


def _sorted(sections: Iterable[Section] | None) -> list[Section]:
    found = catalogue.sections.values() if sections is None else sections
    return sorted(found, key=lambda section: section.name)


# The reference.

_HEAD = ("Key", "Type", "Default", "Bounds", "Reload", "Environment", "Meaning")


def _model(model: type[Any], name: str, stem: str) -> Iterator[str]:
    plain = [field for field in fields_of(model).values() if field.form.model is None]
    if plain:
        yield ""
        yield _row(_HEAD)
        yield _row("---" for _ in _HEAD)
        for field in plain:
            yield _row(_cells(field, stem))
    for field in fields_of(model).values():
        inner = field.form.model
        if inner is None:
            continue
        is_array = field.form.shape is Shape.ITEMS
        key, variable = f"{name}.{field.name}", f"{stem}_{sanitise(field.name)}"
        yield from ("", f"### {f'[[{key}]]' if is_array else f'[{key}]'}", "")
        remark = "" if field.setting.reloadable else " A change needs a restart."
        bounds = f" Bounds: {_bounds(field)}." if _bounds(field) else ""
        yield f"{_cell(field.setting.help)} {_paragraph(inner.__doc__ or '')}{bounds}{remark}"
        if is_array:
            variable += f"_<{sanitise(naming_key(inner))}>" if naming_key(inner) else ""
        yield from _model(inner, key, variable if not is_array or naming_key(inner) else "")


def _cells(field: Field, stem: str) -> Iterator[str]:
    setting = field.setting
    yield f"`{field.name}`"
    yield _cell(_type(field.form) + (", secret" if setting.secret else ""))
    yield "required" if field.is_required else _default(field)
    yield _cell(_bounds(field))
    yield "yes" if setting.reloadable else "restart"
    yield f"`{stem}_{sanitise(field.name)}`" if stem else ""
    yield _cell(setting.help)


def _type(form: Form) -> str:
    return in_words(form) + (", or unset" if form.is_optional else "")


def _default(field: Field) -> str:
    if field.default is None:
        return "unset"
    if field.setting.secret:
        return "empty" if not field.default else "set"
    return f"`{_cell(_toml(field.default, field.form))}`"


def _bounds(field: Field) -> str:
    setting, form = field.setting, field.form
    unit = {Shape.TEXT: " characters", Shape.LIST: " entries", Shape.ITEMS: " entries"}.get(form.shape)
    parts = []
    for words, bound in (("at least", setting.at_least), ("at most", setting.at_most)):
        if bound is not None:
            parts.append(f"{words} {bound if unit else value_text(bound, form)}{unit or ''}")
    if setting.matches:
        parts.append(setting.expects or f"matches `{setting.matches}`")
    return ", ".join(parts)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraph(text: str) -> str:
    return " ".join(text.split())


# The example.


def _example(model: type[Any], name: str, *, comment: str) -> Iterator[str]:
    for field in fields_of(model).values():
        if field.form.model is not None:
            continue
        yield ""
        remarks = [_type(field.form) + ("" if not field.setting.secret else ", secret"), _bounds(field)]
        remarks.append("" if field.setting.reloadable else "a change needs a restart")
        details = "; ".join(remark for remark in remarks if remark)
        yield from _words(f"{field.setting.help} ({details})")
        if field.is_required:
            yield f"{comment}{field.name} = {_placeholder(field.form)}"
        elif field.default is None:
            yield f"# {field.name} is not set"
        else:
            yield f"#{field.name} = {_toml(field.default, field.form)}"
    for field in fields_of(model).values():
        inner = field.form.model
        if inner is not None:
            key = f"{name}.{field.name}"
            header = f"[[{key}]]" if field.form.shape is Shape.ITEMS else f"[{key}]"
            yield from ("", *_words(field.setting.help), f"#{header}")
            yield from _example(inner, key, comment="#")


def _words(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(_paragraph(text), _WIDTH - 2)]


def _placeholder(form: Form) -> str:
    match form.shape:
        case Shape.INTEGER | Shape.SIZE | Shape.NUMBER:
            return "0"
        case Shape.FLAG:
            return "false"
        case Shape.LIST:
            return "[]"
        case _:
            return '""'


def _toml(value: Any, form: Form) -> str:
    """A value as TOML."""
    match form.shape:
        case Shape.LIST if form.element is not None:
            return "[" + ", ".join(_toml(each, form.element) for each in value) + "]"
        case Shape.INTEGER | Shape.NUMBER | Shape.FLAG:
            return value_text(value, form)
        case Shape.DURATION if value == timedelta(0):
            return '"0s"'
        case _:
            return _quoted(value_text(value, form))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in escaped) + '"'
