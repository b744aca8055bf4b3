import html
import re
from dataclasses import replace

import pytest

from yett.oidc.personal import ACCOUNT

PAGE = "/profile/tokens"
API = "/api/profile/tokens"
WISH = {"name": "backup", "scope-account": "1", "days": "7"}


@pytest.fixture(autouse=True)
async def page_is_there(kept):
    return kept


def text_of(page):
    return html.unescape(re.search(r"<textarea[^>]*>([^<]*)</textarea>", page.text)[1])


async def make(home, browser, **changes):
    page = await browser.get(PAGE)
    return await home.post(browser, page, PAGE, **{**WISH, **changes})


async def test_a_token_is_made_and_shown_once(home, browser, kept):
    await home.sign_in(browser)
    made = await make(home, browser)
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    listed = await browser.get(PAGE)
    assert "backup" in listed.text
    assert "never used" in listed.text
    assert text_of(made) not in listed.text
    access = kept.personal.look(text_of(made))
    assert (access.person.name, access.scopes) == ("ada", {"account"})
    assert "last used" in (await browser.get(PAGE)).text
    assert 'Access tokens</span> <span class="state">1' in (await browser.get("/profile")).text


async def test_a_token_is_revoked_by_its_form(home, browser, kept):
    await home.sign_in(browser)
    text = text_of(await make(home, browser))
    token = kept.personal.look(text).token_id
    page = await browser.get(PAGE)
    answer = await home.post(browser, page, PAGE, token=token)
    assert answer.headers["location"] == f"{PAGE}?done=revoked"
    assert kept.personal.look(text) is None
    assert "The token is revoked" in (await browser.get(answer.headers["location"])).text
    again = await home.post(browser, page, PAGE, token=token)
    assert again.headers["location"] == f"{PAGE}?done=gone"


async def test_making_one_takes_a_fresh_sign_in_and_revoking_does_not(home, browser, kept):
    await home.sign_in(browser)
    token = kept.personal.look(text_of(await make(home, browser))).token_id
    await home.sign_in(browser, again=False)
    home.house.clock.advance(1200)
    page = await browser.get(PAGE)
    assert 'name="days"' not in page.text
    assert "again=1" in page.text
    answer = await home.post(browser, page, PAGE, **WISH)
    assert answer.status_code == 303
    assert "again=1" in answer.headers["location"]
    assert (await home.post(browser, page, PAGE, token=token)).headers["location"] == f"{PAGE}?done=revoked"


async def test_what_was_typed_stays_when_something_is_wrong(home, browser):
    await home.sign_in(browser)
    page = await make(home, browser, name="<b>", days="9999")
    assert page.status_code == 422
    assert "how long the token lasts" in page.text
    assert 'value="&lt;b&gt;"' in page.text
    assert re.search(r'name="scope-account" value="1" checked', page.text)
    for wrong in ({"name": ""}, {"scope-root": "1"}, {"days": "x"}, {"days": "-1"}, {"days": "٣"}):
        assert (await make(home, browser, **wrong)).status_code == 422


async def test_a_store_that_is_away_is_told(home, browser, kept):
    await home.sign_in(browser)
    token = kept.personal.look(text_of(await make(home, browser))).token_id
    page = await browser.get(PAGE)
    home.house.records.broken_prefix = "oidc/personal"
    assert (await home.post(browser, page, PAGE, **{**WISH, "name": "x"})).status_code == 503
    assert (await home.post(browser, page, PAGE, token=token)).status_code == 503


async def test_a_form_from_elsewhere_makes_nothing(home, browser, kept):
    await home.sign_in(browser)
    page = await browser.get(PAGE)
    home.headers["Sec-Fetch-Site"] = "cross-site"
    assert (await home.post(browser, page, PAGE, **WISH)).status_code == 403
    assert (await browser.post(PAGE, data=WISH)).status_code == 403
    assert kept.personal.shelf.users == []


async def test_nobody_who_is_not_signed_in_sees_anything(browser):
    assert (await browser.get(PAGE)).headers["location"].startswith("/signin?next=")
    assert (await browser.get(API)).status_code == 401


