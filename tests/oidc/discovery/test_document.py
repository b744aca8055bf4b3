"""The metadata document."""

from yett.oidc.discovery import document
from yett.oidc.discovery.document import own_facts

ISSUER = "https://login.example.test"


def test_parts_are_put_together():
    assert document(
        [{"a": ["x", "y"], "b": 1, "c": None}, {"a": ("y", "z"), "b": 2, "d": ("q",)}, {"b": None}]
    ) == {"a": ["x", "y", "z"], "b": 2, "d": ["q"]}


def test_what_is_said_without_being_asked_is_what_is_done():
    whole = document([own_facts(ISSUER, can_push=True)])
    assert whole["issuer"] == ISSUER
    assert whole["response_types_supported"] == ["code"]
    assert whole["response_modes_supported"] == ["query", "form_post"]
    assert whole["code_challenge_methods_supported"] == ["S256"]
    # Left out, these two would mean something else (OpenID Connect Discovery, section 3).
    assert whole["request_uri_parameter_supported"] is False
    assert whole["request_parameter_supported"] is False
    assert whole["authorization_response_iss_parameter_supported"] is True
    assert {"sub", "name", "email", "groups", "acr"} <= set(whole["claims_supported"])
    assert "phone_number" not in whole["claims_supported"]


def test_what_is_not_there_is_not_said():
    without = document([own_facts(ISSUER, can_push=False)])
    assert not any("push" in name for name in without)
