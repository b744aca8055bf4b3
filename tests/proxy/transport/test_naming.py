"""Requests without a client's address, for services that want one."""

import pytest

from yett.events import Scope
from yett.net.http import Connection, Forward, Request, Upstream
from yett.proxy.steps import Call
from yett.proxy.transport import NamingStep, events


def call(address):
    request = Request(Connection(address, 0, is_tls=False), Scope(), b"GET", b"/", "/", "a.example", 0, [], 1)
    return Call(request, "Wiki", None, None)


@pytest.mark.parametrize(
    ("address", "is_named"), [("192.0.2.1", True), ("2001:db8::1", True), ("", False), ("unknown", False)]
)
def test_a_client_without_an_address_is_said_and_served(heard, address, is_named):
    forward = Forward(Upstream("a", 1, send_proxy=1))
    assert NamingStep().prepare(call(address), forward, None) is forward
    assert heard() == ([] if is_named else [(events.nameless, {"app": "Wiki"})])
