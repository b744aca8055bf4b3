"""Who may pass."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.identity.access import Assurance
from yett.proxy.forward_auth.model import Asked, Demand, Holder, Passed, Satisfy, Why
from yett.proxy.forward_auth.rules import is_below, is_users_own, judge, judge_options
from yett.tokens import Group, Source, TokenData, TokenType, UserInfo

NOW = 1_000_000.0
ASKED = Asked("GET", "https", "ada.example.test", 0, "/", "")
TOKEN = TokenData("k" * 22, "ada", TokenType.USER, frozenset({"a", "b"}), NOW - 10, NOW + 1000)
INFO = UserInfo("ada", "Ada", "Ada@Example.test", groups=(Group("x"), Group("y")))
HOLDER = Holder(TOKEN, Source.BEARER, INFO)


def verdict(demand, holder=HOLDER, asked=ASKED, longest=10_000.0):
    return judge(demand, asked, holder, now=NOW, longest=longest, domain="example.test")


def outcome(demand, **more):
    found = verdict(demand, **more)
    return "passed" if isinstance(found, Passed) else found.why


@pytest.mark.parametrize(
    ("demand", "expected"),
    [
        (Demand(), "passed"),
        (Demand(is_closed=True), Why.INSUFFICIENT_SCOPE),
        (Demand(scopes=frozenset({"a", "b"})), "passed"),
        (Demand(scopes=frozenset({"a", "c"})), Why.INSUFFICIENT_SCOPE),
        (Demand(scopes=frozenset({"a", "c"}), satisfy=Satisfy.ANY), "passed"),
        (Demand(scopes=frozenset({"c"}), satisfy=Satisfy.ANY), Why.INSUFFICIENT_SCOPE),
        (Demand(satisfy=Satisfy.ANY), Why.INSUFFICIENT_SCOPE),
        (Demand(minimum_lifetime=1000), "passed"),
        (Demand(minimum_lifetime=1001), Why.INVALID_TOKEN),
        (Demand(minimum_lifetime=9700), Why.INVALID_TOKEN),
        (Demand(minimum_lifetime=9701), Why.LIFETIME),
        (Demand(username="ada"), "passed"),
        (Demand(username="adaa"), Why.INSUFFICIENT_SCOPE),
        (Demand(only_services=("",)), "passed"),
        (Demand(only_services=("tap",)), Why.INSUFFICIENT_SCOPE),
        (Demand(user_domain=True), "passed"),
        (Demand(groups=(frozenset({"x", "z"}), frozenset({"y"}))), "passed"),
        (Demand(groups=(frozenset({"x"}), frozenset({"z"}))), Why.INSUFFICIENT_SCOPE),
        (Demand(emails=frozenset({"Ada@example.test"})), "passed"),
        (Demand(emails=frozenset({"@example.test"})), "passed"),
        (Demand(emails=frozenset({"ada@example.test"})), Why.INSUFFICIENT_SCOPE),
        (Demand(assurance=Assurance.MFA), Why.MORE_PROOF),
        # Whoever may not pass at all is not asked for more proof first.
        (Demand(assurance=Assurance.MFA, username="bob"), Why.INSUFFICIENT_SCOPE),
        (Demand(assurance=Assurance.MFA, scopes=frozenset({"c"})), Why.INSUFFICIENT_SCOPE),
    ],
)
def test_the_order_of_the_rules(demand, expected):
    assert outcome(demand) == expected


def test_an_endless_token_always_lasts_long_enough():
    endless = replace(HOLDER, token=replace(TOKEN, expires=None))
    assert outcome(Demand(minimum_lifetime=9000), holder=endless) == "passed"


def test_more_proof_is_enough():
    strong = replace(HOLDER, assurance=Assurance.PHISHING_RESISTANT)
    assert outcome(Demand(assurance=Assurance.MFA), holder=strong) == "passed"


@given(st.frozensets(st.sampled_from("abcd")), st.sampled_from(Satisfy))
def test_nobody_passes_without_a_scope_that_counts(scopes, satisfy):
    found = outcome(Demand(scopes=scopes, satisfy=satisfy))
    enough = scopes <= TOKEN.scopes if satisfy is Satisfy.ALL else bool(scopes & TOKEN.scopes)
    assert (found == "passed") is enough


@pytest.mark.parametrize(
    ("host", "is_there"),
    [
        ("example.test", True), ("a.example.test", True), ("badexample.test", False), ("example.test.evil", False),
        ("", False), ("test", False), ("EXAMPLE.test", False),
    ],
)  # fmt: skip
def test_what_is_below_a_domain(host, is_there):
    assert is_below(host, "example.test") is is_there
    assert not is_below(host, "")


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("ada.example.test", True), ("ada.x.example.test", True), ("example.test", False), ("ada.", False),
        ("x.ada.example.test", False), ("ada-x.example.test", False), ("ada.evil.test", False),
    ],
)  # fmt: skip
def test_whose_host_it_is(host, is_own):
    assert is_users_own(host, "ada", "example.test") is is_own


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://a.example.test", "passed"), ("http://example.test", "passed"), ("https://A.Example.TEST:1", "passed"),
        ("https://example.test.evil", Why.CORS), ("https://a.example.test/", Why.CORS), ("null", Why.CORS),
        ("https://a.example.test, https://evil.test", Why.CORS), ("https://evil.test#a.example.test", Why.CORS),
        ("https://u@a.example.test", Why.CORS), ("file://a.example.test", Why.CORS),
        ("https://a.example.test\x00", Why.CORS),
    ],
)  # fmt: skip
def test_whose_preflights_pass(origin, expected):
    asked = replace(ASKED, method="OPTIONS", origin=origin, preflight_method="PUT")
    found = judge_options(Demand(), asked, "example.test")
    assert ("passed" if isinstance(found, Passed) else found.why) == expected
