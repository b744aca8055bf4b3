import asyncio

import pytest
from tests.authn.kerberos.conftest import person
from tests.kdc import PASSWORDS

from yett.authn.guessing import events as guessing_events
from yett.net.pages import SIGN_ON_COOKIE
from yett.signin.exchange import PRE_COOKIE
from yett.signin.kerberos import events

PAGE, CHANGE = "/signin/kerberos/password", "/signin/kerberos/change"


async def post(browser, path=PAGE, headers=None, to="/", **fields):
    page = await browser.get(path, params={"next": to})
    return await browser.submit(page, path, headers=headers, **fields)


async def test_the_realm_s_password_signs_in_and_its_ticket_is_kept(counter, browser, heard):
    answer = await post(browser, to="/x", name="Alice", password=PASSWORDS["alice"])

    assert answer.headers["location"] == "/signin/done?next=%2Fx"
    session, known = await counter.place.flow.current(browser.cookies[SIGN_ON_COOKIE])
    assert (known.name, session.metadata["method"]) == ("alice", "password")
    held = await counter.kerberos.tickets.access(session.ref)
    assert held.ticket.principal == "alice@CORP.TEST"
    assert [event for event, _ in heard("signin.kerberos")] == [events.password_taken]
    assert (await browser.get(PAGE)).status_code == 303


async def test_wrong_unknown_and_disabled_read_the_same(browser):
    pages = [
        await post(browser, name=name, password=password)
        for name, password in (
            ("alice", "wrong"),
            ("carol", PASSWORDS["carol"]),
            ("bob", PASSWORDS["bob"]),
            ("zed", "wrong"),
        )
    ]

    assert {page.status_code for page in pages} == {422}
    texts = {page.text.split("<form")[0] + page.text.split("</form>")[1] for page in pages}
    assert len(texts) == 1


async def test_empty_fields_are_asked_for_again(browser):
    answer = await post(browser, name="alice", password="")

    assert answer.status_code == 422
    assert "Fill in every field." in answer.text
    assert 'value="alice"' in answer.text


async def test_whoever_guesses_has_to_wait_and_others_do_not(browser, heard):
    for _ in range(3):
        assert (await post(browser, name="alice", password="wrong")).status_code == 422
    waiting = await post(browser, name=" ALICE@corp.test", password=PASSWORDS["alice"])

    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) >= 1
    assert guessing_events.throttled in [event for event, _ in heard()]
    assert (await post(browser, name="zed", password="wrong")).status_code == 422


async def test_fifty_guesses_at_once_are_not_fifty_free_ones(browser):
    page = await browser.get(PAGE)

    answers = await asyncio.gather(
        *(browser.submit(page, PAGE, name="alice", password=f"guess {n}") for n in range(50))
    )

    assert sum(answer.status_code == 422 for answer in answers) <= 3
    assert all(answer.status_code in {422, 429, 503} for answer in answers)


@pytest.mark.parametrize("path", [PAGE, CHANGE])
async def test_a_form_from_elsewhere_is_refused(counter, browser, path):
    await browser.get(path)
    bare = await browser.post(path, data={"name": "alice", "password": PASSWORDS["alice"]})
    foreign = await post(browser, path, headers={"Origin": "https://evil.test"}, name="alice", password="x")
    async with counter.browser() as other:
        page = await other.get(path)
    stolen = await browser.submit(page, path, name="alice", password=PASSWORDS["alice"])

    assert [each.status_code for each in (bare, foreign, stolen)] == [403, 403, 403]
    assert SIGN_ON_COOKIE not in browser.cookies
    assert PRE_COOKIE in browser.cookies


async def test_a_form_that_was_open_too_long_is_shown_anew(browser, clock):
    page = await browser.get(PAGE)
    clock.advance(3600)
    answer = await browser.submit(page, PAGE, name="alice", password=PASSWORDS["alice"])

    assert answer.status_code == 422
    assert "open for too long" in answer.text
    assert SIGN_ON_COOKIE not in browser.cookies


async def test_a_password_that_ran_out_leads_to_changing_it(counter, browser, kdc):
    kdc.admin('addprinc -pw "run out 5" -pwexpire yesterday gina')
    counter.place.people.table["gina"] = person("gina")
    page = await post(browser, name="gina", password="run out 5")
    assert "has run out" in page.text
    assert f'action="{CHANGE}"' in page.text

    changed = await browser.submit(
        page, CHANGE, name="gina", password="run out 5", new="a fresh one 6", repeated="a fresh one 6"
    )
    assert changed.status_code == 200
    assert "was changed" in changed.text
    assert (await post(browser, name="gina", password="a fresh one 6")).status_code == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "x", "new": "a", "repeated": "b"}, "not the same"),
        ({"password": "x", "new": "", "repeated": ""}, "every field"),
        ({"password": "wrong", "new": "another 7", "repeated": "another 7"}, "old password is not right"),
        ({"password": PASSWORDS["alice"], "new": "a\nb", "repeated": "a\nb"}, "cannot be used"),
    ],
)
async def test_a_password_is_not_changed_by_mistake(browser, fields, words):
    answer = await post(browser, CHANGE, name="alice", **fields)

    assert answer.status_code == 422
    assert words in answer.text


async def test_changing_is_no_way_around_the_waits(browser):
    fields = {"new": "another 7", "repeated": "another 7"}
    for _ in range(3):
        await post(browser, CHANGE, name="alice", password="wrong", **fields)
    answer = await post(browser, CHANGE, name="alice", password=PASSWORDS["alice"], **fields)

    assert answer.status_code == 429
