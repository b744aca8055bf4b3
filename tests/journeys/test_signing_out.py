"""People sign out, and everything that they signed in to hears of it."""

import base64
import http.server
import json
import re
import threading
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, SIGN_IN, Gateway, until
from tests.journeys.test_oidc_provider import (
    CALLBACK,
    SECRET,
    Application,
    Person,
    assert_said,
    claims_of,
    hidden,
)
from tests.net.fetching.peer import Authority

BYE = "https://shop.example.net/bye"
CLIENTS = """\
[net.fetching]
allow = ["127.0.0.0/8"]
ca_file = "{ca_file}"

[oidc.logout]
pause = "1s"

[oidc.registration]
mode = "token"

[[oidc.client]]
id = "shop"
name = "The Shop"
secret = "{secret}"
redirect_uris = ["{callback}"]
scopes = ["openid", "profile", "offline_access"]
consent = "implicit"
after_logout = ["{bye}"]
backchannel_logout = "{address}"
backchannel_session = true

[[oidc.client]]
id = "near"
name = "Near"
secret = "{secret}"
redirect_uris = ["{home}/callback"]
consent = "implicit"
after_logout = ["{home}/bye"]

[[oidc.client]]
id = "quiet"
secret = "{secret}"
redirect_uris = ["{callback}"]
consent = "implicit"
after_logout = ["{bye}"]
"""


