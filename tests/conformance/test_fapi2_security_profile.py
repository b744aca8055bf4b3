"""FAPI 2.0 Security Profile (Final), with private_key_jwt, DPoP and OpenID Connect, as far as it is a provider's."""

import json
import time
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from tests.conformance.suite import AFTER, CALLBACK, answer_of, encoded, new_key
from tests.journeys.gateway import SIGN_IN, Page
from tests.journeys.test_oidc_provider import hidden


@pytest.fixture
def client(suite):
    return suite.client("fapi", method="private_key_jwt", dpop=new_key())


def push(client, *, audience=None, proof="", **changed):
    """A pushed request: status and members. Without a proof unless one is given."""
    request = client.request(pkce=True, **changed)
    page, members = client.call(
        "pushed_authorization_request_endpoint", request, audience=audience, proof=proof
    )
    return page.status, members


def follow(client, person, pushed, **more):
    return client.send(person, {"client_id": client.client_id, "request_uri": pushed["request_uri"], **more})


def signed_in(client, person, **changed):
    status, pushed = push(client, **changed)
    assert status == 201, pushed
    return follow(client, person, pushed)


def tokens_of(client, person, **changed):
    status, tokens = client.redeem(signed_in(client, person, **changed))
    assert status == 200, tokens
    return tokens


def test_discovery_endpoint_verification(suite):
    said = suite.metadata
    assert said["pushed_authorization_request_endpoint"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert {"ES256", "PS256"} & set(said["dpop_signing_alg_values_supported"])
    assert "private_key_jwt" in said["token_endpoint_auth_methods_supported"]
    assert not {"none", "HS256"} & set(said["token_endpoint_auth_signing_alg_values_supported"])
    assert not {"none", "HS256"} & set(said["dpop_signing_alg_values_supported"])


def test_happy_flow(suite, client):
    answer = signed_in(client, suite.person())
    assert answer["iss"] == suite.issuer
    status, tokens = client.redeem(answer)
    assert status == 200
    assert tokens["token_type"] == "DPoP"
    claims = client.identity(tokens, algorithms=("ES256", "EdDSA", "PS256"))
    assert client.resource(tokens["access_token"]) == (200, {"sub": claims["sub"]})


def test_user_rejects_authentication(suite):
    client = suite.client("fapi2", method="private_key_jwt", dpop=new_key())
    person = suite.person()
    page = signed_in(client, person)
    person.go("POST", SIGN_IN, "/oidc/consent", form=hidden(page) | {"decision": "deny"})
    answer = answer_of(person)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", client.state, suite.issuer)


def test_ensure_other_scope_order_succeeds(suite, client):
    assert tokens_of(client, suite.person(), scope="email openid profile")


@pytest.mark.parametrize(
    "changed", [{"state": None}, {"nonce": None}, {"nonce": "n" * 64}, {"nonce": "n" * 43}]
)
def test_ensure_authorization_request_without_state_nonce_and_with_64_char_nonce_success(
    suite, client, changed
):
    status, pushed = push(client, **changed)
    assert status == 201, pushed
    client.state = client.state if "state" not in changed else ""
    answer = follow(client, suite.person(), pushed)
    assert "state" in answer if client.state else "state" not in answer
    assert client.redeem(answer)[0] == 200


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_ensure_authorization_request_with_long_state_and_long_nonce(suite, client, name):
    status, answer = push(client, **{name: "x" * 1000})
    if status == 201:
        there = follow(client, suite.person(), answer)
        assert len(there.get("state", "")) in {len(client.state), 1000}
    else:
        assert (status, answer["error"]) == (400, "invalid_request")


def test_ensure_unsigned_authorization_request_without_using_par_fails(suite, client):
    answer = client.ask(suite.person(), pkce=True)
    assert isinstance(answer, Page) or answer["error"] == "invalid_request"


def test_par_ensure_pkce_required_and_plain_pkce_rejected(client):
    for changed in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ):
        status, refused = push(client, **changed)
        assert (status, refused["error"]) == (400, "invalid_request")


def test_par_ensure_pkce_code_verifier_required_and_incorrect_one_rejected(suite, client):
    for verifier in (None, "A" * 43):
        answer = signed_in(client, suite.person())
        status, refused = client.redeem(answer, code_verifier=verifier)
        assert status == 400
        assert refused["error"] in {"invalid_grant", "invalid_request"}


