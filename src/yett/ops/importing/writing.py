"""From a draft to files: settings as TOML, secrets as variables, people as a users file."""

import json
import re
from collections.abc import Iterator
from typing import Any

from yett.ops.importing.model import Draft, Line, Table, Value, Variable

_WIDTH = 44
_LONGEST_COMMENT = 120


def settings_text(draft: Draft, title: str) -> str:
    """The settings, with a comment on each that says where it is from."""
    lines = [f"# {_one_line(note)}" for note in (title, *draft.notes)]
    plain = sorted((table for table in draft.tables if not table.is_array), key=lambda table: table.name)
    arrays = [table for table in draft.tables if table.is_array]
    for table in (*plain, *sorted(arrays, key=lambda table: table.name)):
        if table.lines or table.inner or table.is_array:
            lines += ["", *_table(table)]
    return "\n".join(lines) + "\n"


def secrets_text(draft: Draft) -> str:
    """The secrets as variables, in a form that systemd (EnvironmentFile) and a shell both read."""
    return "".join(f"{name}={_quoted(value)}\n" for name, value in sorted(draft.secrets.items()))


def people_text(draft: Draft) -> str:
    """The people as a users file."""
    return "\n".join(_table_of(person) for person in draft.people)


def _table(table: Table) -> Iterator[str]:
    if table.source:
        yield f"# {_one_line(table.source)}"
    if table.lines or table.is_array:
        yield f"[[{table.name}]]" if table.is_array else f"[{table.name}]"
    yield from map(_line, table.lines)
    for inner in table.inner:
        yield ""
        yield from _table(inner)


def _line(line: Line) -> str:
    text = f"{line.key} = {written(line.value)}"
    return f"{text:<{_WIDTH}}  # {_one_line(line.source)}" if line.source else text


def written(value: Value) -> str:
    """A value as TOML. Text that looks like ${VARIABLE} stays text."""
    if isinstance(value, Variable):
        return f'"${{{value.name}}}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(written(each) for each in value)}]"
    return _text(value.replace("${", "$${"))


def _text(value: str) -> str:
    # TOML's basic strings are JSON's, but for DEL and for surrogates, which are no characters.
    clean = value.encode("utf-8", "replace").decode()
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007F")


def _one_line(text: str) -> str:
    """A text inside a comment: whatever is in a foreign key, it ends where the line does."""
    clean = "".join(each if each.isprintable() else " " for each in text)
    return clean if len(clean) <= _LONGEST_COMMENT else clean[: _LONGEST_COMMENT - 1] + "…"


def _quoted(value: str) -> str:
    return '"' + re.sub(r'(["\\$`])', r"\\\1", value.replace("\0", "")) + '"'


def _table_of(person: dict[str, Any]) -> str:
    # No templates here: a users file has none.
    lines = [f"{key} = {_users_value(value)}" for key, value in person.items() if value not in ("", [], None)]
    return "[[user]]\n" + "\n".join(lines) + "\n"


def _users_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_text(str(each)) for each in value)}]"
    return written(value) if isinstance(value, bool) else _text(str(value))
