"""The log in a browser: people who may read it find what happened, on a phone and on a desk, and nobody else does."""

import csv
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.journeys.gateway import APP, MAPPING, PASSWORDS, SIGN_IN, Gateway, Visitor, until
from tests.journeys.mail_server import MailServer
from tests.journeys.test_pages import look_at
from tests.journeys.test_profile import OLD, SETTINGS, Person, code_of, make

CONSOLE = """
[console]
groups = ["staff"]
assurance = "single"
"""
HOSTILE = '\u202e"><b>x</b>'


@pytest.fixture(scope="module")
def desk(tmp_path_factory, heard_folder, upstream):
    mapping = MAPPING.format(
        app="Wiki", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]'
    )
    gateway = Gateway(tmp_path_factory.mktemp("console"), mapping + CONSOLE, heard=heard_folder)
    gateway.people()
    gateway.start()
    bob = Visitor(gateway)
    bob.sign_in("bob")
    bob.refused = bob.get("/secret").request_id
    Visitor(gateway).sign_in("alice", "wrong")
    Visitor(gateway).sign_in(HOSTILE, "wrong")
    gateway.refused = bob.refused
    yield gateway
    gateway.stop()


class Reader(Visitor):
    """Alice, who may read."""

    def __init__(self, gateway):
        super().__init__(gateway, app_host=SIGN_IN)
        self.sign_in("alice", path="/signin?next=/console")

    def search(self, query=""):
        return self.get(f"/console/logs?{query}")


@pytest.fixture(scope="module")
def alice(desk):
    return Reader(desk)


def said(gateway, component):
    return [each for each in gateway.records() if each["component"] == component]


def test_a_refusal_is_found_and_its_story_told(desk, alice):
    # What was said a moment ago may still be on its way to the disk.
    until(lambda: _with(alice.search("user=bob&q=denied"), "Access denied"), what="the record")
    page = until(
        lambda: _with(alice.get(f"/console/requests/{desk.refused}"), "Request completed"),
        what="the end of it",
    )
    for words in ("bob", f"{APP}/secret", "denied by rule Wiki", "groups needed staff", "403 after"):
        assert words in " ".join(page.text.split())
    page = alice.get("/console/people/bob")
    assert APP in page.text


def _with(page, words):
    return page if words in page.text else None


def test_to_look_is_on_record_before_the_page_is_shown(desk, alice):
    alice.search("user=bob&q=what+I+typed")
    stored = [
        json.loads(line)
        for path in (desk.data / "log").glob("audit-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    found = [each for each in stored if each.get("sought") == "q=what I typed&user=bob&range=1h"]
    assert len(found) == 1
    assert (found[0]["auth.user_id"], found[0]["audit"]) == ("alice", True)


def test_whoever_may_not_read_is_refused(desk):
    bob = Visitor(desk, app_host=SIGN_IN)
    page = bob.sign_in("bob", path="/signin?next=/console")
    assert page.status == 403
    assert bob.get("/console/export.jsonl?range=all").status == 403
    assert bob.get(f"/console/requests/{desk.refused}").status == 403
    until(lambda: said(desk, "console.access"), what="the record")
    stranger = Visitor(desk, app_host=SIGN_IN)
    assert "Sign in" in stranger.get("/console/logs?q=x").text
    assert stranger.at[1].startswith("/signin?next=%2Fconsole%2Flogs%3Fq%3Dx")


def test_downloads_hold_what_the_page_found(desk, alice):
    until(lambda: _with(alice.search("q=denied&user=bob"), "Access denied"), what="the record")
    lines = alice.get("/console/export.jsonl?code=access.denied&range=24h").body.decode().splitlines()
    assert [json.loads(line)["server.request.id"] for line in lines].count(desk.refused) == 1
    answer = alice.get("/console/export.csv?code=access.denied&range=24h")
    assert len(list(csv.DictReader(io.StringIO(answer.body.decode())))) == len(lines)
    assert "attachment" in answer.header("content-disposition")


def test_a_second_factor_is_asked_for_unless_the_settings_say_otherwise(tmp_path, heard_folder):
    with MailServer() as post:
        settings = SETTINGS.format(port=post.port) + '\n[console]\ngroups = ["staff"]\n'
        gateway = make(tmp_path / "strict", settings, heard_folder, {"alice": "alice@example.org"})
        try:
            alice = Person(gateway, "alice", password=OLD)
            alice.app_host = SIGN_IN
            alice.arrive()
            page = alice.own("/console/logs")
            assert page.status >= 400
            assert "This takes more proof that it is you" in page.text
            page = alice.fill(alice.confirm("/profile/app"), action="begin")
            secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.body.decode())[1]
            page = alice.fill(page, action="confirm", code=code_of(secret))
            code = re.findall(r"[B-Z]{5}-[B-Z]{5}", page.text)[0]
            page = alice.own("/console/logs")
            assert "Search the log" not in page.text
            page = alice.fill(page, code=code)
            assert "Search the log" in page.text
        finally:
            gateway.stop()


def test_a_console_that_is_switched_off_by_reload_is_gone(tmp_path, heard_folder):
    gateway = make(tmp_path / "off", CONSOLE, heard_folder, {"alice": ""})
    try:
        alice = Person(gateway, "alice", password=OLD)
        alice.app_host = SIGN_IN
        alice.arrive()
        assert alice.own("/console/logs").status == 200
        gateway.write(mappings="")
        until(lambda: alice.own("/console/logs").status == 404, what="the end of the pages")
        until(
            lambda: (
                [each["msg"] for each in said(gateway, "console.init")]
                == ["Console registered at /console", "Console disabled"]
            ),
            what="both records",
        )
    finally:
        gateway.stop()


def test_fifty_searches_at_once_are_each_answered_or_told_to_wait(desk, alice):
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: alice.gateway.fetch(
            "GET", SIGN_IN, f"/console/logs?q=denied&range=all&component=c{number}",
            headers={"Cookie": "; ".join(f"{name}={value}" for name, value in alice.cookies[SIGN_IN].items())},
        ).status, range(50)))  # fmt: skip
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert desk.fetch("GET", SIGN_IN, "/readyz").status == 200


