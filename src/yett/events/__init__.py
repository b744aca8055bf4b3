"""What the gateway says.

Read `levels`, `fields`, `declare`, then `pipeline`; `scope` is what every record knows about the
exchange it belongs to. Where records go: `dialects`, `sinks`, `journal` (with `segments`, `chain`
and `retention`). How they are read again: `query`, `search`, `explain`.
"""

from yett.events.chain import Verification, verify
from yett.events.declare import Declaration, Emitter, catalogue, console, event
from yett.events.dialects import Native, Text, is_terminal, should_colour
from yett.events.explain import Story, records_of, render, story_of, tell
from yett.events.fields import Field, Kind, Sensitivity, describe
from yett.events.journal import DirectoryInUse, Journal, Limits, Sync
from yett.events.levels import DEBUG, ERROR, INFO, TRACE, WARN, Level
from yett.events.pipeline import AuditSink, Pipeline, Record, Sink, pipeline
from yett.events.query import Query
from yett.events.retention import Retention
from yett.events.scope import Scope, current_scope, enter_scope, is_in_scope, leave_scope
from yett.events.search import Search, follow
from yett.events.sinks import Ring, StdoutSink
from yett.events.witness import keep_witness

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "TRACE",
    "WARN",
    "AuditSink",
    "Declaration",
    "DirectoryInUse",
    "Emitter",
    "Field",
    "Journal",
    "Kind",
    "Level",
    "Limits",
    "Native",
    "Pipeline",
    "Query",
    "Record",
    "Retention",
    "Ring",
    "Scope",
    "Search",
    "Sensitivity",
    "Sink",
    "StdoutSink",
    "Story",
    "Sync",
    "Text",
    "Verification",
    "catalogue",
    "console",
    "current_scope",
    "describe",
    "enter_scope",
    "event",
    "follow",
    "is_in_scope",
    "is_terminal",
    "keep_witness",
    "leave_scope",
    "pipeline",
    "records_of",
    "render",
    "should_colour",
    "story_of",
    "tell",
    "verify",
]
