import json

import pytest
from hypothesis import given
from tests.events.dialects.entries import REJECTED, REQUEST, STARTED, entries

from yett.events.dialects import NativeDialect, Unreadable, Unwritable
from yett.events.dialects.meaning import MEANINGS
from yett.events.dialects.ocsf import Ocsf

DIALECT = Ocsf()

# From github.com/ocsf/ocsf-schema at v1.2.0, with `extends` and `$include` resolved: what an event of each class
# that we write requires besides what all require, and the activities there are.
REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
CLASSES = {
    0: (set(), {0, 99}),
    3001: ({"user"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99}),
    3002: ({"user"}, {0, 1, 2, 3, 4, 5, 6, 99}),
    4002: (
        {"dst_endpoint", "src_endpoint", "http_request", "http_response"},
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 99},
    ),
    6001: ({"web_resources"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 99}),
    6002: ({"app"}, {0, 1, 2, 3, 4, 99}),
    6003: ({"api", "actor", "src_endpoint"}, {0, 1, 2, 3, 4, 99}),
}
# Attributes of every class, and of each; `host` brings actor, `security_control` brings action and disposition.
EVERYWHERE = REQUIRED | {"message", "observables", "status_detail", "status_id", "unmapped"}
ALLOWED = {
    0: set(),
    3001: {"user", "src_endpoint", "actor"},
    3002: {"user", "src_endpoint", "service", "session", "actor"},
    4002: {"actor", "dst_endpoint", "src_endpoint", "http_request", "http_response"},
    6001: {"actor", "src_endpoint", "web_resources", "action_id", "disposition_id"},
    6002: {"app"},
    6003: {"api", "actor", "src_endpoint"},
}
# "at_least_one" of objects.
AT_LEAST_ONE = {
    "user": {"account", "name", "uid"},
    "actor": {"process", "user", "invoked_by", "session", "app_name", "app_uid"},
    "src_endpoint": {"ip", "uid", "name", "hostname", "svc_name"},
    "dst_endpoint": {"ip", "uid", "name", "hostname", "svc_name"},
    "service": {"name", "uid"},
    "app": {"name", "uid"},
}


def check(line):
    """What the schema says of an event, as far as it concerns what we write."""
    event = json.loads(line)
    uid = event["class_uid"]
    required, activities = CLASSES[uid]
    assert (REQUIRED | required) <= set(event)
    assert set(event) <= EVERYWHERE | ALLOWED[uid]
    assert event["activity_id"] in activities
    assert event["category_uid"] == uid // 1000
    assert event["type_uid"] == uid * 100 + event["activity_id"]
    assert event["severity_id"] in {0, 1, 2, 3, 4, 5, 6, 99}
    assert event.get("status_id", 0) in {0, 1, 2, 99}
    assert type(event["time"]) is int
    assert event["metadata"]["version"] == "1.2.0"
    assert event["metadata"]["product"]["vendor_name"]
    for name, choices in AT_LEAST_ONE.items():
        if name in event:
            assert choices & set(event[name]), name
    if uid == 3002:
        assert {"service", "dst_endpoint"} & set(event)
    if uid == 4002:
        assert type(event["http_response"]["code"]) is int
        assert {"url_string", "path"} & set(event["http_request"]["url"])
    if uid == 6001:
        assert all({"name", "uid"} & set(each) for each in event["web_resources"])
        assert event["action_id"] in {1, 2}
        assert "security_control" in event["metadata"]["profiles"]
    if uid == 6003:
        assert event["api"]["operation"]
    for each in event.get("observables", []):
        assert each["type_id"] in {2, 4}
        assert each["name"]
    return uid


@given(entries())
def test_whatever_a_record_holds_the_event_keeps_to_the_schema(entry):
    check(DIALECT.write(entry))


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_meaning_has_a_class(code):
    rich = REQUEST | {"code": code, "command": "sessions list"}
    assert check(DIALECT.write(rich)) != 0
    # What a class requires may not be known: then it is a base event.
    assert check(DIALECT.write(STARTED | {"code": code})) in {0, 6002}


