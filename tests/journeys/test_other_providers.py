"""Signing in through another provider: npm's oidc-provider, over TLS."""

import html
import json
import re
import urllib.parse

import pytest
from tests.journeys.gateway import APP, PASSWORDS, SIGN_IN, Gateway, until
from tests.journeys.provider_server import CLIENT, HOST, SECRET, Provider, Traveller
from tests.net.fetching.peer import Authority
from tests.ports import free_port

STRAIGHT = "straight.localhost"
MAPPINGS = """\
[[proxy.mapping]]
app = "Wiki"
host = "{host}"
service = "{service}"
groups = ["staff"]

[[proxy.mapping]]
app = "Straight"
host = "{straight}"
service = "{service}"
sign_in_with = "acme"
"""
SETTINGS = """
[net.fetching]
allow = ["127.0.0.0/8"]
ca_file = "{ca}"

[[identity.federation.provider]]
name = "acme"
label = "Acme"
issuer = "{issuer}"
client_id = "{client}"
client_secret = "{secret}"
{more}
"""
CREATING = """\
create = true
par = "required"
dpop = true
scopes = ["openid", "profile", "email", "offline_access"]
trust_amr = ["mfa"]
sign_out = true
recheck = "1s"

[[identity.federation.provider.group]]
value = "engineers"
group = "staff"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("provider_authority"))


@pytest.fixture(scope="module")
def make(tmp_path_factory, upstream, heard_folder, authority):
    """A gateway and a provider that know each other."""
    running = []

    def build(more, **client):
        folder, port = tmp_path_factory.mktemp("federation"), free_port()
        provider = Provider(folder, authority, gateway_port=port, **client)
        mappings = MAPPINGS.format(host=APP, straight=STRAIGHT, service=f"http://127.0.0.1:{upstream.port}")
        mappings += SETTINGS.format(
            ca=authority.file, issuer=provider.issuer, client=CLIENT, secret=SECRET, more=more
        )
        gateway = Gateway(folder / "gateway", mappings, heard=heard_folder, port=port)
        running.extend((gateway, provider))
        provider.start()
        gateway.people()
        gateway.start()
        return gateway, provider

    yield build
    for each in running:
        each.stop()


@pytest.fixture(scope="module")
def both(make):
    return make(CREATING, nonce="nonces are made of those 32 byte")


def messages(gateway):
    return [record["msg"] for record in gateway.records()]


def sign_in(traveller, account, path="/"):
    """Ask for the application, choose the provider's button, sign in there."""
    traveller.account = account
    page = traveller.get(path)
    assert traveller.at[0] == SIGN_IN, page.text
    button = re.search(rb'href="(/signin/with/acme[^"]*)"', page.body)
    assert button, page.text
    return traveller.get(html.unescape(button[1].decode()), SIGN_IN)


def test_somebody_from_there_is_made_and_gets_to_the_application(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)

    page = sign_in(traveller, "ada")

    assert page.status == 200, page.text[-900:]
    assert traveller.at[0] == APP
    asked = provider.asked()
    assert "POST /request" in asked
    assert "POST /token" in asked
    assert "GET /me" in asked
    people = json.loads(gateway.run("admin", "federation", "people", "--json"))
    assert [(each["name"], each["provider"], each["groups"]) for each in people] == [
        ("ada", "acme", ["staff"])
    ]
    for words in (
        "PAR request successful",
        "Authorization URL built with PAR",
        "Token exchange successful",
        "User info fetched",
        "Person created from provider claims",
        "Federated sign-in successful",
    ):
        until(lambda words=words: words in messages(gateway), what=words)
    assert SECRET not in gateway.output.read_text()


def leave(traveller):
    page = traveller.get("/signout", SIGN_IN)
    sealed = re.search(rb'name="form" value="([^"]+)"', page.body)[1].decode()
    return traveller.go("POST", SIGN_IN, "/signout", form={"form": sealed})


def count(gateway, words):
    return messages(gateway).count(words)


