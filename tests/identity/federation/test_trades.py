import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity.federation import Given, Reason, Refused, Trade, TradeGrant, Wrong
from yett.identity.federation.trades import MAX_SECONDS, MAX_TOKEN, form_of, is_resource, judge
from yett.net.fetching import Fetched

JWT_BEARER, EXCHANGE = TradeGrant.JWT_BEARER, TradeGrant.TOKEN_EXCHANGE
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GOOD = {
    "access_token": "a.b-c_d~e+f/g==",
    "token_type": "Bearer",
    "issued_token_type": ACCESS_TOKEN,
    "expires_in": 60,
}


def trade(**more):
    return Trade(
        **{
            "provider": "acme",
            "issuer": "https://idp.example",
            "client_id": "us",
            "grant": JWT_BEARER,
            **more,
        }
    )


def answer(body, status=200):
    return Fetched(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())


def with_(**changes):
    """The good answer with other members; without those that are `...`."""
    return {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}


# What is asked.


def test_a_token_is_handed_over_as_an_assertion():
    """RFC 7523, section 2.1."""
    assert form_of(trade(), "h.p.s") == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "h.p.s",
    }


def test_a_token_is_handed_over_as_the_subject_of_an_exchange():
    """RFC 8693, section 2.1."""
    assert form_of(trade(grant=EXCHANGE, audience="orders", scope="read write"), "h.p.s") == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "h.p.s",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "requested_token_type": ACCESS_TOKEN,
        "audience": "orders",
        "scope": "read write",
    }


def test_an_audience_that_is_an_address_is_asked_for_as_a_resource():
    audience = "https://orders.example.org/v1?a=b"
    assert form_of(trade(audience=audience), "t")["resource"] == audience
    assert "audience" not in form_of(trade(audience=audience), "t")
    exchanged = form_of(trade(grant=EXCHANGE, audience=audience), "t")
    assert (exchanged["resource"], exchanged["audience"]) == (audience, audience)


@pytest.mark.parametrize(
    ("audience", "is_so"),
    [
        ("https://orders.example.org", True),
        ("https://orders.example.org/%C3%A9?x=1", True),
        ("urn:example:orders", True),
        ("api://0a1b2c3d", True),
        ("https://[2001:db8::1]/", True),
        ("https://orders.example.org/#top", False),
        ("https://orders.example.org/%4", False),
        ("//orders.example.org", False),
        ("/orders", False),
        ("orders", False),
        ("1a:b", False),
        ("https:", False),
        ("https://a^b", False),
        ("https://a\n", False),
        ("", False),
    ],
)
def test_a_resource_is_an_absolute_uri_without_fragment(audience, is_so):
    """RFC 8707, section 2."""
    assert is_resource(audience) is is_so


# What comes back.


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 60),
        ({"expires_in": ...}, None),
        ({"expires_in": MAX_SECONDS - 1}, MAX_SECONDS - 1),
        ({"expires_in": 1}, 1),
        ({"token_type": "bEARER"}, 60),
        ({"issued_token_type": "urn:ietf:params:oauth:token-type:jwt"}, 60),
        ({"refresh_token": "x", "scope": "less", "id_token": 7}, 60),
    ],
)
@pytest.mark.parametrize("grant", TradeGrant)
def test_a_proper_answer_is_a_token(changes, seconds, grant):
    assert judge(answer(with_(**changes)), grant) == Given(GOOD["access_token"], seconds)


def test_only_an_exchange_says_what_kind_of_token_it_gives():
    for kind in (..., "urn:example:other"):
        assert isinstance(judge(answer(with_(issued_token_type=kind)), JWT_BEARER), Given)
        assert judge(answer(with_(issued_token_type=kind)), EXCHANGE) is Wrong.ISSUED_TOKEN_TYPE


def test_the_longest_token_is_taken_and_no_longer_one():
    assert isinstance(judge(answer(with_(access_token="x" * MAX_TOKEN)), EXCHANGE), Given)
    assert judge(answer(with_(access_token="x" * (MAX_TOKEN + 1))), EXCHANGE) is Wrong.ACCESS_TOKEN


