import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.proxy.conftest import request_for

from yett.net.http import Forward, Upstream
from yett.proxy.shadow import Shadow, copy_of, wants

THERE = Upstream("10.0.0.9", 90)
SENT = Forward(
    Upstream("10.0.0.1", 80),
    add=b"X-Yett-User: ada\r\nAuthorization: Bearer inner\r\n",
    drop=frozenset({b"x-one"}),
    drop_cookies=frozenset({b"__Host-yett"}),
    host=b"inner",
    target=b"/changed",
    response_add=b"Strict-Transport-Security: max-age=1\r\n",
    forwarded=b"X-Forwarded-For: 192.0.2.7\r\n",
)


def shadow(**changes):
    return Shadow("next", THERE, "10.0.0.9:90", **changes)


def ask(method="GET", **headers):
    return request_for(method, "/", {"Host": "wiki.example.test", **headers})


@pytest.mark.parametrize(
    ("changes", "method", "headers", "drawn", "is_wanted"),
    [
        ({}, "GET", {}, 0.999, True),
        ({}, "POST", {}, 0.0, True),
        ({"percent": 0.0}, "GET", {}, 0.0, False),
        ({"percent": 10.0}, "GET", {}, 0.099, True),
        ({"percent": 10.0}, "GET", {}, 0.1, False),
        ({"methods": frozenset({b"GET"})}, "GET", {}, 0.0, True),
        ({"methods": frozenset({b"GET"})}, "POST", {}, 0.0, False),
        ({}, "GET", {"X-Yett-Shadow": "next"}, 0.0, False),
        ({}, "GET", {"Connection": "Upgrade", "Upgrade": "websocket"}, 0.0, False),
    ],
)
def test_which_requests_are_copied(changes, method, headers, drawn, is_wanted):
    assert wants(shadow(**changes), ask(method, **headers), drawn) is is_wanted


def test_a_copy_tells_nobody_who_was_calling_and_lets_nobody_act_as_them():
    copy = copy_of(shadow(), SENT)
    assert copy.upstream is THERE
    assert copy.add == b"X-Yett-Shadow: next\r\n"
    assert copy.drop >= {b"x-one", b"cookie", b"authorization", b"x-api-key"}
    assert (copy.host, copy.target, copy.forwarded) == (b"", b"/changed", b"")
    assert copy.plan is None


def test_identity_is_told_where_that_is_asked_for_and_still_no_credentials():
    copy = copy_of(shadow(identity=True), SENT)
    assert copy.add == b"X-Yett-User: ada\r\nX-Yett-Shadow: next\r\n"
    assert copy.forwarded == SENT.forwarded
    assert b"cookie" in copy.drop


def test_credentials_are_sent_where_that_is_asked_for_and_still_none_of_ours():
    copy = copy_of(shadow(identity=True, credentials=True), SENT)
    assert copy.add == SENT.add + b"X-Yett-Shadow: next\r\n"
    assert copy.drop == {b"x-one"}
    assert copy.drop_cookies == {b"__Host-yett"}


def test_more_fields_can_be_left_out_of_what_we_add_too():
    copy = copy_of(shadow(identity=True, drop=frozenset({b"x-yett-user"})), SENT)
    assert copy.add == b"X-Yett-Shadow: next\r\n"
    assert b"x-yett-user" in copy.drop


@given(st.binary(max_size=200))
def test_whatever_is_added_is_cut_into_lines_safely(add):
    made = copy_of(shadow(identity=True), Forward(THERE, add=add)).add
    assert made.endswith(b"X-Yett-Shadow: next\r\n")
