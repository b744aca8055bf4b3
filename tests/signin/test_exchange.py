"""What is read from a request."""

import pytest
from starlette.requests import Request

from yett.signin.exchange import (
    device_name,
    device_of,
    pending_token,
    pre_cookie,
    pre_cookie_or_new,
    visitor_of,
)

PRE = "p" * 43


def request(cookies="", **headers):
    lines = {"cookie": cookies, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in lines.items() if value],
            "state": {"client_address": "192.0.2.7"},
        }
    )


@pytest.mark.parametrize("value", ["", "short", "x" * 44, "ö" * 43, "a b", PRE + ";"])
def test_only_a_cookie_of_ours_tells_a_browser(value):
    sent = request(f"__Host-yett-pre={value}" if value else "")
    if value == PRE + ";":
        assert pre_cookie(sent) == PRE
        return
    assert pre_cookie(sent) == device_of(sent) == ""
    assert len(pre_cookie_or_new(sent)) == 43


def test_a_device_is_known_by_its_cookie_and_gives_nothing_away_of_it():
    sent = request(f"__Host-yett-pre={PRE}")
    assert device_of(sent) == device_name(PRE) != device_name("q" * 43)
    assert PRE not in device_of(sent)
    assert pre_cookie_or_new(sent) == PRE


def test_a_visitor_is_address_program_language_and_device():
    visitor = visitor_of(request(f"__Host-yett-pre={PRE}", user_agent="x" * 500, accept_language="de-AT"))
    assert (visitor.address, visitor.language, visitor.device) == ("192.0.2.7", "de-AT", device_name(PRE))
    assert len(visitor.user_agent) == 200
    assert visitor_of(request(), pre=PRE).device == device_name(PRE)


def test_the_token_of_a_half_finished_sign_in_is_in_its_own_cookie():
    assert pending_token(request("__Host-yett-sso=a; __Host-yett-pending=b")) == "b"
    assert pending_token(request("__Host-yett-sso=a")) == ""
