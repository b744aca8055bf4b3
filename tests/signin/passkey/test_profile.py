import html
import re

import pytest
from tests.authn.passkey.authenticator import UP, Authenticator
from tests.signin.place import ADA

from yett.authn.passkey import PasskeySettings
from yett.net.pages import SIGN_ON_COOKIE
from yett.sessions import SessionType
from yett.signin import MFASettings
from yett.signin.machine import Demand

PAGE = "/profile/passkeys"


async def signed_in(keyed, browser, *, again="1", name="ada", password="correct horse"):
    form = await keyed.form(browser, **({"again": "1"} if again else {}))
    return await browser.post("/signin", data={"form": form, "name": name, "password": password})


async def test_a_fresh_sign_in_may_add_a_passkey(keyed, browser):
    await signed_in(keyed, browser)
    answer = await keyed.add(browser, Authenticator(), "Work laptop")
    assert answer.status_code == 201
    assert answer.json() == {
        "state": "enrolled", "passkey": answer.json()["passkey"], "device": "Work laptop", "next": PAGE,
    }  # fmt: skip
    page = await browser.get(PAGE)
    assert "Work laptop" in page.text
    assert "never used" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


async def test_a_sign_in_that_is_not_fresh_may_not(keyed, browser):
    await signed_in(keyed, browser, again="")
    answer = await keyed.add(browser, Authenticator())
    assert (answer.status_code, answer.json()["code"]) == (403, "not_fresh")
    assert answer.json()["next"] == "/signin?next=%2Fprofile%2Fpasskeys&again=1"
    page = await browser.get(PAGE)
    assert 'id="passkey-new"' not in page.text
    assert "Change them" in page.text


async def test_a_sign_in_does_not_stay_fresh(keyed, browser, clock):
    await signed_in(keyed, browser)
    clock.advance(601)
    assert (await keyed.add(browser, Authenticator())).json()["code"] == "not_fresh"


async def test_nobody_adds_anything_without_a_session(keyed, browser):
    await keyed.form(browser)
    answer = await keyed.add(browser, Authenticator())
    assert (answer.status_code, answer.json()["code"]) == (401, "signed_out")
    page = await browser.get(PAGE)
    assert page.headers["location"] == "/signin?next=%2Fprofile%2Fpasskeys"


async def test_other_sites_cannot_make_a_browser_add_one(keyed, browser):
    await signed_in(keyed, browser)
    keyed.headers["Origin"] = "https://evil.example"
    assert (await keyed.add(browser, Authenticator())).json()["code"] == "not_ours"


async def test_a_question_of_one_session_is_none_of_another(keyed, browser):
    await signed_in(keyed, browser)
    asked = (await keyed.post(browser, f"{PAGE}/begin")).json()
    async with keyed.house.browser() as other:
        await signed_in(keyed, other)
        answer = await keyed.post(
            other,
            f"{PAGE}/finish",
            ceremony=asked["ceremony"],
            credential=Authenticator().create(asked["publicKey"]),
        )
    assert answer.json()["code"] == "no_ceremony"


@pytest.mark.parametrize(
    ("device", "code", "status"),
    [
        ({"flags": UP}, "not_verified", 422),
        ({"origin": "https://evil.example"}, "origin", 422),
        ({"fmt": "tpm"}, "attestation", 422),
    ],
)
async def test_what_is_wrong_with_a_new_one_is_said_to_its_person(keyed, browser, device, code, status):
    await signed_in(keyed, browser)
    answer = await keyed.add(browser, Authenticator(**device))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_device_cannot_be_added_twice(keyed, browser):
    await signed_in(keyed, browser)
    device = Authenticator()
    await keyed.add(browser, device)
    assert (await keyed.add(browser, device)).json()["code"] == "taken"


async def test_too_many_are_refused_before_one_is_made(keyed, browser):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    keyed.passkeys.apply(PasskeySettings(max_per_user=1))
    answer = await keyed.post(browser, f"{PAGE}/begin")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many")


async def remove(keyed, browser, **changes):
    page = (await browser.get(PAGE)).text
    fields = {
        name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])
        for name in ("form", "passkey")
    }
    return await browser.post(f"{PAGE}/remove", data={**fields, **changes}, headers=keyed.headers)


async def test_people_remove_their_own_passkeys(keyed, browser):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    answer = await remove(keyed, browser)
    assert answer.headers["location"] == PAGE
    assert await keyed.passkeys.list("ada") == ()
    (gone,) = (await keyed.passkeys.history("ada")).revoked
    assert (gone.revoked_by, gone.reason) == ("ada", "removed by its owner")


async def test_nobody_removes_the_passkeys_of_others(keyed, browser):
    await keyed.device_of("bob")
    (bobs,) = await keyed.passkeys.list("bob")
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    await remove(keyed, browser, passkey=bobs.hash)
    assert await keyed.passkeys.list("bob") == (bobs,)


@pytest.mark.parametrize("passkey", ["", "x", "\x1b[2J", "0" * 33])
async def test_what_names_no_passkey_removes_none(keyed, browser, passkey):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    assert (await remove(keyed, browser, passkey=passkey)).status_code == 400
    assert len(await keyed.passkeys.list("ada")) == 1


