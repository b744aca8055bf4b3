"""Applications that take more proof than a password: who is asked for what, when, and who is told that they cannot."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.journeys.gateway import APP, PASSWORDS, SIGN_IN, Gateway, Visitor, until
from tests.journeys.test_passkeys import Device, fill_in, make_passkey
from tests.journeys.test_sign_in_flow import App, fill

VAULT, PAY, KEYS = "vault.yett.localhost", "pay.yett.localhost", "keys.yett.localhost"
MAPPINGS = """
[[proxy.mapping]]
app = "Wiki"
host = "{app}"
service = "{service}"

[[proxy.mapping]]
app = "Vault"
host = "{vault}"
service = "{service}"
assurance = "mfa"
request_headers = {{ set = ["X-Proof: {{assurance}}"] }}

[[proxy.mapping]]
app = "Pay"
host = "{pay}"
service = "{service}"

[[proxy.mapping.step_up]]
groups = ["staff"]

[[proxy.mapping.step_up]]
path = "/admin"

[[proxy.mapping.reauth]]
path = "/safe"
max_age = "6s"

[[proxy.mapping]]
app = "Keys"
host = "{keys}"
service = "{service}"
assurance = "phishing_resistant"

[authn.totp]
window = 2

[signin.mfa]
free_attempts = 100
"""
RELAXED = 'password = "never"\n'
STRICT = 'require_groups = ["phones"]\n'
HELLO = "Hello Alice"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, upstream, heard_folder):
    """A gateway that asks nobody for a second factor at the sign-in; alice has an app, bob has nothing."""
    mappings = MAPPINGS.format(
        app=APP, vault=VAULT, pay=PAY, keys=KEYS, service=f"http://127.0.0.1:{upstream.port}"
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("guarded"),
        mappings + STRICT,
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    for name, groups in (("alice", ("staff", "phones")), ("bob", ())):
        words = [word for group in groups for word in ("--group", group)]
        gateway.run(
            "users", "add", name, "--display-name", name.title(), "--password-stdin", *words,
            stdin=PASSWORDS[name] + "\n",
        )  # fmt: skip
    try:
        gateway.start()
        gateway.phone = enrol(gateway)
        gateway.write(mappings=mappings + RELAXED)
        gateway.run("admin", "config", "reload")
        yield gateway
    finally:
        gateway.stop()


def enrol(gateway):
    visitor = Visitor(gateway)
    page = fill(visitor, visitor.sign_in("alice"))
    app = App(re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1])
    assert "Keep these codes" in fill(visitor, page, code=app.code()).text
    return app


@pytest.fixture
def alice(guarded):
    """Alice, who gave her password and got into the wiki."""
    visitor = Visitor(guarded)
    assert HELLO in visitor.sign_in("alice").text
    return visitor


def said(gateway, component):
    return [each for each in gateway.records() if each["component"] == component]


def test_the_password_is_enough_here_and_only_the_code_is_asked_for_there(guarded, alice):
    sign_on = alice.cookies[SIGN_IN]["__Host-yett-sso"]
    page = alice.get("/wanted?x=1", VAULT)
    assert "more proof that it is you" in page.text
    assert "Enter your code" in page.text
    assert 'name="password"' not in page.body.decode()

    page = fill(alice, page, code=guarded.phone.code())
    assert HELLO in page.text
    assert alice.at == (VAULT, "/wanted?x=1")

    # The first application goes on as if nothing had happened, and nobody is asked twice.
    assert HELLO in alice.get("/").text
    assert alice.at[0] == APP
    assert HELLO in alice.get("/", VAULT).text
    # The token from before is worth nothing any more.
    assert alice.cookies[SIGN_IN]["__Host-yett-sso"] != sign_on
    thief = Visitor(guarded)
    thief.cookies[SIGN_IN] = {"__Host-yett-sso": sign_on}
    thief.get("/", VAULT)
    assert thief.at[0] == SIGN_IN
    record = said(guarded, "signin.stepup")[-1]
    assert (record["msg"], record["audit"], record["assurance"]) == (
        "Sign-on session stepped up",
        True,
        "mfa",
    )


def test_the_application_is_told_how_much_is_known(guarded, alice):
    page = fill(alice, alice.get("/", VAULT), code=guarded.phone.code())
    assert '["X-Proof", "mfa"]' in page.text
    page = alice.get("/", VAULT, headers={"X-Proof": "phishing_resistant"})
    assert page.text.count("X-Proof") == 1


def test_a_rule_for_a_group_asks_its_members_only(guarded, alice):
    assert "Enter your code" in alice.get("/", PAY).text
    bob = Visitor(guarded)
    assert "Hello Bob" in bob.sign_in("bob").text
    assert "Hello Bob" in bob.get("/", PAY).text
    # A part of the application is for nobody without, however its address is written.
    for path in (
        "/admin",
        "/admin/x",
        "/%61dmin",
        "/Admin/",
        "/admin;x",
        "//admin",
        "/x/../admin",
        "/x/%2e%2e/admin",
    ):
        page = bob.get(path, PAY)
        assert "Hello Bob" not in page.text, path
        assert page.status in {400, 403, 404}, path


def test_whoever_has_no_factor_is_told_where_to_set_one_up_and_not_sent_round(guarded):
    bob = Visitor(guarded)
    bob.sign_in("bob")
    page = bob.get("/", VAULT)
    assert page.status == 403
    assert "none is set up for you" in page.text
    assert bob.at[0] == SIGN_IN
    assert 'href="/profile"' in page.body.decode()
    assert "Hello Bob" in bob.get("/").text
    record = [each for each in said(guarded, "signin.stepup") if each["msg"] == "Step-up not possible"][-1]
    assert (record["auth.user_id"], record["needed"], record["held"]) == ("bob", "mfa", "single")


def test_whoever_takes_the_demand_out_of_the_address_is_told_and_not_sent_again(guarded, alice):
    departure = guarded.fetch("GET", VAULT, "/", headers=headers(alice, VAULT))
    parts = urlsplit(departure.header("location"))
    assert parse_qs(parts.query)["acr_values"] == ["mfa"]
    alice.cookies.setdefault(VAULT, {})["__Host-yett-login"] = cookie_of(departure)
    page = alice.get(f"{parts.path}?{parts.query.replace('&acr_values=mfa', '')}", SIGN_IN)
    assert page.status == 403
    assert "takes more proof" in page.text
    assert alice.at[0] == VAULT
    assert "__Host-yett" not in alice.cookies[VAULT]


def headers(visitor, host):
    jar = visitor.cookies.get(host, {})
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
    return {**Visitor.NAVIGATION, **cookie}


def cookie_of(page):
    return re.search(r"__Host-yett-login=([^;]+)", page.header("set-cookie"))[1]


def test_scripts_and_websockets_are_told_in_words_of_their_own(guarded, alice):
    cookie = headers(alice, PAY) if alice.get("/", PAY) else {}
    # She has a session at Pay only once she proved more; the wiki's rules do not ask for it.
    assert "Cookie" in cookie
    bob = Visitor(guarded)
    bob.sign_in("bob")
    bob.get("/", PAY)
    jar = headers(bob, PAY)["Cookie"]
    page = guarded.fetch("GET", PAY, "/admin", headers={"Cookie": jar, "Accept": "application/json"})
    assert page.status == 401
    assert json.loads(page.body) == {"error": "insufficient_user_authentication", "acr_values": "mfa"}
    assert 'acr_values="mfa"' in page.header("www-authenticate")
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
    page = guarded.fetch("GET", PAY, "/admin", headers={"Cookie": jar, **socket})
    assert page.status == 401
    form = guarded.fetch("POST", PAY, "/admin", headers={**headers(bob, PAY)}, body="x=1")
    assert form.status == 401
    assert b"acr_values=mfa" in form.body


def test_a_fresh_sign_in_and_more_proof_are_asked_for_together(guarded, alice):
    alice.get("/", PAY)

    def asked():
        page = guarded.fetch("GET", PAY, "/safe", headers=headers(alice, PAY))
        return parse_qs(urlsplit(page.header("location")).query)

    assert asked()["acr_values"] == ["mfa"]
    until(lambda: asked().get("max_age") == ["6"], what="the sign-in getting old")
    page = alice.get("/safe/x", PAY)
    assert "Confirm that it is you" in page.text
    page = fill(alice, page, name="alice", password=PASSWORDS["alice"])
    assert "Enter your code" in page.text
    page = fill(alice, page, code=guarded.phone.code())
    assert HELLO in page.text
    assert alice.at == (PAY, "/safe/x")


def test_the_calls_do_the_same_as_the_pages(guarded, alice):
    def call(path, **texts):
        sent = {
            "Content-Type": "application/json",
            "Cookie": "; ".join(f"{name}={value}" for name, value in alice.cookies[SIGN_IN].items()),
        }
        page = guarded.fetch("POST", SIGN_IN, path, headers=sent, body=json.dumps(texts))
        for name, value in page.headers:
            if name.lower() == "set-cookie" and "max-age=0" not in value.lower():
                key, _, rest = value.partition("=")
                alice.cookies[SIGN_IN][key] = rest.partition(";")[0]
        return page.status, json.loads(page.body)

    assert call("/api/signin/step-up", acr="single")[1]["state"] == "signed_in"
    assert call("/api/signin/step-up", acr="loud")[0] == 400
    assert call("/api/signin/step-up", acr="phishing_resistant")[1]["code"] == "no_factor"
    status, answer = call("/api/signin/step-up", acr="mfa")
    assert (status, answer["state"], answer["factors"]) == (200, "factor_required", ["totp", "recovery"])
    assert call("/api/signin/factor", code="000000")[1]["code"] == "wrong"
    assert call("/api/signin/factor", code=guarded.phone.code())[1]["state"] == "signed_in"
    assert HELLO in alice.get("/", VAULT).text


@pytest.fixture
def browser(chromium):
    """A browser with an authenticator that does not offer its passkeys by itself."""
    context = chromium.new_context(ignore_https_errors=True)
    context.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    page = context.new_page()
    page.device = Device(context.new_cdp_session(page))
    yield page
    context.close()


def test_an_application_for_passkeys_takes_nothing_less_and_the_passkey_only(guarded, browser):
    make_passkey(guarded, browser, "alice")
    browser.context.clear_cookies()
    browser.goto(f"https://{KEYS}:{guarded.port}/wanted")
    fill_in(browser, "alice")
    browser.wait_for_selector("text=more proof that it is you")
    assert browser.query_selector("#code") is None
    browser.click("#passkey-signin button")
    browser.wait_for_url(f"https://{KEYS}:{guarded.port}/wanted")
    assert browser.inner_text("h1") == HELLO
    browser.goto(f"https://{VAULT}:{guarded.port}/")
    assert browser.inner_text("h1") == HELLO
