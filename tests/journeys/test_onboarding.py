"""First contact with a whole gateway: by password and mail, by invitation, with an app or a passkey."""

import json
import re

import pytest
from tests.journeys.gateway import SIGN_IN, Visitor, until
from tests.journeys.mail_server import MailServer, text_of
from tests.journeys.test_passkeys import Device
from tests.journeys.test_profile import CODE, OLD, Person, code_of, make

SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[authn.totp]
window = 2
"""
MAILED = re.compile(r"\b[B-Z]{4}-[B-Z]{4}\b")


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def porch(tmp_path_factory, heard_folder, post):
    people = {name: f"{name}@example.org" for name in ("alice", "bob", "carol", "erin", "frank")}
    settings = SETTINGS.format(port=post.port)
    folder = tmp_path_factory.mktemp("porch") / "gateway"
    gateway = make(folder, settings, heard_folder, {**people, "dave": ""})
    yield gateway
    gateway.stop()


def said(gateway, component):
    return [each for each in gateway.records() if each["component"].startswith(component)]


def begin(gateway, name):
    """Go to the page, sign in there, and go on."""
    person = Person(gateway, name)
    page = person.own("/onboarding")
    link = re.search(r'href="(/signin\?again=1[^"]+)"', page.body.decode())[1].replace("&amp;", "&")
    page = person.own(link)
    page = person.fill(page, name=name, password=OLD)
    return person, person.fill(page)


def set_up_app(person, page):
    page = person.fill(page)
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1]
    return secret, person.fill(page, code=code_of(secret))


def test_the_route_is_said_at_the_start(porch):
    (record,) = said(porch, "onboarding.init")
    assert record["msg"] == "Onboarding service route registered at /onboarding"


def test_a_password_a_code_by_mail_and_then_an_app(porch, post):
    post.forget()
    person, page = begin(porch, "alice")
    assert "Enter the code from your mail" in page.text
    until(lambda: post.mails, what="the mail")
    page = person.fill(page, code=MAILED.search(text_of(post.mails[0]))[0])
    assert "Set up a second factor" in page.text
    _, page = set_up_app(person, page)
    assert len(CODE.findall(page.text)) >= 10
    assert "You are all set" in person.own("/onboarding").text
    assert person.call("/api/profile")[1]["fresh"]
    (entered,) = [each for each in said(porch, "onboarding.passkey") if each["auth.user_id"] == "alice"]
    assert entered["msg"] == "Onboarding: authenticated user entering passkey enrollment"
    assert entered["audit"]


def test_whoever_has_no_address_needs_the_password_only(porch):
    person, page = begin(porch, "dave")
    _, page = set_up_app(person, page)
    assert "Keep these codes" in page.text
    assert "Authenticator" not in Person(porch, "dave").own("/onboarding").text


def test_the_profile_sends_people_without_a_factor_here(porch):
    carol = Person(porch, "carol")
    carol.app_host = SIGN_IN
    carol.arrive()
    page = carol.confirm("/profile/app")
    page = carol.fill(page, action="begin")
    assert carol.at[1] == "/onboarding"
    assert "a code goes to carol@example.org" in page.text
    status, answer = carol.call("/profile/passkeys/begin", {})
    assert (status, answer["next"]) == (403, "/onboarding")


def invite(gateway, name, *words):
    return gateway.run("admin", "onboarding", "invite", name, *words)


def path_of(text):
    return re.search(r"https://[^/]+(/onboarding/invitation\?t=[\w-]{43})", text)[1]


def test_an_invitation_needs_no_password_and_is_good_once(porch):
    path = path_of(invite(porch, "erin"))
    assert json.loads(porch.run("admin", "onboarding", "list", "--json"))[0]["user"] == "erin"
    first, second = Person(porch, "erin"), Person(porch, "erin")
    pages = [first.own(path), second.own(path)]
    page = first.fill(pages[0])
    assert "Set up a second factor" in page.text
    assert second.fill(pages[1]).status == 410
    assert Person(porch, "erin").own(path).status == 410
    set_up_app(first, page)
    assert first.call("/api/profile")[1]["name"] == "erin"
    done = porch.run("admin", "onboarding", "invite", "erin", check=False)
    assert done.returncode == 1
    assert "already" in done.stdout + done.stderr
    token = path.partition("t=")[2]
    everything = porch.output.read_text() + "".join(
        file.read_text(errors="replace") for file in (porch.data / "log").rglob("*") if file.is_file()
    )
    assert "Invitation used" in everything
    assert token not in everything


def test_an_invitation_is_mailed(porch, post):
    post.forget()
    assert "invitation?t=" not in invite(porch, "frank", "--mail")
    until(lambda: post.mails, what="the mail")
    assert "Set up your account" in post.mails[0]["Subject"]
    frank = Person(porch, "frank")
    page = frank.fill(frank.own(path_of(text_of(post.mails[0]))))
    assert "Set up a second factor" in page.text
    # Nothing was enrolled, so a new one can be had, which ends nothing but earlier ones.
    path = path_of(invite(porch, "frank"))
    porch.run("admin", "onboarding", "withdraw", "frank")
    assert frank.own(path).status == 410


def test_a_passkey_by_invitation(porch, chromium):
    """In Chromium, whose authenticator exists in software only."""
    link = re.search(r"https://\S+", invite(porch, "bob"))[0]
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    problems = []
    page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
    Device(context.new_cdp_session(page))
    page.goto(link)
    page.click("text=Begin")
    page.wait_for_selector("#passkey-new")
    page.fill("#device", "Tablet")
    page.click("#passkey-new button")
    page.wait_for_selector("h1:has-text('You are all set')")
    page.goto(link.partition("/onboarding")[0] + "/profile/passkeys")
    page.wait_for_selector("dt:has-text('Tablet')")
    page.click("summary:has-text('Rename')")
    page.fill("#name-1", "Old tablet")
    page.click("details button")
    page.wait_for_selector("dt:has-text('Old tablet')")
    page.goto(link.partition("/onboarding")[0] + "/profile")
    assert page.inner_text(".rows li:first-child .state") == "1"
    assert problems == []
    context.close()


def test_where_it_is_switched_off_there_is_nothing(make_gateway):
    gateway = make_gateway("closed", mappings="[onboarding]\nenabled = false\n")
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    assert visitor.get("/onboarding", host=SIGN_IN).status == 404
    (record,) = said(gateway, "onboarding.init")
    assert record["msg"] == "Onboarding disabled (console not enabled)"
    done = gateway.run("admin", "onboarding", "invite", "alice", check=False)
    assert "switched off" in done.stdout + done.stderr
