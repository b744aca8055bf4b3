import base64

import pytest
from tests.signin.place import ADDRESS, ORIGIN

from yett.authn.totp.codes import code_at, step_at

WRITING = (
    "/sessions/end",
    "/language",
    "/app",
    "/app/confirm",
    "/app/remove",
    "/recovery",
    "/password",
    "/passkeys/rename",
    "/passkeys/remove",
)
CHANGING = WRITING[2:]


async def get(browser, path=""):
    return (await browser.get(f"/api/profile{path}")).json()


async def test_programs_read_what_somebody_has(home, browser):
    await home.sign_in(browser)
    found = await get(browser)
    assert found == {
        "name": "ada",
        "display_name": "Ada Lovelace",
        "email": "ada@example.test",
        "groups": ["engineers", "wiki"],
        "source": "local",
        "signed_in_since": home.house.clock.now(),
        "fresh": True,
        "complete": True,
        "app": None,
        "passkeys": 0,
        "sessions": 1,
        "language": "",
        "can_change_password": True,
    }
    (session,) = (await get(browser, "/sessions"))["sessions"]
    assert (session["this"], session["address"], session["host"]) == (True, ADDRESS, "login.example.test")
    assert (await get(browser, "/visits"))["visits"] == [{"at": home.house.clock.now(), "address": ADDRESS}]
    assert (await get(browser, "/passkeys"))["passkeys"] == []


@pytest.mark.parametrize("path", ["", "/sessions", "/visits", "/passkeys"])
async def test_nobody_reads_anything_without_a_session(browser, path):
    answer = await browser.get(f"/api/profile{path}")
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")


@pytest.mark.parametrize("path", WRITING)
async def test_nobody_changes_anything_without_a_session(home, browser, path):
    assert (await home.call(browser, path)).status_code == 401


@pytest.mark.parametrize("path", WRITING)
async def test_other_sites_change_nothing(home, browser, path):
    await home.sign_in(browser)
    home.headers["Origin"] = "https://evil.example"
    assert (await home.call(browser, path)).status_code == 403
    headers = {"Origin": ORIGIN, "Content-Type": "text/plain"}
    assert (await browser.post(f"/api/profile{path}", content="{}", headers=headers)).status_code == 403


@pytest.mark.parametrize("path", CHANGING)
async def test_what_changes_a_way_to_sign_in_takes_a_fresh_sign_in(home, browser, path):
    await home.sign_in(browser, again=False)
    answer = await home.call(browser, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_fresh")
    assert answer.json()["next"].startswith("/signin?next=%2Fprofile%2F")


@pytest.mark.parametrize("path", CHANGING)
async def test_freshness_runs_out(home, browser, clock, path):
    await home.sign_in(browser)
    clock.advance(301)
    assert (await home.call(browser, path)).json()["code"] == "not_fresh"


@pytest.mark.parametrize("path", ["/app", "/app/confirm"])
async def test_the_first_factor_is_set_up_in_onboarding_where_there_is_one(home, browser, path):
    home.portal.has_onboarding = True
    await home.sign_in(browser)
    answer = await home.call(browser, path)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_set_up")
    assert answer.json()["next"] == "/onboarding"


async def test_a_portal_that_is_switched_off_has_nothing(home, browser):
    await home.sign_in(browser)
    await home.portal.apply(is_enabled=False, has_onboarding=True)
    assert (await browser.get("/api/profile")).status_code == 404
    assert (await home.call(browser, "/language", language="de")).status_code == 404
    assert (await browser.get("/profile")).status_code == 404


async def test_an_app_is_set_up_replaced_and_removed(home, browser, clock):
    await home.sign_in(browser)
    begun = (await home.call(browser, "/app")).json()
    wrong = await home.call(browser, "/app/confirm", code="1")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "not_done")
    done = (await home.call(browser, "/app/confirm", code=shown(begun, clock))).json()
    assert (done["state"], len(done["recovery_codes"])) == ("set_up", 10)
    assert (await get(browser))["app"]["recovery_codes"] == 10
    renewed = (await home.call(browser, "/recovery")).json()["recovery_codes"]
    assert set(renewed).isdisjoint(done["recovery_codes"])
    clock.advance(30)
    other = (await home.call(browser, "/app")).json()
    assert other["secret"] != begun["secret"]
    assert (await home.call(browser, "/app/confirm", code=shown(other, clock))).status_code == 200
    assert (await home.call(browser, "/app/remove")).json() == {"state": "removed"}
    assert (await home.call(browser, "/app/remove")).status_code == 422
    assert (await home.call(browser, "/recovery")).status_code == 422
    assert (await get(browser))["app"] is None


