"""The form of answers to `/ingress/auth`. What they say is tried in `test_service`."""

import pytest

from yett.proxy.forward_auth.dialects.gafaelfawr import Gafaelfawr
from yett.proxy.forward_auth.model import Asked, Challenge, Demand, Limited, Malformed, Refused, Why

DIALECT = Gafaelfawr(
    "https://login.example.test", "login.example.test", "__Secure-yett-token", "example.test"
)
ASKED = Asked("GET", "https", "app.example.test", 0, "/", "")


def refused(why, **more):
    return Refused(why, 'It says "no"\\', **more)


@pytest.mark.parametrize(
    ("why", "status", "real"),
    [
        (Why.INVALID_REQUEST, 403, b"400"),
        (Why.INVALID_TOKEN, 401, b"401"),
        (Why.INSUFFICIENT_SCOPE, 403, b"403"),
        (Why.CORS, 403, b"403"),
        (Why.OPTIONS, 403, b"404"),
        (Why.RATE_LIMITED, 403, b"429"),
    ],
)
def test_nginx_sees_401_or_403_and_the_rest_stands_in_a_field(why, status, real):
    told = DIALECT.refused(ASKED, Demand(), refused(why))
    assert told.status == status
    assert dict(told.headers)[b"X-Error-Status"] == real
    assert dict(told.headers)[b"X-Error-Body"] == told.body
    assert dict(told.headers)[b"Cache-Control"] == b"no-cache, no-store"


def test_what_cannot_be_done_at_the_moment_is_500():
    assert DIALECT.refused(ASKED, Demand(), refused(Why.UNAVAILABLE)).status == 500


def test_a_description_cannot_leave_its_quotes():
    value = DIALECT.challenge(Challenge.BEARER, refused(Why.INSUFFICIENT_SCOPE, scopes=("a", "b")))
    assert value == (
        b'Bearer realm="login.example.test", error="insufficient_scope", error_description="It says no", scope="a b"'
    )


def test_a_limit_says_when_to_come_back():
    limited = Limited(10, 10, 0, 1_000_000_000.0, "tap", is_exceeded=True)
    headers = dict(DIALECT.refused(ASKED, Demand(), refused(Why.RATE_LIMITED), limited).headers)
    assert headers[b"Retry-After"] == b"Sun, 09 Sep 2001 01:46:40 GMT"
    assert headers[b"X-RateLimit-Reset"] == b"1000000000"
    assert b"WWW-Authenticate" not in headers


def test_a_fault_names_its_place():
    told = DIALECT.malformed(Malformed(("query", "scope"), "value_error", "No"))
    assert (told.status, told.body) == (
        422,
        b'{"detail":[{"type":"value_error","loc":["query","scope"],"msg":"No"}]}',
    )
