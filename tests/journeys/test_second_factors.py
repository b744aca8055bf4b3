"""People with a second factor: they set one up, sign in with it, lose it, and are helped."""

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
from yett.identity import LocalUser, LocalUsers, Person

FACTORS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2

[authn.otp]
resend_interval = "1s"
lock_for = "1h"

[signin.mfa]
password = "always"
require_groups = ["staff"]
tries = 20
free_attempts = 100
"""
PASSWORD = "a rather long sentence"
PEOPLE = {"ada": "staff", "cleo": "staff", "dora": "staff", "eve": "staff", "gus": "guests", "gwen": "guests"}
RECOVERY = re.compile(r"\b[B-Z]{5}-[B-Z]{5}\b")
MAILED = re.compile(r"\b[B-Z]{4}-[B-Z]{4}\b")


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, heard_folder, upstream, post):
    """A gateway that asks everybody for a second factor, and of staff one of their own."""
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff", "guests"]'
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("factors"),
        mapping + FACTORS.format(port=post.port),
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    gateway.data.mkdir(mode=0o700)
    users = LocalUsers(gateway.data / "users.toml")
    password_hash = Hasher(PasswordSettings(memory=8 << 20, passes=1)).hash_new(PASSWORD)
    for name, group in PEOPLE.items():
        person = Person(name, name, f"{name}@example.org", (group,), False, "local")
        users.add(LocalUser(person, password_hash))
    gateway.start()
    yield gateway
    gateway.stop()


def sign_in(visitor, name, path="/"):
    return visitor.sign_in(name, PASSWORD, path)


def fill(visitor, page, **fields):
    """Send the form of a page with these fields; where that ends."""
    form = re.search(
        r'<form class="fields" method="post" action="([^"]+)">(.*?)</form>', page.body.decode(), re.DOTALL
    )
    assert form, page.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[2]))
    sent = {name: html.unescape(value) for name, value in hidden.items()} | fields
    return visitor.go("POST", visitor.at[0], html.unescape(form[1]), form=sent)


class Phone:
    """An authenticator app: Debian's oathtool. It hands out one code after the other, none twice."""

    def __init__(self, secret):
        self._secret = secret
        # From a step before this one, so that four codes are to be had without waiting.
        self._next = int(time.time()) // 30 - 1

    def code(self):
        words = ["oathtool", "--totp", "--base32", "--now", f"@{self._next * 30}", self._secret]
        self._next += 1
        return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def mails_to(post, name):
    return [mail for mail in post.mails if mail["To"] == f"{name}@example.org"]


def mailed_code(post, name, count):
    """The code in the mail that makes it `count` mails to this person."""
    until(lambda: len(mails_to(post, name)) >= count, what="the mail")
    return MAILED.search(text_of(mails_to(post, name)[count - 1]))[0]


def enrol(gateway, post, name):
    """Sign in for the first time; the app and the recovery codes."""
    visitor = Visitor(gateway)
    page = sign_in(visitor, name)
    assert "Enter the code from your mail" in page.text
    page = fill(visitor, page, code=mailed_code(post, name, 1))
    assert "Set up a second factor" in page.text
    page = fill(visitor, page)
    assert b'<svg class="qr"' in page.body
    phone = Phone(re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1])
    page = fill(visitor, page, code="000000")
    assert "The code is not right" in page.text
    page = fill(visitor, page, code=phone.code())
    codes = RECOVERY.findall(page.text)
    assert len(codes) == 10
    assert hello(name) in visitor.get("/").text
    return phone, codes


def hello(name):
    return f"Hello {name}"


def hear(gateway, component, message):
    """Wait until the gateway has said this; it writes in batches."""

    def is_said():
        return any((each["component"], each["msg"]) == (component, message) for each in gateway.records())

    until(is_said, what=f"the record {message!r}")


def test_somebody_sets_up_an_app_signs_in_with_it_loses_it_and_is_helped(guarded, post):
    phone, codes = enrol(guarded, post, "ada")
    until(lambda: len(mails_to(post, "ada")) == 2, what="the mail")
    assert "authenticator" in mails_to(post, "ada")[-1]["Subject"].lower()

    # The next sign-in asks the app.
    visitor = Visitor(guarded)
    page = sign_in(visitor, "ada", "/wanted")
    assert "Enter your code" in page.text
    code = phone.code()
    page = fill(visitor, page, code=f"{code[:3]} {code[3:]}")
    assert hello("ada") in page.text
    assert visitor.at == (APP, "/wanted")

    # Whoever saw that code typed cannot use it, and the password alone opens nothing.
    thief = Visitor(guarded)
    page = fill(thief, sign_in(thief, "ada"), code=code)
    assert "The code is not right" in page.text
    hear(guarded, "totp.validate", "TOTP replay detected - code already used")
    thief.get("/")
    assert thief.at[0] == SIGN_IN

    # The app is lost: a recovery code is good once.
    for typed, is_right in ((codes[0].lower(), True), (codes[0], False), (codes[1].replace("-", ""), True)):
        visitor = Visitor(guarded)
        page = fill(visitor, sign_in(visitor, "ada"), code=typed)
        assert (hello("ada") in page.text) is is_right, page.text
    (shown,) = json.loads(guarded.run("--json", "admin", "totp", "show", "ada"))
    assert shown["recovery_codes"] == 8

    # An operator removes it; the person is told, and its codes are good for nothing.
    assert "Removed the authenticator of ada" in guarded.run("admin", "totp", "reset", "ada")
    until(
        lambda: any("removed" in mail["Subject"].lower() for mail in mails_to(post, "ada")), what="the mail"
    )
    hear(guarded, "totp.delete", "TOTP authenticator removed")
    thief = Visitor(guarded)
    page = sign_in(thief, "ada")
    assert "Enter the code from your mail" in page.text
    for typed in (phone.code(), codes[2]):
        page = fill(thief, page, code=typed)
        assert "The code is not right" in page.text


