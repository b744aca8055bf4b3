"""Proof of work against a whole gateway, by Chromium, by a program, and by those who try it on."""

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.journeys.gateway import APP, SIGN_IN, Gateway

from yett.guard.pow import PASS_COOKIE

MAPPINGS = """
[protection.pow]
enabled = true
difficulty = 12
minimum_time = "200ms"
body_limit = "2KiB"

[[proxy.mapping]]
app = "Wiki"
host = "{host}"
service = "http://127.0.0.1:{port}"
public = true
"""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
SUBMIT = """([kind, fields]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: "/save?draft=1", enctype: kind });
    for (const [name, value] of fields) {
        const input = document.createElement("input");
        input.name = name;
        if (name === "upload") {
            input.type = "file";
            const files = new DataTransfer();
            files.items.add(new File([value], "notes.txt", { type: "text/plain" }));
            input.files = files.files;
        } else {
            input.type = "hidden";
            input.value = value;
        }
        form.append(input);
    }
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
}"""


@pytest.fixture(scope="module")
def walled(tmp_path_factory, upstream, heard_folder):
    made = Gateway(
        tmp_path_factory.mktemp("walled"),
        MAPPINGS.format(host=APP, port=upstream.port),
        heard=heard_folder,
        telemetry='log_level = "trace"',
    )
    made.start()
    yield made
    made.stop()


@pytest.fixture
def browser(chromium):
    context = chromium.new_context(ignore_https_errors=True)
    yield context.new_page()
    context.close()


def url(gateway, path="/", host=APP):
    return f"https://{host}:{gateway.port}{path}"


def post(gateway, name, fields=None, *, host=APP, **headers):
    body = None if fields is None else urlencode(fields)
    headers = {**(FORM if fields is not None else {}), **headers}
    return gateway.fetch("POST", host, f"/_yett/pow/{name}", headers=headers, body=body)


