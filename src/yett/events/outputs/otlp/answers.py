"""What a collector answers, and what becomes of the records then (OTLP specification, "Failures").

Whatever a collector sends is read here, and nothing that it can send raises anything but the two
verdicts of `outputs.model`.
"""

from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped]  # it ships no types
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from yett.events.outputs.model import Refused, Unreachable
from yett.events.outputs.quoting import Quoting

_RETRYABLE = frozenset({429, 502, 503, 504})
_RETRYABLE_CODES = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
_TOO_LARGE = 413
_TOO_LARGE_WORDS = "larger than max"
"""How the libraries of gRPC say that a message is too large; there is no code for it."""
_SMALL = 1 << 16
_LONGEST_WAIT = 3600.0
_RETRY_INFO = b"google.rpc.RetryInfo"


def rejected(answer: bytes) -> tuple[int, str]:
    """How many records the collector did not take, and why in its words; unreadable answers reject nothing."""
    response = ExportLogsServiceResponse()
    try:
        response.ParseFromString(answer)
    except DecodeError:
        return 0, ""
    partial = response.partial_success
    return max(partial.rejected_log_records, 0), partial.error_message


@dataclass(frozen=True, slots=True)
class Said:
    """What the details of a failure say."""

    message: str = ""
    after: float | None = None
    """How many seconds to wait; None when the collector does not say that waiting would help."""


def details(data: bytes) -> Said:
    """The message `google.rpc.Status`, which is the body of a failure and the trailer of a failed call."""
    status = _Status()
    try:
        status.ParseFromString(data)
        after: float | None = None
        for detail in status.details:
            if detail.type_url.rpartition(b"/")[2] == _RETRY_INFO:
                info = _RetryInfo()
                info.ParseFromString(detail.value)
                seconds = info.retry_delay.seconds + info.retry_delay.nanos / 1e9
                after = min(max(seconds, 0.0), _LONGEST_WAIT)
    except DecodeError:
        return Said()
    return Said(status.message.decode("utf-8", "replace"), after)


def judge_status(status: int, body: bytes, retry_after: float, quoting: Quoting) -> None:
    """Nothing for a success; otherwise raises Unreachable or Refused."""
    if 200 <= status < 300:
        return
    said = details(body)
    text = quoting.of(f"the collector answered {status}" + (f": {said.message}" if said.message else ""))
    if status in _RETRYABLE:
        raise Unreachable(text, after=max(retry_after, said.after or 0.0))
    raise Refused(text, whole=status != _TOO_LARGE)


def judge_code(code: str, message: str, trailer: bytes, size: int, quoting: Quoting) -> None:
    """Raises Unreachable or Refused for a call of `size` bytes that ended with the code of that name."""
    said = details(trailer)
    text = quoting.of(f"the export ended with {code}" + (f": {message}" if message else ""))
    if code in _RETRYABLE_CODES or (code == "RESOURCE_EXHAUSTED" and said.after is not None):
        raise Unreachable(text, after=said.after or 0.0)
    # Of a small export the words mean the answer, which this side would not read.
    raise Refused(text, whole=_TOO_LARGE_WORDS not in message or size <= _SMALL)


def judge_answer(answer: bytes, lines: int, unread: int, quoting: Quoting) -> None:
    """After a success: raises Refused if not every line was taken. `unread` were not sent, as nobody can read them."""
    count, message = rejected(answer)
    lost = min(count, lines - unread) + unread
    if lost:
        text = "the collector rejected a part" if count else "they are no records"
        raise Refused(quoting.of(text + (f": {message}" if message else "")), taken=lines - lost, whole=True)


def _messages() -> tuple[Any, Any]:
    """`google.rpc.Status` and `RetryInfo`, as far as we read them; the package that ships them is not worth its weight.

    Texts are read as bytes, so that one that is no UTF-8 does not hide the rest.
    """
    one, many = FieldDescriptorProto.LABEL_OPTIONAL, FieldDescriptorProto.LABEL_REPEATED
    number, text, message = (
        FieldDescriptorProto.TYPE_INT64,
        FieldDescriptorProto.TYPE_BYTES,
        FieldDescriptorProto.TYPE_MESSAGE,
    )
    file = FileDescriptorProto(name="status.proto", package="yett", syntax="proto3")
    for name, fields in {
        "Any": (("type_url", text, one, ""), ("value", text, one, "")),
        "Duration": (("seconds", number, one, ""), ("nanos", FieldDescriptorProto.TYPE_INT32, one, "")),
        "RetryInfo": (("retry_delay", message, one, ".yett.Duration"),),
        "Status": (
            ("code", FieldDescriptorProto.TYPE_INT32, one, ""),
            ("message", text, one, ""),
            ("details", message, many, ".yett.Any"),
        ),
    }.items():
        made = file.message_type.add(name=name)
        for place, (field, kind, label, of) in enumerate(fields, 1):
            made.field.add(name=field, number=place, type=kind, label=label, type_name=of or None)
    pool = DescriptorPool()
    pool.Add(file)
    return (
        GetMessageClass(pool.FindMessageTypeByName("yett.Status")),
        GetMessageClass(pool.FindMessageTypeByName("yett.RetryInfo")),
    )


_Status, _RetryInfo = _messages()
