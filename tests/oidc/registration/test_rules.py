import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oidc.registration.conftest import APP, EC

from yett.oidc.clients import AuthMethod, GrantType
from yett.oidc.registration import RegistrationSettings, names, rules
from yett.oidc.registration.model import Fault, Registered, Registration, Rejected

SETTINGS = RegistrationSettings()


def read(document=None, settings=SETTINGS, **changes):
    given = {name: it for name, it in {**APP, **changes}.items() if it is not ...}
    return rules.read(
        given if document is None else document,
        settings,
        algorithms=("ES256", "RS256"),
        taken=("Payroll",),
        places=(names.Place("Intranet", "intranet.example.org"),),
        own_host="login.example.test",
    )


def test_little_has_to_be_said():
    assert read({"redirect_uris": ["https://app.example.org/cb"]}) == Registration(
        name="app.example.org",
        redirect_uris=("https://app.example.org/cb",),
        auth_method=AuthMethod.BASIC,
        grants=(GrantType.CODE,),
        scopes=("openid", "profile", "email", "offline_access"),
    )


@pytest.mark.parametrize("name", ["Intranet", "lntranet", "Our Intranet", "intranet.example.org"])
def test_nobody_elsewhere_passes_for_an_application_behind_the_gateway(name):
    at_home = read(client_name=name, redirect_uris=["https://intranet.example.org/cb"])
    assert isinstance(at_home, Registration)
    for place in ("https://evil.example/cb", "com.example.app:/cb", "http://127.0.0.1/cb"):
        uris = ["https://intranet.example.org/cb", place]
        method = "none" if not place.startswith("https") else "client_secret_basic"
        found = read(client_name=name, redirect_uris=uris, token_endpoint_auth_method=method)
        assert found == Rejected(Fault.METADATA, "This client_name could be mistaken for another's."), place


def test_what_is_not_for_such_clients_is_left_out():
    found = read(
        grant_types=["implicit", "authorization_code", "client_credentials", "refresh_token"],
        response_types=["code", "token"],
        scope="openid admin email groups",
        contacts=["a@example.org"],
        logo_uri="javascript:alert(1)",
        client_uri="http://169.254.169.254/",
        policy_uri="x" * 5000,
        default_max_age=10,
        unknown={"deep": [1]},
    )
    assert found.grants == (GrantType.CODE, GrantType.REFRESH)
    assert found.scopes == ("openid", "email")


def test_null_counts_as_not_said():
    assert read(client_name=None, jwks=None, scope=None).name == "app.example.org"