class Client:
    """An application with pages, told of logouts over HTTPS; it answers with these statuses, the last for ever."""

    def __init__(self, authority):
        self.told = []
        self.statuses = [200]
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = authority.context("localhost")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def _handler(self):
        client = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                client.told.append(parse_qs(body)["logout_token"][0])
                self.send_response(client.statuses.pop(0) if len(client.statuses) > 1 else client.statuses[0])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>Near</title>")

            def log_message(self, *_):
                pass

        return Handler

    @property
    def home(self):
        return f"https://localhost:{self._server.server_port}"

    @property
    def address(self):
        return f"{self.home}/logout"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def sessions(self):
        """Of which sessions it was told."""
        return [claims_of(each)["sid"] for each in self.told]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def client(authority):
    with Client(authority) as running:
        yield running


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder, authority, client):
    settings = CLIENTS.format(
        ca_file=authority.file,
        secret=SECRET,
        callback=CALLBACK,
        bye=BYE,
        address=client.address,
        home=client.home,
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("signing_out"),
        settings + MAPPING.format(app="Intranet", host=APP, service="http://127.0.0.1:9", groups=[]),
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    gateway.people()
    gateway.start()
    yield gateway
    gateway.stop()


def arrive(provider, name="alice", client_id="shop", scope="openid profile"):
    """Somebody who signed in to an application; they, it, and what it has."""
    person, application = Person(provider, name), Application(provider, client_id)
    person.ask(**application.request(scope=scope))
    status, tokens = application.redeem(person.answer)
    assert status == 200, tokens
    return person, application, tokens


def is_in(person):
    return b"Sign in" not in person.get("/", SIGN_IN).body


def leave(person, **asked):
    return person.get(f"/oidc/logout?{urlencode(asked)}", SIGN_IN)


def test_discovery_says_where_people_sign_out(provider):
    said = json.loads(provider.fetch("GET", SIGN_IN, "/.well-known/openid-configuration").body)
    issuer = f"https://{SIGN_IN}:{provider.port}"
    assert said["end_session_endpoint"] == f"{issuer}/oidc/logout"
    assert said["backchannel_logout_supported"] is True
    assert said["backchannel_logout_session_supported"] is True
    assert said["registration_endpoint"] == f"{issuer}/oidc/register"


def test_an_application_signs_its_person_out_and_hears_of_it(provider, client):
    person, application, tokens = arrive(provider)
    sid = claims_of(tokens["id_token"])["sid"]
    leave(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="here")
    assert person.gateway.arrived[-1] == ("GET", "shop.example.net", "/bye?state=here")
    assert not is_in(person)
    assert application.user_info(tokens["access_token"])[0] == 401
    until(lambda: sid in client.sessions(), what="the client's being told")
    token = client.told[client.sessions().index(sid)]
    keys = KeySet.import_key_set(json.loads(provider.fetch("GET", SIGN_IN, "/oidc/jwks").body))
    found = jwt.decode(token, keys, algorithms=["ES256"])
    assert found.header["typ"] == "logout+jwt"
    assert found.claims["aud"] == "shop"
    assert found.claims["sub"] == "alice"
    assert found.claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert "nonce" not in found.claims
    assert_said(provider, "oidc.logout", "Logout completed, tokens revoked")
    assert_said(provider, "oidc.logout.backchannel", "Client told of logout")


@pytest.mark.parametrize("way", ["page", "operator", "disabled"])
def test_it_hears_of_every_other_end_too(provider, client, way):
    person, application, tokens = arrive(provider, "bob" if way == "disabled" else "alice")
    sid = claims_of(tokens["id_token"])["sid"]
    if way == "page":
        page = person.get("/signout", SIGN_IN)
        person.go("POST", SIGN_IN, "/signout", form=hidden(page))
    elif way == "operator":
        provider.run("admin", "sessions", "revoke", sid)
    else:
        provider.run("users", "disable", "bob")
    until(lambda: sid in client.sessions(), what="the client's being told")
    assert application.user_info(tokens["access_token"])[0] == 401
    if way == "disabled":
        provider.run("users", "enable", "bob")


def test_a_client_that_was_away_is_told_later_even_by_the_next_process(provider, client):
    client.statuses[:] = [503]
    person, _, tokens = arrive(provider)
    sid = claims_of(tokens["id_token"])["sid"]
    leave(person, id_token_hint=tokens["id_token"])
    until(lambda: sid in client.sessions(), what="the first try")
    provider.kill()
    client.statuses[:] = [200]
    before = client.sessions().count(sid)
    provider.start()
    until(lambda: client.sessions().count(sid) > before, seconds=90, what="the next try")


def test_who_shows_nothing_cannot_sign_anybody_out_unasked(provider):
    person, application, tokens = arrive(provider, client_id="quiet")
    page = leave(person, client_id="quiet", post_logout_redirect_uri=BYE, state="s")
    assert "Sign out?" in page.text
    assert is_in(person)
    person.go("POST", SIGN_IN, "/oidc/logout/confirm", form=hidden(page))
    assert person.gateway.arrived[-1] == ("GET", "shop.example.net", "/bye?state=s")
    assert not is_in(person)
    assert application.user_info(tokens["access_token"])[0] == 401


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", f"{BYE}/", f"{BYE}?x", "http://shop.example.net/bye", "//evil.example"]
)
def test_nobody_is_sent_where_the_client_did_not_say(provider, uri):
    person, _, tokens = arrive(provider, client_id="quiet")
    before = len(person.gateway.arrived)
    page = leave(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri)
    assert page.status == 400
    assert len(person.gateway.arrived) == before
    assert is_in(person)


def sign_in(page, address):
    page.goto(address)
    page.fill("#name", "alice")
    page.fill("#password", PASSWORDS["alice"])
    page.click("form.fields button")


def test_a_form_of_another_site_reaches_the_session_in_a_real_browser(provider, client, chromium):
    """A browser sends none of our cookies with such a form; the person is signed out all the same."""
    application = Application(provider, "near", to=f"{client.home}/callback")
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    sign_in(page, f"{application.issuer}/oidc/authorize?{urlencode(application.request(scope='openid'))}")
    page.wait_for_url(f"{client.home}/callback?*")
    status, tokens = application.redeem(
        {key: it for key, (it,) in parse_qs(urlsplit(page.url).query).items()}
    )
    assert status == 200
    fields = {
        "id_token_hint": tokens["id_token"],
        "post_logout_redirect_uri": f"{client.home}/bye",
        "state": "posted",
    }
    page.evaluate(
        """([action, fields]) => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = action;
          for (const [name, value] of Object.entries(fields)) {
            const field = document.createElement("input");
            field.name = name;
            field.value = value;
            form.append(field);
          }
          document.body.append(form);
          form.submit();
        }""",
        [f"{application.issuer}/oidc/logout", fields],
    )
    page.wait_for_url(f"{client.home}/bye?state=posted")
    assert application.user_info(tokens["access_token"])[0] == 401
    page.goto(f"{application.issuer}/profile")
    assert "/signin" in page.url
    context.close()