def test_par_attempt_reuse_request_uri(suite, client):
    person = suite.person()
    status, pushed = push(client)
    assert status == 201
    assert "code" in follow(client, person, pushed)
    again = follow(client, person, pushed)
    assert isinstance(again, Page) or again["error"] in {"invalid_request", "invalid_request_uri"}


def test_par_ensure_server_accepts_reused_request_uri_before_authentication_completion(suite, client):
    person = suite.person()
    _, pushed = push(client)
    address = f"/oidc/authorize?client_id=fapi&request_uri={pushed['request_uri']}"
    # The page is loaded again before anybody has signed in.
    assert b'name="password"' in person.get(address, SIGN_IN).body
    assert "code" in follow(client, person, pushed)


def test_par_request_uri_belongs_to_its_client(suite, client):
    other = suite.client("fapi2", method="private_key_jwt", dpop=new_key())
    _, pushed = push(client)
    answer = follow(other, suite.person(), pushed)
    assert isinstance(answer, Page)
    assert answer.status == 400


def test_par_reject_request_uri_in_par_authorization_form_params(client):
    status, refused = push(client, request_uri="urn:ietf:params:oauth:request_uri:x")
    assert (status, refused["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_par_reject_invalid_http_verb(suite, method):
    assert suite.fetch(suite.metadata["pushed_authorization_request_endpoint"], method).status in {404, 405}


@pytest.mark.parametrize("uri", [f"{CALLBACK}/", f"{CALLBACK}?a=b", CALLBACK.upper(), AFTER, None])
def test_ensure_redirect_uri_in_authorization_request_is_a_registered_one(client, uri):
    status, refused = push(client, redirect_uri=uri)
    assert status == 400
    assert refused["error"] in {"invalid_request", "invalid_redirect_uri"}


@pytest.mark.parametrize("kind", ["token", "code id_token", "code token", "id_token"])
def test_ensure_response_type_token_and_code_id_token_fail(client, kind):
    status, refused = push(client, response_type=kind)
    assert status == 400
    assert refused["error"] in {"unsupported_response_type", "invalid_request", "unauthorized_client"}


def test_par_endpoint_token_endpoint_and_arrays_as_audience_fail(suite, client):
    for audience in (
        suite.metadata["token_endpoint"],
        suite.metadata["pushed_authorization_request_endpoint"],
        [suite.issuer],
        "https://other.example.net",
    ):
        status, refused = push(client, audience=audience)
        assert (status, refused["error"]) == (401, "invalid_client")
    assert push(client)[0] == 201


def test_an_assertion_is_good_once(suite, client):
    form = {
        "grant_type": "authorization_code",
        "code": "none",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": client.assertion(),
    }
    address = suite.metadata["token_endpoint"]
    errors = [suite.post(address, form, DPoP=client.proof("POST", address))[1]["error"] for _ in range(2)]
    assert errors == ["invalid_grant", "invalid_client"]


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
def test_assertions_with_other_algorithms_fail(suite, client, algorithm):
    head = {"alg": algorithm, "kid": "suite"}
    _, body, signature = client.assertion().split(".")
    made = f"{encoded(json.dumps(head).encode())}.{body}.{'' if algorithm == 'none' else signature}"
    form = client.request(pkce=True) | {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": made,
    }
    page, refused = suite.post(suite.metadata["pushed_authorization_request_endpoint"], form)
    assert (page.status, refused["error"]) == (401, "invalid_client")


def test_attempt_reuse_authorization_code_after_one_second(suite, client):
    answer = signed_in(client, suite.person())
    status, tokens = client.redeem(answer)
    assert status == 200
    status, refused = client.redeem(answer)
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert client.resource(tokens["access_token"])[0] == 401


def test_ensure_holder_of_key_required(suite, client):
    answer = signed_in(client, suite.person())
    status, refused = client.redeem(answer)
    assert status == 200
    plain = suite.client("fapi", method="private_key_jwt")
    answer = signed_in(plain, suite.person())
    status, refused = plain.redeem(answer)
    assert status == 400
    assert refused["error"] in {"invalid_request", "invalid_dpop_proof", "invalid_grant"}


def test_ensure_dpop_auth_code_binding_and_proof_at_par_endpoint_binding_success(suite, client):
    # By dpop_jkt, and by a proof at the PAR endpoint (RFC 9449, section 10).
    assert tokens_of(client, suite.person(), dpop_jkt=client.dpop.thumbprint())
    assert tokens_of(
        client,
        suite.person(),
        proof=client.proof("POST", suite.metadata["pushed_authorization_request_endpoint"]),
    )


def test_ensure_mismatched_dpop_jkt_fails(client, suite):
    address = suite.metadata["pushed_authorization_request_endpoint"]
    status, refused = push(client, dpop_jkt=new_key().thumbprint(), proof=client.proof("POST", address))
    assert status == 400
    assert refused["error"] in {"invalid_request", "invalid_dpop_proof"}


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt_and_dpop_proof_jkt(suite, client):
    address = suite.metadata["pushed_authorization_request_endpoint"]
    for changed in (
        {"dpop_jkt": new_key().thumbprint()},
        {"proof": client.proof("POST", address, key=new_key())},
    ):
        answer = signed_in(client, suite.person(), **changed)
        status, refused = client.redeem(answer)
        assert status == 400
        assert refused["error"] in {"invalid_grant", "invalid_dpop_proof"}


@pytest.mark.parametrize("shift", [-10, 10])
def test_ensure_dpop_proof_with_iat_10_seconds_before_and_after_succeeds(suite, client, shift):
    tokens = tokens_of(client, suite.person())
    assert client.resource(tokens["access_token"], iat=int(time.time()) + shift)[0] == 200


def test_dpop_negative_tests(suite, client):
    token = tokens_of(client, suite.person())["access_token"]
    wrong = [
        {"htm": "POST"},
        {"htu": f"{suite.issuer}/other"},
        {"htu": None},
        {"htm": None},
        {"jti": None},
        {"iat": None},
        {"iat": int(time.time()) - 3600},
        {"iat": int(time.time()) + 3600},
        {"ath": "A" * 43},
        {"ath": None},
        {"header": {"typ": "jwt"}},
        {"header": {"jwk": client.dpop.as_dict(private=True)}},
        {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"key": new_key()},
    ]
    for changed in wrong:
        assert client.resource(token, **changed)[0] in {400, 401}, changed
    address = suite.metadata["userinfo_endpoint"]
    proof = client.proof("GET", address, token=token)
    held = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert [suite.fetch(address, headers=held).status for _ in range(2)] == [200, 401]
    assert suite.fetch(address, headers={"Authorization": f"Bearer {token}"}).status == 401
    assert suite.fetch(address, headers={"Authorization": f"DPoP {token}"}).status == 401


def test_access_token_type_header_case_sensitivity(suite, client):
    token = tokens_of(client, suite.person())["access_token"]
    address = suite.metadata["userinfo_endpoint"]
    for scheme in ("DPoP", "dpop", "DPOP"):
        held = {"Authorization": f"{scheme} {token}", "DPoP": client.proof("GET", address, token=token)}
        assert suite.fetch(address, headers=held).status == 200


def test_refresh_token(suite, client):
    tokens = tokens_of(client, suite.person(), scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    status, renewed = client.token(form)
    assert status == 200
    assert client.resource(renewed["access_token"])[0] == 200
    other = suite.client("fapi2", method="private_key_jwt", dpop=client.dpop)
    status, refused = other.token(
        {**form, "refresh_token": renewed.get("refresh_token", tokens["refresh_token"])}
    )
    assert (status, refused["error"]) == (400, "invalid_grant")


def test_test_claims_parameter_identity_claims(suite, client):
    claims = '{"id_token": {"auth_time": {"essential": true}}}'
    tokens = tokens_of(client, suite.person(), claims=claims)
    assert client.identity(tokens)["auth_time"]


def test_access_tokens_say_what_they_are_for(suite, client):
    tokens = tokens_of(client, suite.person())
    found = jwt.decode(tokens["access_token"], suite.keys, algorithms=["ES256", "RS256", "EdDSA"])
    assert found.header["typ"] == "at+jwt"
    assert found.claims["cnf"] == {"jkt": client.dpop.thumbprint()}
    assert {"iss", "sub", "aud", "exp", "iat", "jti", "client_id"} <= found.claims.keys()


def test_par_without_duplicate_parameters(suite, client):
    request = client.request(pkce=True)
    form = urlencode([*request.items(), ("scope", "openid"), ("client_assertion", client.assertion())])
    form += "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    page = suite.fetch(
        suite.metadata["pushed_authorization_request_endpoint"], "POST",
        {"Content-Type": "application/x-www-form-urlencoded"}, form,
    )  # fmt: skip
    assert (page.status, json.loads(page.body)["error"]) == (400, "invalid_request")
