"""Passkeys against a whole gateway, by Chromium with an authenticator that exists in software only."""

import json
import os
import re

import pytest
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway, until

from yett.net.pages import SIGN_ON_COOKIE

DEMANDING = """
[signin.mfa]
require_groups = ["careful"]
email_codes = false
"""
WORDS = {**PASSWORDS, "carol": "purple 5 umbrella road"}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory, heard_folder):
    """A gateway without applications; carol is in a group that has to have a second factor."""
    made = Gateway(
        tmp_path_factory.mktemp("keyed"), DEMANDING, heard=heard_folder, telemetry='log_level = "trace"'
    )
    made.people()
    made.run("users", "add", "carol", "--group", "careful", "--password-stdin", stdin=WORDS["carol"] + "\n")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def browser(chromium):
    """A page whose browser has an authenticator that knows its owner.

    It does not offer passkeys by itself, as some browsers do not: the authenticator would accept at once.
    """
    context = chromium.new_context(ignore_https_errors=True)
    context.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => !!window.offers"
    )
    page = context.new_page()
    page.problems = []
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    page.device = Device(context.new_cdp_session(page))
    yield page
    context.close()


class Device:
    """The virtual authenticator of a page (WebAuthn.addVirtualAuthenticator)."""

    def __init__(self, session):
        self._session = session
        session.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self._id = self.send("addVirtualAuthenticator", options=options)["authenticatorId"]

    def send(self, command, **parameters):
        if command != "addVirtualAuthenticator":
            parameters["authenticatorId"] = self._id
        return self._session.send(f"WebAuthn.{command}", parameters)

    @property
    def credentials(self):
        return self.send("getCredentials")["credentials"]

    def put(self, credential):
        self.send("addCredential", credential=credential)

    def know(self, *, is_owner):
        self.send("setUserVerified", isUserVerified=is_owner)


def url(gateway, path="/"):
    return f"https://{SIGN_IN}:{gateway.port}{path}"


def fill_in(page, name):
    page.fill("#name", name)
    page.fill("#password", WORDS[name])
    page.click("form.fields button")


def make_passkey(gateway, page, name, device="Work laptop"):
    """Sign in with the password, confirm that it is oneself, and make a passkey."""
    page.goto(url(gateway, "/profile/passkeys"))
    if page.is_visible("#password"):
        fill_in(page, name)
        page.wait_for_url("**/profile/passkeys")
    page.click("text=Change them")
    fill_in(page, name)
    page.wait_for_selector("#passkey-new")
    page.fill("#device", device)
    page.click("#passkey-new button")
    page.wait_for_selector(f"dt:has-text('{device}')")


def sign_out(gateway, page):
    page.context.clear_cookies()
    page.goto(url(gateway, "/signin"))


def press(page):
    page.click("#passkey-signin button")


def signed_in(page, name):
    page.wait_for_selector(f"h1:has-text('{name.title()}')")


def said(gateway, message, **fields):
    def find():
        return [
            each
            for each in gateway.records()
            if each["msg"] == message and all(each.get(key) == value for key, value in fields.items())
        ]

    return until(find, what=message)


@pytest.fixture(scope="module")
def pocket():
    """The passkey that alice carries from test to test, while it is good."""
    return []


@pytest.fixture
def alice(keyed, browser, pocket):
    """Alice's browser, signed out, with a passkey of hers."""
    if pocket:
        browser.device.put(pocket.pop())
        browser.goto(url(keyed, "/signin"))
    else:
        make_passkey(keyed, browser, "alice")
        sign_out(keyed, browser)
    yield browser
    if rows(keyed, "alice"):
        pocket.extend(browser.device.credentials)


def rows(gateway, name):
    return json.loads(gateway.run("admin", "passkey", "list", name, "--json"))


def test_a_passkey_signs_in_without_name_and_password(keyed, alice):
    press(alice)
    signed_in(alice, "alice")
    assert alice.problems == []
    done = said(keyed, "User signed in successfully", method="passkey")[-1]
    assert done["auth.user_id"] == "alice"
    (row,) = rows(keyed, "alice")
    assert row["device"] == "Work laptop"
    assert row["last used"]
    (credential,) = alice.device.credentials
    assert credential["rpId"] == SIGN_IN
    assert "alice" not in credential["userHandle"]


def test_a_passkey_chosen_from_what_the_browser_offers_signs_in(keyed, alice):
    # The authenticator accepts the offer, as a person does by choosing it.
    alice.context.add_init_script("window.offers = true")
    alice.goto(url(keyed, "/signin?next=/profile/passkeys"))
    alice.wait_for_selector("dt:has-text('Work laptop')")
    assert alice.problems == []


