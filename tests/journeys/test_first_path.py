"""A person opens a protected application, signs in, is let through, and an operator reads what happened."""

import re

import pytest
from tests.journeys.fixtures import SECOND
from tests.journeys.gateway import APP, PASSWORDS, SIGN_IN, Visitor, until

REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def sign_in(page, name, password):
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_person_signs_in_in_a_browser_and_lands_on_the_page_they_asked_for(gateway, page):
    wanted = f"https://{APP}:{gateway.port}/wanted/page?x=1&y=%20"

    page.goto(wanted)
    assert page.url.startswith(f"https://{SIGN_IN}:{gateway.port}/signin")

    sign_in(page, "alice", "wrong password")
    assert "The user name or the password is not right." in page.inner_text("main")

    sign_in(page, "alice", PASSWORDS["alice"])
    page.wait_for_url(wanted)
    assert page.inner_text("h1") == "Hello Alice"

    # A second application needs no second sign-in.
    page.goto(f"https://{SECOND}:{gateway.port}/")
    assert page.inner_text("h1") == "Hello Alice"

    page.goto(f"https://{APP}:{gateway.port}/_yett/signout")
    page.get_by_role("button", name="Sign out").click()
    assert "You are signed out" in page.inner_text("main")

    for host in (APP, SECOND):
        page.goto(f"https://{host}:{gateway.port}/")
        assert page.url.startswith(f"https://{SIGN_IN}:{gateway.port}/signin")


def test_the_whole_way_works_by_keyboard(gateway, page):
    page.goto(f"https://{APP}:{gateway.port}/")
    page.locator('input[name="name"]:focus').wait_for()
    page.keyboard.type("alice")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORDS["alice"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"https://{APP}:{gateway.port}/")
    assert page.inner_text("h1") == "Hello Alice"


def test_a_refusal_can_be_explained_from_its_request_number(gateway, page):
    page.goto(f"https://{APP}:{gateway.port}/secret")
    sign_in(page, "bob", PASSWORDS["bob"])
    page.wait_for_url(f"https://{APP}:{gateway.port}/secret")
    text = page.inner_text("main")
    assert "You may not open Wiki" in text
    number = REQUEST_ID.search(text)[0]

    story = until(
        lambda: (said := gateway.run("explain", number)) and " 403 after" in said and said, what="the story"
    )

    assert "Wiki" in story
    assert "bob" in story
    assert "denied by rule Wiki: no_group" in story
    assert re.search(r"groups needed +staff\n +groups held +none\n", story)
    assert re.search(r"answer +403 after", story)
    record = next(each for each in gateway.records() if each["code"] == "access.denied")
    assert record["groups_needed"] == ["staff"]
    assert record["groups_held"] == []
    assert record["audit"] is True


def test_the_record_shows_who_signed_in_and_is_the_same_on_standard_output(gateway):
    Visitor(gateway).sign_in("alice")

    found = gateway.run("logs", "search", "--user", "alice", "--audit", "--json")

    assert "User signed in successfully" in found
    said = [each for each in gateway.records() if each["component"] == "signin.success"]
    assert said[-1]["auth.user_id"] == "alice"
    assert said[-1]["server.request.client_ip"] == "127.0.0.1"


def test_what_the_application_gets_is_ours_whatever_the_client_sends(gateway):
    visitor = Visitor(gateway)
    visitor.sign_in("alice")

    page = visitor.get(
        "/echo",
        headers={"X-Yett-User": "root", "x_yett_groups": "staff,root", "X-Forwarded-For": "1.2.3.4"},
    )

    assert '"alice"' in page.text
    assert "root" not in page.text
    assert "1.2.3.4" not in page.text
    assert "__Host-yett" not in page.text


def test_a_script_without_a_session_gets_a_plain_401(gateway):
    page = gateway.fetch("GET", APP, "/api", headers={"Accept": "application/json"})
    assert page.status == 401
    assert page.body == b'{"error":"sign_in_required"}\n'


def test_a_session_that_is_revoked_ends_at_once(gateway):
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200

    gateway.run("admin", "sessions", "revoke-all", "alice")

    visitor.get("/")
    assert visitor.at[0] == SIGN_IN


def test_a_request_whose_session_ends_before_its_answer_is_told_so(gateway):
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())
    with gateway.connect(APP) as connection:
        connection.sendall(f"GET /hangs HTTP/1.1\r\nHost: {APP}\r\nCookie: {cookie}\r\n\r\n".encode())
        gateway.run("admin", "sessions", "revoke-all", "alice")
        received = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert received.startswith("HTTP/1.1 403 ")
    assert "Your access ended meanwhile" in received
    number = REQUEST_ID.search(received)[0]
    until(lambda: "withdrawn" in gateway.run("explain", number), what="the story")


def test_a_person_is_out_when_the_command_that_disables_them_is_done(gateway):
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    try:
        gateway.run("users", "disable", "alice")
        # Not soon: the command comes back when it is so.
        assert visitor.is_out()
    finally:
        gateway.run("users", "enable", "alice")
    assert Visitor(gateway).sign_in("alice").status == 200


@pytest.mark.parametrize("words", [("status",), ("sessions", "list"), ("config", "show"), ("readiness",)])
def test_an_operator_can_ask_the_running_gateway(gateway, words):
    assert gateway.run("admin", *words)
    assert gateway.run("--json", "admin", *words).strip()[0] in "[{"


def test_an_upstream_that_is_gone_gets_a_502_that_can_be_explained(gateway):
    visitor = Visitor(gateway)
    visitor.sign_in("alice")

    page = visitor.get("/closes")

    assert page.status == 502
    assert "Wiki is not answering" in page.text
    number = REQUEST_ID.search(page.text)[0]
    until(lambda: "closed_early" in gateway.run("explain", number), what="the story")


def test_an_upstream_that_dies_mid_body_is_never_a_whole_answer(gateway):
    visitor = Visitor(gateway)
    visitor.sign_in("alice")
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())

    received = gateway.raw(f"GET /dies HTTP/1.1\r\nHost: {APP}\r\nCookie: {cookie}\r\n\r\n".encode())

    assert received.startswith(b"HTTP/1.1 200")
    assert received.count(b"x") < 1000


def test_an_upstream_with_an_ambiguous_answer_is_not_believed(gateway):
    visitor = Visitor(gateway)
    visitor.sign_in("alice")
    assert visitor.get("/garbage").status == 502
