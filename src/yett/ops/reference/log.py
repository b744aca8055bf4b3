"""The log reference from the declarations: as data, as JSON for machines, as Markdown for people."""

from collections.abc import Iterable
from itertools import groupby

import msgspec

from yett.events import ConsoleDeclaration, Declaration, Field, Sensitivity
from yett.ops.reference.advice import halves
from yett.ops.reference.model import FORMAT, ConsoleEntry, EventEntry, FieldEntry, LogReference, Severity

COMMON = (
    FieldEntry("time", "instant", Sensitivity.PUBLIC),
    FieldEntry("level", "text", Sensitivity.PUBLIC),
    FieldEntry("audit", "boolean", Sensitivity.PUBLIC),
    FieldEntry("component", "text", Sensitivity.PUBLIC),
    FieldEntry("msg", "text", Sensitivity.PUBLIC),
    FieldEntry("code", "text", Sensitivity.PUBLIC),
    FieldEntry("node", "text", Sensitivity.PUBLIC),
    FieldEntry("server.request.id", "text", Sensitivity.PUBLIC),
    FieldEntry("trace.id", "text", Sensitivity.PUBLIC),
    FieldEntry("session.ref", "text", Sensitivity.PUBLIC),
    FieldEntry("auth.user_id", "text", Sensitivity.SENSITIVE),
    FieldEntry("server.request.client_ip", "text", Sensitivity.SENSITIVE),
    FieldEntry("seq", "integer", Sensitivity.PUBLIC),
    FieldEntry("chain", "text", Sensitivity.PUBLIC),
)
"""What records carry besides the fields of their event. `seq` and `chain` stand in stored audit records."""

_HEAD = """\
# Log reference

Everything Yett can say. Printed from the declarations by `make reference`; a test compares. `log.json` beside it says
the same to machines, with the type and class of each field; `yett reference log --format schema` prints a JSON Schema.

A line shows component, level, audit mark, message and fields; below it stand the event's code and what to make of it.
Severity falls from ERROR to WARN, INFO, DEBUG and TRACE. **AUDIT** marks decisions about a person, a right, a
credential or a key: these records are hash-chained, written before the answer leaves, and recorded at every log level.
Fields in *italics* are sensitive (personal or internal). Each record also carries, where known, `time`, `node`,
`server.request.id`, `trace.id`, `session.ref`, `auth.user_id` and `server.request.client_ip`.
"""


def log_of(
    version: str, events: Iterable[Declaration], console: Iterable[ConsoleDeclaration] = ()
) -> LogReference:
    """The reference of these declarations, the same for any order of them."""
    return LogReference(
        version=version,
        common=COMMON,
        events=tuple(_event(each) for each in sorted(events, key=lambda each: each.code)),
        console=tuple(
            ConsoleEntry(each.template, each.stream, " ".join(each.advice.split()))
            for each in sorted(console, key=lambda each: each.template)
        ),
    )


def _event(declaration: Declaration) -> EventEntry:
    meaning, action = halves(declaration.advice)
    return EventEntry(
        declaration.code,
        room_of(declaration),
        declaration.component,
        Severity[declaration.level.name],
        declaration.audit,
        declaration.message,
        tuple(_field(each) for each in declaration.fields),
        meaning,
        action,
    )


def _field(field: Field) -> FieldEntry:
    return FieldEntry(
        field.name, "choice" if field.values else field.type_name, field.sensitivity, field.values
    )


def room_of(declaration: Declaration) -> str:
    """The room whose code says it."""
    return declaration.module.split(".")[1]


def as_json(log: LogReference) -> str:
    """The reference as JSON, one entry a line, so that two versions can be compared line by line."""

    def several(name: str, entries: Iterable[msgspec.Struct]) -> str:
        return f'"{name}":[\n' + ",\n".join(msgspec.json.encode(each).decode() for each in entries) + "\n]"

    version = msgspec.json.encode(log.version).decode()
    parts = (
        f'"format":{FORMAT}',
        f'"version":{version}',
        several("common", log.common),
        several("events", log.events),
        several("console", log.console),
    )
    return "{\n" + ",\n".join(parts) + "\n}\n"


def as_markdown(events: Iterable[Declaration], console: Iterable[ConsoleDeclaration] = ()) -> str:
    """The reference as Markdown, by room and component."""
    parts = [_HEAD]
    ordered = sorted(events, key=lambda each: (room_of(each), each.component, -each.level, each.code))
    for room, said in groupby(ordered, key=room_of):
        parts.append(f"\n## {room}\n")
        for component, alike in groupby(said, key=lambda each: each.component):
            parts.append(f"\n### `{component}`\n")
            parts.extend(_entry(declaration) for declaration in alike)
    lines = sorted(console, key=lambda each: each.template)
    if lines:
        parts.append("\n## Console lines\n\nPrinted only: they speak of the time before there is a log.\n\n")
        parts.extend(f"- `{line.template}` ({line.stream}). {line.advice}\n" for line in lines)
    return "".join(parts)


def _entry(declaration: Declaration) -> str:
    mark = " **AUDIT**" if declaration.audit else ""
    fields = ", ".join(
        f"*{field.name}*" if field.sensitivity is Sensitivity.SENSITIVE else field.name
        for field in declaration.fields
    )
    advice = " ".join(declaration.advice.split())
    shown = f" ({fields})" if fields else ""
    return (
        f"\n- {declaration.level.name}{mark} {declaration.message}{shown}\n  `{declaration.code}`. {advice}\n"
    )
