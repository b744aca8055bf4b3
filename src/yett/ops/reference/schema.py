"""The log reference as a JSON Schema (draft 2020-12), with one definition for each event.

A record fits exactly one of them, because each names its own code. The schema is that of one
version: it refuses members that this version does not write.
"""

from typing import Any

from yett.ops.reference.model import EventEntry, FieldEntry, LogReference

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_ALWAYS = ("time", "level", "component", "msg", "code")
_OF_THE_EVENT = frozenset({"level", "component", "msg", "code", "audit"})
"""Common fields whose value the event fixes."""


def schema_of(log: LogReference) -> dict[str, Any]:
    """What a JSON Schema validator needs to judge any record of this version."""
    return {
        "$schema": DRAFT,
        "$id": f"urn:yett:log:{log.version}",
        "title": f"Records of Yett {log.version}",
        "oneOf": [{"$ref": _pointer(event.code)} for event in log.events],
        "$defs": {
            "record": {
                "description": "What every record carries, or can carry where it is known.",
                "type": "object",
                "required": list(_ALWAYS),
                "properties": {
                    field.name: field_schema(field) for field in log.common if field.name not in _OF_THE_EVENT
                },
            },
            **{event.code: event_schema(event) for event in log.events},
        },
    }


def event_schema(event: EventEntry) -> dict[str, Any]:
    """The definition of one event."""
    fixed: dict[str, Any] = {
        "level": {"const": event.level.value},
        "component": {"const": event.component},
        "msg": {"const": event.message},
        "code": {"const": event.code},
    }
    if event.audit:
        fixed["audit"] = {"const": True}
    return {
        "title": event.message,
        "description": f"{event.meaning} {event.action}".strip(),
        "$ref": "#/$defs/record",
        "properties": fixed | {field.name: field_schema(field) for field in event.fields},
        "required": [*fixed, *(field.name for field in event.fields)],
        "unevaluatedProperties": False,
    }


def field_schema(field: FieldEntry) -> dict[str, Any]:
    """What values a field has; `x-class` says who may see them."""
    return {**_shape(field), "x-class": field.sensitivity.value}


def _shape(field: FieldEntry) -> dict[str, Any]:
    match field.type:
        case "choice":
            return {"enum": list(field.values)}
        case "list of text":
            return {"type": "array", "items": {"type": "string"}}
        case "integer" | "boolean":
            return {"type": field.type}
        case "number":
            # JSON has no infinity and no NaN; they are written as null.
            return {"type": ["number", "null"]}
        case "instant":
            return {"type": "string", "format": "date-time"}
        case _:
            return {"type": "string"}


def _pointer(code: str) -> str:
    return f"#/$defs/{code}"