def test_programs_on_peoples_machines_have_addresses_of_their_own():
    found = read(
        redirect_uris=["http://127.0.0.1/cb", "org.example.app:/cb"], token_endpoint_auth_method="none"
    )
    assert found.auth_method is AuthMethod.NONE
    assert read(redirect_uris=["org.example.app:/cb"]).fault is Fault.REDIRECT_URI


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/cb", "https://app.example.org/cb#x", "https://*.example.org/cb",
        "https://app.example.org",
        "https://user@app.example.org/cb", "https://app.example.org:0/cb", "https://app.example.org/a/../cb",
        "https://app.example.org/%2e%2e/cb", "https://app.example.org\\@evil.example/cb", "javascript:alert(1)",
        "data:text/html,x", "//app.example.org/cb", "/cb", "", "https://äpp.example.org/cb",
        "https://app.example.org/c b",
        "HTTPS://app.example.org/cb", "https://App.example.org/cb", "https:///cb", "https://app.example.org/\ncb",
        "vbscript:x", "file:///etc/passwd", "urn:ietf:wg:oauth:2.0:oob",
    ],
)  # fmt: skip
@pytest.mark.parametrize("member", ["redirect_uris", "post_logout_redirect_uris"])
def test_addresses_that_may_not_be_registered(member, uri):
    assert read(**{member: [uri]}).fault is Fault.REDIRECT_URI


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"redirect_uris": []}, Fault.REDIRECT_URI),
        ({"redirect_uris": ...}, Fault.REDIRECT_URI),
        ({"redirect_uris": "https://app.example.org/cb"}, Fault.METADATA),
        ({"redirect_uris": [1]}, Fault.METADATA),
        ({"redirect_uris": ["https://a.example/"] * 11}, Fault.METADATA),
        ({"redirect_uris": ["https://a.example/" + "x" * 1100]}, Fault.METADATA),
        ({"token_endpoint_auth_method": "tls_client_auth"}, Fault.METADATA),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, Fault.METADATA),
        ({"token_endpoint_auth_method": "private_key_jwt"}, Fault.METADATA),
        ({"grant_types": ["client_credentials"]}, Fault.METADATA),
        ({"grant_types": []}, Fault.METADATA),
        ({"response_types": ["token"]}, Fault.METADATA),
        ({"response_types": ["code id_token"]}, Fault.METADATA),
        ({"scope": "admin"}, Fault.METADATA),
        ({"client_name": "Pay\u202eroll"}, Fault.METADATA),
        ({"client_name": "PayroII"}, Fault.METADATA),
        ({"client_name": 1}, Fault.METADATA),
        ({"subject_type": "pairwise"}, Fault.METADATA),
        ({"id_token_signed_response_alg": "none"}, Fault.METADATA),
        ({"id_token_signed_response_alg": "HS256"}, Fault.METADATA),
        ({"id_token_encrypted_response_alg": "RSA-OAEP"}, Fault.METADATA),
        ({"userinfo_signed_response_alg": "RS256"}, Fault.METADATA),
        ({"software_statement": "x.y.z"}, Fault.SOFTWARE_STATEMENT),
        ({"software_statement": {}}, Fault.SOFTWARE_STATEMENT),
        ({"jwks": {}}, Fault.METADATA),
        ({"jwks": {"keys": []}}, Fault.METADATA),
        ({"jwks": {"keys": "x"}}, Fault.METADATA),
        ({"jwks": {"keys": [EC] * 5}}, Fault.METADATA),
        ({"jwks": {"keys": [{**EC, "d": "x"}]}}, Fault.METADATA),
        ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, Fault.METADATA),
        ({"jwks": {"keys": [{**EC, "kid": "\ud800"}]}}, Fault.METADATA),
        ({"jwks": {"keys": [{**EC, "kid": "x" * 200}]}}, Fault.METADATA),
        ({"redirect_uris": ["https://login.example.test/signout"]}, Fault.REDIRECT_URI),
        ({"post_logout_redirect_uris": ["https://login.example.test:444/x"]}, Fault.REDIRECT_URI),
        ({"jwks": {"keys": [EC]}, "jwks_uri": "https://app.example.org/jwks"}, Fault.METADATA),
        *(
            ({member: uri}, Fault.METADATA)
            for member in ("jwks_uri", "backchannel_logout_uri")
            for uri in (
                "http://app.example.org/x",
                "file:///etc/passwd",
                "https://a:b@app.example.org/",
                "gopher://x/",
                "x",
            )
        ),
        ({"dpop_bound_access_tokens": "yes"}, Fault.METADATA),
    ],
)
def test_what_is_refused(changes, fault):
    found = read(**changes)
    assert isinstance(found, Rejected)
    assert found.fault is fault


@pytest.mark.parametrize("document", [[], "x", 1, True, None])
def test_what_is_no_object_is_refused(document):
    found = rules.read(document, SETTINGS, algorithms=(), taken=())
    assert found.fault is Fault.METADATA


def test_keys_are_kept_without_what_is_around_them():
    found = read(jwks={"keys": [{**EC, "kid": "1", "x5c": ["A" * 500], "use": "sig"}]})
    assert found.keys == ({**EC, "kid": "1"},)


@pytest.mark.parametrize(
    ("uri", "is_allowed"),
    [
        ("https://app.example.org/cb", True), ("https://a.b.example.com/cb", True), ("https://example.com/cb", False),
        ("https://evilexample.com/cb", False), ("https://app.example.org.evil/cb", False),
        ("http://127.0.0.1/cb", True),
        ("org.example.app:/cb", True),
    ],
)  # fmt: skip
def test_hosts_can_be_limited(uri, is_allowed):
    assert rules.is_allowed_host(uri, ("app.example.org", "*.example.com")) is is_allowed
    assert rules.is_allowed_host(uri, ())


def test_a_host_that_is_not_allowed_is_refused():
    settings = RegistrationSettings(redirect_hosts=("app.example.org",))
    assert isinstance(read(settings=settings), Registration)
    found = read(settings=settings, post_logout_redirect_uris=["https://evil.example/"])
    assert found.fault is Fault.REDIRECT_URI


def test_clients_hear_what_counts_of_what_they_said():
    registration = read(
        token_endpoint_auth_method="none", jwks_uri="https://app.example.org/jwks", scope="openid x"
    )
    told = rules.described(Registered("dc-x", registration, 1, 2), secret="s")
    assert "client_secret" not in told
    assert told["scope"] == "openid"
    assert told["jwks_uri"] == "https://app.example.org/jwks"
    assert told["response_types"] == ["code"]
    assert all(told.values())
    told = rules.described(Registered("dc-x", read(), 1, 2), secret="s")
    assert (told["client_secret"], told["client_secret_expires_at"]) == ("s", 2)


@given(
    st.dictionaries(
        st.sampled_from([*rules.Metadata.__struct_fields__, "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_any_document_gets_a_verdict_that_repeats_nothing_of_it(document):
    found = rules.read(document, SETTINGS, algorithms=("ES256",), taken=())
    assert isinstance(found, (Registration, Rejected))
    if isinstance(found, Rejected):
        assert found.sentence.isascii()
    assert json.dumps(document) is not None
