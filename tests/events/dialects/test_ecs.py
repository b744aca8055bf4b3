import ipaddress
import json
from datetime import datetime

import pytest
from hypothesis import given
from tests.events.dialects.entries import REJECTED, REQUEST, STARTED, entries

from yett.events.dialects import NativeDialect, Unreadable, Unwritable
from yett.events.dialects.ecs import Ecs
from yett.events.dialects.meaning import MEANINGS
from yett.events.dialects.reading import flattened

DIALECT = Ecs()


def _date(value):
    return datetime.fromisoformat(value)


def _keywords(value):
    return all(isinstance(each, str) for each in value) and isinstance(value, list)


# From generated/csv/fields.csv of github.com/elastic/ecs at v9.4.0: the fields that we write, and their types.
TYPES = {
    "@timestamp": _date,
    "client.ip": ipaddress.ip_address,
    "ecs.version": str,
    "error.message": str,
    "event.action": str,
    "event.category": _keywords,
    "event.code": str,
    "event.dataset": str,
    "event.duration": int,
    "event.kind": str,
    "event.module": str,
    "event.outcome": str,
    "event.provider": str,
    "event.reason": str,
    "event.type": _keywords,
    "http.request.body.bytes": int,
    "http.request.id": str,
    "http.request.method": str,
    "http.request.referrer": str,
    "http.response.body.bytes": int,
    "http.response.status_code": int,
    "http.version": str,
    "log.level": str,
    "log.logger": str,
    "message": str,
    "related.ip": lambda value: [ipaddress.ip_address(each) for each in value],
    "related.user": _keywords,
    "service.node.name": str,
    "service.type": str,
    "source.ip": ipaddress.ip_address,
    "trace.id": str,
    "url.domain": str,
    "url.path": str,
    "url.query": str,
    "user.email": str,
    "user.name": str,
    "user_agent.original": str,
}
# From schemas/event.yml there: the types that are expected with a category.
EXPECTED = {
    "authentication": {"start", "end", "info"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "process": {"access", "change", "end", "info", "start"},
    "session": {"start", "end", "info"},
    "web": {"access", "error", "info"},
}


def check(line):
    """What the schema says of a document, as far as it concerns what we write."""
    flat = flattened(json.loads(line))
    for name, value in flat.items():
        if name.startswith("yett."):
            continue
        kind = TYPES[name]
        assert isinstance(value, kind) if isinstance(kind, type) else kind(value) is not None, name
    assert {"@timestamp", "ecs.version", "message", "log.level"} <= set(flat)
    assert flat["event.kind"] == "event"
    assert flat.get("event.outcome", "unknown") in {"success", "failure", "unknown"}
    categories = flat.get("event.category", [])
    expected = set().union(*(EXPECTED[category] for category in categories))
    assert set(flat.get("event.type", [])) <= expected


@given(entries())
def test_whatever_a_record_holds_the_document_keeps_to_the_schema(entry):
    check(DIALECT.write(entry))


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_meaning_has_categories_and_types_that_go_together(code):
    check(DIALECT.write(REJECTED | {"code": code}))


def test_a_request():
    assert json.loads(DIALECT.write(REQUEST)) == {
        "@timestamp": "2026-11-22T15:04:05.123456Z",
        "log.level": "info",
        "message": "Request completed",
        "ecs.version": "9.4.0",
        "log": {"logger": "http.access"},
        "service": {"node": {"name": "gate-1"}, "type": "yett"},
        "http": {
            "request": {"id": "0d1f3b5c7e9a", "method": "GET", "body": {"bytes": 0}},
            "response": {"status_code": 200, "body": {"bytes": 5120}},
            "version": "1.1",
        },
        "trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"},
        "user": {"name": "ada"},
        "client": {"ip": "203.0.113.178"},
        "source": {"ip": "203.0.113.178"},
        "related": {"user": ["ada"], "ip": ["203.0.113.178"]},
        "url": {"domain": "wiki.example.org", "path": "/pages/engine"},
        "event": {
            "kind": "event",
            "module": "yett",
            "provider": "http.access",
            "dataset": "yett.log",
            "code": "http.access.completed",
            "action": "completed",
            "category": ["web"],
            "type": ["access"],
            "outcome": "success",
            "duration": 3250000,
        },
        "yett": {
            "session.ref": "s-41",
            "duration_ms": 3.25,
            "app": "wiki",
            "route": "wiki",
            "rule": "staff",
            "upstream": "10.0.0.7:8080",
            "protocol": "http/1.1",
        },
    }


def test_an_audit_record_is_a_data_set_of_its_own():
    line = json.loads(DIALECT.write(REJECTED))
    assert line["event"]["dataset"] == "yett.audit"
    assert (line["event"]["category"], line["event"]["outcome"]) == (["authentication"], "failure")


def test_a_line_of_another_program_is_read():
    line = {
        "@timestamp": "2026-11-22T15:04:05.123Z",
        "log.level": "WARN",
        "message": "Slow query",
        "ecs": {"version": "1.6.0"},
        "log": {"logger": "db", "origin": {"file": {"name": "db.py", "line": 7}}},
        "user": {"name": "ada"},
        "labels": {"a": "b"},
    }
    assert DIALECT.read(json.dumps(line).encode()) == {
        "time": "2026-11-22T15:04:05.123000Z",
        "level": "WARN",
        "component": "db",
        "msg": "Slow query",
        "code": "ecs.message",
        "auth.user_id": "ada",
        "ecs.version": "1.6.0",
        "log.origin.file.name": "db.py",
        "log.origin.file.line": 7,
        "labels.a": "b",
    }


@pytest.mark.parametrize("more", [{}, {"message": None}])
def test_a_line_that_says_nothing_is_a_record_all_the_same(more):
    line = {"@timestamp": "2026-11-22T15:04:05Z", "log.level": "info", **more}
    entry = DIALECT.read(json.dumps(line).encode())
    assert NativeDialect().read(NativeDialect().write(entry)) == entry


@pytest.mark.parametrize(
    "line",
    [
        b'{"log.level":"info","message":"m"}',
        b'{"@timestamp":"x","log.level":"info","message":"m"}',
        b'{"@timestamp":"2026-11-22T15:04:05Z","message":"m"}',
        b'{"@timestamp":"2026-11-22T15:04:05Z","log.level":"info","log":{"level":"info"}}',
        b'{"@timestamp":"2026-11-22T15:04:05Z","log.level":"info","message":["m"]}',
        b'{"@timestamp":"2026-11-22T15:04:05Z","log.level":"info","user.name":"a","yett":{"auth.user_id":"b"}}',
    ],
)
def test_what_breaks_the_rules_is_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(line)


def test_a_record_without_a_time_has_no_form():
    with pytest.raises(Unwritable):
        DIALECT.write(STARTED | {"time": ""})
