"""The references, printed from the declarations: what the gateway says, can be told, and can be asked.

Read `model` (the log reference as data), `log` (made from declarations), `advice` (what an operator
is owed), `schema`, then `comparing` (what changed between versions) with `reading`. `pages` are the
other references; `commands` is what can be typed.
"""

from yett.ops.reference.advice import faults_of, halves
from yett.ops.reference.commands import (
    check,
    diff,
    print_commands,
    print_example,
    print_log,
    print_metrics,
    print_settings,
    this_version,
    write,
)
from yett.ops.reference.comparing import Change, What, compare
from yett.ops.reference.log import as_json, as_markdown, log_of
from yett.ops.reference.model import ConsoleEntry, EventEntry, FieldEntry, LogReference
from yett.ops.reference.pages import command_reference, metrics_reference
from yett.ops.reference.reading import Unreadable, parse
from yett.ops.reference.schema import schema_of

__all__ = [
    "Change",
    "ConsoleEntry",
    "EventEntry",
    "FieldEntry",
    "LogReference",
    "Unreadable",
    "What",
    "as_json",
    "as_markdown",
    "check",
    "command_reference",
    "compare",
    "diff",
    "faults_of",
    "halves",
    "log_of",
    "metrics_reference",
    "parse",
    "print_commands",
    "print_example",
    "print_log",
    "print_metrics",
    "print_settings",
    "schema_of",
    "this_version",
    "write",
]
