"""Spans in OpenTelemetry's protobuf (OTLP 1.x), and what a collector answers."""

from collections.abc import Iterable, Mapping

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, SpanFlags, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from yett.events.outputs.otlp import attributes
from yett.kernel.tracing.model import Span, SpanKind, Value

_KINDS = {
    SpanKind.INTERNAL: WireSpan.SPAN_KIND_INTERNAL,
    SpanKind.SERVER: WireSpan.SPAN_KIND_SERVER,
    SpanKind.CLIENT: WireSpan.SPAN_KIND_CLIENT,
}
_SAMPLED = 0x01


def encode(spans: Iterable[Span], resource: Mapping[str, Value], *, version: str) -> bytes:
    """The body of one export."""
    scope = ScopeSpans(
        scope=InstrumentationScope(name="yett", version=version), spans=[_wired(span) for span in spans]
    )
    described = Resource(attributes=attributes(resource))
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=described, scope_spans=[scope])]
    )
    return bytes(request.SerializeToString())


def rejected(answer: bytes) -> tuple[int, str]:
    """How many spans the collector did not take, and why in its words; unreadable answers reject nothing."""
    response = ExportTraceServiceResponse()
    try:
        response.ParseFromString(answer)
    except DecodeError:
        return 0, ""
    partial = response.partial_success
    return max(partial.rejected_spans, 0), partial.error_message


def _wired(span: Span) -> WireSpan:
    flags = _SAMPLED | SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
    if span.is_remote:
        flags |= SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK
    return WireSpan(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id),
        trace_state=span.state.decode("ascii"),
        flags=flags,
        name=span.name,
        kind=_KINDS[span.kind],
        start_time_unix_nano=span.began,
        # A clock may have been put back in between, and a collector refuses what ends before it began.
        end_time_unix_nano=max(span.ended, span.began),
        attributes=attributes(span.attributes),
        status=Status(code=Status.STATUS_CODE_ERROR if span.is_error else Status.STATUS_CODE_UNSET),
    )
