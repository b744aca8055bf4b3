"""What changed in the log between two versions, ordered by what breaks alert rules first.

Rules, dashboards and collectors rely on code, component, level, audit mark, message and fields. A
change is breaking when something that relied on them no longer finds what it found, finds it under
another severity, or sees personal data where there was none.
"""

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from yett.ops.reference.model import EventEntry, FieldEntry, LogReference, Severity

EVERY_RECORD = "(every record)"
"""Stands for an event's code where all of them are concerned."""


class What(enum.Enum):
    """The kinds of change, those first after which a rule goes quiet without a word."""

    REMOVED = "event removed"
    RECODED = "code changed"
    MOVED = "component changed"
    REWORDED = "message changed"
    LEVEL = "level changed"
    AUDIT_LOST = "audit mark lost"
    FIELD_REMOVED = "field removed"
    FIELD_RETYPED = "field type changed"
    VALUES_REMOVED = "values removed"
    RECLASSED = "field class changed"
    LINE_REMOVED = "console line removed"
    AUDIT_GAINED = "audit mark gained"
    VALUES_ADDED = "values added"
    FIELD_ADDED = "field added"
    ADDED = "event added"
    LINE_ADDED = "console line added"


HARMLESS = frozenset({What.AUDIT_GAINED, What.VALUES_ADDED, What.FIELD_ADDED, What.ADDED, What.LINE_ADDED})
_ORDER = {what: place for place, what in enumerate(What)}
_GRAVITY = {level: place for place, level in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `code` is the old version's; of a new event it is its own."""

    what: What
    code: str
    level: Severity
    """That of the old version, if it had the event."""
    before: str = ""
    after: str = ""

    @property
    def is_breaking(self) -> bool:
        """Whether something that relied on the old version may fail."""
        return self.what not in HARMLESS


def compare(old: LogReference, new: LogReference) -> tuple[Change, ...]:
    """Every difference; breaking ones first, and graver events before others of their kind."""
    before = {event.code: event for event in old.events}
    after = {event.code: event for event in new.events}
    gone = [event for code, event in before.items() if code not in after]
    fresh = [event for code, event in after.items() if code not in before]
    recoded = _recoded(gone, fresh)
    changes: list[Change] = []
    for event in gone:
        heir = recoded.get(event.code)
        if heir is None:
            changes.append(Change(What.REMOVED, event.code, event.level, _line(event)))
        else:
            changes.append(Change(What.RECODED, event.code, event.level, event.code, heir.code))
            changes.extend(_event(event, heir))
    for code, event in before.items():
        if code in after:
            changes.extend(_event(event, after[code]))
    heirs = {heir.code for heir in recoded.values()}
    changes.extend(
        Change(What.ADDED, event.code, event.level, "", _line(event))
        for event in fresh
        if event.code not in heirs
    )
    changes.extend(_fields(EVERY_RECORD, Severity.ERROR, old.common, new.common))
    changes.extend(_lines(old, new))
    return tuple(
        sorted(
            changes,
            key=lambda each: (_ORDER[each.what], _GRAVITY[each.level], each.code, each.before, each.after),
        )
    )


def _recoded(gone: Iterable[EventEntry], fresh: Iterable[EventEntry]) -> dict[str, EventEntry]:
    """Events that went on under another code: the only ones on both sides with their component and message."""
    sides: dict[tuple[str, str], tuple[list[EventEntry], list[EventEntry]]] = defaultdict(lambda: ([], []))
    for side, events in enumerate((gone, fresh)):
        for event in events:
            sides[event.component, event.message][side].append(event)
    return {lost[0].code: found[0] for lost, found in sides.values() if len(lost) == 1 and len(found) == 1}


def _event(old: EventEntry, new: EventEntry) -> Iterator[Change]:
    if old.component != new.component:
        yield Change(What.MOVED, old.code, old.level, old.component, new.component)
    if old.message != new.message:
        yield Change(What.REWORDED, old.code, old.level, old.message, new.message)
    if old.level != new.level:
        yield Change(What.LEVEL, old.code, old.level, old.level.value, new.level.value)
    if old.audit != new.audit:
        yield Change(What.AUDIT_LOST if old.audit else What.AUDIT_GAINED, old.code, old.level)
    yield from _fields(old.code, old.level, old.fields, new.fields)


def _fields(
    code: str, level: Severity, old: tuple[FieldEntry, ...], new: tuple[FieldEntry, ...]
) -> Iterator[Change]:
    before = {field.name: field for field in old}
    after = {field.name: field for field in new}
    for name, field in before.items():
        other = after.get(name)
        if other is None:
            yield Change(What.FIELD_REMOVED, code, level, name)
            continue
        if field.type != other.type:
            yield Change(What.FIELD_RETYPED, code, level, f"{name}: {field.type}", f"{name}: {other.type}")
        elif field.values != other.values:
            lost = [value for value in field.values if value not in other.values]
            come = [value for value in other.values if value not in field.values]
            if lost:
                yield Change(What.VALUES_REMOVED, code, level, f"{name}: {_values(lost)}")
            if come:
                yield Change(What.VALUES_ADDED, code, level, "", f"{name}: {_values(come)}")
        if field.sensitivity != other.sensitivity:
            yield Change(
                What.RECLASSED,
                code,
                level,
                f"{name}: {field.sensitivity.value}",
                f"{name}: {other.sensitivity.value}",
            )
    for name, field in after.items():
        if name not in before:
            yield Change(What.FIELD_ADDED, code, level, "", f"{name}: {field.type}")


def _values(values: Iterable[str | int]) -> str:
    return ", ".join(map(str, values))


def _lines(old: LogReference, new: LogReference) -> Iterator[Change]:
    before = {line.template for line in old.console}
    after = {line.template for line in new.console}
    for template in before - after:
        yield Change(What.LINE_REMOVED, "(console)", Severity.TRACE, template)
    for template in after - before:
        yield Change(What.LINE_ADDED, "(console)", Severity.TRACE, "", template)


def _line(event: EventEntry) -> str:
    mark = " AUDIT" if event.audit else ""
    return f"{event.level.value}{mark} {event.component} {event.message}"
