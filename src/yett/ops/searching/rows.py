"""Entries of the log as people read them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from yett.events import texts_of

COLUMNS = ("time", "level", "component", "message", "user", "details")
_CARRIED = frozenset(
    {"time", "level", "audit", "component", "msg", "code", "node", "auth.user_id", "seq", "chain"}
)


def row_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """One entry of the log as a row for people; `COLUMNS` are its names."""
    return (
        when(str(entry.get("time", ""))),
        level_in(entry),
        str(entry.get("component", "")),
        str(entry.get("msg", "")),
        str(entry.get("auth.user_id", "")),
        details_of(entry),
    )


def level_in(entry: Mapping[str, Any]) -> str:
    """The level, and whether it is an audit record."""
    return str(entry.get("level", "")) + (" AUDIT" if entry.get("audit") is True else "")


def details_of(entry: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> str:
    """What an entry says besides what every entry carries."""
    return " ".join(
        f"{name}={_value(value)}"
        for name, value in entry.items()
        if name not in _CARRIED and name not in without and value not in ("", [])
    )


def when(stamp: str) -> str:
    """As people read it, in UTC, which the Z says; it can be given to --since as it is."""
    try:
        moment = datetime.fromisoformat(stamp).astimezone(UTC)
    except (ValueError, OverflowError):
        return stamp
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def in_one_line(text: str) -> str:
    """The text without what would begin another line, which strangers could make look like a record."""
    return text.replace("\n", "\\n").replace("\t", "\\t")


def _value(value: Any) -> str:
    text = ",".join(texts_of(value))
    # A quote in it must not look like the end of this value and the beginning of another.
    is_plain = text.isprintable() and not {" ", '"'}.intersection(text)
    return text if is_plain else json.dumps(text, ensure_ascii=False)
