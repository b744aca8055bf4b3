import datetime
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from yett.events import DEBUG, Native, Record, Scope, enter_scope, event, leave_scope, pipeline
from yett.events.fields import Error, Host, Path, RemoteAddress, User, UserAgent
from yett.events.outputs.otlp import Encoder
from yett.events.outputs.otlp.names import NAMES, NAMES_OF_REQUESTS, REQUEST

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
ENTRY = {
    "time": "2026-11-22T15:00:00.123456Z",
    "level": "WARN",
    "audit": True,
    "component": "totp.validate",
    "msg": "TOTP code rejected",
    "code": "totp.validate.code_rejected",
    "node": "n1",
}


def encoder():
    return Encoder({"service.name": "yett", "service.version": "1.2"}, node="n1", version="1.2")


def decoded(*entries):
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in entries]
    body, unread = encoder().encode(lines)
    return ExportLogsServiceRequest.FromString(body), unread


def one(**more):
    request, unread = decoded({**ENTRY, **more})
    assert unread == 0
    return request.resource_logs[0].scope_logs[0].log_records[0]


def plain(value):
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(each) for each in value.array_value.values]
        case "kvlist_value":
            return {each.key: plain(each.value) for each in value.kvlist_value.values}
        case kind:
            return getattr(value, kind)


def fields(record):
    found = {each.key: plain(each.value) for each in record.attributes}
    assert len(found) == len(record.attributes), "a name stands twice"
    return found


def test_a_record_is_read_as_it_was_meant():
    record = one(**{"trace.id": TRACE, "span.id": SPAN, "auth.user_id": "ada", "drift": 2})
    moment = datetime.datetime(2026, 11, 22, 15, 0, 0, tzinfo=datetime.UTC).timestamp()
    assert record.time_unix_nano == int(moment) * 10**9 + 123456000
    assert record.observed_time_unix_nano == record.time_unix_nano
    assert (record.severity_number, record.severity_text) == (13, "WARN")
    assert record.body.string_value == "TOTP code rejected"
    assert record.event_name == "totp.validate.code_rejected"
    assert (record.trace_id.hex(), record.span_id.hex()) == (TRACE, SPAN)
    assert fields(record) == {
        "event.name": "totp.validate.code_rejected",
        "audit": True,
        "component": "totp.validate",
        "user.name": "ada",
        "drift": 2,
    }


def test_who_speaks_stands_beside_the_records_once():
    request, _ = decoded(ENTRY, ENTRY)
    (resource,) = request.resource_logs
    (scope,) = resource.scope_logs
    assert {each.key: each.value.string_value for each in resource.resource.attributes} == {
        "service.name": "yett",
        "service.version": "1.2",
    }
    assert (scope.scope.name, scope.scope.version) == ("yett", "1.2")
    assert len(scope.log_records) == 2


@pytest.mark.parametrize(
    ("level", "number"), [("TRACE", 1), ("DEBUG", 5), ("INFO", 9), ("WARN", 13), ("ERROR", 17), ("?", 0)]
)
def test_each_level_has_the_first_number_of_its_range(level, number):
    record = one(level=level)
    assert (record.severity_number, record.severity_text) == (number, level)


def test_fields_have_the_names_of_the_conventions_where_there_are_some():
    named = {
        "auth.user_id": "user.name",
        "email": "user.email",
        "session.ref": "session.id",
        "server.request.client_ip": "client.address",
        "server.request.remote_addr": "network.peer.address",
        "server.request.user_agent": "user_agent.original",
        "server.request.method": "http.request.method",
        "server.request.path": "url.path",
        "server.request.id": "yett.request.id",
        "error": "error.message",
        "certauth.x509.serial": "certauth.x509.serial",
        "host": "host",
        "status": "status",
    }
    found = fields(one(**dict.fromkeys(named, "x")))
    assert set(named.values()) <= set(found)
    assert len(found) == len(named) + 3


def test_in_the_record_of_a_request_host_and_status_are_those_of_http():
    found = fields(one(code=REQUEST, host="app.example.org", status=200))
    assert (found["server.address"], found["http.response.status_code"]) == ("app.example.org", 200)


def test_the_record_of_a_request_still_has_that_code():
    from yett.proxy import events  # noqa: PLC0415 - a room far above this one

    assert events.completed.declaration.code == REQUEST


@pytest.mark.parametrize("order", [("user.name", "auth.user_id"), ("auth.user_id", "user.name")])
def test_of_two_fields_with_one_name_both_are_kept(order):
    found = fields(one(**{name: f"said as {name}" for name in order}))
    assert {name: found[name] for name in order} == {name: f"said as {name}" for name in order}


def test_values_that_are_equal_but_of_other_kinds_are_not_mixed_up():
    request, _ = decoded({**ENTRY, "n": 1}, {**ENTRY, "n": True}, {**ENTRY, "n": 1.0}, {**ENTRY, "n": 1})
    records = request.resource_logs[0].scope_logs[0].log_records
    kinds = [type(fields(record)["n"]) for record in records]
    assert kinds == [int, bool, float, int]


