"""Who is asked for consent, in which words, and what is remembered of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.conftest import SHOPPING

from yett.oidc import rules as request_rules
from yett.oidc.clients import AuthMethod, Client, Consent, Kind
from yett.oidc.consent import Given, Standing, rules

SHOP = Client(
    "shop",
    frozenset({SHOPPING["redirect_uri"], "http://127.0.0.1/cb", "com.example.app:/cb"}),
    frozenset({"openid", "email", "profile", "groups", "offline_access", "read"}),
    kind=Kind.CONFIGURED,
    auth_method=AuthMethod.BASIC,
)


def asked(client=SHOP, **changed):
    return request_rules.read_request(tuple({**SHOPPING, **changed}.items()), {"shop": client})


@pytest.mark.parametrize(
    ("client", "changed", "standing"),
    [
        (SHOP, {}, Standing.LOOK),
        (SHOP, {"prompt": "consent"}, Standing.ASK),
        (replace(SHOP, consent=Consent.ALWAYS), {}, Standing.ASK),
        (replace(SHOP, consent=Consent.IMPLICIT), {}, Standing.COVERED),
        (replace(SHOP, consent=Consent.IMPLICIT), {"prompt": "consent"}, Standing.ASK),
        (replace(SHOP, auth_method=AuthMethod.NONE), {}, Standing.LOOK),
        (replace(SHOP, auth_method=AuthMethod.NONE), {"redirect_uri": "http://127.0.0.1:5/cb"}, Standing.ASK),
        (replace(SHOP, auth_method=AuthMethod.NONE), {"redirect_uri": "com.example.app:/cb"}, Standing.ASK),
        (SHOP, {"redirect_uri": "http://127.0.0.1:5/cb"}, Standing.LOOK),
        (replace(SHOP, kind=Kind.INTERNAL, consent=Consent.ALWAYS), {}, Standing.COVERED),
    ],
)
def test_whether_somebody_is_asked(client, changed, standing):
    assert rules.standing(client, asked(client, **changed)) is standing


def test_single_claims_count_as_the_scopes_that_stand_for_them():
    wanted = asked(scope="read groups openid", claims='{"userinfo": {"email": null, "secret": null}}')
    assert rules.scopes_wanted(wanted.scope, wanted.claims) == ("openid", "email", "groups", "read")
    assert rules.sentences(("email", "read")) == ("Know your mail address", "Use “read”")


def test_what_was_allowed_covers_less_but_not_more():
    datum = rules.with_given({}, Given("shop", frozenset({"openid", "email"}), 1.0, "The Shop"))
    assert rules.is_covered(datum, "shop", ("openid",))
    assert not rules.is_covered(datum, "shop", ("openid", "groups"))
    assert not rules.is_covered(datum, "other", ("openid",))
    more = rules.with_given(datum, Given("shop", frozenset({"groups"}), 2.0))
    assert rules.is_covered(more, "shop", ("openid", "email", "groups"))
    assert rules.without(more, "shop") == {"clients": {}}
    assert rules.without(more, "other") is None


def test_beyond_the_limit_the_oldest_is_forgotten():
    datum = {"kept": 1}
    for number in range(rules.MOST + 5):
        datum = rules.with_given(datum, Given(f"c{number}", frozenset({"openid"}), float(number)))
    given = rules.given_in(datum)
    assert len(given) == rules.MOST
    assert (given[0].client_id, given[-1].client_id) == (f"c{rules.MOST + 4}", "c5")
    assert datum["kept"] == 1


@given(
    st.dictionaries(
        st.sampled_from(["clients", "x"]),
        st.recursive(
            st.none() | st.text() | st.floats(),
            lambda inner: (
                st.lists(inner) | st.dictionaries(st.sampled_from(["shop", "scopes", "at", "name"]), inner)
            ),
        ),
    )
)
def test_what_has_another_shape_was_not_allowed(datum):
    assert not rules.is_covered(datum, "shop", ("openid",))
