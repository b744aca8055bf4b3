"""What the gateway says.

Read `levels`, `fields`, `declare`, then `pipeline`; `scope` is what every record knows about the
exchange it belongs to.
"""

from yett.events.declare import Declaration, Emitter, catalogue, console, event
from yett.events.fields import Field, Kind, Sensitivity, describe
from yett.events.levels import DEBUG, ERROR, INFO, TRACE, WARN, Level
from yett.events.pipeline import AuditSink, Pipeline, Record, Sink, pipeline
from yett.events.scope import Scope, current_scope, enter_scope, is_in_scope, leave_scope

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "TRACE",
    "WARN",
    "AuditSink",
    "Declaration",
    "Emitter",
    "Field",
    "Kind",
    "Level",
    "Pipeline",
    "Record",
    "Scope",
    "Sensitivity",
    "Sink",
    "catalogue",
    "console",
    "current_scope",
    "describe",
    "enter_scope",
    "event",
    "is_in_scope",
    "leave_scope",
    "pipeline",
]
