"""Applications that nobody here wrote sign people in through the gateway, each in its own way."""

import http.client
import json
import os
import re
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from requests_oauthlib import OAuth2Session
from tests.authn.x509.making import root
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway, Page, until
from tests.journeys.other_clients import OpenIDClient, Refused, names_of_this_machine  # noqa: F401 - a fixture
from tests.journeys.test_devices import decide, type_code
from tests.journeys.test_oidc_provider import Person, hidden
from tests.ports import free_port
from tests.tampering import altered

pytestmark = pytest.mark.usefixtures("names_of_this_machine")

SECRET = "Zk4Yw8Lm2Rt6Bv0Xc9Qs5Dn3Hj7Fp1Ga"
CALLBACK = "https://shop.example.net/callback"
GONE = "https://shop.example.net/gone"
CLIENTS = """\
[oidc]
enabled = true

[[oidc.client]]
id = "shop"
name = "The Shop"
secret = "{secret}"
redirect_uris = ["{callback}"]
after_logout = ["{gone}"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]
grants = ["authorization_code", "refresh_token", "client_credentials"]
consent = "implicit"

[[oidc.client]]
id = "posting"
secret = "{secret}"
auth_method = "client_secret_post"
redirect_uris = ["{callback}"]
consent = "implicit"
id_token_algorithm = "RS256"

[[oidc.client]]
id = "keyed"
auth_method = "private_key_jwt"
jwks = '{jwks}'
redirect_uris = ["{callback}"]
scopes = ["openid", "profile", "email", "offline_access"]
consent = "implicit"

[[oidc.client]]
id = "bank"
auth_method = "private_key_jwt"
jwks = '{jwks}'
redirect_uris = ["{callback}"]
scopes = ["openid", "profile", "email", "offline_access"]
consent = "implicit"
must_push = true
must_bind = true

[[oidc.client]]
id = "certified"
auth_method = "tls_client_auth"
redirect_uris = ["{callback}"]
consent = "implicit"
must_bind = true
tls = {{ subject_dn = "CN=certified" }}

[[oidc.client]]
id = "apache"
secret = "{secret}"
redirect_uris = ["http://127.0.0.1:{apache}/signed-in", "http://localhost:{apache}/signed-in"]
scopes = ["openid", "profile", "email", "groups"]
consent = "implicit"

[[oidc.client]]
id = "tv"
name = "The television"
auth_method = "none"
scopes = ["openid", "profile"]
grants = ["urn:ietf:params:oauth:grant-type:device_code"]

[oidc.mtls]
authorities = "{certificates}/ca.pem"

[authentication.devicecode]
enabled = true
interval = "1s"
"""


@pytest.fixture(scope="module")
def key():
    return ECKey.generate_key("P-256", {"kid": "the-key", "use": "sig", "alg": "ES256"})


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = root("CN=Clients of Example", now=time.time())
    made = authority.issue("CN=certified")
    (folder / "ca.pem").write_bytes(authority.pem)
    (folder / "cert.pem").write_bytes(made.pem)
    (folder / "key.pem").write_bytes(made.key_pem)
    return folder