def test_a_download_ends_with_the_session_it_was_begun_in(tmp_path, heard_folder):
    gateway = Gateway(tmp_path / "cut", CONSOLE, heard=heard_folder)
    gateway.people()
    log = gateway.data / "log"
    log.mkdir(mode=0o700)
    line = '{"time":"2026-01-31T12:00:00.000000Z","level":"INFO","component":"x","msg":"%s","code":"x.y"}\n'
    (log / "records-20260131T120000-000000.jsonl").write_text(line % ("m" * 2000) * 20_000)
    gateway.start()
    try:
        alice = Reader(gateway)
        jar = "; ".join(f"{name}={value}" for name, value in alice.cookies[SIGN_IN].items())
        with gateway.connect(SIGN_IN) as connection:
            connection.sendall(
                f"GET /console/export.jsonl?range=all HTTP/1.1\r\nHost: {SIGN_IN}:{gateway.port}\r\n"
                f"Cookie: {jar}\r\n\r\n".encode()
            )
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            # Reading no further: most of it has to wait.
            gateway.run("admin", "sessions", "revoke-all", "alice")
            until(lambda: said(gateway, "console.export")[1:], what="the end of the download")
        begun, ended = said(gateway, "console.export")
        assert begun["msg"] == "Log export started in the console"
        assert (ended["is_whole"], ended["auth.user_id"]) == (False, "alice")
        assert ended["records"] < 20_000
    finally:
        gateway.stop()


@pytest.fixture(scope="module")
def browser(chromium, desk):
    """Alice's; axe-core, which looks for faults, breaks our content policy to do so."""
    context = chromium.new_context(ignore_https_errors=True, bypass_csp=True)
    page = context.new_page()
    page.goto(f"https://{SIGN_IN}:{desk.port}/console")
    page.fill("#name", "alice")
    page.fill("#password", PASSWORDS["alice"])
    page.click("form.fields button")
    page.wait_for_selector("#q")
    yield page
    context.close()


PAGES = {
    "the search": "/console/logs?code=access.denied",
    "what a stranger called themselves": "/console/logs?component=authn.password",
    "all conditions": "/console/logs?user=bob&code=access.denied&level=warn&audit=1&where=status%3E0",
    "mistakes": "/console/logs?where=stauts%3D1&from=x&range=5y&user=" + "x" * 300,
    "a saved search": "/console/logs?saved=denied",
    "nothing": "/console/logs?q=no-such-thing",
    "a request": "/console/requests/{refused}",
    "a person": "/console/people/bob",
    "nobody": "/console/people/nobody",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_needs_no_mouse_and_shuts_nobody_out(browser, desk, name):
    browser.goto(f"https://{SIGN_IN}:{desk.port}{PAGES[name].format(refused=desk.refused)}")
    look_at(browser)


def test_whoever_has_no_mouse_narrows_a_search_and_reads_a_story(browser, desk):
    browser.goto(f"https://{SIGN_IN}:{desk.port}/console/logs?code=access.denied")
    press_on(browser, "Only records with person bob")
    browser.wait_for_url("**user=bob**")
    press_on(browser, "Story of request")
    browser.wait_for_selector("text=Step by step")
    assert "bob" in browser.inner_text(".facts")


def press_on(page, words):
    """Tab to what is called so, and press Enter."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if words in page.evaluate("document.activeElement.getAttribute('aria-label') || ''"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{words!r} was not reached")


def test_the_pages_keep_their_own_policy(chromium, desk):
    context = chromium.new_context(ignore_https_errors=True)
    page = context.new_page()
    problems = []
    page.on("console", lambda heard: problems.append(heard.text) if heard.type == "error" else None)
    page.goto(f"https://{SIGN_IN}:{desk.port}/console")
    page.fill("#name", "alice")
    page.fill("#password", PASSWORDS["alice"])
    page.click("form.fields button")
    page.wait_for_selector("#q")
    for path in PAGES.values():
        page.goto(f"https://{SIGN_IN}:{desk.port}{path.format(refused=desk.refused)}")
    # A page that is not found, or a form that is not understood, is told to the console by its status alone.
    assert [each for each in problems if "the server responded with a status of 4" not in each] == []
    context.close()
