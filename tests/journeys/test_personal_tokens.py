"""People make tokens for their programs, use them, and take them back."""

import html
import json
import re

import pytest
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, until
from tests.journeys.mail_server import MailServer, html_of, text_of
from tests.journeys.test_oidc_provider import CALLBACK, SECRET, Application
from tests.journeys.test_profile import OLD, Person, make

API = "api.yett.localhost"
SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[signin.mfa]
email_codes = false

[onboarding]
enabled = false

[oidc.personal]
enabled = true
most = 6

[[oidc.client]]
id = "guard"
secret = "{secret}"
redirect_uris = ["{callback}"]
may_introspect = true

[[oidc.client]]
id = "nosy"
secret = "{secret}"
redirect_uris = ["{callback}"]

[[oidc.personal.scope]]
name = "wiki"
text = "Write to the wiki"
"""
PEOPLE = ("alice", "bob", "carol", "dave", "erin")


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory, heard_folder, upstream, post):
    service = f"http://127.0.0.1:{upstream.port}"
    api = MAPPING.format(app="API", host=API, service=service, groups='["staff"]')
    mappings = (
        MAPPING.format(app="Wiki", host=APP, service=service, groups='["staff"]')
        + api
        + 'token_scope = "applications"\n'
        + SETTINGS.format(port=post.port, secret=SECRET, callback=CALLBACK)
    )
    people = {name: f"{name}@example.org" for name in PEOPLE}
    gateway = make(tmp_path_factory.mktemp("tokens") / "gateway", mappings, heard_folder, people)
    yield gateway
    gateway.stop()


def make_token(person, name="script", scopes=("applications",), days=7):
    """By the call that programs make, after a fresh sign-in."""
    person.confirm("/profile/tokens")
    status, made = person.call("/api/profile/tokens", {"name": name, "scopes": list(scopes), "days": days})
    assert status == 200, made
    return made


def use(gateway, text, *, host=API, path="/", **headers):
    return gateway.fetch("GET", host, path, headers={"Authorization": f"Bearer {text}", **headers})


def said_of(gateway, made):
    """What was recorded of requests that showed a token."""
    return [each for each in gateway.records() if each.get("session.ref") == made["id"]]


def seen_by(answer):
    """The header of a request as the application got it."""
    told = json.loads(html.unescape(re.search(r"<pre>(.*)</pre>", answer.body.decode())[1]))
    return {name.lower(): value for name, value in told["headers"]}


def mails(post, to):
    return [mail for mail in post.mails if str(mail["To"]) == to]


def test_a_person_makes_a_token_by_keyboard_alone_and_a_program_uses_it(home, page, post):
    page.goto(f"https://{SIGN_IN}:{home.port}/signin?again=1&next=/profile")
    page.fill("#name", "alice")
    page.fill("#password", OLD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".rows")
    page.click("text=Access tokens")
    page.focus("#name")
    page.keyboard.type("Backup script")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "scope-applications":
            break
    page.keyboard.press("Space")
    page.focus("form.fields button")
    page.keyboard.press("Enter")
    page.wait_for_selector("textarea")
    text = page.input_value("textarea")
    assert page.evaluate("document.activeElement.id") == "token"
    answer = use(home, text)
    assert answer.status == 200
    headers = seen_by(answer)
    assert headers["x-yett-user"] == "alice"
    assert "authorization" not in headers
    assert text not in answer.body.decode()
    page.click("text=I have kept it")
    page.wait_for_selector("text=last used")
    assert text not in page.content()
    (mail,) = until(lambda: mails(post, "alice@example.org"), what="the mail")
    assert "access token was created" in str(mail["Subject"])
    assert "Backup script" in text_of(mail)
    assert "Backup script" in html_of(mail)
    page.click("button:has-text('Revoke')")
    page.wait_for_selector("text=The token is revoked")
    assert use(home, text).status == 401
    until(lambda: len(mails(post, "alice@example.org")) == 2, what="the other mail")
    assert text not in home.output.read_text()


def test_a_token_opens_what_takes_it_and_nothing_else(home):
    bob = Person(home, "bob")
    made, narrow = make_token(bob), make_token(bob, "narrow", ("wiki",))
    assert use(home, made["text"]).status == 200
    assert use(home, made["text"], host=APP).status == 401
    assert use(home, narrow["text"]).status == 401
    assert use(home, made["text"] + "x").status == 401
    refused = use(home, "x")
    assert 'error="invalid_token"' in refused.header("www-authenticate")
    # Neither the pages nor the tokens of applications take it.
    assert use(home, made["text"], host=SIGN_IN, path="/profile").header("location").startswith("/signin")
    assert use(home, made["text"], host=SIGN_IN, path="/oidc/userinfo").status in {401, 403}


def test_a_server_asks_what_a_token_is_worth_and_hears_of_its_end_at_once(home):
    made = make_token(Person(home, "carol"), "for the wiki", ("wiki",))

    def worth(client):
        return Application(home, client).post("/oidc/introspect", token=made["text"])[1]

    told = worth("guard")
    assert (told["active"], told["sub"], told["scope"]) == (True, "carol", "wiki")
    assert told["aud"] == f"https://{SIGN_IN}:{home.port}/personal"
    assert worth("nosy") == {"active": False}
    assert use(home, made["text"], host=SIGN_IN, path="/oidc/userinfo").status in {401, 403}
    home.run("admin", "oidc", "personal", "revoke", "carol", made["id"])
    assert worth("guard") == {"active": False}


def test_a_token_reads_its_owners_account(home):
    bob = Person(home, "bob")
    made = make_token(bob, "reader", ("account",))
    answer = use(home, made["text"], host=SIGN_IN, path="/api/profile")
    assert (answer.status, json.loads(answer.body)["name"]) == (200, "bob")
    changing = home.fetch(
        "POST", SIGN_IN, "/api/profile/sessions/end", body='{"which": "all"}',
        headers={"Authorization": f"Bearer {made['text']}", "Content-Type": "application/json"},
    )  # fmt: skip
    assert changing.status == 401


def test_operators_see_and_end_tokens(home):
    carol = Person(home, "carol")
    made, other = make_token(carol), make_token(carol, "other")
    listed = home.run("admin", "oidc", "personal", "list", "carol")
    assert made["id"] in listed
    assert made["text"] not in listed
    home.run("admin", "oidc", "personal", "revoke", "carol", made["id"])
    assert use(home, made["text"]).status == 401
    assert use(home, other["text"]).status == 200
    home.run("admin", "oidc", "personal", "revoke", "carol", "--everything")
    assert use(home, other["text"]).status == 401


def test_whoever_is_switched_off_has_no_tokens_when_they_are_back(home):
    dave = Person(home, "dave")
    made = make_token(dave)
    assert use(home, made["text"]).status == 200
    home.run("users", "disable", "dave")
    until(lambda: use(home, made["text"]).status == 401, what="the refusal")
    until(lambda: made["id"] not in home.run("admin", "oidc", "personal", "list", "dave"), what="the end")
    home.run("users", "enable", "dave")
    until(lambda: "dave" in home.run("users", "list"), what="the return")
    assert use(home, made["text"]).status == 401


def test_tokens_outlive_a_kill_and_the_session_they_were_made_in(home):
    erin = Person(home, "erin")
    made = make_token(erin)
    erin.call("/api/profile/sessions/end", {"which": "all"})
    home.kill()
    home.start()
    assert use(home, made["text"]).status == 200


def test_making_one_takes_a_fresh_sign_in(home):
    erin = Person(home, "erin")
    erin.arrive()
    status, refused = erin.call("/api/profile/tokens", {"name": "x", "scopes": ["account"], "days": 1})
    assert (status, refused["code"]) == (403, "not_fresh")


def test_what_is_open_by_a_token_ends_when_it_is_revoked(home):
    bob = Person(home, "bob")
    made = make_token(bob, "long")
    with home.connect(API) as connection:
        lines = (
            "GET /hangs HTTP/1.1",
            f"Host: {API}:{home.port}",
            f"Authorization: Bearer {made['text']}",
        )
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        until(
            lambda: any(each["component"] == "proxy.request" for each in said_of(home, made)),
            what="the request",
        )
        home.run("admin", "oidc", "personal", "revoke", "bob", made["id"])
        # The answer comes long before the application would have given one.
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.startswith(b"HTTP/1.1 403 ")
    assert b"Your access ended meanwhile" in received


def test_it_is_on_record_who_made_tokens_and_who_used_them(home):
    made = make_token(Person(home, "erin"), "outside", ("applications",))
    use(home, made["text"], path="/seen")

    def is_there():
        return [each for each in said_of(home, made) if each["component"] == "http.access"]

    (record,) = until(is_there, what="the record of the request")
    assert (record["auth.user_id"], record["server.request.path"]) == ("erin", "/seen")
    said = [each for each in home.records() if each.get("component") == "oidc.pat.issue"]
    assert {"PAT issued"} == {each["msg"] for each in said}
    assert all(each["audit"] for each in said)