def test_a_person_who_is_asked_goes_on_to_the_client_in_a_real_browser(provider, client, page):
    """Without scripts, and though the page's policy lets forms lead nowhere else."""
    issuer = f"https://{SIGN_IN}:{provider.port}"
    sign_in(page, f"{issuer}/signin")
    page.wait_for_load_state()
    asked = {"client_id": "near", "post_logout_redirect_uri": f"{client.home}/bye"}
    page.goto(f"{issuer}/oidc/logout?{urlencode(asked)}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{client.home}/bye")


def test_a_client_registers_itself_and_is_one_until_it_is_revoked(provider, client):
    def register(token, **more):
        document = {
            "redirect_uris": [CALLBACK],
            "client_name": "Stranger",
            "post_logout_redirect_uris": [BYE],
            "backchannel_logout_uri": client.address,
            **more,
        }
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        answer = provider.fetch("POST", SIGN_IN, "/oidc/register", headers=headers, body=json.dumps(document))
        return answer.status, json.loads(answer.body)

    assert register("rt-guess")[0] == 401
    token = provider.run("admin", "oidc", "registration-token").split()[-1]
    assert register(token, client_name="The Sh0p")[0] == 400
    # What is behind the gateway is nobody else either.
    assert register(token, client_name="lntranet")[0] == 400
    assert register(token, client_name=APP)[0] == 400
    status, told = register(token)
    assert status == 201, told
    assert register(token)[0] == 401
    application = Application(provider, told["client_id"], secret=told["client_secret"])
    person = Person(provider)
    page = person.ask(**application.request(scope="openid profile"))
    assert "Stranger" in page.text
    person.decide(page, "allow")
    status, tokens = application.redeem(person.answer)
    assert status == 200, tokens
    assert application.user_info(tokens["access_token"])[1]["sub"] == "alice"
    sid = claims_of(tokens["id_token"])["sid"]
    assert "Stranger" in provider.run("admin", "oidc", "clients", "show", told["client_id"])
    page = leave(person, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert "This leads to another site" in page.text
    assert b"http-equiv" not in page.body
    until(lambda: sid in client.sessions(), what="the client's being told")
    person.decide(person.ask(**application.request(scope="openid profile")), "allow")
    status, kept = application.redeem(person.answer)
    assert status == 200, kept
    assert application.user_info(kept["access_token"])[0] == 200
    provider.run("admin", "oidc", "clients", "revoke", told["client_id"])
    page = Person(provider).ask(**application.request())
    assert "not known here" in page.text
    # What it had does not come back with it.
    provider.run("admin", "oidc", "clients", "restore", told["client_id"])
    assert application.user_info(kept["access_token"])[0] == 401
    assert_said(provider, "oidc.dcr", "Dynamic client registered", "Dynamic client revoked")
    assert told["client_secret"] not in provider.output.read_text()
    assert token not in provider.output.read_text()


def test_no_id_token_is_written_down(provider):
    person, _, tokens = arrive(provider, client_id="quiet")
    leave(person, id_token_hint=tokens["id_token"])
    signature = tokens["id_token"].rpartition(".")[2]
    assert signature not in provider.output.read_text()
    assert not re.search(r"id_token_hint=[^ ]{20}", provider.output.read_text())
    assert base64.urlsafe_b64decode(signature + "==")


def test_where_no_application_is_served_none_registers(tmp_path, heard_folder):
    off = '[oidc]\nenabled = false\n[oidc.registration]\nmode = "{}"\n'
    gateway = Gateway(tmp_path, off.format("open"), heard=heard_folder)
    gateway.people()
    gateway.start()
    try:
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"redirect_uris": [CALLBACK]})
        for method in ("POST", "GET"):
            answer = gateway.fetch(method, SIGN_IN, "/oidc/register?client_id=x", headers=headers, body=body)
            assert answer.status == 404, answer.body
    finally:
        gateway.stop()