def test_a_passkey_that_was_revoked_is_refused_and_the_page_says_so(keyed, alice):
    (row,) = rows(keyed, "alice")
    keyed.run("admin", "passkey", "revoke", "alice", row["passkey"], "--reason", "the laptop was lost")
    press(alice)
    alice.wait_for_selector("#passkey-signin .notice.bad")
    assert "not accepted" in alice.inner_text("#passkey-signin .notice")
    assert "/signin" in alice.url
    revoked = said(keyed, "Passkey revoked", hash=row["passkey"])[-1]
    assert revoked["reason"] == "the laptop was lost"


def test_a_device_that_does_not_know_its_owner_is_refused(alice):
    alice.device.know(is_owner=False)
    press(alice)
    alice.wait_for_selector("#passkey-signin .notice.bad")
    assert "No passkey was used" in alice.inner_text("#passkey-signin .notice")


def test_a_passkey_whose_counter_goes_back_is_a_clone_and_is_revoked(keyed, alice):
    (credential,) = alice.device.credentials
    press(alice)
    signed_in(alice, "alice")
    used = alice.device.credentials[0]
    assert used["signCount"] > credential["signCount"]
    alice.device.send("removeCredential", credentialId=credential["credentialId"])
    alice.device.put({**credential, "signCount": 0})
    sign_out(keyed, alice)
    press(alice)
    alice.wait_for_selector("#passkey-signin .notice.bad")
    said(keyed, "Cloned device failures")
    assert rows(keyed, "alice") == []


def test_people_remove_passkeys_on_their_own_page(keyed, browser):
    make_passkey(keyed, browser, "bob", device="Old phone")
    browser.click("button[aria-label='Remove Old phone']")
    browser.wait_for_selector("text=You have none yet")
    assert rows(keyed, "bob") == []


def test_a_device_with_a_passkey_is_not_given_a_second(keyed, alice):
    press(alice)
    signed_in(alice, "alice")
    alice.goto(url(keyed, "/profile/passkeys"))
    alice.click("text=Change them")
    press(alice)
    alice.wait_for_selector("#passkey-new")
    alice.click("#passkey-new button")
    alice.wait_for_selector("#passkey-new .notice.bad")
    assert "already" in alice.inner_text("#passkey-new .notice")


def test_whoever_has_a_passkey_is_asked_for_it_after_the_password(alice):
    fill_in(alice, "alice")
    alice.click("a:has-text('Use your passkey')")
    press(alice)
    signed_in(alice, "alice")


def test_whoever_needs_a_second_factor_makes_a_passkey_and_is_in(keyed, browser):
    browser.goto(url(keyed, "/signin?next=/profile/passkeys"))
    fill_in(browser, "carol")
    browser.wait_for_selector("#passkey-new")
    browser.fill("#device", "Tablet")
    browser.click("#passkey-new button")
    browser.wait_for_selector("dt:has-text('Tablet')")
    assert browser.problems == []
    (kept,) = said(keyed, "Passkey enrolled", **{"auth.user_id": "carol"})
    assert (kept["device"], kept["active_count"]) == ("Tablet", 1)
    sign_out(keyed, browser)
    press(browser)
    signed_in(browser, "carol")


def test_pages_without_scripts_show_no_button_for_passkeys(keyed, page):
    page.goto(url(keyed, "/signin"))
    assert not page.is_visible("#passkey-signin")
    assert page.is_visible("#password")


def test_a_sign_in_that_is_not_fresh_may_not_change_anything(keyed, browser):
    browser.goto(url(keyed, "/signin"))
    fill_in(browser, "bob")
    signed_in(browser, "bob")
    browser.goto(url(keyed, "/profile/passkeys"))
    assert not browser.query_selector("#passkey-new")
    (session,) = [each for each in browser.context.cookies() if each["name"] == SIGN_ON_COOKIE]
    headers = {"Content-Type": "application/json", "Cookie": f"{SIGN_ON_COOKIE}={session['value']}"}
    answer = keyed.fetch("POST", SIGN_IN, "/profile/passkeys/begin", headers=headers, body="{}")
    assert answer.status == 403
    assert json.loads(answer.body)["code"] == "not_fresh"


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_fit_the_screen(keyed, browser, width):
    browser.set_viewport_size({"width": width, "height": 800})
    browser.goto(url(keyed, "/signin"))
    browser.wait_for_selector("#passkey-signin button")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    shots = os.environ.get("YETT_SHOTS")
    if shots:
        browser.screenshot(path=f"{shots}/signin-{width}.png")
    assert re.search("passkey", browser.inner_text("#passkey-signin button"))