async def test_without_tokens_there_is_no_page(home, browser, kept):
    await home.sign_in(browser)
    kept.personal.apply(replace(kept.personal.settings, enabled=False))
    assert (await browser.get(PAGE)).status_code == 404
    assert (await browser.get(API)).status_code == 404
    assert "Access tokens" not in (await browser.get("/profile")).text


# Calls.


async def test_programs_do_the_same(home, browser, kept):
    await home.sign_in(browser)
    made = (await home.call(browser, "/tokens", name="script", scopes=["account"], days=1)).json()
    assert made["state"] == "made"
    assert kept.personal.look(made["text"])
    listed = (await browser.get(API)).json()
    assert [each["name"] for each in listed["tokens"]] == ["script"]
    assert listed["tokens"][0]["last_used"] is not None
    assert listed["lifetimes"][0] == 1
    assert made["text"] not in str(listed)
    assert (await home.call(browser, "/tokens/revoke", token=made["id"])).json() == {"state": "revoked"}
    assert (await home.call(browser, "/tokens/revoke", token=made["id"])).status_code == 404


@pytest.mark.parametrize(
    "call",
    [
        {}, {"name": "a"}, {"name": "a", "scopes": "account", "days": 1}, {"name": 1, "scopes": ["account"], "days": 1},
        {"name": "a", "scopes": [1], "days": 1}, {"name": "a", "scopes": ["account"], "days": "1"},
        {"name": "a", "scopes": ["account"], "days": 1.5}, {"name": "a", "scopes": ["account"], "days": 10**30},
        {"name": "a", "scopes": ["x"] * 10_000, "days": 1}, {"name": "x" * 600, "scopes": ["account"], "days": 1},
    ],
)  # fmt: skip
async def test_calls_that_make_no_sense_are_refused(home, browser, call):
    await home.sign_in(browser)
    assert (await home.call(browser, "/tokens", **call)).status_code == 422


async def test_calls_take_a_fresh_sign_in_too(home, browser):
    await home.sign_in(browser, again=False)
    answer = await home.call(browser, "/tokens", name="a", scopes=["account"], days=1)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_fresh")


async def test_calls_of_other_sites_are_refused(home, browser):
    await home.sign_in(browser)
    home.headers["Origin"] = "https://evil.example"
    for path in ("/tokens", "/tokens/revoke"):
        assert (await home.call(browser, path, name="a", scopes=["account"], days=1)).status_code == 403


async def test_a_store_that_is_away_is_told_to_programs(home, browser):
    await home.sign_in(browser)
    made = (await home.call(browser, "/tokens", name="script", scopes=["account"], days=1)).json()
    home.house.records.broken_prefix = "oidc/personal"
    assert (await home.call(browser, "/tokens/revoke", token=made["id"])).status_code == 503


# With a token.


async def test_a_token_reads_the_account_and_changes_nothing(home, browser, kept):
    await home.sign_in(browser)
    made = (await home.call(browser, "/tokens", name="script", scopes=["account"], days=1)).json()
    other = (await home.call(browser, "/tokens", name="other", scopes=["applications"], days=1)).json()
    async with home.house.browser() as program:
        headers = {"Authorization": f"Bearer {made['text']}"}
        found = await program.get("/api/profile", headers=headers)
        assert (found.status_code, found.json()["name"], found.json()["fresh"]) == (200, "ada", False)
        for path in ("/sessions", "/visits", "/passkeys", "/tokens"):
            assert (await program.get(f"/api/profile{path}", headers=headers)).status_code == 200
        for path in ("/sessions/end", "/language", "/app", "/password", "/tokens", "/tokens/revoke"):
            assert (await program.post(f"/api/profile{path}", json={}, headers=headers)).status_code == 401
        assert (await program.get("/profile", headers=headers)).status_code == 303
        for text in ("", "x", other["text"], made["text"] + "x"):
            answer = await program.get("/api/profile", headers={"Authorization": f"Bearer {text}"})
            assert answer.status_code == 401
            assert "invalid_token" in answer.headers["www-authenticate"]
        basic = await program.get("/api/profile", headers={"Authorization": f"Basic {made['text']}"})
        assert basic.status_code == 401
    assert ACCOUNT in kept.personal.scopes
