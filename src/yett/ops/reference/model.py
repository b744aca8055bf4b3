"""The log reference as data: what `yett reference log --format json` prints and `yett logs diff` reads."""

import enum

import msgspec

from yett.events import Sensitivity

FORMAT = 1
"""Raised when a reader of today could not read it any more; new members alone do not."""


class Severity(enum.Enum):
    """The levels by name, the gravest first."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
    DEBUG = "DEBUG"
    TRACE = "TRACE"


class FieldEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a record: its name there, its type, and who may see it."""

    name: str
    type: str
    """text, list of text, integer, number, boolean, instant, or choice."""
    sensitivity: Sensitivity = msgspec.field(name="class")
    values: tuple[str | int, ...] = ()
    """All that a choice can say."""


class EventEntry(msgspec.Struct, frozen=True):
    """One event: what alert rules may rely on, and what to make of it."""

    code: str
    room: str
    component: str
    level: Severity
    audit: bool
    message: str
    fields: tuple[FieldEntry, ...]
    meaning: str
    action: str


class ConsoleEntry(msgspec.Struct, frozen=True):
    """One line that is printed and never recorded."""

    template: str
    stream: str
    advice: str


class LogReference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one version can say."""

    format: int = FORMAT
    version: str
    common: tuple[FieldEntry, ...]
    """What every record carries, or can carry where it is known."""
    events: tuple[EventEntry, ...]
    console: tuple[ConsoleEntry, ...] = ()