@pytest.mark.parametrize(
    ("code", "uid", "activity"),
    [
        ("signin.success.signed_in", 3002, 1),
        ("signin.signout.signed_out", 3002, 2),
        ("authn.password.rejected", 3002, 6),
        ("authn.password.changed", 3001, 3),
        ("identity.local.person_added", 3001, 1),
        ("totp.enroll.confirm.added", 3001, 10),
        ("access.denied", 6001, 99),
        ("http.access.completed", 4002, 3),
        ("admin.command.executed", 6003, 99),
        ("kernel.ready.ready", 6002, 3),
        ("proxy.route.route_configured", 0, 0),
    ],
)
def test_classes_and_activities(code, uid, activity):
    event = json.loads(DIALECT.write(REQUEST | {"code": code, "command": "sessions list"}))
    assert (event["class_uid"], event["activity_id"]) == (uid, activity)


def test_a_rejected_password():
    assert json.loads(DIALECT.write(REJECTED)) == {
        "activity_id": 6,
        "category_uid": 3,
        "class_uid": 3002,
        "type_uid": 300206,
        "time": 1795359846000,
        "severity_id": 3,
        "message": "Password rejected",
        "metadata": {
            "version": "1.2.0",
            "product": {"name": "Yett", "vendor_name": "Yett"},
            "event_code": "authn.password.rejected",
            "log_name": "authn.password",
            "log_level": "WARN",
            "original_time": "2026-11-22T15:04:06.000001Z",
            "correlation_uid": "0d1f3b5c7e9b",
            "labels": ["audit"],
        },
        "status_id": 2,
        "status_detail": "wrong",
        "service": {"name": "Yett"},
        "src_endpoint": {"ip": "2001:db8::7"},
        "user": {"name": "ada"},
        "observables": [
            {"name": "auth.user_id", "type_id": 4, "value": "ada"},
            {"name": "server.request.client_ip", "type_id": 2, "value": "2001:db8::7"},
        ],
        "unmapped": {"node": "gate-1"},
    }


def test_an_event_of_another_product_is_read():
    line = {
        "activity_id": 1,
        "category_uid": 3,
        "class_uid": 3002,
        "type_uid": 300201,
        "time": 1795359846123,
        "severity_id": 5,
        "message": "Logon",
        "metadata": {"version": "1.3.0", "product": {"name": "P", "vendor_name": "V"}},
        "user": {"name": "ada"},
        "cloud": {"provider": "x"},
        "unmapped": {"a": {"b": 1}},
    }
    entry = DIALECT.read(json.dumps(line).encode())
    assert entry["time"] == "2026-11-22T15:04:06.123000Z"
    assert (entry["level"], entry["component"], entry["code"]) == ("ERROR", "ocsf", "ocsf.3002")
    assert (entry["auth.user_id"], entry["a.b"], entry["cloud.provider"]) == ("ada", 1, "x")
    assert (entry["metadata.version"], entry["severity_id"]) == ("1.3.0", 5)


def test_who_did_it_and_to_whom_are_two_people():
    line = {
        "class_uid": 3001,
        "metadata": {"version": "1.2.0"},
        "time": 0,
        "severity_id": 1,
        "user": {"name": "ada"},
        "actor": {"user": {"name": "root"}},
    }
    entry = DIALECT.read(json.dumps(line).encode())
    assert (entry["auth.user_id"], entry["actor.user.name"]) == ("ada", "root")
    assert DIALECT.read(DIALECT.write(entry)) == entry


@pytest.mark.parametrize(
    "change",
    [
        {"class_uid": "3002"},
        {"metadata": []},
        {"time": "2026"},
        {"time": 10**30},
        {"severity_id": 77},
        {"severity_id": []},
        {"message": {"a": "b"}, "message.a": 1},
    ],
)
def test_what_breaks_the_rules_is_unreadable(change):
    good = {"class_uid": 0, "metadata": {"version": "1.2.0"}, "time": 0, "severity_id": 1, "message": "m"}
    assert DIALECT.read(json.dumps(good).encode())["time"] == "1970-01-01T00:00:00.000000Z"
    with pytest.raises(Unreadable):
        DIALECT.read(json.dumps(good | change).encode())


@pytest.mark.parametrize("more", [{}, {"message": None}])
def test_an_event_that_says_nothing_is_a_record_all_the_same(more):
    line = {"class_uid": 3002, "metadata": {"version": "1.2.0"}, "time": 0, "severity_id": 1, **more}
    entry = DIALECT.read(json.dumps(line).encode())
    assert NativeDialect().read(NativeDialect().write(entry)) == entry


def test_a_record_without_a_time_has_no_form():
    with pytest.raises(Unwritable):
        DIALECT.write(STARTED | {"time": ""})
