"""What a question asks for, by its query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.proxy.forward_auth.model import Challenge, Demand, Malformed, Satisfy
from yett.proxy.forward_auth.parameters import demand_of
from yett.tokens import Delegation


@pytest.mark.parametrize(
    ("query", "demand"),
    [
        ("", Demand()),
        ("scope=b&scope=a&satisfy=any", Demand(scopes=frozenset({"a", "b"}), satisfy=Satisfy.ANY)),
        ("auth_type=basic", Demand(challenge=Challenge.BASIC)),
        ("allow_cookies=false&allow_options=True", Demand(allow_cookies=False, allow_options=True)),
        ("notebook=1", Demand(delegation=Delegation(), minimum_lifetime=300)),
        (
            "delegate_to=tap&service=tap&delegate_scope=a&delegate_scope=b&use_authorization=yes",
            Demand(
                service="tap",
                delegation=Delegation("tap", frozenset({"a", "b"})),
                minimum_lifetime=300,
                use_authorization=True,
            ),
        ),
        ("minimum_lifetime=86400", Demand(minimum_lifetime=86400)),
        ("notebook=true&minimum_lifetime=600", Demand(delegation=Delegation(), minimum_lifetime=600)),
        ("only_service=b&only_service=a&only_service=b", Demand(only_services=("b", "a"))),
        ("username=ada&user_domain=on", Demand(username="ada", user_domain=True)),
        ("scope=read%3Aall", Demand(scopes=frozenset({"read:all"}))),
        ("something=new", Demand()),
        ("delegate_scope=a", Demand()),
    ],
)
def test_what_is_demanded(query, demand):
    assert demand_of(query.encode()) == demand


@pytest.mark.parametrize(
    "query",
    [
        "scope=", "scope=a b", "scope=a%20b", "scope=a&scope=%ff", "service=", "service=a/b", "username=Ada",
        "username=",
        "delegate_to=", "minimum_lifetime=", "minimum_lifetime=-1", "minimum_lifetime=0", "minimum_lifetime=1e3",
        "minimum_lifetime=99999999999", "notebook=", "notebook=2", "auth_type=", "auth_type=Bearer", "satisfy=ALL",
        "notebook=true&notebook=false", "username=a&username=b", "=x&%", "scope=%00", "scope=\u00e4", "a&b",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(query):
    assert isinstance(demand_of(query.encode()), Malformed)


def test_not_even_a_proxy_may_ask_without_end():
    assert isinstance(demand_of(b"&".join(b"scope=a" for _ in range(500))), Malformed)


@given(st.binary(max_size=80))
def test_any_query_is_understood_or_refused(query):
    assert isinstance(demand_of(query), (Demand, Malformed))
