import base64

import pytest
from tests.signin.kerberos.conftest import field
from tests.signin.place import ADDRESS

from yett.authn.kerberos import Reason
from yett.net.pages import SIGN_ON_COOKIE
from yett.signin.kerberos import events
from yett.signin.machine import Standing
from yett.signin.model import Factor

PAGE, CALL = "/signin/kerberos", "/api/signin/kerberos"
JSON = {"Content-Type": "application/json"}


def spoken(heard):
    return [event for event, _ in heard("signin.kerberos")]


async def test_a_browser_is_asked_once_and_shown_the_other_ways(browser, heard):
    page = await browser.get(PAGE, params={"next": "/authorize?x=1"})

    assert page.status_code == 401
    assert page.headers.get_list("www-authenticate") == ["Negotiate"]
    assert 'href="/signin?next=%2Fauthorize%3Fx%3D1"' in page.text
    assert 'href="/signin/kerberos/password?next=%2Fauthorize%3Fx%3D1"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert heard("signin.kerberos") == [(events.challenged, {"client_address": ADDRESS})]


async def test_a_ticket_signs_in_and_we_prove_ourselves(counter, browser, kdc, tickets, heard):
    answer = await browser.get(PAGE, params={"next": "/x"}, headers=field(kdc.token(tickets["alice"])))

    assert answer.status_code == 303
    assert answer.headers["location"] == "/signin/done?next=%2Fx"
    scheme, _, proof = answer.headers["www-authenticate"].partition(" ")
    assert scheme == "Negotiate"
    assert len(base64.b64decode(proof)) > 50
    session, known = await counter.place.flow.current(browser.cookies[SIGN_ON_COOKIE])
    assert known.name == "alice"
    assert session.metadata["method"] == "kerberos"
    assert session.metadata["kerberos_principal"] == "alice@CORP.TEST"
    assert int(session.metadata["kerberos_authenticated_at"]) > 1_700_000_000
    assert spoken(heard) == [events.successful]
    again = await browser.get(PAGE, params={"next": "/x"})
    assert (again.status_code, again.headers["location"]) == (303, "/x")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ("Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==", Reason.NTLM),
        ("negotiate " + "A" * 40_000, Reason.TOO_LARGE),
        ("Negotiate", Reason.NOT_BASE64),
        ("Negotiate %%%", Reason.NOT_BASE64),
        ("Negotiate YIIC", Reason.MALFORMED),
    ],
)
async def test_a_refused_token_is_not_answered_with_another_challenge(browser, heard, sent, reason):
    page = await browser.get(PAGE, headers={"Authorization": sent})

    assert page.status_code == 403
    assert "www-authenticate" not in page.headers
    assert "set-cookie" not in page.headers
    assert 'href="/signin"' in page.text
    assert heard("signin.kerberos") == [(events.failed, {"reason": reason, "client_address": ADDRESS})]


@pytest.mark.parametrize("name", ["bob", "carol"])
async def test_who_is_disabled_or_unknown_reads_the_same(browser, kdc, tickets, name):
    page = await browser.get(PAGE, headers=field(kdc.token(tickets[name])))
    other = await browser.get(PAGE, headers={"Authorization": "Negotiate YIIC"})

    assert page.status_code == other.status_code == 403
    assert strip(page) == strip(other)


def strip(page):
    return page.text.replace(page.text[page.text.rindex("0199-") :][:10], "")


async def test_other_schemes_are_no_token_and_several_fields_are_refused(browser, heard):
    assert (await browser.get(PAGE, headers={"Authorization": "Basic YTpi"})).status_code == 401
    assert (await browser.get(PAGE, headers={"Authorization": "NTLM TlRM"})).status_code == 401
    double = await browser.get(
        PAGE, headers=[("Authorization", "Negotiate YIIC"), ("Authorization", "Basic YTpi")]
    )
    assert double.status_code == 400
    assert "www-authenticate" not in double.headers
    assert spoken(heard) == [events.challenged] * 2


async def test_nobody_confirms_with_a_ticket_that_they_are_there(browser, kdc, tickets):
    answer = await browser.get(
        PAGE, params={"again": "1", "next": "/x"}, headers=field(kdc.token(tickets["alice"]))
    )

    assert (answer.status_code, answer.headers["location"]) == (303, "/signin?again=1&next=%2Fx")
    assert SIGN_ON_COOKIE not in browser.cookies


