"""Records in OpenTelemetry's protobuf (OTLP 1.x, logs data model).

An entry becomes a log record: its message the body, its code the name of the event, everything
else attributes (`names`). A trace's id leads to the spans of the same request.

Most of what a record says was said before: an application, a method, a person. Each part is written
by the official package once and remembered; parts of a message in a row are the message (Protocol
Buffers, "Encoding": fields may come in any order, and repeated ones add up).
"""

import datetime
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from yett.events.outputs.otlp.names import NAMES, NAMES_OF_REQUESTS, REQUEST

Value = str | int | float | bool
"""What an attribute of a resource or a span may be."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
_LARGEST = 1 << 63
_DEEPEST = 8
_ELSEWHERE = frozenset({"chain", "seq"})
"""What means something in the journal only."""
_HERE = {"node": "host.name"}
"""Of another node's record; our own stands in the resource."""
_EVENT_NAME = "event.name"
_TAKEN = frozenset({*NAMES.values(), *NAMES_OF_REQUESTS.values(), *_HERE.values()})
_SEVERITIES = {
    # The smallest number of each range (OpenTelemetry logs data model, "Field: SeverityNumber").
    "TRACE": SeverityNumber.SEVERITY_NUMBER_TRACE,
    "DEBUG": SeverityNumber.SEVERITY_NUMBER_DEBUG,
    "INFO": SeverityNumber.SEVERITY_NUMBER_INFO,
    "WARN": SeverityNumber.SEVERITY_NUMBER_WARN,
    "ERROR": SeverityNumber.SEVERITY_NUMBER_ERROR,
}
_REMEMBERED = frozenset({str, int, bool})
_LONGEST_REMEMBERED = 128
_MOST_REMEMBERED = 4096
_SMALL = tuple(bytes((size,)) for size in range(0x80))
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


class Encoder:
    """Makes exports of native lines. `resource` is who speaks, as the spans of the same gateway say it."""

    def __init__(self, resource: Mapping[str, Value], *, node: str, version: str) -> None:
        scope = InstrumentationScope(name="yett", version=version)
        self._resource = bytes(
            ResourceLogs(resource=Resource(attributes=attributes(resource))).SerializeToString()
        )
        self._scope = bytes(ScopeLogs(scope=scope).SerializeToString())
        self._node = node
        self._heads: dict[tuple[str, str, str], bytes] = {}
        self._attributes: dict[tuple[str, type, Value], bytes] = {}
        self._of_requests: dict[tuple[str, type, Value], bytes] = {}

    def encode(self, lines: Sequence[bytes]) -> tuple[bytes, int]:
        """The body of one export, and how many lines are not in it because nobody can read them."""
        records = []
        for line in lines:
            try:
                records.append(_framed(_RECORD, self._record(msgspec.json.decode(line))))
            except _FAULTS:
                continue
        if not records:
            return b"", len(lines)
        scope = _framed(_SCOPE, self._scope + b"".join(records))
        return _framed(_RESOURCE, self._resource + scope), len(lines) - len(records)

    def _record(self, entry: Any) -> bytes:
        if not isinstance(entry, dict):
            raise ValueError("a record is an object")  # noqa: TRY004 - one kind of fault for whoever reads lines
        at = _instant(entry.pop("time", None))
        level, code = str(entry.pop("level", "")), str(entry.pop("code", ""))
        trace_id, span_id = _identifier(entry.get("trace.id"), 32), _identifier(entry.get("span.id"), 16)
        own = LogRecord(
            time_unix_nano=at,
            # It was observed by who said it, at that moment, however long it waited since.
            observed_time_unix_nano=at or time.time_ns(),
            trace_id=trace_id,
            span_id=span_id,
        )
        parts = [self._head(level, str(entry.pop("msg", "")), code), own.SerializeToString()]
        if trace_id:
            del entry["trace.id"]
        if span_id:
            del entry["span.id"]
        if code:
            # Older collectors know no name of an event but this attribute.
            entry.setdefault(_EVENT_NAME, code)
        is_request = code == REQUEST
        known = self._of_requests if is_request else self._attributes
        if not _TAKEN.isdisjoint(entry):
            # A field that is called so itself goes before one that would be.
            parts += [
                self._attribute(name, value, is_request=is_request, taken=entry)
                for name, value in entry.items()
            ]
            return b"".join(parts)
        for name, value in entry.items():
            kind = value.__class__
            if kind not in _REMEMBERED:
                parts.append(self._attribute(name, value, is_request=is_request))
                continue
            key = (name, kind, value)  # the kind, because 1 == True == 1.0
            part = known.get(key)
            if part is None:
                part = self._attribute(name, value, is_request=is_request)
                if len(part) <= _LONGEST_REMEMBERED:
                    _remember(known, key, part)
            parts.append(part)
        return b"".join(parts)

    def _head(self, level: str, message: str, code: str) -> bytes:
        """What all records of one event have in common."""
        known = self._heads.get((level, message, code))
        if known is None:
            head = LogRecord(
                severity_number=_SEVERITIES.get(level, SeverityNumber.SEVERITY_NUMBER_UNSPECIFIED),
                severity_text=level,
                event_name=code,
                body=AnyValue(string_value=message),
            )
            known = bytes(head.SerializeToString())
            _remember(self._heads, (level, message, code), known)
        return known

    def _attribute(self, name: str, value: Any, *, is_request: bool, taken: Collection[str] = ()) -> bytes:
        """A field under the name that it has there, unless that is taken; empty for what is said elsewhere."""
        if name in _ELSEWHERE or (name == "node" and value == self._node):
            return b""
        known = _HERE.get(name) or NAMES.get(name) or (NAMES_OF_REQUESTS.get(name) if is_request else None)
        made = KeyValue(key=name if known is None or known in taken else known)
        _fill(made.value, value)
        return _framed(_ATTRIBUTE, made.SerializeToString())


def attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    """Attributes of a resource or a span."""
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _tag(message: Any, field: str) -> bytes:
    """What stands before a part of a message, by the official descriptor."""
    return bytes((message.DESCRIPTOR.fields_by_name[field].number << 3 | 2,))


_RESOURCE = _tag(ExportLogsServiceRequest, "resource_logs")
_SCOPE = _tag(ResourceLogs, "scope_logs")
_RECORD = _tag(ScopeLogs, "log_records")
_ATTRIBUTE = _tag(LogRecord, "attributes")


def _framed(tag: bytes, data: bytes) -> bytes:
    """A part of a message: its tag, its length as a varint, itself."""
    size = len(data)
    if size < 0x80:
        return tag + _SMALL[size] + data
    length = bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return b"".join((tag, length, data))


def _remember(known: dict[Any, bytes], key: Any, data: bytes) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = data


def _value(value: Any) -> AnyValue:
    made = AnyValue()
    _fill(made, value)
    return made


def _fill(place: AnyValue, value: Any, depth: int = 0) -> None:
    match value:
        case str():
            place.string_value = value
        case bool():
            place.bool_value = value
        case int() if -_LARGEST <= value < _LARGEST:
            place.int_value = value
        case float():
            place.double_value = value
        case None:
            pass
        case list() | tuple() if depth < _DEEPEST:
            place.array_value.SetInParent()
            _fill_list(place, value, depth)
        case dict() if depth < _DEEPEST:
            place.kvlist_value.SetInParent()
            for key, each in value.items():
                _fill(place.kvlist_value.values.add(key=key).value, each, depth + 1)
        case _:
            place.string_value = str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def _fill_list(place: AnyValue, values: Iterable[Any], depth: int) -> None:
    for each in values:
        _fill(place.array_value.values.add(), each, depth + 1)


def _instant(text: Any) -> int:
    """Nanoseconds since the epoch; 0, which means unknown, for what is no instant."""
    try:
        moment = datetime.datetime.fromisoformat(text)
        return max((moment - _EPOCH) // _MICROSECOND * 1000, 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def _identifier(value: Any, digits: int) -> bytes:
    """An id of a trace or a span; empty for what is none, zeros included."""
    if not isinstance(value, str) or len(value) != digits or not value.strip("0"):
        return b""
    try:
        return bytes.fromhex(value) if value.isalnum() else b""
    except ValueError:
        return b""
