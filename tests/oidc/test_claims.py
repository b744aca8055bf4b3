"""The `claims` parameter."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.oidc import claims


def read(**document):
    return claims.read_claims(json.dumps(document))


def test_what_is_asked_is_understood():
    asked = read(
        userinfo={"email": None, "name": {"essential": True}},
        id_token={"acr": {"essential": True, "values": ["mfa", 5, "x" * 300]}, "sub": {"value": "ada"}},
        verified_claims={"whatever": 1},
    )
    assert asked == {
        "id_token": {"acr": {"essential": True, "values": ["mfa"]}, "sub": {"values": ["ada"]}},
        "userinfo": {"email": {}, "name": {"essential": True}},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "1",
        "{",
        '{"userinfo": []}',
        '{"userinfo": {"email": 1}}',
        '{"userinfo": {"email": {"values": "x"}}}',
        '{"userinfo": {"a": null}, "userinfo": {"b": null}}',
        '{"id_token": {"acr": null, "acr": {"value": "mfa"}}}',
        "[" * 2000,
        '{"userinfo":' * 500,
        '{"userinfo": {' + ",".join(f'"c{number}": null' for number in range(33)) + "}}",
        json.dumps({"userinfo": {"x" * 4096: None}}),
        '{"userinfo": NaN}',
    ],
)
def test_what_is_not_an_object_of_objects_is_refused(text):
    assert claims.read_claims(text) is None


def test_values_that_no_store_or_token_could_hold_are_passed_over():
    asked = claims.read_claims(
        '{"userinfo": {"a": {"value": "\\ud800"}, "b": {"value": 1e999}, "c": {"value": 123456789012345678901},'
        ' "\\ud800": null, "d": {"essential": "yes"}}}'
    )
    assert asked == {"userinfo": {"a": {}, "b": {}, "c": {}, "d": {}}}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner),
        max_leaves=8,
    )
)
def test_whatever_comes_out_can_be_kept(document):
    for place in ("userinfo", "id_token"):
        found = claims.read_claims(json.dumps({place: document}))
        if found is not None:
            msgspec.json.encode(found)
            claims.permitted(found, ("email",))
            claims.subject_wanted(found)
            claims.acr_wanted(found)


def test_a_client_hears_what_its_scopes_cover():
    asked = read(userinfo={"email": None, "name": None, "sub": None, "secret": None})
    assert claims.permitted(asked, ("openid", "email")) == {"userinfo": {"email": {}, "sub": {}}}
    assert claims.scopes_implied(asked) == {"email", "profile"}


def test_only_one_person_can_be_asked_for():
    assert claims.subject_wanted({}) == ""
    assert claims.subject_wanted(read(id_token={"sub": {"value": "ada"}})) == "ada"
    assert claims.subject_wanted(read(id_token={"sub": {"values": ["ada", "bob"]}})) is None


def test_an_essential_acr_has_values():
    assert claims.acr_wanted(read(id_token={"acr": {"essential": True}})) == ((), False)
    assert claims.acr_wanted(read(id_token={"acr": {"values": ["mfa"]}})) == (("mfa",), False)
    assert claims.acr_wanted(read(id_token={"acr": {"essential": True, "value": "mfa"}})) == (("mfa",), True)
