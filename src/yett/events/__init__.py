"""What the gateway says.

Read `levels`, `fields`, `declare`, then `pipeline`; `scope` is what every record knows about the
exchange it belongs to. Where records go: `dialects`, `sinks`, `journal` (with `segments`, `chain`,
`audit` and `retention`). How they are read again: `conditions`, `query`, `search` (with
`scanning`, and `outside` for files from elsewhere), `explain`.
"""

from yett.events.audit import Report, Signer, Trust, verify
from yett.events.comparing import Operator, texts_of, value_of
from yett.events.conditions import Condition, field_named, known_fields, parse_condition
from yett.events.declare import ConsoleDeclaration, Declaration, Emitter, catalogue, console, event
from yett.events.dialects import Native, Text, is_terminal, should_colour
from yett.events.explain import Story, records_of, render, story_of, tell
from yett.events.fields import Field, Kind, Sensitivity, describe
from yett.events.journal import DirectoryInUse, Journal
from yett.events.levels import DEBUG, ERROR, INFO, TRACE, WARN, Level
from yett.events.limits import Limits, Retention, Sync
from yett.events.pipeline import AuditSink, Pipeline, Record, Sink, pipeline
from yett.events.query import Query
from yett.events.scope import Scope, current_scope, enter_scope, is_in_scope, leave_scope
from yett.events.search import Search, follow
from yett.events.sinks import Ring
from yett.events.witness import keep_witness

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "TRACE",
    "WARN",
    "AuditSink",
    "Condition",
    "ConsoleDeclaration",
    "Declaration",
    "DirectoryInUse",
    "Emitter",
    "Field",
    "Journal",
    "Kind",
    "Level",
    "Limits",
    "Native",
    "Operator",
    "Pipeline",
    "Query",
    "Record",
    "Report",
    "Retention",
    "Ring",
    "Scope",
    "Search",
    "Sensitivity",
    "Signer",
    "Sink",
    "Story",
    "Sync",
    "Text",
    "Trust",
    "catalogue",
    "console",
    "current_scope",
    "describe",
    "enter_scope",
    "event",
    "field_named",
    "follow",
    "is_in_scope",
    "is_terminal",
    "keep_witness",
    "known_fields",
    "leave_scope",
    "parse_condition",
    "pipeline",
    "records_of",
    "render",
    "should_colour",
    "story_of",
    "tell",
    "texts_of",
    "value_of",
    "verify",
]