async def test_a_next_address_elsewhere_is_not_followed(browser, kdc, tickets):
    answer = await browser.get(
        PAGE, params={"next": "//evil.test/"}, headers=field(kdc.token(tickets["alice"]))
    )

    assert answer.headers["location"] == "/"


async def test_a_second_factor_is_asked_for_where_the_person_has_one(counter, browser, kdc, tickets, heard):
    counter.place.factors.table["alice"] = Standing(frozenset({Factor.TOTP}))
    answer = await browser.get(PAGE, headers=field(kdc.token(tickets["alice"])))

    assert answer.headers["location"] == "/signin/factor"
    assert SIGN_ON_COOKIE not in browser.cookies
    assert heard("signin.kerberos")[-1][1]["state"] == "factor_required"


async def test_a_missing_keytab_is_our_fault_and_said_as_such(build, tmp_path, kdc, tickets, heard):
    counter = await build(keytab=tmp_path / "none")
    async with counter.browser() as browser:
        answer = await browser.get(PAGE, headers=field(kdc.token(tickets["alice"])))

    assert answer.status_code == 503
    assert "www-authenticate" not in answer.headers
    assert heard("signin.kerberos") == [
        (events.validation_failed, {"reason": Reason.UNAVAILABLE, "client_address": ADDRESS})
    ]


async def test_a_session_that_cannot_be_kept_lets_nobody_in(counter, browser, kdc, tickets, heard):
    counter.place.records.broken_prefix = "sessions/"
    answer = await browser.get(PAGE, headers=field(kdc.token(tickets["alice"])))

    assert answer.status_code == 503
    assert SIGN_ON_COOKIE not in browser.cookies
    assert spoken(heard) == [events.session_failed]


async def test_somebody_who_is_disabled_while_they_sign_in_is_not_let_in(
    counter, browser, kdc, tickets, heard, monkeypatch
):
    people, real = counter.place.people, counter.place.data.load

    async def load(module, user):
        people.table.pop(user, None)
        return await real(module, user)

    # The sign-in is remembered once there is a session.
    monkeypatch.setattr(counter.place.data, "load", load)
    answer = await browser.get(PAGE, headers=field(kdc.token(tickets["alice"])))

    assert answer.status_code == 503
    assert SIGN_ON_COOKIE not in browser.cookies
    assert spoken(heard) == [events.session_invalid]


async def test_somebody_who_is_removed_after_the_ticket_was_looked_at_is_turned_away(
    counter, browser, kdc, tickets, heard, monkeypatch
):
    people, real = counter.place.people, counter.kerberos.spnego.accept

    async def accept(token):
        verdict = await real(token)
        people.table.clear()
        return verdict

    monkeypatch.setattr(counter.step._ticket._spnego, "accept", accept)
    answer = await browser.get(PAGE, headers=field(kdc.token(tickets["alice"])))

    assert answer.status_code == 422
    assert spoken(heard) == [events.turned_away]


async def test_a_program_signs_in_with_a_ticket(browser, kdc, tickets):
    challenge = await browser.post(CALL, headers=JSON)
    assert (challenge.status_code, challenge.headers["www-authenticate"]) == (401, "Negotiate")
    assert challenge.json()["code"] == "ticket_required"

    answer = await browser.post(CALL, headers=JSON | field(kdc.token(tickets["alice"])))
    assert answer.json() == {"state": "signed_in", "next": "/"}
    assert answer.headers["www-authenticate"].startswith("Negotiate ")
    assert SIGN_ON_COOKIE in browser.cookies


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 403),
        (JSON | {"Origin": "https://evil.test"}, 403),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        (JSON | {"Authorization": "Negotiate YIIC"}, 422),
    ],
)
async def test_a_call_that_is_not_ours_is_not_even_asked_for_a_ticket(browser, headers, status):
    answer = await browser.post(CALL, headers=headers)

    assert answer.status_code == status
    assert "www-authenticate" not in answer.headers


async def test_a_call_with_two_tokens_is_refused(browser):
    double = [
        ("Content-Type", "application/json"),
        ("Authorization", "Negotiate YIIC"),
        ("Authorization", "x y"),
    ]

    assert (await browser.post(CALL, headers=double)).status_code == 400


async def test_head_is_answered_like_get_without_a_body(browser):
    answer = await browser.head(PAGE)

    assert (answer.status_code, answer.content) == (401, b"")