@pytest.fixture(scope="module")
def apache_port():
    return free_port()


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder, key, certificates, apache_port):
    jwks = json.dumps({"keys": [key.as_dict(private=False)]})
    clients = CLIENTS.format(
        secret=SECRET, callback=CALLBACK, gone=GONE, jwks=jwks, apache=apache_port, certificates=certificates
    )
    made = Gateway(
        tmp_path_factory.mktemp("clients"),
        clients,
        service=f'client_cert = "optional"\nclient_ca = "{certificates}/ca.pem"\n',
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    made.people()
    made.start()
    yield made
    made.stop()


def issuer_of(provider):
    return f"https://{SIGN_IN}:{provider.port}"


def go(person, url):
    """Open what an application sends a browser to; the address that the browser ends at elsewhere."""
    parts = urlsplit(url)
    person.get(f"{parts.path}?{parts.query}", SIGN_IN)
    return _arrival(person)


def sign_in(person, url):
    parts = urlsplit(url)
    person.ask(**{name: value for name, (value,) in parse_qs(parts.query).items()})
    return _arrival(person)


def _arrival(person):
    _, host, path = person.gateway.arrived[-1]
    return f"https://{host}{path}"


def metadata(client_id, **more):
    return {
        "client_id": client_id,
        "redirect_uris": [CALLBACK],
        "response_types": ["code"],
        "id_token_signed_response_alg": "ES256",
        **more,
    }


@pytest.fixture
def shop(provider):
    with OpenIDClient(provider, issuer_of(provider), metadata("shop", client_secret=SECRET)) as running:
        yield running


def test_openid_client_signs_somebody_in_and_hears_who_it_is(provider, shop):
    person = Person(provider)
    tokens = shop.do("callback", url=sign_in(person, shop.do("ask")["url"]))
    assert tokens["claims"]["sub"] == "alice"
    assert tokens["token_type"] == "Bearer"
    said = shop.do("userinfo")
    assert (said["sub"], said["email"], said["name"]) == ("alice", "alice@example.org", "Alice")
    assert shop.do("userinfo", method="POST", via="body")["sub"] == "alice"


def test_openid_client_renews_looks_and_gives_back(provider, shop):
    first = shop.do("callback", url=sign_in(Person(provider), shop.do("ask")["url"]))
    second = shop.do("refresh")
    assert second["refresh_token"] != first["refresh_token"]
    assert shop.do("introspect")["active"] is True
    shop.do("revoke")
    assert shop.do("introspect")["active"] is False
    with pytest.raises(Refused, match="invalid_grant"):
        shop.do("refresh")


def test_openid_client_pushes_its_requests(provider, shop):
    asked = shop.do("ask", push=True)
    assert 5 <= asked["expires_in"] <= 600
    assert shop.do("callback", url=sign_in(Person(provider), asked["url"]))["claims"]["sub"] == "alice"


def test_openid_client_takes_a_posted_answer(provider, shop):
    person = Person(provider)
    url = shop.do("ask", response_mode="form_post")["url"]
    page = person.ask(**{name: value for name, (value,) in parse_qs(urlsplit(url).query).items()})
    action = re.search(rb'<form[^>]* action="([^"]+)"', page.body)[1].decode()
    assert action == CALLBACK
    answer = hidden(page)
    query = "&".join(f"{name}={value}" for name, value in answer.items())
    assert shop.do("callback", url=f"{CALLBACK}?{query}")["claims"]["sub"] == "alice"


def test_openid_client_gets_a_token_for_itself(shop):
    token = shop.do("grant", grant_type="client_credentials", scope="")
    assert token["token_type"] == "Bearer"
    assert shop.do("introspect", token=token["access_token"])["active"] is True


def test_openid_client_signs_somebody_out(provider, shop):
    person = Person(provider)
    # With offline_access they would outlive the session, as was asked for.
    tokens = shop.do("callback", url=sign_in(person, shop.do("ask", scope="openid email")["url"]))
    there = go(person, shop.do("logout", post_logout_redirect_uri=GONE, state="bye")["url"])
    assert there == f"{GONE}?state=bye"
    assert shop.do("introspect", token=tokens["access_token"])["active"] is False
    asked_again = person.get(f"/oidc/authorize?{urlsplit(shop.do('ask')['url']).query}", SIGN_IN)
    assert b'name="password"' in asked_again.body


def test_openid_client_proves_who_it_is_with_a_key(provider, key):
    said = metadata(
        "keyed", token_endpoint_auth_method="private_key_jwt", token_endpoint_auth_signing_alg="ES256"
    )
    keys = [key.as_dict(private=True)]
    with OpenIDClient(provider, issuer_of(provider), said, keys=keys) as app:
        assert (
            app.do("callback", url=sign_in(Person(provider), app.do("ask")["url"]))["claims"]["sub"]
            == "alice"
        )
        app.do("refresh")
        assert app.do("introspect")["active"] is True


def test_openid_client_shows_a_certificate_and_its_tokens_are_bound_to_it(provider, certificates):
    said = metadata(
        "certified",
        token_endpoint_auth_method="tls_client_auth",
        tls_client_certificate_bound_access_tokens=True,
    )
    shown = {"cert": str(certificates / "cert.pem"), "key": str(certificates / "key.pem")}
    with OpenIDClient(provider, issuer_of(provider), said, **shown) as app:
        tokens = app.do("callback", url=sign_in(Person(provider), app.do("ask", scope="openid email")["url"]))
        assert app.do("userinfo")["sub"] == "alice"
        assert set(app.do("introspect")["cnf"]) == {"x5t#S256"}
    bare = provider.fetch(
        "GET", SIGN_IN, "/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert bare.status == 401


def test_openid_client_keeps_to_the_profile_of_banks(provider, key):
    said = metadata(
        "bank", token_endpoint_auth_method="private_key_jwt", token_endpoint_auth_signing_alg="ES256",
        dpop_bound_access_tokens=True,
    )  # fmt: skip
    keys = [key.as_dict(private=True)]
    with OpenIDClient(provider, issuer_of(provider), said, kind="FAPI2Client", keys=keys) as app:
        asked = app.do("ask", push=True, bind=True)
        tokens = app.do("callback", url=sign_in(Person(provider), asked["url"]))
        assert tokens["token_type"] == "DPoP"
        assert app.do("userinfo")["sub"] == "alice"
        assert app.do("refresh")["token_type"] == "DPoP"
        assert app.do("userinfo")["sub"] == "alice"
        with pytest.raises(Refused):
            app.do("callback", url=sign_in(Person(provider), app.do("ask")["url"]))
    stolen = provider.fetch(
        "GET", SIGN_IN, "/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert stolen.status == 401


def test_openid_client_signs_in_a_device_without_a_browser(provider):
    said = metadata("tv", token_endpoint_auth_method="none", redirect_uris=[], response_types=[])
    with OpenIDClient(provider, issuer_of(provider), said) as app:
        device = app.do("device", scope="openid profile")
        app.start("poll")
        person = Person(provider)
        page = person.get("/signin", SIGN_IN)
        person.go(
            "POST", SIGN_IN, "/signin", form=hidden(page) | {"name": "alice", "password": PASSWORDS["alice"]}
        )
        decide(person, type_code(person, device["user_code"]), "allow")
        assert app.end()["claims"]["sub"] == "alice"


# Python's own.


def found(provider):
    """What the provider says of itself, as a program reads it."""
    return json.loads(provider.fetch("GET", SIGN_IN, "/.well-known/openid-configuration").body)


def trusted(provider):
    return str(provider.data / "pki" / "root.pem")


def test_authlib_signs_somebody_in(provider):
    said = found(provider)
    with AuthlibSession(
        "shop", SECRET, scope="openid profile email offline_access", redirect_uri=CALLBACK,
        code_challenge_method="S256", token_endpoint_auth_method="client_secret_basic",
    ) as session:  # fmt: skip
        session.verify, session.trust_env = trusted(provider), False
        verifier = "v" * 64
        url, state = session.create_authorization_url(
            said["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj"
        )
        there = sign_in(Person(provider), url)
        token = session.fetch_token(
            said["token_endpoint"], authorization_response=there, code_verifier=verifier, state=state
        )
        assert session.get(said["userinfo_endpoint"]).json()["email"] == "alice@example.org"
        keys = KeySet.import_key_set(session.get(said["jwks_uri"]).json())
        claims = jwt.decode(token["id_token"], keys, algorithms=["ES256", "RS256", "EdDSA"]).claims
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (
            issuer_of(provider),
            "shop",
            "n-0S6_WzA2Mj",
        )
        renewed = session.refresh_token(said["token_endpoint"])
        assert renewed["refresh_token"] != token["refresh_token"]
        assert session.introspect_token(said["introspection_endpoint"], token=renewed["access_token"]).json()[
            "active"
        ]
        assert (
            session.revoke_token(said["revocation_endpoint"], token=renewed["refresh_token"]).status_code
            == 200
        )
        assert session.get(said["userinfo_endpoint"]).status_code == 401


def test_authlib_proves_who_it_is_with_a_key(provider, key):
    said = found(provider)
    with AuthlibSession("keyed", key, scope="openid", redirect_uri=CALLBACK) as session:
        session.verify, session.trust_env = trusted(provider), False
        session.register_client_auth_method(
            PrivateKeyJWT(said["token_endpoint"], headers={"kid": "the-key"}, alg="ES256")
        )
        session.token_endpoint_auth_method = "private_key_jwt"
        verifier = "w" * 64
        session.code_challenge_method = "S256"
        url, state = session.create_authorization_url(said["authorization_endpoint"], code_verifier=verifier)
        there = sign_in(Person(provider), url)
        token = session.fetch_token(
            said["token_endpoint"], authorization_response=there, code_verifier=verifier, state=state
        )
        assert token["token_type"] == "Bearer"


def test_requests_oauthlib_signs_somebody_in(provider):
    said = found(provider)
    with OAuth2Session("posting", redirect_uri=CALLBACK, scope=["openid", "email"], pkce="S256") as session:
        session.verify, session.trust_env = trusted(provider), False
        url, _ = session.authorization_url(said["authorization_endpoint"], nonce="once")
        there = sign_in(Person(provider), url)
        token = session.fetch_token(
            said["token_endpoint"], authorization_response=there, client_secret=SECRET, include_client_id=True
        )
        keys = KeySet.import_key_set(session.get(said["jwks_uri"]).json())
        head = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).header
        assert head["alg"] == "RS256"
        assert session.get(said["userinfo_endpoint"]).json()["sub"] == "alice"


def test_curl_asks_who_somebody_is_with_a_bearer(provider, shop):
    token = shop.do("callback", url=sign_in(Person(provider), shop.do("ask")["url"]))["access_token"]

    def curl(*words):
        done = subprocess.run(
            ["curl", "-sS", "--cacert", trusted(provider), "-w", "\n%{http_code}", *words],
            capture_output=True, text=True, check=True, timeout=30,
        )  # fmt: skip
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    where = f"{issuer_of(provider)}/oidc/userinfo"
    status, body = curl("--oauth2-bearer", token, where)
    assert (status, json.loads(body)["sub"]) == (200, "alice")
    assert curl("--oauth2-bearer", altered(token), where)[0] == 401
    assert curl(where)[0] == 401
    asked = curl("-u", f"shop:{SECRET}", "-d", f"token={token}", f"{issuer_of(provider)}/oidc/introspect")
    assert json.loads(asked[1])["active"] is True


# Apache with mod_auth_openidc.

_APACHE = """
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel warn
ServerName localhost
Listen 127.0.0.1:{port}
{modules}
{identity}
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCCABundlePath {ca}
OIDCClientID apache
OIDCClientSecret {secret}
OIDCRedirectURI http://localhost:{port}/signed-in
OIDCCryptoPassphrase {secret}
OIDCPKCEMethod S256
OIDCScope "openid profile email groups"
OIDCUserInfoTokenMethod authz_header
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCRemoteUserClaim sub
OIDCCookieSameSite Off
DocumentRoot {folder}/pages
<Location />
  AuthType openid-connect
  Require claim groups:staff
  Header set X-Seen-User "expr=%{{REMOTE_USER}}"
  Header set X-Seen-Email "expr=%{{req:OIDC_CLAIM_email}}"
</Location>
"""
_MODULES = Path("/usr/lib/apache2/modules")
_LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "headers", "ssl", "auth_openidc")


@pytest.fixture(scope="module")
def apache(provider, tmp_path_factory, apache_port):
    folder = tmp_path_factory.mktemp("apache")
    for each in (folder, *folder.parents):
        if each.stat().st_uid == os.getuid() and each != Path("/") and str(each).startswith("/tmp/pytest"):
            each.chmod(0o755)
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_text("the page behind it")
    (folder / "ca.pem").write_bytes((provider.data / "pki" / "root.pem").read_bytes())
    text = _APACHE.format(
        folder=folder, port=apache_port, issuer=issuer_of(provider), ca=folder / "ca.pem", secret=SECRET,
        modules="\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _LOADED),
        identity="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
    )  # fmt: skip
    (folder / "apache.conf").write_text(text)
    process = subprocess.Popen(["apache2", "-X", "-f", str(folder / "apache.conf")], stderr=subprocess.PIPE)
    try:
        until(lambda: _asked_of_apache(apache_port, "GET", "/"), what="Apache")
        yield folder
    finally:
        process.terminate()
        process.communicate(timeout=15)


def _asked_of_apache(port, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body=body, headers={"Host": f"localhost:{port}", **(headers or {})})
        answer = connection.getresponse()
        return Page(answer.status, list(answer.getheaders()), answer.read())
    except OSError:
        return None
    finally:
        connection.close()


class AtApache(Person):
    """Somebody whose browser goes to Apache as well."""

    def __init__(self, gateway, port, name):
        super().__init__(gateway, name)
        elsewhere = self.gateway.fetch

        def fetch(method, host, path, **more):
            if host in {"localhost", "127.0.0.1"}:
                more.pop("form", None)
                return _asked_of_apache(port, method, path, more.get("headers"), more.get("body"))
            return elsewhere(method, host, path, **more)

        self.gateway.fetch = fetch

    def open(self, path="/index.html"):
        page = self.get(path, "localhost")
        if b'name="password"' in page.body:
            form = hidden(page) | {"name": self.name, "password": PASSWORDS[self.name]}
            page = self.go("POST", SIGN_IN, "/signin", form=form)
        return page


def test_apache_lets_in_whom_the_gateway_says_and_nobody_else(provider, apache, apache_port):
    alice = AtApache(provider, apache_port, "alice").open()
    assert (alice.status, alice.body) == (200, b"the page behind it"), (apache / "error.log").read_text()
    assert (alice.header("x-seen-user"), alice.header("x-seen-email")) == ("alice", "alice@example.org")
    bob = AtApache(provider, apache_port, "bob").open()
    assert bob.status in {401, 403}