def test_a_code_by_mail_is_enough_for_a_guest_and_good_in_one_browser(guarded, post):
    visitor, other = Visitor(guarded), Visitor(guarded)
    page = sign_in(visitor, "gus")
    assert "Enter the code from your mail" in page.text
    first = mailed_code(post, "gus", 1)
    elsewhere = sign_in(other, "gus")
    second = mailed_code(post, "gus", 2)

    # Each browser has its own code.
    elsewhere = fill(other, elsewhere, code=first)
    assert "The code is not right" in elsewhere.text
    assert hello("gus") in fill(visitor, page, code=first.lower().replace("-", "")).text
    assert hello("gus") in fill(other, elsewhere, code=second).text

    hear(guarded, "otp.validate", "OTP validated successfully")
    log = guarded.output.read_text()
    assert first not in log
    assert first.replace("-", "") not in log


def test_a_browser_that_guesses_is_locked_until_an_operator_unlocks_the_person(guarded, post):
    visitor = Visitor(guarded)
    page = sign_in(visitor, "gwen")
    code = mailed_code(post, "gwen", 1)
    for _ in range(5):
        page = fill(visitor, page, code="BBBB-BBBB")
    assert "wrong too often" in page.text
    page = fill(visitor, page, code=code)
    assert "wrong too often" in page.text
    hear(guarded, "otp.validate", "SECURITY: OTP locked due to max retry attempts exceeded")

    assert "gwen can ask for a code again" in guarded.run("admin", "otp", "unlock", "gwen")

    page = fill(visitor, page, send="1")
    assert hello("gwen") in fill(visitor, page, code=mailed_code(post, "gwen", 2)).text


def test_of_many_browsers_with_one_code_of_the_app_exactly_one_gets_in(guarded, post):
    phone, _ = enrol(guarded, post, "cleo")
    visitors = [Visitor(guarded) for _ in range(10)]
    pages = [sign_in(visitor, "cleo") for visitor in visitors]
    code = phone.code()

    with ThreadPoolExecutor(len(visitors)) as crowd:
        ends = list(crowd.map(lambda pair: fill(*pair, code=code), zip(visitors, pages, strict=True)))

    assert sum(hello("cleo") in page.text for page in ends) == 1


NASTY = [
    "\x00" * 6,
    "9" * 60,
    "\u0661\u0662\u0663\u0664\u0665\u0666",
    "\uff11" * 6,
    "\U0001f3f0" * 3,
    "BCDFG-HJKL\u017f",
    "' OR '1'='1",
    "<script>alert(1)</script>",
    "123456\r\nSet-Cookie: a=b",
    "%00%0d%0a",
]


def test_whatever_is_typed_is_a_wrong_code_and_never_an_error(guarded, post):
    phone, _ = enrol(guarded, post, "eve")
    visitor = Visitor(guarded)
    page = sign_in(visitor, "eve")
    for typed in NASTY:
        page = fill(visitor, page, code=typed)
        assert page.status == 422, typed
        assert "The code is not right" in page.text
        assert b"<script>alert" not in page.body
    # A form that is far too large, or says two things, is refused without being looked at.
    assert visitor.go("POST", SIGN_IN, "/signin/factor", form={"code": "9" * 300_000}).status in {
        400,
        403,
        413,
    }
    assert visitor.go("POST", SIGN_IN, "/signin/factor", form=[("code", "1"), ("code", "2")]).status in {
        400,
        403,
    }
    assert hello("eve") in fill(visitor, page, code=phone.code()).text


def test_the_second_step_works_by_keyboard_without_scripts(guarded, post, page):
    phone, _ = enrol(guarded, post, "dora")
    page.goto(f"https://{APP}:{guarded.port}/")
    page.locator('input[name="name"]:focus').wait_for()
    page.keyboard.type("dora")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.locator('input[name="code"]:focus').wait_for()
    page.keyboard.type(phone.code())
    page.keyboard.press("Enter")
    page.wait_for_url(f"https://{APP}:{guarded.port}/")
    assert page.inner_text("h1") == hello("dora")
