"""Scoped tokens from the outside: the first one, those of people, their page, and how they end."""

import base64
import json
from types import SimpleNamespace

import pytest
from tests.journeys.gateway import PASSWORDS, SIGN_IN, Gateway, until
from tests.journeys.test_pages import look_at

from yett.tokens import parse
from yett.tokens.text import new_key

SETTINGS = """
[tokens]
enabled = true
bootstrap_token = "{bootstrap}"
cookie_domain = "yett.localhost"

[[tokens.scope]]
name = "read:all"
description = "Read everything"
groups = ["staff"]

[[tokens.scope]]
name = "exec:admin"
description = "Run things that are <b>dangerous</b>"
groups = ["staff"]

[forward_auth]
enabled = true
"""
API = "/auth/api/v1"


def call(gateway, method, path, token="", body=None, **headers):
    """One request of a program."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    page = gateway.fetch(
        method, SIGN_IN, API + path, headers=headers, body=None if body is None else json.dumps(body)
    )
    return SimpleNamespace(status=page.status, json=json.loads(page.body) if page.body else None, page=page)


@pytest.fixture(scope="module")
def house(tmp_path_factory, heard_folder):
    bootstrap = f"gt-{new_key()}.{new_key()}"
    gateway = Gateway(
        tmp_path_factory.mktemp("tokens"), SETTINGS.format(bootstrap=bootstrap), heard=heard_folder
    )
    gateway.people()
    gateway.start()
    made = call(
        gateway,
        "POST",
        "/tokens",
        bootstrap,
        {"username": "bot-admin", "token_type": "service", "scopes": ["admin:token", "admin:userinfo"]},
    )
    assert made.status == 201, made.page.body
    yield SimpleNamespace(gateway=gateway, bootstrap=bootstrap, admin=made.json["token"])
    gateway.stop()


@pytest.fixture(scope="module")
def browser(chromium, house):
    """Alice's; axe-core, which looks for faults, breaks our content policy to do so."""
    context = chromium.new_context(ignore_https_errors=True, bypass_csp=True)
    page = context.new_page()
    page.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens")
    page.fill("#name", "alice")
    page.fill("#password", PASSWORDS["alice"])
    page.click("form.fields button")
    page.wait_for_selector("text=Your tokens")
    yield page
    context.close()


def token_for(house, name, **more):
    wanted = {
        "username": "alice",
        "token_type": "user",
        "token_name": name,
        "scopes": ["user:token", "read:all"],
    }
    made = call(house.gateway, "POST", "/tokens", house.admin, wanted | more)
    assert made.status == 201, made.page.body
    return made.json["token"]


def test_the_first_token_comes_of_the_bootstrap_token_and_is_on_record(house):
    assert call(house.gateway, "GET", "/token-info", house.admin).json["username"] == "bot-admin"
    assert call(house.gateway, "GET", "/token-info", house.bootstrap).status == 401
    said = until(
        lambda: [each for each in house.gateway.records() if each.get("msg") == "Created new service token"]
    )
    assert said[0]["token_username"] == "bot-admin"
    assert said[0]["auth.user_id"] == "<bootstrap>"
    written = house.gateway.output.read_text() + house.gateway.errors.read_text()
    for text in (house.admin, house.bootstrap):
        assert text.rpartition(".")[2] not in written


def test_a_program_may_use_basic_and_is_told_who_it_is(house):
    token = token_for(house, "basic")
    basic = base64.b64encode(f"x-oauth-basic:{token}".encode()).decode()

    info = call(house.gateway, "GET", "/user-info", Authorization=f"Basic {basic}")

    assert info.json["username"] == "alice"
    assert info.json["groups"] == [{"name": "staff"}]


