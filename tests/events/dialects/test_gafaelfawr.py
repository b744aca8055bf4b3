import json

import pytest
from tests.events.dialects.entries import REJECTED, REQUEST

from yett.events.dialects import Unreadable
from yett.events.dialects.gafaelfawr import Gafaelfawr

DIALECT = Gafaelfawr()

AUTHORIZED = {
    "auth_uri": "https://example.com/foo",
    "event": "Token authorized",
    "httpRequest": {
        "requestMethod": "GET",
        "requestUrl": "https://example.com/ingress/auth?scope=exec%3Aadmin",
        "remoteIp": "192.0.2.1",
    },
    "lifetime_seconds": None,
    "logger": "gafaelfawr",
    "quota": {"limit": 10, "used": 1, "reset": "2026-11-22T15:05:00+00:00"},
    "required_scopes": ["exec:admin"],
    "satisfy": "all",
    "scopes": ["exec:admin", "read:all"],
    "service": None,
    "severity": "info",
    "token": "hV6RFcIyrCmFqeJXPpqNWQ",
    "token_source": "bearer",
    "user": "some-user",
}
"""A line with every attribute of an authenticated request, as the service prints it in production."""


def test_an_authorised_request_is_read_with_our_names_where_we_have_one():
    assert DIALECT.read(json.dumps(AUTHORIZED).encode()) == {
        "time": "",
        "level": "INFO",
        "component": "gafaelfawr",
        "msg": "Token authorized",
        "code": "gafaelfawr.token_authorized",
        "auth_uri": "https://example.com/foo",
        "server.request.method": "GET",
        "host": "example.com",
        "server.request.path": "/ingress/auth",
        "url.query": "scope=exec%3Aadmin",
        "server.request.client_ip": "192.0.2.1",
        "lifetime_seconds": None,
        "quota.limit": 10,
        "quota.used": 1,
        "quota.reset": "2026-11-22T15:05:00+00:00",
        "required_scopes": ["exec:admin"],
        "satisfy": "all",
        "scopes": ["exec:admin", "read:all"],
        "service": None,
        "token": "hV6RFcIyrCmFqeJXPpqNWQ",
        "token_source": "bearer",
        "auth.user_id": "some-user",
    }


def test_a_line_of_theirs_is_written_as_it_came():
    again = json.loads(DIALECT.write(DIALECT.read(json.dumps(AUTHORIZED).encode())))
    assert again.pop("event_code") == "gafaelfawr.token_authorized"
    assert again == AUTHORIZED


@pytest.mark.parametrize("source", ["cookie", "bearer", "basic-username", "basic-password"])
def test_where_the_token_was_found_stays(source):
    entry = DIALECT.read(json.dumps(AUTHORIZED | {"token_source": source}).encode())
    assert entry["token_source"] == source


def test_a_created_token_is_read_with_its_attributes():
    line = {
        "event": "Created new user token",
        "severity": "info",
        "logger": "gafaelfawr",
        "timestamp": "2026-11-22T15:04:05.123456Z",
        "return_url": "https://example.com/portal",
        "token_expires": "2026-12-22 15:04:05+00:00",
        "token_key": "abc",
        "token_name": "laptop",
        "token_scopes": ["read:all"],
        "token_service": "portal",
        "token_userinfo": {
            "name": "Some User",
            "email": "user@example.com",
            "uid": 1000,
            "gid": 1001,
            "groups": [{"name": "g_users", "id": 70000}, {"name": "g_more", "id": 70001}],
        },
        "token_username": "some-user",
    }
    entry = DIALECT.read(json.dumps(line).encode())
    assert entry["time"] == "2026-11-22T15:04:05.123456Z"
    assert entry["token_expires"] == "2026-12-22 15:04:05+00:00"
    assert entry["token_userinfo.groups.1.id"] == 70001
    again = json.loads(DIALECT.write(entry))
    assert again.pop("event_code") == "gafaelfawr.created_token"
    assert again == line


