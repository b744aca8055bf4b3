"""The nouns of tracing."""

import enum
from dataclasses import dataclass, field

Value = str | int | float | bool


class SpanKind(enum.Enum):
    """Which side of a call a span is, as OpenTelemetry numbers it."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3


@dataclass(slots=True)
class Span:
    """A stretch of work that is over. Instants are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent_id: str
    """Empty for the first span of a trace."""
    name: str
    kind: SpanKind
    began: int
    ended: int
    attributes: dict[str, Value] = field(default_factory=dict)
    is_error: bool = False
    state: bytes = b""
    is_remote: bool = False
    """Whether the parent is somebody else's span."""
