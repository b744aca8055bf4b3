"""Envoy's messages, against Google's library, and what is said in them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.forward_auth.envoy_messages import check_request, check_response, headers_of

from yett.net.trust import Networks
from yett.proxy.forward_auth.dialects.envoy import read_check, write_check
from yett.proxy.forward_auth.model import Asked, Malformed
from yett.proxy.forward_auth.protobuf import Undecodable
from yett.proxy.forward_auth.told import Told

PROXIES = Networks(("10.0.0.0/8",))


def read(**more):
    return read_check(check_request(**more), PROXIES)


def test_a_question_is_read():
    check = read(
        headers=[
            (":authority", "app.example.test"), ("cookie", "a=1"), ("Authorization", "Bearer x"),
            ("accept", "text/html"), ("x-forwarded-proto", "https"),
        ],
        extensions=[("parameters", "scope=a")],
    )  # fmt: skip
    asked = check.asked
    assert isinstance(asked, Asked)
    assert (asked.method, asked.url) == ("GET", "https://app.example.test/page?x=1")
    assert (asked.cookie, asked.authorization, asked.wants_page) == (b"a=1", b"Bearer x", True)
    assert asked.client == "203.0.113.9"
    assert check.extensions == {"parameters": "scope=a"}


def test_headers_may_come_raw():
    asked = read(raw=[("cookie", b"a=1"), ("cookie", b"b=\xff"), ("x-forwarded-proto", b"https")]).asked
    assert asked.cookie == b"a=1; b=\xff"


def test_a_client_cannot_say_what_it_asked_for():
    forged = [
        ("x-forwarded-uri", "/public"),
        ("x-forwarded-method", "OPTIONS"),
        ("x-forwarded-host", "evil.test"),
    ]
    asked = read(headers=forged).asked
    assert (asked.method, asked.host, asked.path) == ("GET", "app.example.test", "/page")


@pytest.mark.parametrize(
    ("source", "forwarded", "client"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("", "198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_client_is_who_a_trusted_proxy_names(source, forwarded, client):
    headers = [("x-forwarded-for", forwarded)] if forwarded else []
    assert read(source=source, headers=headers).asked.client == client


def test_a_question_without_a_path_is_malformed():
    for path in ("", "*", "http://evil.test/x", "http://[", "x", "?x"):
        assert isinstance(read(path=path).asked, Malformed), path
    assert isinstance(read(host="").asked, Malformed)
    assert isinstance(read(method="").asked, Malformed)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(Undecodable):
        read_check(data, PROXIES)


@given(st.integers(0, 120), st.binary(min_size=1, max_size=3))
def test_a_damaged_question_is_read_or_refused(place, bytes_):
    data = check_request(headers=[("cookie", "a=1")])
    with contextlib.suppress(Undecodable):
        read_check(data[:place] + bytes_ + data[place + 1 :], PROXIES)


def test_a_question_cut_at_any_byte_is_read_or_refused():
    data = check_request(headers=[("cookie", "a=1")], extensions=[("a", "b")])
    for end in range(len(data)):
        with contextlib.suppress(Undecodable):
            read_check(data[:end], PROXIES)


def test_a_yes_sets_what_is_known_and_removes_the_rest():
    told = Told(200, [(b"Remote-User", b"ada"), (b"Remote-Email", b"")], withdrawn=(b"authorization",))
    found = check_response(write_check(told))
    assert found.status.code == 0
    assert found.HasField("ok_response")
    assert headers_of(found.ok_response.headers) == {"remote-user": "ada"}
    removed = set(found.ok_response.headers_to_remove)
    assert {"remote-email", "remote-groups", "x-auth-request-token", "authorization"} <= removed
    assert "remote-user" not in removed


def test_a_no_says_how_it_is_to_be_answered():
    found = check_response(write_check(Told(302, [(b"Location", b"https://x/")], b"Found\n")))
    assert found.status.code == 16
    assert found.denied_response.status.code == 302
    assert headers_of(found.denied_response.headers) == {"location": "https://x/"}
    assert found.denied_response.body == "Found\n"
    assert check_response(write_check(Told(403))).status.code == 7


def test_bytes_that_are_no_text_go_on_as_they_are():
    found = check_response(write_check(Told(200, [(b"Cookie", b"a=\xff")])))
    (option,) = found.ok_response.headers
    assert (option.header.value, option.header.raw_value) == ("", b"a=\xff")