def test_operators_list_and_delete_tokens_and_make_one_for_the_settings(house):
    token = token_for(house, "for the operator")

    assert token[3:25] in house.gateway.run("admin", "tokens", "list", "--user", "alice")
    house.gateway.run("admin", "tokens", "delete", token[3:25])
    assert call(house.gateway, "GET", "/token-info", token).status == 401
    assert parse(house.gateway.run("tokens", "generate").strip()) is not None


def test_whatever_was_acknowledged_outlives_the_process_and_what_was_ended_does_not(house):
    token, ended = token_for(house, "kept"), token_for(house, "ended")
    key = ended[3:25]
    assert call(house.gateway, "DELETE", f"/users/alice/tokens/{key}", token).status == 204

    house.gateway.kill()
    house.gateway.start()

    assert call(house.gateway, "GET", "/token-info", token).json["token_name"] == "kept"
    assert call(house.gateway, "GET", "/token-info", ended).status == 401
    history = call(house.gateway, "GET", f"/users/alice/tokens/{key}/change-history", token).json
    assert [each["action"] for each in history] == ["revoke", "create"]


def test_whoever_has_no_mouse_makes_a_token_and_deletes_it(browser, house):
    page = browser
    page.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens")
    page.focus("#name")
    page.keyboard.type("from the keys")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("One hour")
    page.focus("form.fields button")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Your new token")
    token = page.inner_text(".codes code")
    info = call(house.gateway, "GET", "/token-info", token).json
    assert (info["token_name"], info["scopes"]) == ("from the keys", ["exec:admin"])
    assert info["expires"] - info["created"] <= 3600

    page.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens/{info['token']}")
    page.focus("text=Delete this token")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The token is deleted.")
    assert call(house.gateway, "GET", "/token-info", token).status == 401


PAGES = {
    "all of them": "/auth/tokens",
    "one of them": "/auth/tokens/{key}",
    "their history": "/auth/tokens/history",
    "a search": "/auth/tokens/history?type=user&address=127.0.0.0/8&since=2020-01-01",
    "a mistaken search": "/auth/tokens/history?key=x&type=y&address=z&since=a&until=b",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_needs_no_mouse_and_shuts_nobody_out(browser, house, name):
    key = token_for(house, f"for {name}", expires=None)[3:25]
    browser.goto(f"https://{SIGN_IN}:{house.gateway.port}{PAGES[name].format(key=key)}")
    look_at(browser)


def test_the_page_of_a_new_token_fits_too(browser, house):
    browser.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens")
    browser.fill("#name", "looked at")
    browser.click("form.fields button")
    browser.wait_for_selector("text=Your new token")
    look_at(browser)


def test_the_pages_keep_their_own_policy_and_need_no_script(page, house):
    problems = []
    page.on("console", lambda heard: problems.append(heard.text) if heard.type == "error" else None)
    page.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens/history")
    page.fill("#name", "alice")
    page.fill("#password", PASSWORDS["alice"])
    page.click("form.fields button")
    page.wait_for_selector("text=What became of your tokens")
    page.goto(f"https://{SIGN_IN}:{house.gateway.port}/auth/tokens")
    page.fill("#name", "without scripts")
    page.click("form.fields button")
    page.wait_for_selector("text=Your new token")
    assert problems == []


def test_everything_of_somebody_who_is_switched_off_is_over(house):
    """Comes last: Bob's, as Alice's browser is needed until then."""
    gateway = house.gateway
    made = call(
        gateway,
        "POST",
        "/tokens",
        house.admin,
        {"username": "bob", "token_type": "user", "token_name": "x", "scopes": []},
    )
    token = made.json["token"]
    assert call(gateway, "GET", "/token-info", token).status == 200

    gateway.run("users", "disable", "bob")

    until(lambda: call(gateway, "GET", "/token-info", token).status == 401, what="the end of Bob's token")
    until(lambda: call(gateway, "GET", "/users/bob/tokens", house.admin).json == [])
    gateway.run("users", "enable", "bob")
    assert call(gateway, "GET", "/token-info", token).status == 401
