"""Consent in a real browser: on a phone and on a desk, by keyboard, with scripts and without."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway
from tests.journeys.test_oidc_provider import SECRET, Application
from tests.journeys.test_pages import look_at, press_on

CLIENTS = f"""\
[[oidc.client]]
id = "shop"
name = "The Shop around the Corner"
secret = "{SECRET}"
redirect_uris = ["http://127.0.0.1/callback"]
scopes = ["openid", "profile", "email", "groups", "offline_access"]

[[oidc.client]]
id = "house"
secret = "{SECRET}"
redirect_uris = ["http://127.0.0.1/callback"]
consent = "implicit"
"""


class Receiver:
    """An application that notes what its callback gets, and then sends people on to another origin of its own."""

    def __init__(self):
        receiver, self.got = self, []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                if self.path.startswith("/callback"):
                    self._note(urlsplit(self.path).query)
                else:
                    self._say(200, b"<title>Done</title><h1>Welcome</h1>")

            def do_POST(self):
                self._note(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _note(self, text):
                fields = {name: value for name, (value,) in parse_qs(text).items()}
                receiver.got.append((self.command, fields, self.headers.get("Referer", "")))
                self._say(303, b"", f"http://localhost:{self.server.server_port}/done")

            def _say(self, status, body, location=""):
                self.send_response(status)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/callback"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(scope="module")
def provider(tmp_path_factory, heard_folder):
    made = Gateway(tmp_path_factory.mktemp("consent"), CLIENTS, heard=heard_folder)
    made.people()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def person(chromium, provider):
    """A browser in which alice is signed in; what it complains about is noted."""
    opened = []

    def open_browser(**options):
        context = chromium.new_context(ignore_https_errors=True, **options)
        opened.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
        page.goto(f"https://{SIGN_IN}:{provider.port}/signin?next=/profile")
        page.fill("#name", "alice")
        page.fill("#password", PASSWORDS["alice"])
        page.click("form.fields button")
        page.wait_for_selector(".rows")
        return page

    yield open_browser
    for context in opened:
        context.close()


def ask(page, application, **changed):
    query = urlencode(application.request(**changed))
    page.goto(f"https://{SIGN_IN}:{application.gateway.port}/oidc/authorize?{query}")


def test_the_question_fits_needs_no_mouse_and_shuts_nobody_out(person, provider, receiver):
    page = person(bypass_csp=True)
    application = Application(provider, "shop", to=receiver.address)
    ask(page, application, scope="openid profile email groups offline_access", prompt="consent")
    assert "The Shop around the Corner" in page.inner_text("h1")
    look_at(page)


def test_somebody_allows_it_and_takes_it_back_without_a_mouse(person, provider, receiver):
    page = person()
    application = Application(provider, "shop", to=receiver.address)
    ask(page, application)
    press_on(page, "Allow")
    page.wait_for_selector("h1:has-text('Welcome')")
    method, given, referer = receiver.got[-1]
    assert method == "GET"
    # The address of the page with the code's way is nobody's business.
    assert referer == "" or urlsplit(referer).path == "/"
    assert application.redeem(given)[0] == 200

    page.goto(f"https://{SIGN_IN}:{provider.port}/profile")
    press_on(page, "Applications with access")
    page.wait_for_selector("h1:has-text('Applications with access')")
    press_on(page, "Take back")
    page.wait_for_selector("text=The access is taken back.")
    assert page.problems == []


def test_the_page_of_applications_fits_needs_no_mouse_and_shuts_nobody_out(person, provider, receiver):
    page = person(bypass_csp=True)
    ask(page, Application(provider, "shop", to=receiver.address))
    page.click("button[value=allow]")
    page.wait_for_selector("h1:has-text('Welcome')")
    page.goto(f"https://{SIGN_IN}:{provider.port}/profile/applications")
    look_at(page)


def test_an_answer_in_a_form_sends_itself(person, provider, receiver):
    page = person()
    application = Application(provider, "house", to=receiver.address)
    ask(page, application, response_mode="form_post")
    # On to another origin: the policy of our page does not stand in the application's way.
    page.wait_for_selector("h1:has-text('Welcome')")
    assert urlsplit(page.url).hostname == "localhost"
    method, given, _ = receiver.got[-1]
    assert method == "POST"
    assert application.redeem(given)[0] == 200
    assert page.problems == []


def test_an_answer_in_a_form_needs_no_script(person, provider, receiver):
    page = person(java_script_enabled=False)
    application = Application(provider, "house", to=receiver.address)
    ask(page, application, response_mode="form_post")
    press_button(page)
    page.wait_for_selector("h1:has-text('Welcome')")
    method, given, _ = receiver.got[-1]
    assert (method, application.redeem(given)[0]) == ("POST", 200)


def press_button(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def test_a_no_goes_back_to_the_application_from_a_browser_too(person, provider, receiver):
    page = person()
    ask(page, Application(provider, "shop", to=receiver.address), prompt="consent", response_mode="form_post")
    page.click("button[value=deny]")
    page.wait_for_selector("h1:has-text('Welcome')")
    assert receiver.got[-1][1]["error"] == "access_denied"
    assert page.problems == []
