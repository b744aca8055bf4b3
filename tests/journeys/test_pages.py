"""Every page of the sign-in host, on a phone and on a desk: it fits, needs no mouse, and shuts nobody out.

Faults are looked for by axe-core, which breaks our content policy to do so; the pages themselves keep it.
"""

import re
import subprocess
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, SIGN_IN, Gateway, until
from tests.journeys.mail_server import MailServer, text_of

from yett.net.pages import render
from yett.signin.forms import Notice

SETTINGS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "Yett <yett@example.org>"

[signin.magiclink]
enabled = true

[authn.totp]
window = 2

[signin.mfa]
require_groups = ["careful"]

[oidc.personal]
enabled = true
"""
SIZES = {"phone": (360, 740, "light"), "desk": (1280, 800, "dark")}
CONTROLS = "a[href], button, input:not([type=hidden]), select, summary, textarea, [tabindex='0']"
AXE = Axe()

PAGES = {
    # Nobody is signed in.
    "the sign-in": ("nobody", "/signin?next=/profile"),
    "an error": ("nobody", "/nowhere"),
    "a form that is not ours": ("nobody", "forged"),
    "a wrong password": ("nobody", "wrong"),
    "asking for a link": ("nobody", "/signin/link"),
    "waiting for a link": ("nobody", "waiting"),
    "an opened link": ("nobody", "opened"),
    "signed out": ("nobody", "/signout"),
    "first contact": ("nobody", "/onboarding"),
    "an invitation": ("nobody", "invited"),
    "an invitation that was used": ("nobody", "/onboarding/invitation?t=x"),
    # Half-way.
    "a code by mail": ("half", "mailed"),
    "the first factor": ("half", "enrol"),
    "the first factor, begun": ("half", "enrol begun"),
    # Alice is signed in, and was asked anew.
    "home": ("alice", "/"),
    "signing out": ("alice", "/signout"),
    "confirming": ("alice", "/signin?again=1&next=/profile"),
    "a device's code": ("alice", "/device"),
    "the account": ("alice", "/profile"),
    "sessions": ("alice", "/profile/sessions"),
    "language": ("alice", "/profile/language"),
    "passkeys": ("alice", "/profile/passkeys"),
    "the app": ("alice", "/profile/app"),
    "another app": ("alice", "another app"),
    "recovery codes": ("alice", "recovery"),
    "access tokens": ("alice", "/profile/tokens"),
    "a new access token": ("alice", "new token"),
    "access tokens, one of them": ("alice", "/profile/tokens"),
    "a token that cannot be": ("alice", "unfit token"),
    "being signed out by an application": ("alice", "/oidc/logout"),
    "a sign-out that cannot be used": ("alice", "/oidc/logout?client_id=a&client_id=b"),
    "the password": ("alice", "/profile/password"),
    "a new password that will not do": ("alice", "unfit"),
    "all set": ("alice", "/onboarding"),
    # Bob is signed in, not anew, and has nothing.
    "an account with nothing": ("bob", "/profile"),
    "an app to set up": ("bob", "/profile/app"),
    "first contact of somebody known": ("bob", "/onboarding"),
    "what a session may not see": ("bob", "denied"),
}


WHEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOTICE = Notice("That did not work.", "Try it again.", marks=True)
OFFER = SimpleNamespace(client_name="Terminal", scopes=("openid", "email"))
CARD = SimpleNamespace(name="alice", issuer="Example Authority", until=WHEN)
ALICE = SimpleNamespace(name="alice", display_name="Alice")
RENDERED = [
    ("password", {"name": "alice", "notice": NOTICE}),
    ("certificate", {"offered": CARD, "words": None, "again": False, "retry": "/", "other": "/signin"}),
    ("certificate", {"offered": None, "words": NOTICE, "again": False, "retry": "/", "other": "/signin"}),
    ("kerberos", {"is_change": True, "name": "alice", "notice": NOTICE, "again": False, "action": "/",
                  "change": "/", "other": "/signin"}),
    ("kerberos", {"is_change": False, "name": "", "notice": None, "again": False, "action": "/",
                  "change": "/", "other": "/signin"}),
    ("device_decide", {"offer": OFFER, "person": ALICE, "code": "BCDF-GHJK", "program": "Firefox on Linux",
                       "address": "192.0.2.1", "asked_at": WHEN}),
    ("device_done", {"is_approved": True, "name": "Terminal"}),
    ("device_done", {"is_approved": False, "name": "Terminal"}),
    ("link_done", {"is_authorized": True}),
    ("connect", {"person": ALICE, "title": "Acme", "shown": "alice@example.org", "display_name": "Alice"}),
    ("connections", {"person": ALICE, "notice": NOTICE, "providers": [{"title": "Acme", "href": "/"}],
                     "links": [{"title": "Acme", "shown": "alice@example.org", "since": WHEN, "sealed": "x"}]}),
    ("connections", {"person": ALICE, "notice": None, "providers": [], "links": []}),
]  # fmt: skip


@pytest.fixture(scope="module")
def post():
    with MailServer() as server:
        yield server


@pytest.fixture(scope="module")
def host(tmp_path_factory, heard_folder, upstream, post):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    gateway = Gateway(
        tmp_path_factory.mktemp("pages"), mapping + SETTINGS.format(port=post.port), heard=heard_folder
    )
    gateway.people()
    gateway.start()
    yield gateway
    gateway.stop()


class Desk:
    """The browsers of the people of this file, and how each gets to a page."""

    def __init__(self, chromium, gateway, post) -> None:
        self._chromium, self.gateway, self._post = chromium, gateway, post
        self._open = {}

    def page(self, who):
        if who not in self._open:
            context = self._chromium.new_context(ignore_https_errors=True, bypass_csp=True)
            context.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
            self._open[who] = context.new_page()
            if who in PASSWORDS:
                self._arrive(self._open[who], who)
        return self._open[who]

    def close(self):
        for page in self._open.values():
            page.context.close()

    def url(self, path, host=SIGN_IN):
        return f"https://{host}:{self.gateway.port}{path}"

    def go(self, page, path):
        page.goto(self.url(path))

    def _arrive(self, page, who):
        if who == "bob":
            self.sign_in(page, "bob", "/signin?next=/profile")
            page.wait_for_selector(".rows")
        else:
            # Alice comes for the first time, by mail, and has an app from then on.
            self._post.forget()
            self.sign_in(page, who, "/signin?again=1&next=/onboarding")
            page.click("text=Send the code")
            self.type_mailed_code(page)
            self.set_up_app(page)
            page.click(".actions a")
            page.wait_for_selector("h1:has-text('You are all set')")

    def sign_in(self, page, name, path, password=None):
        self.go(page, path)
        page.fill("#name", name)
        page.fill("#password", password or PASSWORDS[name])
        page.click("form.fields button")

    def type_mailed_code(self, page):
        page.wait_for_selector("#code")
        until(lambda: self._post.mails, what="the mail")
        page.fill("#code", re.search(r"\b[B-Z]{4}-[B-Z]{4}\b", text_of(self._post.mails[-1]))[0])
        page.click("form.fields button:has-text('Continue')")

    def set_up_app(self, page):
        page.click("text=Set up an app")
        words = ["oathtool", "--totp", "--base32", "--now", f"@{int(time.time())}"]
        secret = page.inner_text(".help code")
        done = subprocess.run([*words, secret], capture_output=True, text=True, check=True, timeout=30)
        page.fill("#code", done.stdout.strip())
        page.click("text=Continue")
        page.wait_for_selector(".codes")

    # Pages that take more than an address.

    def reach(self, who, what):
        page = self.page(who)
        if what.startswith("/"):
            self.go(page, what)
        else:
            getattr(self, "reach_" + what.replace(" ", "_"))(page)
        return page

    def reach_forged(self, page):
        self.go(page, "/signin")
        page.evaluate("document.querySelector('[name=form]').value = 'x'")
        page.fill("#name", "alice")
        page.fill("#password", "x")
        page.click("form.fields button")

    def reach_wrong(self, page):
        self.sign_in(page, "alice", "/signin", "wrong")
        page.wait_for_selector("#problem")

    def reach_waiting(self, page):
        self._post.forget()
        self.go(page, "/signin/link")
        page.fill("input[type=email], #email", "bob@example.org")
        page.click("form.fields button")
        page.wait_for_selector("h1:has-text('mail')")

    def reach_opened(self, page):
        if not self._post.mails:
            self.reach_waiting(page)
        until(lambda: self._post.mails, what="the mail")
        link = re.search(r"https://[^\s\"<>]+/signin/link/open\?\S+", text_of(self._post.mails[-1]))[0]
        page.goto(link)

    def reach_invited(self, page):
        said = self.gateway.run("admin", "onboarding", "invite", "bob")
        page.goto(re.search(r"https://\S+", said)[0])

    def reach_mailed(self, page):
        self._post.forget()
        page.context.clear_cookies()
        self.sign_in(page, "bob", "/signin?again=1&next=/onboarding")
        page.click("text=Send the code")
        page.wait_for_selector("#code")

    def reach_enrol(self, page):
        if "/signin/enrol" not in page.url:
            self.reach_mailed(page)
            self.type_mailed_code(page)
            page.wait_for_selector("text=Set up an app")

    def reach_enrol_begun(self, page):
        self.reach_enrol(page)
        page.click("text=Set up an app")
        page.wait_for_selector(".qr")

    def reach_another_app(self, page):
        self.go(page, "/profile/app")
        page.click("text=Set up another app")
        page.wait_for_selector(".qr")

    def reach_recovery(self, page):
        self.go(page, "/profile/app")
        page.click("text=Make new codes")
        page.wait_for_selector(".codes")

    def reach_new_token(self, page):
        self.go(page, "/profile/tokens")
        page.fill("#name", "Backup script")
        page.check("#s1")
        page.click("form.fields button")
        page.wait_for_selector("textarea")

    def reach_unfit_token(self, page):
        self.go(page, "/profile/tokens")
        page.fill("#name", "Backup script")
        page.click("form.fields button")
        page.wait_for_selector("#problem")

    def reach_unfit(self, page):
        self.go(page, "/profile/password")
        for field, typed in (("old", "x"), ("new", "one"), ("again", "other")):
            page.fill(f"#{field}", typed)
        page.click("form.fields button")
        page.wait_for_selector("#problem")

    def reach_denied(self, page):
        page.goto(self.url("/", host=APP))


@pytest.fixture(scope="module")
def desk(chromium, host, post):
    desk = Desk(chromium, host, post)
    yield desk
    desk.close()


def faults(page):
    found = AXE.run(page).response["violations"]
    return [
        (fault["id"], [node["html"] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def walk(page):
    """Press Tab until everything was reached; what was not, and what was without showing it."""
    total = page.evaluate(
        """(controls) => {
          window.wanted = [...document.querySelectorAll(controls)].filter((each) => each.checkVisibility());
          window.blind = [];
          return window.wanted.length;
        }""",
        CONTROLS,
    )
    for _ in range(2 * total + 4):
        page.keyboard.press("Tab")
        left = page.evaluate(
            """() => {
              const at = document.activeElement;
              if (window.wanted.includes(at)) {
                const style = getComputedStyle(at);
                const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                if (!shown) window.blind.push(at.outerHTML);
                window.wanted = window.wanted.filter((each) => each !== at);
              }
              return window.wanted.length;
            }"""
        )
        if not left:
            break
    return page.evaluate("[window.wanted.map((each) => each.outerHTML), window.blind]")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_needs_no_mouse_and_shuts_nobody_out(desk, name):
    look_at(desk.reach(*PAGES[name]))


def test_one_click_marks_all_recovery_codes(desk):
    page = desk.reach("alice", "recovery")
    page.click(".codes li:first-child code")
    marked = page.evaluate("getSelection().toString()")
    assert re.findall(r"[B-Z]{5}-[B-Z]{5}", marked) == page.locator(".codes code").all_inner_texts()


@pytest.mark.parametrize(("template", "facts"), RENDERED)
def test_so_do_pages_that_only_other_peers_lead_to(desk, template, facts):
    page = desk.page("printed")
    # A page of the host, so that keys go somewhere; then the one that a directory or a device would bring.
    desk.go(page, "/signout")
    page.set_content(render(f"signin/{template}.html", site=SIGN_IN, sealed="x", **facts).body.decode())
    look_at(page)


def look_at(page):
    assert page.title()
    for width, height, scheme in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(page) == []
        assert walk(page) == [[], []]
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


def test_whoever_has_no_mouse_signs_in_and_changes_something(desk):
    page = desk.page("keys")
    desk.go(page, "/signin?again=1&next=/profile")
    for typed in ("bob", PASSWORDS["bob"]):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rows")
    press_on(page, "Language of mails")
    page.wait_for_selector("#language")
    page.keyboard.press("Tab")
    page.keyboard.type("Deu")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Saved.")
    assert "Deutsch" in page.inner_text(".rows")


def press_on(page, words):
    """Tab to what is called so, and press Enter."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.innerText || ''"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{words!r} was not reached")


def test_the_pages_keep_their_own_policy(chromium, host):
    """With nothing switched off, no page of an account breaks the content policy it came with."""
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    problems = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.goto(f"https://{SIGN_IN}:{host.port}/signin?next=/profile")
    page.fill("#name", "bob")
    page.fill("#password", PASSWORDS["bob"])
    page.click("form.fields button")
    page.wait_for_selector(".rows")
    for path in (
        "/profile/sessions",
        "/profile/language",
        "/profile/app",
        "/profile/passkeys",
        "/onboarding",
    ):
        page.goto(f"https://{SIGN_IN}:{host.port}{path}")
    assert problems == []
    context.close()