BAD = [
    *((body, Wrong.NO_OBJECT) for body in (
        b"", b"{", b"[]", b"null", b"7", b'"a.b.c"', b"\xff{}", b"access_token=a&token_type=bearer", b"<html>",
        b'{"access_token": "a", "access_token": "b", "token_type": "Bearer"}', b'{"expires_in": NaN}',
        b"[" * 100_000, b'{"expires_in": ' + b"9" * 5000 + b"}", [GOOD],
    )),
    *((with_(access_token=token), Wrong.ACCESS_TOKEN) for token in (
        ..., None, "", "=", "==", "a=b", "a b", " a", "a ", "a\n", "a\r\nX-Admin: yes", "a\x00", "a\x7f", "\u00e9",
        "\uff21", "a,b", "a;b", 'a"b', "a\u2028", "\ud800", 7, True, ["a"], {"a": "b"}, 1.5,
    )),
    *((with_(token_type=kind), Wrong.TOKEN_TYPE) for kind in (
        ..., None, "", "DPoP", "mac", "N_A", "bearer ", "Bearer\n", "Bearer, DPoP", "\u212a", 7, True, ["Bearer"],
    )),
    *((with_(issued_token_type=kind), Wrong.ISSUED_TOKEN_TYPE) for kind in (
        ..., None, "", "access_token", "urn:ietf:params:oauth:token-type:refresh_token",
        "urn:ietf:params:oauth:token-type:id_token", ACCESS_TOKEN.upper(), f"{ACCESS_TOKEN} ", [ACCESS_TOKEN], 1,
    )),
    *((with_(expires_in=seconds), Wrong.EXPIRES_IN) for seconds in (
        None, 0, -1, 60.0, 0.5, 1e300, "60", "", True, False, [60], {}, MAX_SECONDS, 10**30,
    )),
]  # fmt: skip


@pytest.mark.parametrize(("body", "wrong"), BAD)
def test_what_is_no_bearer_token_is_not_taken(body, wrong):
    assert judge(answer(body), EXCHANGE) is wrong


@pytest.mark.parametrize(
    ("status", "body", "refused"),
    [
        (400, {"error": "invalid_grant"}, Refused(Reason.EXCHANGE, "invalid_grant")),
        (
            400,
            {"error": "invalid_target", "error_description": "h.p.s"},
            Refused(Reason.EXCHANGE, "invalid_target"),
        ),
        (401, {"error": "invalid_client"}, Refused(Reason.EXCHANGE, "invalid_client")),
        (400, {"error": "I do not like Ada"}, Refused(Reason.EXCHANGE, "status 400")),
        (400, {"error": "x" * 65}, Refused(Reason.EXCHANGE, "status 400")),
        (400, {"error": "a\nb"}, Refused(Reason.EXCHANGE, "status 400")),
        (400, {"error": ["invalid_grant"]}, Refused(Reason.EXCHANGE, "status 400")),
        (404, b"<html>", Refused(Reason.EXCHANGE, "status 404")),
        (302, b"", Refused(Reason.EXCHANGE, "status 302")),
        (201, GOOD, Refused(Reason.EXCHANGE, "status 201")),
        (429, b"", Refused(Reason.UNREACHABLE, "status 429")),
        (500, {"error": "server_error"}, Refused(Reason.UNREACHABLE, "server_error")),
        (503, b"", Refused(Reason.UNREACHABLE, "status 503")),
    ],
)
def test_of_a_refusal_nothing_but_its_code_is_kept(status, body, refused):
    assert judge(answer(body, status), EXCHANGE) == refused


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {"access_token": ANYTHING | st.text("aA0-._~+/= \r\n:\x00\xe9", max_size=30)},
        optional={
            "token_type": ANYTHING | st.just("Bearer"),
            "issued_token_type": ANYTHING | st.just(ACCESS_TOKEN),
            "expires_in": ANYTHING | st.integers(1, 9),
        },
    ),
    st.sampled_from(TradeGrant),
)
def test_whatever_comes_nothing_but_a_token_gets_into_a_header_line(said, grant):
    found = judge(answer(with_(**said)), grant)
    if isinstance(found, Given):
        assert re.fullmatch(
            rb"[\x21\x2b\x2d-\x39\x3d\x41-\x5a\x5f\x61-\x7a\x7e]{1,16384}", found.token.encode("ascii")
        )
        assert found.seconds is None or 0 < found.seconds < MAX_SECONDS
    else:
        assert isinstance(found, Wrong)


@given(st.binary(max_size=200), st.integers(200, 599), st.sampled_from(TradeGrant))
def test_any_bytes_get_a_verdict(body, status, grant):
    found = judge(answer(body, status), grant)
    assert isinstance(found, (Wrong, Refused))
    if isinstance(found, Refused):
        assert re.fullmatch(r"[A-Za-z0-9_.: -]{1,64}", found.detail)


def test_a_token_does_not_show_itself():
    assert "a.b" not in repr(judge(answer(GOOD), EXCHANGE))