def shown(begun, clock):
    return code_at(base64.b32decode(begun["secret"]), step_at(clock.now()))


async def test_a_password_is_changed_and_the_session_goes_on_under_another_token(home, browser):
    await home.sign_in(browser)
    before = browser.cookies["__Host-yett-sso"]
    assert (await home.call(browser, "/password", old="correct horse")).status_code == 400
    wrong = await home.call(browser, "/password", old="wrong", new="another long password")
    assert (wrong.status_code, wrong.json()["title"]) == (422, "The old password is not right.")
    done = await home.call(browser, "/password", old="correct horse", new="another long password")
    assert done.json() == {"state": "changed", "next": "/profile"}
    assert browser.cookies["__Host-yett-sso"] != before
    assert (await get(browser))["name"] == "ada"


async def test_sessions_are_ended(home, browser):
    await home.sign_in(browser)
    others = [await home.owner() for _ in range(3)]
    ended = await home.call(browser, "/sessions/end", session=others[0].session.ref)
    assert ended.json() == {"state": "ended", "sessions": 1}
    for ref in (others[0].session.ref, "", "../../x", "x" * 200, 7):
        assert (await home.call(browser, "/sessions/end", session=ref)).status_code == 404
    assert (await home.call(browser, "/sessions/end", which="others")).json()["state"] == "ended"
    assert len((await get(browser, "/sessions"))["sessions"]) == 1
    ended = await home.call(browser, "/sessions/end", which="all")
    assert ended.json()["state"] == "signed_out"
    assert "__Host-yett-sso" not in browser.cookies


async def test_ending_the_session_one_is_in_signs_out(home, browser):
    await home.sign_in(browser)
    ref = (await get(browser, "/sessions"))["sessions"][0]["session"]
    assert (await home.call(browser, "/sessions/end", session=ref)).json()["state"] == "signed_out"
    assert (await browser.get("/api/profile")).status_code == 401


async def test_a_language_is_chosen_and_outlives_the_next_sign_in(home, browser):
    await home.sign_in(browser)
    assert (await home.call(browser, "/language", language="de")).status_code == 200
    browser.headers["Accept-Language"] = "en"
    await home.sign_in(browser)
    assert await home.house.data.language("ada") == "de"
    assert (await get(browser))["language"] == "de"
    for wrong in ("fr", "DE", "x" * 36, "de\x00", "../en"):
        answer = await home.call(browser, "/language", language=wrong)
        assert answer.status_code in {200, 422}
    assert (await home.call(browser, "/language", language="")).status_code == 200
    await home.sign_in(browser)
    assert await home.house.data.language("ada") == "en"


@pytest.mark.parametrize("passkey", ["", "0" * 32, "password", "x" * 65, None])
@pytest.mark.parametrize("path", ["/passkeys/rename", "/passkeys/remove"])
async def test_passkeys_that_are_not_there_are_not_changed(home, browser, path, passkey, heard):
    await home.sign_in(browser)
    assert (await home.call(browser, path, passkey=passkey, name="x")).status_code == 404
    assert not [fields for _, fields in heard("webauthn.revoke") if fields.get("hash") == "password"]


async def test_without_the_store_nothing_is_changed_and_that_is_said(home, browser):
    await home.sign_in(browser)
    home.house.records.broken_prefix = "moduledata"
    for path in ("/language", "/app", "/recovery", "/app/remove"):
        answer = await home.call(browser, path, language="de")
        assert answer.status_code in {422, 503}, path
    found = await get(browser)
    assert (found["complete"], found["app"]) == (False, None)
    assert (await browser.get("/api/profile/passkeys")).status_code == 503


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"language": ["de"]}', b"[" * 5000, b"\xff{}"])
async def test_what_is_no_object_of_texts_is_refused(home, browser, body):
    await home.sign_in(browser)
    headers = {**home.headers, "Content-Type": "application/json"}
    answer = await browser.post("/api/profile/language", content=body, headers=headers)
    assert answer.status_code in {200, 400}
    assert await home.house.data.language("ada") is None