@pytest.mark.parametrize(
    ("severity", "level"), [("debug", "DEBUG"), ("info", "INFO"), ("warning", "WARN"), ("error", "ERROR")]
)
def test_the_four_severities(severity, level):
    line = json.dumps({"event": "Invalid token", "severity": severity, "error": "Malformed token"}).encode()
    entry = DIALECT.read(line)
    assert (entry["level"], entry["error"], entry["code"]) == (
        level,
        "Malformed token",
        "gafaelfawr.invalid_token",
    )
    assert json.loads(DIALECT.write(entry))["severity"] == severity


def test_the_access_line_of_uvicorn_in_json():
    line = {
        "event": '10.0.0.1:38114 - "GET /ingress/auth?scope=a HTTP/1.1" 403',
        "severity": "info",
        "httpRequest": {
            "protocol": "HTTP/1.1",
            "requestMethod": "GET",
            "requestUrl": "/ingress/auth?scope=a",
            "status": "403",
        },
    }
    entry = DIALECT.read(json.dumps(line).encode())
    assert entry["code"] == "gafaelfawr.access"
    assert (entry["status"], entry["protocol"], entry["server.request.path"]) == (
        403,
        "http/1.1",
        "/ingress/auth",
    )
    assert json.loads(DIALECT.write(entry))["httpRequest"] == line["httpRequest"]


def test_the_plain_attributes_of_old_versions():
    line = {
        "auth_uri": "/foo",
        "event": "Token authorized",
        "level": "info",
        "logger": "gafaelfawr",
        "method": "GET",
        "path": "/auth",
        "remote": "192.0.2.1",
        "request_id": "5b6f",
        "required_scope": "exec:admin",
        "scope": "exec:admin",
        "user_agent": "curl/8",
    }
    entry = DIALECT.read(json.dumps(line).encode())
    assert entry["server.request.method"] == "GET"
    assert entry["server.request.path"] == "/auth"
    assert entry["server.request.client_ip"] == "192.0.2.1"
    assert entry["server.request.id"] == "5b6f"
    assert entry["required_scope"] == "exec:admin"


def test_the_name_in_a_message_does_not_get_into_its_code():
    entry = DIALECT.read(b'{"event":"Successfully authenticated user ada (1000)","severity":"info"}')
    assert entry["code"] == "gafaelfawr.authenticated"
    assert DIALECT.read(b'{"event":"Something about ada","severity":"info"}')["code"] == "gafaelfawr.message"


def test_what_the_gateway_says():
    assert json.loads(DIALECT.write(REQUEST))["httpRequest"] == {
        "requestUrl": "https://wiki.example.org/pages/engine",
        "status": "200",
        "protocol": "HTTP/1.1",
        "remoteIp": "203.0.113.178",
        "requestMethod": "GET",
    }
    rejected = json.loads(DIALECT.write(REJECTED))
    assert (rejected["event"], rejected["severity"], rejected["user"]) == (
        "Password rejected",
        "warning",
        "ada",
    )


@pytest.mark.parametrize(
    "line",
    [
        b'{"severity":"info"}',
        b'{"event":1,"severity":"info"}',
        b'{"event":"x"}',
        b'{"event":"x","severity":"loud"}',
        b'{"event":"x","severity":"info","timestamp":"yesterday"}',
        b'{"event":"x","severity":"info","logger":{"a":1}}{',
        b'{"event":"x","severity":"info","user":"a","auth.user_id":"b"}',
        b'{"event":"x","severity":"info","httpRequest":{"requestUrl":"/a"},"path":"/b"}',
    ],
)
def test_what_breaks_the_rules_is_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(line)


def test_the_user_agent_of_a_request_is_found_under_our_name():
    line = b'{"event":"e","severity":"info","httpRequest":{"requestMethod":"GET","userAgent":"curl/8"}}'
    assert DIALECT.read(line)["server.request.user_agent"] == "curl/8"


def test_an_access_line_may_hold_quotes_in_its_query():
    line = rb'{"event":"10.1.2.3:9 - \"GET /a?b=\"c\" HTTP/1.1\" 200","severity":"info"}'
    assert DIALECT.read(line)["code"] == "gafaelfawr.access"
