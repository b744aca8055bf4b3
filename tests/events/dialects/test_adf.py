import json

import pytest
from tests.events.dialects.entries import REJECTED, STARTED
from tests.events.samples import record

from yett.events import INFO, Native, event
from yett.events.dialects import DIALECTS, Unreadable
from yett.events.dialects.adf import Adf
from yett.events.fields import AdfNumber

DIALECT = Adf()

CONFIRMED = {
    "ID": 33,
    "module": "tg_mod",
    "class": "audit",
    "facility": 13,
    "addr": "198.51.100.7",
    "msg": "[5f0c2e1ab9] User ada confirmed authentication. For client [198.51.100.7]",
    "OUID": "5f0c2e1ab9",
    "req": "radius-1",
    "ip": "192.0.2.10",
    "uname": "ada",
    "geo": "DE",
    "res": "CONFIRM",
}
CREATED = {
    "ID": 184,
    "module": "adf_admin",
    "class": "audit",
    "facility": 13,
    "msg": "LDAP connector creation request for connector 'hq' has failed with error 'no route'.",
    "req": "superadmin::root::root@example.com",
    "ip": "192.0.2.11",
    "error": "no route",
    "Connector_Name": "hq",
    "Connector_ID": "7",
    "Connector_Server": "ldaps://dc.example.com",
    "Connector_Base": "DC=example,DC=com",
}


def test_a_settled_operation_is_read():
    assert DIALECT.read(json.dumps(CONFIRMED).encode()) == {
        "time": "",
        "level": "INFO",
        "audit": True,
        "component": "tg_mod",
        "msg": CONFIRMED["msg"],
        "code": "adf.33",
        "adf.id": 33,
        "addr": "198.51.100.7",
        "server.request.id": "5f0c2e1ab9",
        "req": "radius-1",
        "server.request.client_ip": "192.0.2.10",
        "auth.user_id": "ada",
        "geo": "DE",
        "adf.res": "CONFIRM",
    }


@pytest.mark.parametrize("line", [CONFIRMED, CREATED])
def test_a_line_of_theirs_is_written_as_it_came(line):
    again = json.loads(DIALECT.write(DIALECT.read(json.dumps(line).encode())))
    assert again.pop("severity") in range(8)
    assert again.pop("code") == f"adf.{line['ID']}"
    assert again == line


@pytest.mark.parametrize(
    ("number", "level", "severity"),
    [
        (10, "WARN", 4),
        (12, "ERROR", 3),
        (25, "INFO", 6),
        (34, "WARN", 4),
        (104, "WARN", 4),
        (208, "ERROR", 2),
    ],
)
def test_how_grave_a_message_is_follows_from_its_number(number, level, severity):
    line = {"ID": number, "module": "tg_mod", "class": "event", "facility": 1, "msg": "m"}
    entry = DIALECT.read(json.dumps(line).encode())
    assert entry["level"] == level
    assert json.loads(DIALECT.write(entry))["severity"] == severity


def test_a_message_of_theirs_becomes_syslog_and_comes_back():
    entry = DIALECT.read(json.dumps(CONFIRMED | {"time": "2026-11-22T15:04:05Z"}).encode())
    syslog = DIALECTS["syslog"]
    message = syslog.write(entry)
    assert message.startswith(b"<110>1 2026-11-22T15:04:05.000000Z - yett - adf.33 [yett@32473 component=")
    assert syslog.read(message) == entry


def test_our_events_have_no_number_of_theirs():
    assert json.loads(DIALECT.write(STARTED))["ID"] == 0
    line = json.loads(DIALECT.write(REJECTED))
    assert (line["class"], line["facility"], line["res"]) == ("audit", 13, "FAILURE")
    assert "res" not in json.loads(DIALECT.write(STARTED))


def test_an_event_can_say_which_number_it_stands_for():
    @event("sample.adf", INFO, "OK - Requested check on OTP succeeded.")
    def succeeded(number: AdfNumber) -> None:
        """Nothing to do."""

    entry = DIALECTS["native"].read(Native().line(record(succeeded, 25)))
    assert json.loads(DIALECT.write(entry))["ID"] == 25
    assert DIALECT.read(DIALECT.write(entry)) == entry


@pytest.mark.parametrize(
    "line",
    [
        {"msg": "m"},
        {"ID": "33", "msg": "m"},
        {"ID": -1, "msg": "m"},
        {"ID": True, "msg": "m"},
        {"ID": 33},
        {"ID": 33, "msg": "m", "facility": 24},
        {"ID": 33, "msg": "m", "facility": "13"},
        {"ID": 33, "msg": "m", "severity": 9},
        {"ID": 33, "msg": "m", "uname": "a", "auth.user_id": "b"},
    ],
)
def test_what_breaks_the_rules_is_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(json.dumps(line).encode())
