"""What every reader of lines from outside leans on: strict, with limits, and never another exception.

Whoever wrote the line is a stranger. A reader that stumbles over it would take the whole conversion
(or the output that it belongs to) with it.
"""

import datetime
import re
from collections.abc import Iterable
from typing import Any, cast

import msgspec

from yett.events.dialects.entry import LONGEST, Entry, Unreadable
from yett.events.levels import Level

MOST_FIELDS = 1000
"""Fields of one record; ours have a dozen."""
LONGEST_NAME = 256
"""Characters of a field's name. Names within names add up: a line of one megabyte could be made into many."""
DEEPEST = 32
"""Objects and lists within one another."""

_CONTAINERS = (dict, list)
LEVELS = frozenset(level.name for level in Level)
HEAD = ("time", "level", "audit", "component", "msg", "code")
"""What stands first in a record, in this order."""

_CALENDAR = r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"
_NATIVE_TIME = re.compile(rf"{_CALENDAR}T{_CLOCK}\.\d{{6}}Z", re.ASCII)
_ANY_TIME = re.compile(
    rf"({_CALENDAR})[Tt ]({_CLOCK})(?:[.,](\d{{1,12}}))?(Z|z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?", re.ASCII
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_decode = msgspec.json.Decoder().decode
_FAULTS = (ValueError, RecursionError, msgspec.MsgspecError)


def whole(line: bytes) -> bytes:
    """The line without its break. Raises Unreadable for one that is no line, or too long a one."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) > LONGEST:
        raise Unreadable(f"longer than {LONGEST} bytes")
    if not line or b"\n" in line:
        raise Unreadable("empty" if not line else "a line break within")
    return line


def text_of(line: bytes) -> str:
    """The line as text."""
    try:
        return whole(line).decode()
    except UnicodeDecodeError:
        raise Unreadable("not UTF-8") from None


def object_of(line: bytes) -> dict[str, Any]:
    """The JSON object that a line is."""
    line = whole(line)
    if line[:1] != b"{":
        raise Unreadable("not a JSON object")
    try:
        found = _decode(line)
    except _FAULTS:
        raise Unreadable("not JSON") from None
    if len(found) > MOST_FIELDS:
        raise Unreadable(f"more than {MOST_FIELDS} fields")
    return cast("dict[str, Any]", found)


def instant_of(text: object) -> str:
    """An RFC 3339 instant (or ISO 8601 with a space, or without a zone: UTC) as records write it.

    What is finer than microseconds is cut off. Raises Unreadable.
    """
    if not isinstance(text, str):
        raise Unreadable("a time that is no text")
    try:
        if _NATIVE_TIME.fullmatch(text):
            datetime.date.fromisoformat(text[:10])
            return text
        match = _ANY_TIME.fullmatch(text)
        if match is None:
            raise Unreadable("a time that is not RFC 3339")
        day, clock, fraction, zone = match.groups()
        moment = datetime.datetime.fromisoformat(f"{day}T{clock}{_zone(zone)}").astimezone(datetime.UTC)
    except (ValueError, OverflowError) as problem:
        raise problem if isinstance(problem, Unreadable) else Unreadable("a time of no calendar") from None
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}.{(fraction or '')[:6]:0<6}Z"


def _zone(zone: str | None) -> str:
    return "+00:00" if zone is None or zone in "Zz" else zone


def instant_after(microseconds: int) -> str:
    """The instant so many microseconds after the epoch. Raises Unreadable for one beyond the calendar."""
    try:
        moment = _EPOCH + datetime.timedelta(microseconds=microseconds)
    except OverflowError:
        raise Unreadable("a time of no calendar") from None
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}.{moment.microsecond:06d}Z"


def microseconds_of(instant: str) -> int:
    """Microseconds between the epoch and an instant as records write it. Raises ValueError for anything else."""
    return (datetime.datetime.fromisoformat(instant) - _EPOCH) // datetime.timedelta(microseconds=1)


def flattened(values: dict[str, Any]) -> dict[str, Any]:
    """The same values without objects inside: `{"quota": {"limit": 5}}` becomes `{"quota.limit": 5}`.

    The members of a list that holds more than plain values get their number as a name. An object
    or list of that kind without members says nothing and is left out. Raises Unreadable when two
    would get one name, and for too many.
    """
    flat: dict[str, Any] = {}
    _spread("", values.items(), flat, DEEPEST)
    return flat


def _spread(prefix: str, pairs: Iterable[tuple[Any, Any]], flat: dict[str, Any], depth: int) -> None:
    for key, value in pairs:
        name = f"{prefix}{key}"
        if len(name) > LONGEST_NAME:
            raise Unreadable(f"a name of more than {LONGEST_NAME} characters")
        kind = type(value)
        within: Iterable[tuple[Any, Any]] | None = None
        if kind is dict:
            within = value.items()
        elif kind is list and any(type(each) in _CONTAINERS for each in value):
            within = enumerate(value)
        if within is None:
            if name in flat:
                raise Unreadable("two fields of one name")
            flat[name] = value
        elif len(value) > MOST_FIELDS:
            raise Unreadable(f"more than {MOST_FIELDS} fields")
        elif depth:
            _spread(f"{name}.", within, flat, depth - 1)
        else:
            raise Unreadable(f"deeper than {DEEPEST} levels")
    if len(flat) > MOST_FIELDS:
        raise Unreadable(f"more than {MOST_FIELDS} fields")


def entry_of(head: dict[str, Any], rest: dict[str, Any]) -> Entry:
    """A record of what stands first and all the others, in their order; what is None of the first is left out.

    Raises Unreadable when it is no record: a level that there is not, a text that is none.
    """
    for name in ("component", "msg", "code"):
        if not isinstance(head.get(name), (str, type(None))):
            raise Unreadable(f"{name} is no text")
    level = head.get("level")
    if not isinstance(level, str) or level not in LEVELS:
        raise Unreadable("a level that there is not")
    entry = {name: head[name] for name in HEAD if head.get(name) is not None}
    for name, value in rest.items():
        if name in entry or name in HEAD:
            raise Unreadable("two fields of one name")
        entry[name] = value
    return entry


def ordered(entry: Entry) -> Entry:
    """The record with what stands first in its place."""
    return {name: entry[name] for name in HEAD if name in entry} | entry
