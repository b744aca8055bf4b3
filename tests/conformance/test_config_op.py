"""Config OP: OpenID Connect Discovery 1.0, section 3, and the keys that it leads to."""

import json

import pytest
from tests.journeys.gateway import SIGN_IN


def test_discovery_endpoint_verification(suite):
    said = suite.metadata
    assert said["issuer"] == suite.issuer
    for name in (
        "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
        "introspection_endpoint", "revocation_endpoint", "pushed_authorization_request_endpoint",
    ):  # fmt: skip
        assert said[name].startswith(f"{suite.issuer}/"), name
    assert "code" in said["response_types_supported"]
    assert "public" in said["subject_types_supported"]
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert "none" not in said["id_token_signing_alg_values_supported"]
    assert "openid" in said["scopes_supported"]
    assert {"sub", "iss", "auth_time", "name", "email"} <= set(said["claims_supported"])
    assert said["claims_parameter_supported"] is True
    assert (said["request_parameter_supported"], said["request_uri_parameter_supported"]) == (False, False)
    assert {"query", "form_post"} <= set(said["response_modes_supported"])
    assert {"authorization_code", "refresh_token"} <= set(said["grant_types_supported"])
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt"} <= set(
        said["token_endpoint_auth_methods_supported"]
    )
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert all(value not in (None, [], "") for value in said.values())


@pytest.mark.parametrize(
    "path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"]
)
def test_documents_are_json_that_scripts_may_read(suite, path):
    page = suite.gateway.fetch("GET", SIGN_IN, path)
    assert page.status == 200
    assert page.header("content-type").startswith("application/json")
    assert page.header("access-control-allow-origin") == "*"
    assert json.loads(page.body)["issuer"] == suite.issuer


def test_jwks_holds_public_keys_alone_each_with_a_name_of_its_own(suite):
    keys = json.loads(suite.fetch(suite.metadata["jwks_uri"]).body)["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert key["use"] == "sig"
        assert key["kty"] in {"RSA", "EC", "OKP"}
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & key.keys()
        if key["kty"] == "RSA":
            assert len(key["n"]) >= 342
    algorithms = {key["alg"] for key in keys}
    assert set(suite.metadata["id_token_signing_alg_values_supported"]) <= algorithms


def test_what_is_said_is_so(suite):
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        page = suite.fetch(
            suite.metadata[name], "POST", {"Content-Type": "application/x-www-form-urlencoded"}, "x=y"
        )
        assert page.status in {400, 401}, name
    assert suite.fetch(suite.metadata["userinfo_endpoint"]).status == 401
    # Nobody is signed in there: it is the page that says so.
    assert suite.fetch(suite.metadata["end_session_endpoint"]).status in {200, 303}
