"""Applications elsewhere: people sign in to them through the gateway, allow it, and take it back."""

import base64
import hashlib
import html
import json
import re
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway, Page, Visitor, until

SECRET = "3Vn7qk0ZrPq1xTn6yL2wB8uD4sC9eH5j"
CALLBACK = "https://shop.example.net/oauth/callback"
APP_AT = "http://127.0.0.1:50111/callback"
CLIENTS = f"""\
[[oidc.client]]
id = "shop"
name = "The Shop"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]

[[oidc.client]]
id = "pushing"
name = "The Bank"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
consent = "implicit"
must_push = true

[[oidc.client]]
id = "house"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
consent = "implicit"
groups = ["staff"]

[[oidc.client]]
id = "closed"
secret = "{SECRET}"
redirect_uris = ["{CALLBACK}"]
scopes = ["openid", "offline_access"]
consent = "implicit"
token_format = "opaque"

[[oidc.client]]
id = "app"
name = "Command line"
auth_method = "none"
redirect_uris = ["http://127.0.0.1/callback"]
scopes = ["openid"]
"""


class Elsewhere:
    """The gateway, and a rest of the world that takes whatever it is sent."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.port = gateway.port
        self.arrived = []

    def fetch(self, method, host, path, **more):
        if host == SIGN_IN:
            return self.gateway.fetch(method, host, path, **more)
        self.arrived.append((method, host, path))
        return Page(200, [], b"elsewhere")


class Person(Visitor):
    """Somebody in front of a browser, sent here by applications."""

    def __init__(self, gateway, name="alice"):
        super().__init__(Elsewhere(gateway))
        self.name = name

    def ask(self, **request):
        """Come from an application; sign in on the way if that is asked for."""
        page = self.get(f"/oidc/authorize?{urlencode(request)}", SIGN_IN)
        if b'name="password"' in page.body:
            fields = hidden(page) | {"name": self.name, "password": PASSWORDS[self.name]}
            page = self.go("POST", SIGN_IN, "/signin", form=fields)
        return page

    def decide(self, page, decision):
        return self.go("POST", SIGN_IN, "/oidc/consent", form=hidden(page) | {"decision": decision})

    @property
    def answer(self):
        """What the application got last."""
        _, _, path = self.gateway.arrived[-1]
        return {name: value for name, (value,) in parse_qs(urlsplit(path).query).items()}


def hidden(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode())
    return {key: html.unescape(value) for key, value in found}


class Application:
    """A client, written by hand."""

    def __init__(self, gateway, client_id, *, to=CALLBACK, secret=SECRET):
        self.gateway, self.client_id, self.to, self.secret = gateway, client_id, to, secret
        self.issuer = f"https://{SIGN_IN}:{gateway.port}"

    def request(self, **changed):
        self.verifier, self.nonce, self.state = (secrets.token_urlsafe(32) for _ in range(3))
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.to,
            "scope": "openid profile email",
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**asked, **changed}.items() if value is not None}

    def post(self, path, **form):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.secret:
            pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        else:
            form["client_id"] = self.client_id
        page = self.gateway.fetch("POST", SIGN_IN, path, headers=headers, body=urlencode(form))
        return page.status, json.loads(page.body)

    def redeem(self, answer, **changed):
        assert answer["state"] == self.state
        # Mix-up: an answer of another provider would name it (RFC 9207).
        assert answer["iss"] == self.issuer
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self.to,
            "code_verifier": self.verifier,
            **changed,
        }
        return self.post("/oidc/token", **form)

    def user_info(self, access_token):
        page = self.gateway.fetch(
            "GET", SIGN_IN, "/oidc/userinfo", headers={"Authorization": f"Bearer {access_token}"}
        )
        return page.status, json.loads(page.body or b"{}")


def claims_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder):
    made = Gateway(
        tmp_path_factory.mktemp("provider"), CLIENTS, heard=heard_folder, telemetry='log_level = "trace"'
    )
    made.people()
    made.start()
    yield made
    made.stop()


def assert_said(gateway, component, *messages):
    """The log comes in its own time."""

    def is_there():
        said = {each["msg"] for each in gateway.records() if each.get("component") == component}
        return said.issuperset(messages)

    until(is_there, what=f"{messages} in the log")


def test_what_the_provider_says_of_itself_is_true(provider):
    page = provider.fetch("GET", SIGN_IN, "/.well-known/openid-configuration")
    said = json.loads(page.body)
    issuer = f"https://{SIGN_IN}:{provider.port}"
    assert said["issuer"] == issuer
    assert page.header("access-control-allow-origin") == "*"
    required = {
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
    }
    assert required | {"pushed_authorization_request_endpoint", "revocation_endpoint"} <= set(said)
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert set(said["grant_types_supported"]) >= {"authorization_code", "refresh_token", "client_credentials"}
    assert "none" not in str(said.get("dpop_signing_alg_values_supported"))
    assert {"iss", "sub", "aud", "exp", "iat"} <= set(said["claims_supported"])
    again = provider.fetch("GET", SIGN_IN, "/.well-known/oauth-authorization-server")
    assert json.loads(again.body) == said
    for name, address in said.items():
        if name.endswith(("_endpoint", "_uri")) and isinstance(address, str):
            assert address.startswith(f"{issuer}/"), name
            assert provider.fetch("GET", SIGN_IN, address.removeprefix(issuer)).status != 404, name
    keys = json.loads(provider.fetch("GET", SIGN_IN, said["jwks_uri"].removeprefix(issuer)).body)["keys"]
    assert {key["alg"] for key in keys} >= set(said["id_token_signing_alg_values_supported"])


def test_a_person_signs_in_allows_it_and_the_application_learns_who_they_are(provider):
    application, person = Application(provider, "shop"), Person(provider)

    page = person.ask(**application.request())
    assert "The Shop" in page.text
    assert "Know your mail address" in page.text
    person.decide(page, "allow")
    status, tokens = application.redeem(person.answer)

    assert status == 200, tokens
    claims = claims_of(tokens["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (application.issuer, "shop", application.nonce)
    assert claims["sub"] == "alice"
    status, known = application.user_info(tokens["access_token"])
    assert status == 200
    assert (known["sub"], known["email"]) == ("alice", "alice@example.org")
    # Asked once; in the same browser not even the sign-in page comes again.
    person.ask(**application.request(prompt="none"))
    assert application.redeem(person.answer)[0] == 200


def test_a_no_is_told_and_leaves_nothing(provider):
    application, person = Application(provider, "shop"), Person(provider, "bob")
    person.decide(person.ask(**application.request()), "deny")
    assert person.answer["error"] == "access_denied"
    assert person.answer["state"] == application.state


@pytest.mark.parametrize("name", ["closed", "house"])
def test_a_code_that_comes_twice_takes_the_tokens_of_the_first_time_back(provider, name):
    application, person = Application(provider, name), Person(provider)
    scope = "openid offline_access" if name == "closed" else "openid"
    person.ask(**application.request(scope=scope))
    _, first = application.redeem(person.answer)
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    status, second = application.post("/oidc/token", **again)
    assert status == 200
    assert application.user_info(second["access_token"])[0] == 200

    status, refused = application.redeem(person.answer)

    assert (status, refused["error"]) == (400, "invalid_grant")
    for tokens in (first, second):
        assert application.user_info(tokens["access_token"])[0] == 401
        again["refresh_token"] = tokens["refresh_token"]
        status, refused = application.post("/oidc/token", **again)
        assert (status, refused["error"]) == (400, "invalid_grant")
    assert_said(
        provider,
        "oidc.token.exchange",
        "Authorization code exchanged for tokens",
        "Invalid/expired code",
        "Authorization code used twice",
    )
    assert_said(provider, "oidc.userinfo", "Token invalid")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"code_verifier": secrets.token_urlsafe(32)}, ("oidc.token.exchange", "PKCE failed")),
        ({"code_verifier": ""}, ("oidc.pkce", "Invalid verifier length/chars")),
        ({"code_verifier": "short"}, ("oidc.pkce", "Invalid verifier length/chars")),
        ({"redirect_uri": CALLBACK + "/"}, ("oidc.token.exchange", "client/redirect mismatch")),
        ({"redirect_uri": ""}, ("oidc.token.exchange", "client/redirect mismatch")),
    ],
)
def test_whoever_stole_a_code_gets_nothing_for_it(provider, changed, said):
    application, person = Application(provider, "house"), Person(provider)
    person.ask(**application.request())
    status, refused = application.redeem(person.answer, **changed)
    assert status == 400, refused
    assert "access_token" not in refused
    thief = Application(provider, "shop")
    thief.state, thief.verifier = application.state, application.verifier
    person.ask(**application.request())
    thief.state, thief.verifier = application.state, application.verifier
    assert thief.redeem(person.answer)[1]["error"] == "invalid_grant"
    assert_said(provider, *said)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.test/",
        CALLBACK + "/../evil",
        CALLBACK.replace("shop", "SHOP"),
        "https://shop.example.net@evil.test/oauth/callback",
        "//shop.example.net/oauth/callback",
        "javascript:alert(1)",
        CALLBACK + "\r\nSet-Cookie: a=b",
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_the_applications(provider, to):
    person = Person(provider)
    page = person.ask(**Application(provider, "house", to=to).request())
    assert page.status == 400
    assert person.gateway.arrived == []
    assert_said(provider, "oidc.authcode.generate", "invalid redirect URI")


def test_a_pushed_request_keeps_its_parameters_out_of_the_address(provider):
    application, person = Application(provider, "pushing"), Person(provider)
    person.ask(**application.request())
    assert person.answer["error"] == "invalid_request"

    status, pushed = application.post("/oidc/par", **application.request(prompt="login"))
    assert status == 201
    assert pushed["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    brought = {"client_id": "pushing", "request_uri": pushed["request_uri"]}
    person.ask(**brought)
    assert application.redeem(person.answer)[0] == 200

    before = len(person.gateway.arrived)
    assert person.ask(**brought).status == 400
    assert len(person.gateway.arrived) == before
    assert_said(provider, "oidc.par", "PAR request created", "replay attempt")

    # In the same browser the demand is met by another sign-in, and by nothing less.
    _, pushed = application.post("/oidc/par", **application.request(prompt="login"))
    brought = f"/oidc/authorize?{urlencode({'client_id': 'pushing', 'request_uri': pushed['request_uri']})}"
    for _ in range(2):
        page = person.get(brought, SIGN_IN)
        assert "Confirm that it is you" in page.text
    person.go(
        "POST", SIGN_IN, "/signin", form=hidden(page) | {"name": "alice", "password": PASSWORDS["alice"]}
    )
    assert application.redeem(person.answer)[0] == 200


def test_pushes_without_a_proof_or_too_large_are_refused(provider):
    stranger = Application(provider, "pushing", secret="x" * 32)
    status, refused = stranger.post("/oidc/par", **stranger.request())
    assert (status, refused["error"]) == (401, "invalid_client")
    application = Application(provider, "pushing")
    assert application.post("/oidc/par", **application.request(state="x" * 17_000))[0] == 413
    assert_said(provider, "oidc.par", "Auth failed", "request too large")


def test_an_answer_may_come_in_a_form(provider):
    application, person = Application(provider, "house"), Person(provider)
    page = person.ask(**application.request(response_mode="form_post"))
    assert f'action="{CALLBACK}"' in page.body.decode()
    assert application.redeem(hidden(page))[0] == 200
    assert person.gateway.arrived == []


def test_a_program_on_a_machine_is_asked_about_each_time_and_needs_no_secret(provider):
    application = Application(provider, "app", to=APP_AT, secret="")
    person = Person(provider)
    for _ in range(2):
        page = person.ask(**application.request(scope="openid"))
        assert "a program on your own machine" in page.text
        person.decide(page, "allow")
        assert person.gateway.arrived[-1][1] == "127.0.0.1"
        assert application.redeem(person.answer)[0] == 200


def test_whoever_is_in_none_of_its_groups_does_not_get_in(provider):
    person = Person(provider, "bob")
    person.ask(**Application(provider, "house").request())
    assert person.answer["error"] == "access_denied"


def test_a_person_sees_what_has_access_and_takes_it_back(provider):
    application, person = Application(provider, "shop"), Person(provider)
    page = person.ask(**application.request(scope="openid groups offline_access"))
    person.decide(page, "allow")
    _, tokens = application.redeem(person.answer)
    profile = person.get("/profile", SIGN_IN)
    assert "Applications with access" in profile.text

    page = person.get("/profile/applications", SIGN_IN)
    assert "The Shop" in page.text
    form = {"form": hidden(page)["form"], "client": "shop"}
    page = person.go("POST", SIGN_IN, "/profile/applications", form=form)

    assert "The access is taken back." in page.text
    assert application.user_info(tokens["access_token"])[0] == 401
    status, refused = application.post(
        "/oidc/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert "The Shop" in person.ask(**application.request()).text


def test_a_hint_that_is_somebody_elses_lets_nobody_in(provider):
    application, alice, bob = Application(provider, "house"), Person(provider), Person(provider, "bob")
    alice.ask(**application.request())
    _, tokens = application.redeem(alice.answer)

    alice.ask(**application.request(prompt="none", id_token_hint=tokens["id_token"]))
    assert "code" in alice.answer
    bob.ask(**application.request(id_token_hint=tokens["id_token"]))
    assert bob.answer["error"] == "login_required"
    # An access token is no ID token.
    alice.ask(**application.request(id_token_hint=tokens["access_token"]))
    assert alice.answer["error"] == "invalid_request"


def test_single_claims_are_told_where_they_were_asked_for(provider):
    application, person = Application(provider, "shop"), Person(provider)
    wanted = {
        "userinfo": {"email": {"essential": True}},
        "id_token": {"groups": None, "acr": {"essential": True, "values": ["single"]}},
    }
    page = person.ask(**application.request(scope="openid", claims=json.dumps(wanted), prompt="consent"))
    assert "Know which groups you are in" in page.text
    assert "Know your mail address" in page.text
    person.decide(page, "allow")
    _, tokens = application.redeem(person.answer)
    claims = claims_of(tokens["id_token"])
    assert (claims["groups"], claims["acr"]) == (["staff"], "single")
    assert "email" not in claims
    _, known = application.user_info(tokens["access_token"])
    assert known["email"] == "alice@example.org"
    assert "name" not in known


def test_the_name_that_an_application_expects_is_filled_in(provider):
    person = Person(provider)
    page = person.get(
        f"/oidc/authorize?{urlencode(Application(provider, 'house').request(login_hint='bob@example.org'))}",
        SIGN_IN,
    )
    assert 'value="bob@example.org"' in page.body.decode()


def test_a_client_of_the_settings_comes_and_goes_with_them(provider):
    application, person = Application(provider, "late"), Person(provider)
    assert person.ask(**application.request()).status == 400
    more = CLIENTS.replace('id = "house"', 'id = "late"')
    provider.write(mappings=more)
    provider.run("admin", "config", "reload")
    person.ask(**application.request())
    assert application.redeem(person.answer)[0] == 200
    provider.write(mappings=CLIENTS)
    provider.run("admin", "config", "reload")
    assert person.ask(**application.request()).status == 400


def test_what_is_wrong_with_a_client_is_told_before_it_counts(tmp_path):
    broken = Gateway(
        tmp_path / "broken",
        '[[oidc.client]]\nid = "a"\nredirect_uris = ["https://*.example.net/"]\n'
        f'[[oidc.client]]\nid = "b"\nauth_method = "none"\nsecret = "{SECRET}"\n'
        'redirect_uris = ["https://b.example.net/"]\nnetworks = ["x"]\n',
    )
    done = broken.run("check", check=False)
    told = done.stdout + done.stderr
    assert done.returncode != 0
    for words in (
        "oidc.client[a].secret",
        "wildcards are not allowed",
        "oidc.client[b].secret",
        "oidc.client[b].networks",
    ):
        assert words in told
    assert SECRET not in told
