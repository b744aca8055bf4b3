"""Records for OpenTelemetry collectors, by OTLP over HTTP or gRPC.

Read `names` (which of our fields have a name there), `encoding` (a record as a collector reads it),
`answers` (what a collector may say, and what that means), then `over_http` and `over_grpc`.

Whoever needs it loads it when it is needed: protobuf takes longer to import than the rest of the room.
"""

from yett.events.outputs.otlp.answers import rejected
from yett.events.outputs.otlp.encoding import Encoder, Value, attributes
from yett.events.outputs.otlp.over_grpc import OTLPOverGRPC, missing
from yett.events.outputs.otlp.over_http import OTLPOverHTTP

__all__ = ["Encoder", "OTLPOverGRPC", "OTLPOverHTTP", "Value", "attributes", "missing", "rejected"]
