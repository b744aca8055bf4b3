"""People manage their own account: in a browser without scripts, and by calls."""

import html
import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.journeys.gateway import APP, MAPPING, SIGN_IN, Gateway, Visitor, until
from tests.journeys.mail_server import MailServer, text_of

from yett.authn.password import Hasher, PasswordSettings
from yett.identity import LocalUser, LocalUsers
from yett.identity import Person as Entry
from yett.net.pages import SIGN_ON_COOKIE

SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2

[onboarding]
enabled = false

[signin.mfa]
email_codes = false
"""
OLD, NEW = "correct horse 7 staple", "a quite different sentence"
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank", "gwen", "hugo", "iris")
CODE = re.compile(r"[B-Z]{5}-[B-Z]{5}")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


def make(folder, mappings, heard, people):
    """A gateway with these people, all of whom have the same password."""
    gateway = Gateway(folder, mappings, heard=heard, telemetry='log_level = "trace"')
    gateway.data.mkdir(mode=0o700)
    users = LocalUsers(gateway.data / "users.toml")
    password_hash = Hasher(PasswordSettings(memory=8 << 20, passes=1)).hash_new(OLD)
    for name, email in people.items():
        person = Entry(name, name.title(), email, ("staff",), False, "local")
        users.add(LocalUser(person, password_hash))
    return gateway.start()


@pytest.fixture(scope="module")
def home(tmp_path_factory, heard_folder, upstream, post):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    mapping += SETTINGS.format(port=post.port)
    people = {name: f"{name}@example.org" for name in PEOPLE}
    gateway = make(tmp_path_factory.mktemp("home") / "gateway", mapping, heard_folder, people)
    yield gateway
    gateway.stop()


@pytest.fixture
def own(tmp_path, heard_folder):
    """A gateway of a test's own, to be stopped and started."""
    gateway = make(tmp_path / "own", "", heard_folder, dict.fromkeys(PEOPLE, ""))
    yield gateway
    gateway.stop()


class Person(Visitor):
    """Somebody in front of their own account."""

    def __init__(self, gateway, name, *, password=None, agent=FIREFOX):
        super().__init__(gateway)
        self.name, self.password, self.agent = name, password or OLD, agent

    def go(self, method, host, path, *, form=None, headers=None):
        return super().go(
            method, host, path, form=form, headers={"User-Agent": self.agent, **(headers or {})}
        )

    def arrive(self):
        """Sign in at the application."""
        return self.sign_in(self.name, self.password)

    def own(self, path):
        return self.get(path, host=SIGN_IN)

    def confirm(self, path="/profile"):
        """Show anew that it is them; the page they come back to."""
        page = self.own(f"/signin?again=1&next={path}")
        return self.fill(page, name=self.name, password=self.password)

    def fill(self, page, index=0, **fields):
        """Send a form of a page; where that ends."""
        form = re.findall(
            r'<form class="[a-z]+" method="post" action="([^"]+)">(.*?)</form>', page.body.decode(), re.DOTALL
        )[index]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))
        sent = {name: html.unescape(value) for name, value in hidden.items()} | fields
        return self.go("POST", self.at[0], html.unescape(form[0]), form=sent)

    def call(self, path, content=None, **headers):
        """A call of a program that has this browser's cookies."""
        jar = self.cookies.setdefault(SIGN_IN, {})
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items()), **headers}
        body = None
        if content is not None:
            sent = {"Content-Type": "application/json", **sent}
            body = json.dumps(content)
        answer = self.gateway.fetch(
            "GET" if content is None else "POST", SIGN_IN, path, headers=sent, body=body
        )
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                jar[key] = rest.partition(";")[0]
        return answer.status, json.loads(answer.body)

    @property
    def is_in(self):
        return self.call("/api/profile")[0] == 200


def test_people_see_who_they_are_and_what_they_have(home):
    alice = Person(home, "alice")
    alice.arrive()
    page = alice.own("/")
    assert "Your account" in page.text
    page = alice.own("/profile")
    assert page.status == 200
    for word in ("Alice", "alice@example.org", "staff", "This gateway", "Not set up", "None yet", "1 open"):
        assert word in page.text
    status, found = alice.call("/api/profile")
    assert (status, found["name"], found["groups"], found["fresh"]) == (200, "alice", ["staff"], False)


def code_of(secret):
    words = ["oathtool", "--totp", "--base32", "--now", f"@{int(time.time())}", secret]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def test_an_app_is_set_up_and_asked_for_from_then_on(home, post):
    post.forget()
    alice = Person(home, "bob")
    alice.arrive()
    page = alice.own("/profile/app")
    assert "You are asked to sign in anew first." in page.text
    page = alice.confirm("/profile/app")
    page = alice.fill(page, action="begin")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1]
    page = alice.fill(page, action="confirm", code=code_of(secret))
    codes = CODE.findall(page.text)
    assert len(set(codes)) == 10
    until(lambda: [mail for mail in post.mails if "authenticator" in mail["Subject"]], what="the mail")
    other = Person(home, "bob")
    page = other.arrive()
    assert "Your authenticator app shows it." in page.text
    page = other.fill(page, code=codes[0])
    assert alice.call("/api/profile")[1]["app"]["recovery_codes"] == 9
    assert secret not in home.output.read_text()
    assert not [code for code in codes if code in home.output.read_text()]


