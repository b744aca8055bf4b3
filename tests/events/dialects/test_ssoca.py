import json

import pytest
from tests.events.dialects.entries import STARTED

from yett.events.dialects import Unreadable, Unwritable
from yett.events.dialects.ssoca import Ssoca

DIALECT = Ssoca()

SIGNED = {
    "level": "info",
    "msg": "Signed ssh certificate",
    "time": "2017-02-21T02:12:22Z",
    "server.request.id": "0a4f6a0b-7f4b-4d5c-9f6e-5b8f3c1d2e4f",
    "server.request.client_ip": "203.0.113.178",
    "server.request.remote_addr": "[::1]:50520",
    "server.request.x_forwarded_for": "203.0.113.178, 172.20.78.8",
    "server.request.user_agent": "ssoca-client/0.7.0",
    "service.name": "failover-vpn",
    "service.type": "openvpn",
    "auth.service": "auth",
    "auth.user_id": "somebody@example.com",
    "certauth.name": "vpn",
    "certauth.ssh.key_id": "ada",
    "certauth.ssh.valid_after": "2017-02-21T02:12:17Z",
    "certauth.ssh.valid_before": "2017-02-21T02:14:22Z",
}
"""The example values of the reference."""


def test_names_are_our_own():
    entry = DIALECT.read(json.dumps(SIGNED).encode())
    assert entry == SIGNED | {
        "level": "INFO",
        "time": "2017-02-21T02:12:22.000000Z",
        "component": "ssoca",
        "code": "ssoca.signed_ssh",
    }


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("DEBUG", "DEBUG"),
        ("INFO", "INFO"),
        ("WARN", "WARN"),
        ("ERROR", "ERROR"),
        ("FATAL", "ERROR"),
        ("PANIC", "ERROR"),
    ],
)
def test_the_documented_levels_come_back(word, level):
    line = json.dumps({"level": word, "msg": "m", "time": "2017-02-21T02:12:22Z"}).encode()
    entry = DIALECT.read(line)
    assert entry["level"] == level
    assert json.loads(DIALECT.write(entry))["level"] == word


def test_what_the_gateway_says():
    line = DIALECT.write(STARTED)
    assert json.loads(line)["msg"] == "Part started"
    assert DIALECT.read(line) == STARTED


@pytest.mark.parametrize(
    "line",
    [
        b'{"level":"INFO","msg":"m"}',
        b'{"level":"INFO","time":"2017-02-21T02:12:22Z"}',
        b'{"msg":"m","time":"2017-02-21T02:12:22Z"}',
        b'{"level":"INFO","msg":["m"],"time":"2017-02-21T02:12:22Z"}',
        b'{"level":"INFO","msg":"m","time":1487643142}',
    ],
)
def test_what_lacks_a_global_field_is_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(line)


def test_a_record_without_a_time_has_no_form():
    with pytest.raises(Unwritable):
        DIALECT.write(STARTED | {"time": ""})