@pytest.mark.parametrize("form", ["", "x"])
async def test_a_form_of_somewhere_else_removes_nothing(keyed, browser, form):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    assert (await remove(keyed, browser, form=form)).status_code == 403
    assert len(await keyed.passkeys.list("ada")) == 1


async def test_removing_needs_a_fresh_sign_in_too(keyed, browser, clock):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator())
    page = (await browser.get(PAGE)).text
    fields = {
        name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])
        for name in ("form", "passkey")
    }
    clock.advance(601)
    answer = await browser.post(f"{PAGE}/remove", data=fields, headers=keyed.headers)
    assert answer.headers["location"].endswith("again=1")
    assert len(await keyed.passkeys.list("ada")) == 1


async def test_removing_without_a_session_leads_to_the_sign_in(keyed, browser):
    answer = await browser.post(f"{PAGE}/remove", data={"form": "x"}, headers=keyed.headers)
    assert answer.headers["location"].startswith("/signin")
    assert (await browser.post(f"{PAGE}/remove", json={})).status_code == 415


async def test_names_of_devices_are_shown_as_texts(keyed, browser):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator(), "<script>alert(1)</script>")
    page = (await browser.get(PAGE)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_one_that_ran_out_is_shown_as_such(keyed, browser, clock):
    await keyed.device_of("ada")
    clock.advance(366 * 86400)
    keyed.house.use(MFASettings(password=Demand.NEVER))
    await signed_in(keyed, browser)
    assert "Ran out" in (await browser.get(PAGE)).text


async def test_without_passkeys_there_is_no_page(keyed, browser):
    await signed_in(keyed, browser)
    assert (await browser.get(PAGE)).status_code == 200
    keyed.passkeys.is_ready = False
    assert (await browser.get(PAGE)).status_code == 404


async def test_when_the_store_fails_the_page_says_so(keyed, browser):
    await signed_in(keyed, browser)
    keyed.house.records.broken_prefix = "moduledata"
    assert (await browser.get(PAGE)).status_code == 503


# Enrolling before one is let in.


@pytest.fixture
async def waiting(keyed, browser):
    """Ada has to enrol a factor before she is let in."""
    keyed.house.use(MFASettings(require_groups=("engineers",), email_codes=False))
    answer = await signed_in(keyed, browser, again="")
    assert answer.headers["location"].startswith("/signin/enrol")
    return browser


async def test_whoever_has_to_enrol_makes_a_passkey_and_is_in(keyed, waiting):
    answer = await keyed.add(waiting, Authenticator(), to="/oidc/authorize?x=1")
    assert answer.json() == {"state": "signed_in", "next": "/oidc/authorize?x=1"}
    assert SIGN_ON_COOKIE in answer.cookies
    assert len(keyed.house.flow.live(ADA)) == 1


async def test_nobody_is_led_to_another_host_afterwards(keyed, waiting):
    answer = await keyed.add(waiting, Authenticator(), to="//evil.example")
    assert answer.json()["next"] == "/"


async def test_whoever_got_a_factor_meanwhile_enrols_no_second_one_this_way(keyed, waiting):
    await keyed.device_of("ada")
    answer = await keyed.add(waiting, Authenticator())
    assert (answer.status_code, answer.json()["code"]) == (409, "over")
    assert len(await keyed.passkeys.list("ada")) == 1


async def test_a_half_finished_sign_in_sees_and_removes_nothing(keyed, waiting):
    assert (await waiting.get(PAGE)).headers["location"].startswith("/signin")
    answer = await waiting.post(f"{PAGE}/remove", data={"form": "x"}, headers=keyed.headers)
    assert answer.headers["location"].startswith("/signin")


async def test_a_sign_in_that_waits_for_a_code_enrols_nothing(keyed, browser):
    await keyed.house.enrol("ada")
    await signed_in(keyed, browser, again="")
    (pending,) = keyed.house.sessions.live("ada")
    assert pending.type is SessionType.MFA_PENDING
    answer = await keyed.add(browser, Authenticator())
    assert answer.json()["code"] == "signed_out"


async def test_people_rename_their_own_passkeys(keyed, browser):
    await signed_in(keyed, browser)
    await keyed.add(browser, Authenticator(), "Phone")
    page = (await browser.get(PAGE)).text
    fields = {
        name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page)[1])
        for name in ("form", "passkey")
    }
    sent = {**fields, "name": "Old phone"}
    assert (await browser.post(f"{PAGE}/rename", data=sent, headers=keyed.headers)).status_code == 303
    assert [each.device for each in await keyed.passkeys.list("ada")] == ["Old phone"]
    refused = await browser.post(f"{PAGE}/rename", data={**sent, "passkey": "x"}, headers=keyed.headers)
    assert refused.status_code == 400
    keyed.house.records.broken_prefix = "moduledata"
    failed = await browser.post(f"{PAGE}/rename", data=sent, headers=keyed.headers)
    assert failed.status_code == 503