def work(given):
    for number in itertools.count():
        digest = hashlib.sha256(f"{given['challenge']}{number}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - given["difficulty"]) == 0:
            return {"id": given["id"], "nonce": str(number)}
    raise AssertionError


def challenge(gateway, *, host=APP, **fields):
    return json.loads(post(gateway, "challenge", fields or None, host=host).body)


def cookie_of(page):
    return page.header("set-cookie").partition(";")[0]


def said(page):
    return json.loads(re.search(r"\{.*\}", page.inner_text("pre"), re.DOTALL)[0])


def wiki(page):
    page.wait_for_selector("h1:has-text('Hello')", timeout=20_000)
    return page


def pass_of(browser):
    return [each for each in browser.context.cookies() if each["name"] == PASS_COOKIE]


# People.


def test_a_browser_computes_and_lands_where_it_wanted(walled, browser):
    problems = []
    browser.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    browser.goto(url(walled, "/wanted?x=1#there"))
    heard = said(wiki(browser))
    assert heard["request"] == "GET /wanted?x=1 HTTP/1.1"
    assert PASS_COOKIE not in json.dumps(heard["headers"])
    assert browser.url == url(walled, "/wanted?x=1#there")
    (kept,) = pass_of(browser)
    assert kept["httpOnly"]
    assert kept["secure"]
    # The page itself is answered with 403, which Chromium mentions; a blocked script would be another message.
    assert [text for text in problems if "403" not in text and "favicon" not in text] == []
    assert browser.goto(url(walled, "/again")).status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_that_met_the_wall_is_not_lost(walled, browser, kind):
    browser.goto(url(walled))
    wiki(browser)
    browser.context.clear_cookies(name=PASS_COOKIE)
    fields = [["submit", "a & b = ü"], ["empty", ""], ["lines", "one\r\ntwo"], ["submit", "again"]]
    if kind.startswith("multipart"):
        fields.append(["upload", "in a file"])
    with browser.expect_navigation(url=url(walled, "/save?draft=1")):
        browser.evaluate(SUBMIT, [kind, fields])
    heard = said(wiki(browser))
    assert heard["request"] == "POST /save?draft=1 HTTP/1.1"
    sent = {name.lower(): value for name, value in heard["headers"]}
    assert sent["content-type"].startswith(kind)
    if kind.startswith("multipart"):
        body = heard["body"]
        assert re.findall(r'name="(\w+)"', body) == [name for name, _ in fields]
        assert 'filename="notes.txt"' in body
        assert "in a file" in body
        # The page of the application is in windows-1252, and so are its forms.
        assert "a & b = \xfc" in heard["body"]
    else:
        assert heard["body"] == "submit=a+%26+b+%3D+%FC&empty=&lines=one%0D%0Atwo&submit=again"


def test_a_form_that_is_too_large_is_not_kept_and_the_person_is_told(walled, browser):
    browser.goto(url(walled))
    wiki(browser)
    browser.context.clear_cookies(name=PASS_COOKIE)
    with browser.expect_navigation(url=url(walled, "/save?draft=1")):
        browser.evaluate(SUBMIT, ["application/x-www-form-urlencoded", [["text", "x" * 3000]]])
    assert "too large to be kept" in browser.inner_text("main")
    button = browser.get_by_role("button", name="Go back")
    button.wait_for()
    assert browser.inner_text("h1") == "Please send it again"
    button.click()
    wiki(browser)


def test_a_browser_that_keeps_no_cookies_is_told_and_does_not_compute_for_ever(walled, browser):
    # As if the browser had thrown the cookie of the answer away.
    browser.route("**/_yett/pow/solution", lambda route: route.fulfill(status=200, body="{}"))
    browser.goto(url(walled))
    browser.get_by_role("heading", name="Your browser kept no cookie").wait_for()


def test_a_browser_without_scripts_is_told_what_is_missing(walled, page):
    assert page.goto(url(walled)).status == 403
    assert "needs JavaScript" in page.inner_text("main")
    assert not page.get_by_role("button").is_visible()


def test_the_sign_in_host_asks_too_and_its_health_does_not(walled, browser):
    browser.goto(url(walled, host=SIGN_IN))
    browser.get_by_label("User name").wait_for()
    assert walled.fetch("GET", SIGN_IN, "/healthz").status == 200


# Programs.


def test_a_program_reads_what_to_do_and_does_it(walled):
    refused = walled.fetch("GET", APP, "/api", headers={"Accept": "application/json"})
    assert refused.status == 403
    assert refused.header("content-type") == "application/problem+json"
    assert 'challenge="/_yett/pow/challenge"' in refused.header("x-yett-pow")
    answer = post(walled, "solution", work(challenge(walled)))
    assert json.loads(answer.body) == {"passed": True, "expires_in": 86400}
    assert walled.fetch("GET", APP, "/api", headers={"Cookie": cookie_of(answer)}).status == 200


def test_of_fifty_equal_solutions_at_once_one_passes(walled):
    solution = work(challenge(walled))
    with ThreadPoolExecutor(25) as crowd:
        answers = list(crowd.map(lambda _: post(walled, "solution", solution), range(50)))
    assert sorted(answer.status for answer in answers) == [200] + [403] * 49


def test_a_form_of_another_site_is_not_sent_again_from_ours(walled):
    headers = {**FORM, **NAVIGATION, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    page = walled.fetch("POST", APP, "/transfer", headers=headers, body="to=eve")
    assert page.status == 403
    assert b'data-body=""' in page.body
    assert "came from another site" in page.text


def test_a_kept_form_goes_to_its_sender_once(walled):
    headers = {**FORM, **NAVIGATION, "Origin": url(walled, "").rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    page = walled.fetch("POST", APP, "/save", headers=headers, body="text=hello")
    number = re.search(rb'data-body="([\w-]{22})"', page.body)[1].decode()
    assert post(walled, "body", {"id": number}).status == 403
    cookie = cookie_of(post(walled, "solution", work(challenge(walled))))
    first = post(walled, "body", {"id": number}, Cookie=cookie)
    assert (first.status, first.body) == (200, b"text=hello")
    assert first.header("content-type") == "application/x-www-form-urlencoded"
    assert post(walled, "body", {"id": number}, Cookie=cookie).status == 404


def test_what_is_no_solution_is_refused_and_the_gateway_lives(walled):
    given = challenge(walled, page="1")
    assert given["wait"] == 200
    solution = work(given) | dict.fromkeys(given["decoys"], "")
    assert json.loads(post(walled, "solution", {**solution, given["decoys"][0]: "Ltd"}).body)["error"] in {
        "too_fast",
        "decoy",
    }
    for fields in (
        {},
        {"id": given["id"]},
        {"id": "x" * 10_000, "nonce": "1"},
        {"id": "../" * 7 + "a", "nonce": "1"},
        {"id": given["id"], "nonce": "9" * 10_000},
        {"id": given["id"], "nonce": "\uff11\uff12"},
        {"id": given["id"], "nonce": "-1"},
    ):
        assert post(walled, "solution", fields).status in {400, 403}
    assert post(walled, "solution", {"id": "y" * 20_000, "nonce": "1"}).status == 413
    assert walled.fetch("GET", APP, "/_yett/pow/challenge").status == 405
    for forged in ("", "x" * 51, "ffffffff" + "A" * 43, "é" * 51, "0" * 9000):
        headers = {"Cookie": f"{PASS_COOKIE}={forged}".encode()}
        assert walled.fetch("GET", APP, "/", headers=headers).status == 403
    assert walled.is_ready()


# The document.


def test_the_document_runs_as_written(walled, tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "proof-of-work.md").read_text()
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "YETT_CONFIG": str(walled.config),
            "YETT_HOST": f"{APP}:{walled.port}",
            "YETT_ROOT": str(walled.data / "pki" / "root.pem"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Hello nobody" in done.stdout
    assert 'HTTPS 1 . ech="' in done.stdout
    assert (tmp_path / "ech.pem").stat().st_mode & 0o777 == 0o600
