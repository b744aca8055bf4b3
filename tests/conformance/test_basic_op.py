"""Basic OP: the code flow of OpenID Connect Core 1.0. Each test is called what the suite's module is called."""

import json
import time
from urllib.parse import urlencode

import pytest
from tests.conformance.suite import CALLBACK, answer_of, wait_past
from tests.journeys.gateway import SIGN_IN, Page


def members(page):
    assert page.status == 200, page.body
    assert page.header("content-type").startswith("application/json")
    return json.loads(page.body)


def test_server(suite):
    client = suite.client()
    tokens, claims = client.flow(suite.person())
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] > 0
    assert claims["nonce"] == client.nonce
    assert members(suite.user_info(tokens["access_token"]))["sub"] == claims["sub"]


def test_server_client_secret_post(suite):
    client = suite.client("posting", method="client_secret_post")
    assert client.flow(suite.person())[1]["nonce"] == client.nonce


def test_response_type_missing(suite):
    client = suite.client()
    answer = client.ask(suite.person(), response_type=None)
    if isinstance(answer, Page):
        assert answer.status == 400
    else:
        assert answer["error"] in {"invalid_request", "unsupported_response_type"}
        assert answer["state"] == client.state


def test_idtoken_signature(suite):
    client = suite.client()
    tokens, _ = client.flow(suite.person())
    assert client.identity(tokens, algorithms=("RS256",))


@pytest.mark.parametrize(("method", "in_body"), [("GET", False), ("POST", False), ("POST", True)])
def test_userinfo_get_post_header_and_post_body(suite, method, in_body):
    tokens, claims = suite.client().flow(suite.person())
    assert members(suite.user_info(tokens["access_token"], method, in_body=in_body))["sub"] == claims["sub"]


def test_ensure_request_without_nonce_succeeds_for_code_flow(suite):
    # A client without PKCE has to send one here (RFC 9700, section 2.1.1): the test's request has a challenge.
    _, claims = suite.client().flow(suite.person(), nonce=None, pkce=True)
    assert "nonce" not in claims


@pytest.mark.parametrize(
    ("scope", "there"),
    [
        ("openid profile", {"name", "preferred_username"}),
        ("openid email", {"email", "email_verified"}),
        ("openid address", set()),
        ("openid phone", set()),
        ("openid profile email address phone", {"name", "preferred_username", "email"}),
    ],
)
def test_scope_profile_email_address_phone_and_all(suite, scope, there):
    tokens, _ = suite.client().flow(suite.person(), scope=scope)
    said = members(suite.user_info(tokens["access_token"]))
    assert there - {"email_verified"} <= said.keys()
    for claim in ("name", "email"):
        assert (claim in said) == (claim in there)


def test_alternate_happy_flow(suite):
    client = suite.client()
    request = client.request(scope="email openid")
    answer = client.send(suite.person(), dict(reversed(request.items())))
    status, tokens = client.redeem(answer)
    assert status == 200
    assert "email" in members(suite.user_info(tokens["access_token"]))


@pytest.mark.parametrize("display", ["page", "popup"])
def test_display_page_and_popup(suite, display):
    assert suite.client().flow(suite.person(), display=display)


def test_prompt_login(suite):
    person = suite.person()
    _, first = suite.client().flow(person)
    wait_past(first["auth_time"])
    client = suite.client()
    request = client.request(prompt="login")
    page = person.get(f"/oidc/authorize?{urlencode(request)}", SIGN_IN)
    assert b'name="password"' in page.body
    client.sign_in(person, page)
    status, tokens = client.redeem(answer_of(person))
    assert status == 200
    assert client.identity(tokens)["auth_time"] > first["auth_time"]


def test_prompt_none_not_logged_in(suite):
    client = suite.client()
    answer = client.ask(suite.person(), prompt="none")
    assert answer["error"] in {"login_required", "interaction_required"}
    assert answer["state"] == client.state


def test_prompt_none_logged_in(suite):
    person = suite.person()
    _, first = suite.client().flow(person)
    _, second = suite.client().flow(person, prompt="none")
    assert second["sub"] == first["sub"]
    assert second.get("auth_time") == first.get("auth_time")


def test_max_age_1(suite):
    person = suite.person()
    _, first = suite.client().flow(person, max_age="10000")
    wait_past(first["auth_time"] + 1)
    _, second = suite.client().flow(person, max_age="1")
    assert second["auth_time"] > first["auth_time"]
    assert time.time() - second["auth_time"] < 30


