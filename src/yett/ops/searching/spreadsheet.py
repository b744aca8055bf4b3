"""Entries as CSV (RFC 4180), safe to be opened with a spreadsheet.

Much of what is recorded was written by strangers. A cell that begins like a formula is given an
apostrophe, which spreadsheets show as text; line breaks and everything else that is not printable
is spelt, so that one record is one line whatever it holds.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

COLUMNS_OF_CSV = (
    "time",
    "level",
    "audit",
    "component",
    "msg",
    "code",
    "node",
    "auth.user_id",
    "session.ref",
    "server.request.id",
    "trace.id",
    "server.request.client_ip",
    "details",
)
"""The columns, in an order that stays. The last holds all other fields as one JSON object."""

_DETAILS = "details"
_QUOTE = '"'
_HIDDEN = frozenset({"chain", "seq"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001 - some programs take these, too


def header(columns: Sequence[str] = COLUMNS_OF_CSV) -> bytes:
    """The first line, with its line break."""
    return _line([_cell(name) for name in columns])


def csv_line(entry: Mapping[str, Any], columns: Sequence[str] = COLUMNS_OF_CSV) -> bytes:
    """One entry as a line, with its line break. What an entry does not have is an empty cell."""
    cells = [_cell(entry.get(name)) for name in columns if name != _DETAILS]
    if _DETAILS in columns:
        rest = {name: entry[name] for name in entry if name not in _HIDDEN and name not in columns}
        text = msgspec.json.encode(rest).decode() if rest else ""
        cells.insert(columns.index(_DETAILS), _printable(text))
    return _line(cells)


def _line(cells: Sequence[str]) -> bytes:
    # Cells hold no line breaks any more; that leaves commas and quotes (RFC 4180, section 2).
    quoted = (
        f'"{each.replace(_QUOTE, _QUOTE * 2)}"' if _QUOTE in each or "," in each else each for each in cells
    )
    return ",".join(quoted).encode() + b"\r\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        text = " ".join(str(each) for each in value)
    elif isinstance(value, Mapping):
        text = msgspec.json.encode(value).decode()
    else:
        text = str(value)
    # White space in front does not keep a spreadsheet from seeing a formula.
    return _printable(f"'{text}" if text.lstrip().startswith(_FORMULA) or text[:1] in {"\t", "\r"} else text)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
