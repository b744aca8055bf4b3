"""Declarations and references to print and compare."""

from yett.events import INFO, Field, Sensitivity
from yett.events.declare import Declaration
from yett.ops.reference import EventEntry, FieldEntry, LogReference
from yett.ops.reference.log import COMMON
from yett.ops.reference.model import Severity

ADVICE = "Somebody did it. Look at who."


def declaration(
    code, *, component="a.b", module="yett.authn.events", level=INFO, audit=False, fields=(), advice=ADVICE
):
    return Declaration(
        code, component, level, audit, f"Message of {code}", fields, advice, module, "function"
    )  # fmt: skip


USER = Field("user", "auth.user_id", "text", Sensitivity.SENSITIVE)
COUNT = Field("count", "count", "integer", Sensitivity.PUBLIC)
WHY = Field("reason", "reason", "one of wrong, spent", Sensitivity.PUBLIC, ("wrong", "spent"))
NAMES = Field("names", "names", "list of text", Sensitivity.PUBLIC)
END = Field("end", "end", "instant", Sensitivity.PUBLIC)
SECONDS = Field("seconds", "seconds", "number", Sensitivity.PUBLIC)
EVERY_KIND = (USER, COUNT, WHY, NAMES, END, SECONDS)


def field(name, kind="text", *, secret=False, values=()):
    return FieldEntry(name, kind, Sensitivity.SENSITIVE if secret else Sensitivity.PUBLIC, values)


def event(code="a.b.c", **changes):
    entry = {
        "code": code,
        "room": "authn",
        "component": "a.b",
        "level": Severity.WARN,
        "audit": True,
        "message": f"Message of {code}",
        "fields": (field("user", secret=True), field("reason", "choice", values=("wrong", "spent"))),
        "meaning": "Somebody did it.",
        "action": "Look at who.",
    }
    return EventEntry(**entry | changes)


def reference(*events, version="1.0", **more):
    return LogReference(version=version, common=more.pop("common", COMMON), events=events, **more)
