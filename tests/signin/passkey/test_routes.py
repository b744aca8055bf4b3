from dataclasses import replace

import pytest
from tests.authn.passkey.authenticator import UP, Authenticator
from tests.signin.place import ADA, ADDRESS

from yett.authn.passkey import PasskeySettings, Reason
from yett.authn.passkey.config import Wish
from yett.net.pages import SIGN_ON_COOKIE
from yett.sessions import SessionType
from yett.signin import MFASettings, SyncResult
from yett.signin import events as signin_events
from yett.signin.exchange import PRE_COOKIE
from yett.signin.machine import Demand
from yett.signin.model import Use
from yett.signin.passkey import events


async def test_a_passkey_signs_its_person_in(keyed, browser, heard):
    device = await keyed.device_of("ada")
    heard.forget()
    answer = await keyed.sign_in(browser, device, next="/oidc/authorize?x=1")
    assert answer.status_code == 200
    assert answer.json() == {"state": "signed_in", "next": "/oidc/authorize?x=1"}
    assert SIGN_ON_COOKIE in answer.cookies
    (session,) = keyed.house.sessions.live("ada")
    assert session.metadata["method"] == "passkey"
    assert session.metadata["amr"] == "hwk mfa"
    assert session.metadata["assurance"] == "phishing_resistant"
    said = [each for each, _ in heard("signin.passkey")]
    assert said == [events.beginning, events.challenge_created, events.finishing]


async def test_a_passkey_that_checked_its_owner_is_two_factors(keyed, browser):
    keyed.house.use(MFASettings(require_groups=("engineers",)))
    device = await keyed.device_of("ada")
    assert (await keyed.sign_in(browser, device)).json()["state"] == "signed_in"


async def test_a_passkey_that_did_not_is_one_of_them(keyed, browser):
    keyed.passkeys.apply(PasskeySettings(user_verification=Wish.PREFERRED))
    keyed.house.use(MFASettings(passkey=Demand.ALWAYS))
    device = await keyed.device_of("ada", flags=UP)
    answer = await keyed.sign_in(browser, device)
    assert answer.json()["state"] == "factor_required"
    assert SIGN_ON_COOKIE not in answer.cookies


async def test_a_passkey_that_did_not_is_the_second_half_of_a_password(keyed, browser):
    keyed.passkeys.apply(PasskeySettings(user_verification=Wish.PREFERRED))
    device = await keyed.device_of("ada", flags=UP)
    form = await keyed.form(browser)
    page = await browser.post("/signin", data={"form": form, "name": "ada", "password": "correct horse"})
    assert page.headers["location"].startswith("/signin/factor")
    answer = await keyed.sign_in(browser, device)
    assert answer.json()["state"] == "signed_in"
    (session,) = [each for each in keyed.house.sessions.live("ada") if each.type is SessionType.SIGN_ON]
    assert session.metadata["method"] == "password"
    assert "hwk" in session.metadata["amr"]


async def test_a_passkey_that_ran_out_does_not_make_a_password_enough(keyed, browser, clock):
    await keyed.device_of("ada")
    await keyed.device_of("eve")
    clock.advance(366 * 86400)

    asked = await browser.sign_in("ada", "correct horse")
    assert asked.headers["location"] == "/signin/factor"
    assert keyed.house.mails.sent[-1][1] == "ada@example.test"
    browser.cookies.clear()
    # Where no mail can be sent, the setting for people without a factor decides.
    assert (await browser.sign_in("eve", "apple")).headers["location"] == "/signin/enrol"
    keyed.house.use(MFASettings(enrol_after_first_factor=False))
    assert (await browser.sign_in("eve", "apple")).status_code == 403
    assert SIGN_ON_COOKIE not in browser.cookies


async def test_passkeys_that_could_not_start_do_not_make_a_password_enough(keyed, browser):
    await keyed.device_of("ada")
    keyed.passkeys.is_ready = False

    asked = await browser.sign_in("ada", "correct horse")

    assert asked.headers["location"] == "/signin/factor"
    assert SIGN_ON_COOKIE not in browser.cookies


async def step_up(keyed, browser):
    """Ada, signed in by her password, at the page that wants her passkey; its seal for the script."""
    keyed.house.use(MFASettings(password=Demand.NEVER))
    await browser.sign_in("ada", "correct horse", to="/")
    page = await browser.get("/signin/step-up?acr=phishing_resistant&next=/wanted")
    assert "Use your passkey" in (await browser.get(page.headers["location"])).text
    return keyed.house.onward.forms.seal(Use.SIGN_IN, browser.cookies[PRE_COOKIE], next="/wanted")


