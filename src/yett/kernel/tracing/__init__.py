"""Traces of requests: W3C Trace Context in, OpenTelemetry spans out.

Read `context` (what a caller says, and what the next one is told), `tracer` (whom to believe, what
is recorded), `otlp` (spans as the collector reads them) and `exporter` (getting them there without
anybody waiting). The spans of a request are made in `proxy/tracing.py`.
"""

from yett.kernel.tracing.config import Incoming, TracingSettings, check_tracing
from yett.kernel.tracing.context import Parent, lines_of, parse_parent
from yett.kernel.tracing.exporter import Exporter
from yett.kernel.tracing.model import Span, SpanKind, Value
from yett.kernel.tracing.tracer import Trace, Tracer, new_span_id

__all__ = [
    "Exporter",
    "Incoming",
    "Parent",
    "Span",
    "SpanKind",
    "Trace",
    "Tracer",
    "TracingSettings",
    "Value",
    "check_tracing",
    "lines_of",
    "new_span_id",
    "parse_parent",
]