def test_however_much_there_is_to_say_what_is_remembered_is_bounded():
    made = encoder()
    lines = [json.dumps({**ENTRY, "msg": f"m{n}", "a": n, "b": "x" * n}).encode() for n in range(5000)]
    body, unread = made.encode(lines)
    assert unread == 0
    assert len(made._attributes) <= 4096
    assert len(made._heads) <= 4096
    records = ExportLogsServiceRequest.FromString(body).resource_logs[0].scope_logs[0].log_records
    assert [(fields(each)["a"], len(fields(each)["b"])) for each in records] == [(n, n) for n in range(5000)]


def test_another_nodes_record_says_so():
    assert fields(one(node="n2"))["host.name"] == "n2"


@pytest.mark.parametrize("value", ["", "0" * 32, "xyz", TRACE[:-1], 5, None, "٣" * 32, TRACE.upper() + "0"])
def test_an_id_that_is_none_stays_a_field(value):
    record = one(**{"trace.id": value})
    assert record.trace_id == b""
    assert fields(record)["trace.id"] == value


def test_values_keep_their_types():
    values = {
        "a": "text",
        "b": True,
        "c": -(1 << 63),
        "d": 0.5,
        "e": None,
        "f": ["x", 1, [False]],
        "g": {"h": {"i": 1}},
        "j": "",
        "k": "\x00 ü 😀 \u202e\n",
        "l": [],
        "m": {},
    }
    found = fields(one(**values))
    assert {name: found[name] for name in values} == values


def test_what_the_format_cannot_hold_becomes_text():
    deep = []
    for _ in range(50):
        deep = [deep]
    found = fields(one(big=1 << 63, deep=deep))
    assert found["big"] == str(1 << 63)
    assert "[[[[" in json.dumps(found["deep"])


@pytest.mark.parametrize("moment", ["", "yesterday", None, 5, "0001-01-01T00:00:00Z", "2026-11-22T15:00:00"])
def test_a_record_without_an_instant_has_at_least_one_when_it_was_seen(moment):
    before = time.time_ns()
    record = one(time=moment)
    assert record.time_unix_nano == 0
    assert record.observed_time_unix_nano >= before


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"5", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a":"\\ud800"}', b"null"]
)
def test_what_is_no_record_is_counted_and_harms_no_other(line):
    request, unread = decoded(line, ENTRY, line)
    assert unread == 2
    assert len(request.resource_logs[0].scope_logs[0].log_records) == 1


def test_without_records_there_is_no_empty_envelope():
    assert encoder().encode([]) == (b"", 0)
    assert encoder().encode([b"x"]) == (b"", 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40)
@given(
    st.dictionaries(
        st.text()
        | st.sampled_from(
            [*ENTRY, *NAMES, *NAMES.values(), *NAMES_OF_REQUESTS, "event.name", "host.name", "trace.id"]
        ),
        JSON,
        max_size=8,
    ),
    st.sampled_from(["x.y", REQUEST]),
)
def test_any_object_is_a_record_and_its_fields_are_all_there(entry, code):
    entry["code"] = code
    line = json.dumps(entry).encode()
    body, unread = encoder().encode([line])
    request = ExportLogsServiceRequest.FromString(body)
    assert unread == 0
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    placed = {"time", "level", "msg", "code", "chain", "seq", "node", "trace.id", "span.id"}
    kept = [name for name in entry if name not in placed]
    assert len(record.attributes) >= len(kept)
    assert len({each.key for each in record.attributes}) == len(record.attributes)


@given(st.binary())
def test_any_bytes_are_a_record_or_are_counted(line):
    body, unread = encoder().encode([line])
    assert unread == (0 if body else 1)


def test_what_our_own_pipeline_says_is_read_field_for_field():
    @event("test.otlp", DEBUG, "Said for a collector", audit=True)
    def said(user: User, host: Host, path: Path, peer: RemoteAddress, agent: UserAgent, error: Error, n: int):
        """Nothing."""

    caught: list[Record] = []
    stop = pipeline.listen(caught.append)
    token = enter_scope(Scope("r1", TRACE, "s1", "bob", "192.0.2.1"))
    try:
        said("ada", "h", "/p", "192.0.2.2", "curl", "no", 7)
    finally:
        leave_scope(token)
        stop()
    line = Native("n1").line(caught[0])
    record = ExportLogsServiceRequest.FromString(encoder().encode([line])[0])
    record = record.resource_logs[0].scope_logs[0].log_records[0]
    assert abs(record.time_unix_nano - caught[0].at) < 1000
    assert (record.trace_id.hex(), record.severity_text) == (TRACE, "DEBUG")
    assert fields(record) == {
        "event.name": "test.otlp.said",
        "audit": True,
        "component": "test.otlp",
        "yett.request.id": "r1",
        "session.id": "s1",
        "client.address": "192.0.2.1",
        "user.name": "ada",
        "host": "h",
        "url.path": "/p",
        "network.peer.address": "192.0.2.2",
        "user_agent.original": "curl",
        "error.message": "no",
        "n": 7,
    }
