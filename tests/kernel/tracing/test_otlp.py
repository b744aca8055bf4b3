from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from tests.kernel.tracing.collector import partly

from yett.kernel.tracing import Span, SpanKind
from yett.kernel.tracing.otlp import encode, rejected

SPAN = Span(
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b7",
    "",
    "GET /",
    SpanKind.SERVER,
    1_000,
    2_000,
    {"text": "x", "count": 3, "share": 0.5, "is": True},
    is_error=True,
    state=b"a=1",
)


def decoded(*spans):
    message = ExportTraceServiceRequest()
    message.ParseFromString(encode(spans, {"service.name": "yett"}, version="1.2"))
    return message.resource_spans[0]


def test_a_span_is_read_as_it_was_meant():
    resource = decoded(SPAN)
    (span,) = resource.scope_spans[0].spans
    assert {pair.key: pair.value.string_value for pair in resource.resource.attributes} == {
        "service.name": "yett"
    }
    assert (resource.scope_spans[0].scope.name, resource.scope_spans[0].scope.version) == ("yett", "1.2")
    assert (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id) == (
        SPAN.trace_id,
        SPAN.span_id,
        b"",
    )
    assert (span.name, span.kind, span.trace_state) == ("GET /", WireSpan.SPAN_KIND_SERVER, "a=1")
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1_000, 2_000)
    assert span.status.code == 2
    assert {pair.key: pair.value.WhichOneof("value") for pair in span.attributes} == {
        "text": "string_value", "count": "int_value", "share": "double_value", "is": "bool_value",
    }  # fmt: skip
    assert span.flags == 0x101


def test_no_span_ends_before_it_began():
    span = Span("ab" * 16, "cd" * 8, "ef" * 8, "x", SpanKind.CLIENT, 2_000, 1_000, is_remote=True)
    wired = decoded(span).scope_spans[0].spans[0]
    assert (wired.start_time_unix_nano, wired.end_time_unix_nano) == (2_000, 2_000)
    assert wired.flags == 0x301
    assert wired.parent_span_id.hex() == "ef" * 8


def test_a_part_that_was_not_taken_is_told_with_the_reason():
    assert rejected(partly(3, "too old")) == (3, "too old")
    assert rejected(b"") == (0, "")


@given(st.binary())
def test_any_answer_can_be_read(answer):
    count, detail = rejected(answer)
    assert count >= 0
    assert isinstance(detail, str)