def sign_ons(keyed):
    return [each for each in keyed.house.sessions.live("ada") if each.type is SessionType.SIGN_ON]


async def test_a_passkey_proves_more_of_whoever_is_signed_in(keyed, browser):
    device = await keyed.device_of("ada")
    form = await step_up(keyed, browser)
    (before,) = sign_ons(keyed)

    answer = await keyed.sign_in(browser, device, form=form)

    assert answer.json() == {"state": "signed_in", "next": "/wanted"}
    (session,) = sign_ons(keyed)
    assert session.ref == before.ref
    assert (session.metadata["method"], session.metadata["assurance"]) == ("password", "phishing_resistant")


async def test_the_passkey_of_somebody_else_lifts_nobody(keyed, browser):
    await keyed.device_of("ada")
    bobs = await keyed.device_of("bob")
    form = await step_up(keyed, browser)
    await keyed.sign_in(browser, bobs, form=form)
    assert all(each.metadata["assurance"] == "single" for each in sign_ons(keyed))


async def test_a_step_up_left_open_does_not_stand_in_for_a_fresh_sign_in(keyed, browser):
    device = await keyed.device_of("ada")
    await step_up(keyed, browser)
    (before,) = sign_ons(keyed)

    answer = await keyed.sign_in(browser, device, form=await keyed.form(browser, again="1"))

    assert answer.json()["state"] == "signed_in"
    (session,) = sign_ons(keyed)
    assert session.ref != before.ref
    assert keyed.house.flow.is_fresh(session)


async def test_the_passkey_of_somebody_else_is_no_second_half(keyed, browser):
    keyed.passkeys.apply(PasskeySettings(user_verification=Wish.PREFERRED))
    keyed.house.use(MFASettings(passkey=Demand.ALWAYS))
    await keyed.device_of("ada", flags=UP)
    bobs = await keyed.device_of("bob", flags=UP)
    form = await keyed.form(browser)
    await browser.post("/signin", data={"form": form, "name": "ada", "password": "correct horse"})
    answer = await keyed.sign_in(browser, bobs)
    assert answer.json()["state"] == "factor_required"
    assert keyed.house.flow.live(ADA) == []


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ({}, events.person_gone),
        ({"ada": replace(ADA, is_disabled=True)}, events.account_disabled),
    ],
)
async def test_whoever_is_out_stays_out(keyed, browser, heard, people, said):
    device = await keyed.device_of("ada")
    keyed.house.people.table = people
    answer = await keyed.sign_in(browser, device)
    assert answer.status_code == 422
    assert SIGN_ON_COOKIE not in answer.cookies
    ((_, fields),) = [each for each in heard("signin.passkey") if each[0] is said]
    assert fields == {"user": "ada", "hash": fields["hash"], "client_address": ADDRESS}
    assert keyed.house.sessions.live("ada") == []


async def test_people_of_ldap_are_looked_up_there_first(keyed, browser):
    device = await keyed.device_of("liz")
    assert (await keyed.sign_in(browser, device)).status_code == 200
    assert keyed.house.syncing.asked == ["liz"]


async def test_when_ldap_cannot_be_asked_its_people_stay_out(keyed, browser, heard):
    device = await keyed.device_of("liz")
    keyed.house.syncing.result = SyncResult.FAILED
    answer = await keyed.sign_in(browser, device)
    assert answer.status_code == 503
    assert heard("signin.passkey")[-1][0] is events.directory_failed
    assert keyed.house.sessions.live("liz") == []


async def test_whoever_ldap_finds_no_more_stays_out_though_still_remembered(keyed, browser, heard):
    device = await keyed.device_of("liz")
    keyed.house.syncing.result = SyncResult.NOT_THERE
    answer = await keyed.sign_in(browser, device)
    assert answer.status_code == 422
    assert heard("signin.passkey")[-1][0] is events.person_gone
    assert keyed.house.sessions.live("liz") == []


async def test_a_passkey_that_was_asked_for_anew_makes_the_sign_in_fresh(keyed, browser):
    device = await keyed.device_of("ada")
    await keyed.sign_in(browser, device)
    answer = await keyed.sign_in(browser, device, again="1", next="/profile/passkeys")
    assert answer.json()["next"] == "/profile/passkeys"
    (session,) = keyed.house.flow.live(ADA)
    assert keyed.house.flow.is_fresh(session)