def test_a_changed_password_throws_everybody_else_out(home, post):
    post.forget()
    alice, elsewhere, phone = (Person(home, "carol") for _ in range(3))
    for each in (alice, elsewhere, phone):
        each.arrive()
    stolen = dict(alice.cookies[SIGN_IN])
    assert elsewhere.get("/").status == 200
    assert elsewhere.at[0] == APP
    page = alice.confirm("/profile/password")
    page = alice.fill(page, old=alice.password, new=NEW, again=NEW)
    assert "Saved." in page.text
    assert alice.is_in
    for each in (elsewhere, phone):
        assert not each.is_in
        assert "Sign in" in each.get("/").text
        assert each.at[0] == SIGN_IN
    thief = Person(home, "carol")
    thief.cookies[SIGN_IN] = stolen
    assert not thief.is_in
    assert "is not right" in Person(home, "carol").arrive().text
    assert "Signed in" not in Person(home, "carol").arrive().text
    again = Person(home, "carol", password=NEW)
    again.arrive()
    assert again.at[0] == APP
    until(lambda: post.mails, what="the mail")
    assert "was changed" in post.mails[0]["Subject"]
    assert NEW not in text_of(post.mails[0])
    assert NEW not in home.output.read_text()


def test_the_command_that_sets_a_password_throws_out_too(home):
    alice, bob = Person(home, "dave"), Person(home, "alice")
    alice.arrive()
    bob.arrive()
    assert bob.is_in
    home.run("users", "passwd", "dave", "--password-stdin", stdin=NEW + "\n")
    until(lambda: not alice.is_in, what="the end of the session")
    assert bob.is_in


def test_what_a_restart_keeps_and_ends(own):
    alice, bob, carol = (Person(own, name) for name in ("alice", "bob", "carol"))
    for each in (alice, bob, carol):
        each.app_host = SIGN_IN
        each.arrive()
        assert each.is_in
    # The session in which a password was changed knows it.
    carol.fill(carol.confirm("/profile/password"), old=OLD, new=NEW, again=NEW)
    own.stop()
    own.run("users", "passwd", "alice", "--password-stdin", stdin=NEW + "\n")
    own.start()
    assert (alice.is_in, bob.is_in, carol.is_in) == (False, True, True)


def test_sessions_are_seen_and_ended(home):
    alice = Person(home, "erin")
    phone = Person(home, "erin", agent="Mozilla/5.0 (iPhone) Safari/605")
    alice.arrive()
    phone.arrive()
    page = alice.own("/profile/sessions")
    for word in ("Firefox on Linux", "This one", "Safari on iPhone", "127.0.0.1", APP, "Sign-ins lately"):
        assert word in page.text
    page = alice.fill(page)
    assert "The session is ended." in page.text
    assert not phone.is_in
    assert phone.get("/").status == 200
    assert phone.at[0] == SIGN_IN
    phone.arrive()
    assert phone.is_in
    page = alice.own("/profile/sessions")
    page = alice.fill(page, index=-1, which="all")
    assert alice.at[1] == "/signout"
    assert not alice.is_in
    assert not phone.is_in


def test_of_fifty_changes_of_one_password_one_is_made(home):
    alice = Person(home, "frank")
    alice.arrive()
    alice.confirm()
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(
                lambda number: alice.call(
                    "/api/profile/password", {"old": alice.password, "new": f"{NEW} {number}"}
                ),
                range(50),
            )
        )
    made = [number for number, (status, _) in enumerate(answers) if status == 200]
    assert len(made) == 1

    def arrives():
        again = Person(home, "frank", password=f"{NEW} {made[0]}")
        again.arrive()
        return again.at[0] == APP

    # Changes that began after the one was made were guesses, after which the next has to wait.
    until(arrives, seconds=60, what="signing in with the new password")


def test_guessing_the_old_password_has_to_wait(home):
    alice = Person(home, "gwen")
    alice.arrive()
    alice.confirm()
    statuses = [
        alice.call("/api/profile/password", {"old": f"guess {number}", "new": NEW})[0] for number in range(8)
    ]
    assert 429 in statuses
    assert alice.is_in


def test_a_portal_that_is_switched_off_by_reload_is_gone(own):
    alice = Person(own, "alice")
    alice.app_host = SIGN_IN
    alice.arrive()
    assert alice.is_in
    own.write(service="enable_portal = false")
    until(lambda: alice.call("/api/profile")[0] == 404, what="the end of the pages")
    assert alice.own("/profile/passkeys").status == 404
    assert "Your account" not in alice.own("/").text
    assert alice.call("/profile/passkeys/begin", {})[0] == 404
    said = [each["msg"] for each in own.records() if each["component"] == "profile.init"]
    assert said == ["Profile pages registered at /profile", "Profile pages disabled"]


def test_mails_come_in_the_language_that_was_chosen(home, post):
    post.forget()
    bob = Person(home, "hugo")
    bob.arrive()
    page = bob.own("/profile/language")
    assert "Deutsch" in bob.fill(page, language="de").text
    bob.fill(bob.confirm("/profile/password"), old=bob.password, new=NEW, again=NEW)
    until(lambda: post.mails, what="the mail")
    assert post.mails[0]["Subject"] == "Ihr Passwort wurde geändert"


def test_the_session_cookie_alone_is_not_enough_to_change_anything(home):
    alice = Person(home, "iris")
    alice.arrive()
    for path in ("/app", "/password", "/recovery", "/app/remove", "/passkeys/remove"):
        status, answer = alice.call(f"/api/profile{path}", {"old": alice.password, "new": NEW})
        assert (status, answer["code"]) == (403, "not_fresh")
    status, _ = alice.call("/api/profile/language", {"language": "de"}, Origin="https://evil.example")
    assert status == 403
    assert SIGN_ON_COOKIE in alice.cookies[SIGN_IN]