def test_the_tokens_go_back_when_somebody_signs_out(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    assert sign_in(traveller, "ada").status == 200
    before = provider.asked().count("POST /token/revocation")
    leave(traveller)
    until(
        lambda: provider.asked().count("POST /token/revocation") > before,
        what="the provider hears of the end",
    )
    until(lambda: "Token revocation acknowledged" in messages(gateway), what="the answer")


def test_who_signs_out_here_may_sign_out_there_too(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    assert sign_in(traveller, "ada").status == 200
    page = leave(traveller)
    way = re.search(rb'href="([^"]+)">Sign out of Acme, too<', page.body)
    assert way, page.text
    parts = urllib.parse.urlsplit(html.unescape(way[1].decode()))
    page = traveller.get(f"{parts.path}?{parts.query}", parts.hostname)
    # The provider asks: anybody could have sent the browser there.
    form = {"xsrf": re.search(rb'name="xsrf" value="([^"]+)"', page.body)[1].decode(), "logout": "yes"}
    page = traveller.go("POST", HOST, f"{parts.path}/confirm", form=form)
    assert traveller.at == (SIGN_IN, "/signout")
    assert "You are signed out" in page.text
    # Now it asks who comes.
    asked = [path for host, path in traveller.seen if host == HOST and path.startswith("/interaction/")]
    assert sign_in(traveller, "ada").status == 200
    again = [path for host, path in traveller.seen if host == HOST and path.startswith("/interaction/")]
    assert len(again) > len(asked)


def test_a_new_key_over_there_is_found_by_itself(both):
    gateway, provider = both
    fetched = count(gateway, "JWKS fetched")
    provider.roll_over()
    for _ in range(2):
        assert sign_in(Traveller(gateway, provider), "ada").status == 200
    until(lambda: count(gateway, "JWKS fetched") == fetched + 1, what="the record")


def test_a_second_factor_over_there_counts_where_it_is_trusted(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    sign_in(traveller, "app")
    until(
        lambda: any(
            each["msg"] == "Federated sign-in successful" and each["auth.user_id"] == "app"
            for each in gateway.records()
        ),
        what="the record",
    )
    # That account is in no group that may see the application.
    assert traveller.at[0] == APP


def test_an_application_may_lead_straight_to_the_provider(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    page = traveller.get("/wanted?x=1", STRAIGHT)
    assert (page.status, traveller.at) == (200, (STRAIGHT, "/wanted?x=1"))
    # Nobody was asked how: the account over there was all that had to be given.
    shown = [path for host, path in traveller.seen if host == SIGN_IN and path.startswith("/signin?")]
    assert len(shown) == 1


def test_what_changes_over_there_changes_here_while_somebody_is_in(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    assert sign_in(traveller, "ada").status == 200
    provider.tell("say", account="ada", claims=json.dumps({"groups": []}))
    until(lambda: traveller.get("/").status == 403, seconds=40, what="the loss of the group")
    provider.tell("say", account="ada", claims=json.dumps({"groups": ["engineers"]}))
    until(lambda: traveller.get("/").status == 200, seconds=40, what="the group")
    until(lambda: "Token refresh successful" in messages(gateway), what="the record")


def test_whoever_is_removed_over_there_is_out_here(both):
    gateway, provider = both
    traveller = Traveller(gateway, provider)
    assert sign_in(traveller, "ada").status == 200
    provider.tell("forget", account="ada")

    def is_out():
        traveller.get("/")
        return traveller.at[0] == SIGN_IN

    until(is_out, seconds=40, what="being asked to sign in")
    until(lambda: "Session ended: provider does not vouch any more" in messages(gateway), what="the record")


def test_an_answer_is_good_once_and_in_one_browser(both):
    gateway, provider = both
    provider.tell("say", account="app", claims="{}")
    traveller = Traveller(gateway, provider)
    sign_in(traveller, "app")
    callback = next(path for host, path in traveller.seen if "/callback?" in path)
    for somebody in (traveller, Traveller(gateway, provider)):
        page = somebody.get(callback, SIGN_IN)
        assert page.status == 409
        assert "cannot be finished" in page.text
    until(lambda: "State validation failed" in messages(gateway), what="the record")


def test_an_operator_tests_the_provider_and_switches_people_off(both):
    gateway, provider = both
    tested = gateway.run("admin", "federation", "test", "acme")
    for words in (provider.issuer, "client_secret_basic", "/signin/with/acme/callback"):
        assert words in tested
    traveller = Traveller(gateway, provider)
    sign_in(traveller, "app")
    gateway.run("admin", "federation", "disable", "app")
    page = sign_in(Traveller(gateway, provider), "app")
    assert page.status == 403
    assert "does not sign you in" in page.text
    gateway.run("admin", "federation", "remove", "app")
    assert "app" not in gateway.run("admin", "federation", "people").split()


# Somebody who has an account here already.


@pytest.fixture(scope="module")
def strict(make):
    """Nobody is made, nobody is linked by what a provider says; no pushed requests, no proofs."""
    return make('par = "off"\n')


def test_somebody_nobody_knows_is_told_so_and_how_to_connect(strict):
    gateway, provider = strict
    page = sign_in(Traveller(gateway, provider), "alice")
    assert page.status == 403
    assert "nobody's here" in page.text
    assert b"/signin?next=%2Fprofile%2Fconnections" in page.body


def fields(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.body.decode())
    return {name: html.unescape(value) for name, value in found}


def sign_in_here(traveller, name):
    """With a password, asked for anew."""
    page = traveller.get("/signin?again=1&next=/profile/connections", SIGN_IN)
    form = {**fields(page), "name": name, "password": PASSWORDS[name]}
    return traveller.go("POST", SIGN_IN, "/signin", form=form)


def test_somebody_connects_the_account_and_signs_in_with_it_from_then_on(strict):
    gateway, provider = strict
    traveller = Traveller(gateway, provider)
    traveller.account = "alice"
    page = sign_in_here(traveller, "alice")
    assert "None is connected yet" in page.text

    page = traveller.get("/profile/connections/with/acme", SIGN_IN)
    assert "Is this account yours?" in page.text
    assert "alice@example.org" in page.text
    page = traveller.go("POST", SIGN_IN, "/profile/connections/confirm", form=fields(page))
    assert "The account is connected" in page.text

    other = Traveller(gateway, provider)
    page = sign_in(other, "alice")
    assert page.status == 200
    assert other.at[0] == APP
    page = other.get("/profile", SIGN_IN)
    assert "Alice" in page.text
    assert "Connected accounts" in page.text


def test_nobody_takes_over_an_account_by_what_a_provider_says(strict):
    """Mallory is called bob over there, with bob's address; and cannot connect alice's account either."""
    gateway, provider = strict
    assert sign_in(Traveller(gateway, provider), "mallory").status == 403

    traveller = Traveller(gateway, provider)
    traveller.account = "alice"
    sign_in_here(traveller, "bob")
    page = traveller.get("/profile/connections/with/acme", SIGN_IN)
    page = traveller.go("POST", SIGN_IN, "/profile/connections/confirm", form=fields(page))
    assert page.status == 409
    assert "connected with another" in page.text


def test_connecting_takes_a_fresh_sign_in_and_the_session_that_left(strict):
    gateway, provider = strict
    first, second = Traveller(gateway, provider), Traveller(gateway, provider)
    sign_in(first, "alice")
    page = first.get("/profile/connections/with/acme", SIGN_IN)
    assert "Confirm that it is you" in page.text

    sign_in_here(second, "bob")
    second.account = ""
    # Called off over there.
    page = second.get("/profile/connections/with/acme", SIGN_IN)
    assert page.status == 403
    assert "were not signed in there" in page.text


def test_disconnecting_is_the_end_of_it(strict):
    gateway, provider = strict
    traveller = Traveller(gateway, provider)
    page = sign_in_here(traveller, "alice")
    page = traveller.go("POST", SIGN_IN, "/profile/connections", form=fields(page))
    assert "is disconnected" in page.text
    assert sign_in(Traveller(gateway, provider), "alice").status == 403


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_it_all_works_in_a_browser_with_the_keyboard(both, chromium, width, height, tmp_path):
    gateway, _ = both
    context = chromium.new_context(
        ignore_https_errors=True, java_script_enabled=False, viewport={"width": width, "height": height}
    )
    page = context.new_page()
    try:
        page.goto(f"https://{SIGN_IN}:{gateway.port}/signin?next=/profile/connections")
        button = page.get_by_role("link", name="Sign in with Acme")
        box = button.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        page.screenshot(path=tmp_path / "signin.png")
        button.focus()
        page.keyboard.press("Enter")
        page.get_by_label("Account").fill("app")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Connected accounts").wait_for()
        assert page.get_by_text("app@example.org").is_visible()
        # Who has no other way in keeps the last one.
        assert page.get_by_role("button", name="Disconnect").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=tmp_path / "connections.png")
    finally:
        context.close()