async def test_all_wrong_passkeys_are_answered_alike(keyed, browser, heard):
    device = await keyed.device_of("ada")
    answers = []
    for wrong in (
        Authenticator(id=device.id, handle=device.handle),
        replace(device, origin="https://evil.example"),
        replace(device, flags=UP),
        replace(device, handle=""),
    ):
        answer = await keyed.sign_in(browser, wrong)
        answers.append((answer.status_code, answer.content, dict(answer.headers)))
    assert answers.count(answers[0]) == len(answers)
    assert answers[0][0] == 422
    assert heard("signin.passkey")[-1] == (
        events.finish_failed,
        {"reason": Reason.FOREIGN, "client_address": ADDRESS},
    )


async def test_a_passkey_that_nobody_has_may_be_forgotten_by_the_device(keyed, browser):
    answer = await keyed.sign_in(browser, Authenticator(handle="AAAA"))
    assert (answer.status_code, answer.json()["unknown"]) == (422, True)


async def test_a_passkey_that_ran_out_says_so_to_its_holder(keyed, browser, clock):
    device = await keyed.device_of("ada")
    clock.advance(366 * 86400)
    answer = await keyed.sign_in(browser, device)
    assert answer.json()["code"] == "expired"


async def test_an_answer_counts_once(keyed, browser):
    device = await keyed.device_of("ada")
    form = await keyed.form(browser)
    asked = (await keyed.post(browser, "/signin/passkey/begin")).json()
    content = {"form": form, "ceremony": asked["ceremony"], "credential": device.get(asked["publicKey"])}
    cookies = dict(browser.cookies)
    assert (await keyed.post(browser, "/signin/passkey/finish", **content)).status_code == 200
    browser.cookies.clear()
    browser.cookies.update(cookies)
    again = await keyed.post(browser, "/signin/passkey/finish", **content)
    assert (again.status_code, again.json()["code"]) == (409, "over")


async def test_an_answer_counts_in_the_browser_that_was_asked(keyed, browser):
    device = await keyed.device_of("ada")
    asked = (await keyed.form(browser), await keyed.post(browser, "/signin/passkey/begin"))[1].json()
    async with keyed.house.browser() as other:
        form = await keyed.form(other)
        answer = await keyed.post(
            other,
            "/signin/passkey/finish",
            form=form,
            ceremony=asked["ceremony"],
            credential=device.get(asked["publicKey"]),
        )
    assert answer.json()["code"] == "over"


async def test_without_our_cookie_nothing_is_asked(keyed, browser):
    answer = await keyed.post(browser, "/signin/passkey/begin")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_cookie")


@pytest.mark.parametrize(
    ("form", "code"),
    [("", "forged"), ("x", "forged"), (7, "forged"), ("A" * 20_000, "forged"), (None, "forged")],
)
async def test_a_call_without_the_form_of_the_page_is_refused(keyed, browser, form, code, heard):
    await keyed.form(browser)
    answer = await keyed.post(browser, "/signin/passkey/finish", form=form)
    assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert signin_events.form_refused in [each for each, _ in heard("signin")]


async def test_the_form_of_another_browser_is_refused(keyed, browser):
    await keyed.form(browser)
    async with keyed.house.browser() as other:
        form = await keyed.form(other)
    answer = await keyed.post(browser, "/signin/passkey/finish", form=form)
    assert answer.json()["code"] == "foreign"


async def test_a_page_that_was_open_for_too_long_says_so(keyed, browser, clock, heard):
    form = await keyed.form(browser)
    clock.advance(1800)
    answer = await keyed.post(browser, "/signin/passkey/finish", form=form)
    assert (answer.status_code, answer.json()["code"]) == (409, "expired")
    assert signin_events.form_expired in [each for each, _ in heard("signin")]


async def test_when_nothing_can_be_asked_the_fault_is_ours(keyed, browser, heard):
    await keyed.form(browser)
    keyed.house.records.is_broken = True
    answer = await keyed.post(browser, "/signin/passkey/begin")
    assert answer.status_code == 503
    assert heard("signin.passkey")[-1] == (events.begin_failed, {"reason": Reason.UNAVAILABLE})


async def test_when_the_store_fails_at_the_end_nobody_is_in(keyed, browser):
    device = await keyed.device_of("ada")
    form = await keyed.form(browser)
    asked = (await keyed.post(browser, "/signin/passkey/begin")).json()
    keyed.house.records.is_broken = True
    answer = await keyed.post(
        browser,
        "/signin/passkey/finish",
        form=form,
        ceremony=asked["ceremony"],
        credential=device.get(asked["publicKey"]),
    )
    assert answer.status_code == 503


async def test_the_page_offers_the_button_only_where_there_are_passkeys(keyed, browser):
    page = await browser.get("/signin")
    assert keyed.script.script in page.text
    assert "script-src 'self'; connect-src 'self'" in page.headers["content-security-policy"]
    keyed.passkeys.is_ready = False
    page = await browser.get("/signin")
    assert "passkey" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