def test_max_age_10000(suite):
    person = suite.person()
    _, first = suite.client().flow(person)
    _, second = suite.client().flow(person, max_age="10000", prompt="none")
    assert second["auth_time"] == first["auth_time"]


def test_ensure_request_with_unknown_parameter_succeeds(suite):
    assert suite.client().flow(suite.person(), extra="foobar")


def test_id_token_hint(suite):
    person = suite.person()
    tokens, first = suite.client().flow(person)
    _, second = suite.client().flow(person, prompt="none", id_token_hint=tokens["id_token"])
    assert second["sub"] == first["sub"]


def test_login_hint(suite):
    _, claims = suite.client().flow(suite.person(), login_hint="alice")
    assert claims["sub"] == "alice"


@pytest.mark.parametrize("asked", [{"ui_locales": "se"}, {"claims_locales": "se"}])
def test_ui_locales_and_claims_locales(suite, asked):
    assert suite.client().flow(suite.person(), **asked)


def test_ensure_request_with_acr_values_succeeds(suite):
    assert suite.client().flow(suite.person(), acr_values="1 2")
    first = suite.metadata["acr_values_supported"][0]
    assert suite.client().flow(suite.person(), acr_values=first)


def test_codereuse_and_codereuse_30seconds(suite):
    client = suite.client()
    answer = client.ask(suite.person())
    status, tokens = client.redeem(answer)
    assert status == 200
    status, refused = client.redeem(answer)
    assert (status, refused["error"]) == (400, "invalid_grant")
    # RFC 6749, section 4.1.2: what was given for it is over.
    assert suite.user_info(tokens["access_token"]).status == 401


def test_ensure_registered_redirect_uri(suite):
    page = suite.client().ask(suite.person(), redirect_uri=f"{CALLBACK}/other")
    assert isinstance(page, Page)
    assert page.status == 400


def test_ensure_post_request_succeeds(suite):
    client = suite.client()
    status, tokens = client.redeem(client.ask(suite.person(), by_post=True))
    assert status == 200
    assert client.identity(tokens)["nonce"] == client.nonce


@pytest.mark.parametrize(
    ("parameter", "error"),
    [("request_uri", "request_uri_not_supported"), ("request", "request_not_supported")],
)
def test_request_uri_unsigned_and_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    suite, parameter, error
):
    value = {"request_uri": "https://suite.example.net/object", "request": "eyJhbGciOiJub25lIn0.e30."}[
        parameter
    ]
    client = suite.client()
    answer = client.ask(suite.person(), **{parameter: value})
    assert (answer["error"], answer["state"]) == (error, client.state)


def test_ensure_request_object_with_redirect_uri(suite):
    # The object would name the address; without one outside of it there is nowhere to send anybody.
    page = suite.client().ask(suite.person(), request="eyJhbGciOiJub25lIn0.e30.", redirect_uri=None)
    assert isinstance(page, Page)
    assert page.status == 400


def test_claims_essential(suite):
    tokens, _ = suite.client().flow(
        suite.person(), scope="openid profile", claims='{"userinfo": {"name": {"essential": true}}}'
    )
    assert members(suite.user_info(tokens["access_token"]))["name"] == "Alice"


def test_refresh_token(suite):
    client = suite.client()
    tokens, claims = client.flow(suite.person(), scope="openid offline_access")
    status, renewed = client.token({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    assert status == 200
    if "id_token" in renewed:
        again = client.identity(renewed)
        assert {again[name] for name in ("iss", "sub", "aud")} == {
            claims[name] for name in ("iss", "sub", "aud")
        }
        assert again.get("auth_time") == claims.get("auth_time")
    other = suite.client("second")
    status, refused = other.token({"grant_type": "refresh_token", "refresh_token": renewed["refresh_token"]})
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_ensure_request_with_valid_pkce_succeeds(suite):
    assert suite.client().flow(suite.person(), pkce=True)


def test_a_code_belongs_to_the_client_that_asked_for_it(suite):
    client, other = suite.client(), suite.client("second")
    answer = client.ask(suite.person())
    other.state = client.state
    status, refused = other.redeem(answer)
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_user_rejects_consent(suite):
    client, person = suite.client("asking"), suite.person()
    page = client.ask(person)
    person.decide(page, "deny")
    answer = answer_of(person)
    assert (answer["error"], answer["state"]) == ("access_denied", client.state)
