"""Signing in by calls, as a program meets it."""

import json

import pytest

from yett.authn.password import Expired, Reason, Rejected
from yett.signin import MFASettings, events
from yett.signin.exchange import PENDING_COOKIE, PRE_COOKIE
from yett.signin.machine import Demand
from yett.signin.model import FormFault

SIGN_IN, FACTOR, RESEND, PASSWORD = (
    "/api/signin",
    "/api/signin/factor",
    "/api/signin/resend",
    "/api/signin/password",
)
SSO = "__Host-yett-sso"


async def test_the_right_password_signs_in(visitor):
    answer = await visitor.call(SIGN_IN, name="bob", password="staple", next="/oidc/authorize?a=b")
    assert (answer.status_code, answer.json()) == (
        200,
        {"state": "signed_in", "next": "/oidc/authorize?a=b"},
    )
    assert SSO in visitor.cookies
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["bob", "nobody", "not a name!", ""])
async def test_a_wrong_one_gets_the_same_answer_whoever_is_named(visitor, name):
    answer = await visitor.call(SIGN_IN, name=name or "x", password="wrong")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "You could not be signed in",
        "status": 422,
        "code": "wrong",
    }


async def test_whoever_has_to_wait_is_told_how_long(house, visitor):
    house.words.verdict = Rejected(Reason.THROTTLED, 12.3)
    answer = await visitor.call(SIGN_IN, name="bob", password="x")
    assert (answer.status_code, answer.json()["retry_after"]) == (429, 13)
    assert answer.headers["retry-after"] == "13"


async def test_a_second_factor_is_asked_for_and_given(house, visitor):
    await house.enrol("bob")
    asked = await visitor.call(SIGN_IN, name="bob", password="staple")
    assert asked.json() == {
        "state": "factor_required",
        "next": "/signin/factor",
        "factors": ["totp", "recovery"],
    }
    wrong = await visitor.call(FACTOR, code="123")
    assert (wrong.status_code, wrong.json()["tries_left"]) == (422, 4)
    right = await visitor.call(FACTOR, code=house.code("bob"))
    assert right.json() == {"state": "signed_in", "next": "/"}
    assert (SSO in visitor.cookies, PENDING_COOKIE in visitor.cookies) == (True, False)


async def test_a_code_by_mail_works_for_whoever_keeps_cookies(house, visitor):
    house.use(MFASettings(password=Demand.ALWAYS))
    asked = await visitor.call(SIGN_IN, name="bob", password="staple")
    assert asked.json()["factors"] == ["email"]
    assert PRE_COOKIE in visitor.cookies
    early = await visitor.call(RESEND)
    assert (early.status_code, early.json()["code"]) == (429, "too_soon")
    house.clock.advance(31)
    assert (await visitor.call(RESEND)).json()["state"] == "code_sent"
    assert (await visitor.call(FACTOR, code=house.mails.code, by="email")).json()["state"] == "signed_in"


async def test_the_tries_are_those_of_the_page(house, visitor):
    await house.enrol("bob")
    await visitor.call(SIGN_IN, name="bob", password="staple")
    for _ in range(4):
        await visitor.call(FACTOR, code="123")
    assert (await visitor.call(FACTOR, code="123")).json()["code"] == "over"
    assert (await visitor.call(FACTOR, code=house.code("bob"))).status_code == 409


async def test_whoever_has_to_enrol_is_told_where(house, visitor):
    house.use(MFASettings(password=Demand.ALWAYS))
    answer = await visitor.call(SIGN_IN, name="eve", password="apple")
    assert answer.json() == {"state": "enrolment_required", "next": "/signin/enrol"}
    assert (await visitor.call(FACTOR, code="1")).json()["code"] == "over"


async def test_a_password_that_has_run_out_is_changed(house, visitor):
    house.words.verdict = Expired("liz")
    answer = await visitor.call(SIGN_IN, name="liz", password="violin string")
    assert answer.json() == {"state": "password_expired", "next": "/signin/password"}
    house.words.verdict = None
    short = await visitor.call(PASSWORD, old="violin string", new="short")
    assert (short.status_code, short.json()["detail"]) == (422, "It has to have 8 letters.")
    done = await visitor.call(PASSWORD, old="violin string", new="a longer password")
    assert done.json()["state"] == "password_changed"
    assert (await visitor.call(PASSWORD, old="x", new="y")).json()["code"] == "over"
    assert (await visitor.call(SIGN_IN, name="liz", password="a longer password")).status_code == 200


@pytest.mark.parametrize("path", [SIGN_IN, FACTOR, RESEND, PASSWORD])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
async def test_calls_for_other_sites_are_refused(visitor, heard, path, headers):
    body = json.dumps({"name": "bob", "password": "staple", "code": "1"})
    answer = await visitor.post(path, content=body, headers={"Content-Type": "application/json", **headers})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert SSO not in visitor.cookies
    assert heard("signin")[-1][1]["reason"] is FormFault.CROSS_SITE


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b'"x"', 400),
        (b"[" * 16_000, 400),
        (b'{"name": 1, "password": "x"}', 400),
        (b'{"name": ["bob"], "password": {"$ne": ""}}', 400),
        (b'{"name": "bob"}', 400),
        (b'{"name": "bob", "password": ""}', 400),
        (b'{"name": "bob", "password": "\xff"}', 400),
        (b'{"name": "bob", "password": "\\ud800"}', 400),
        (b'{"name": "' + b"x" * 20_000 + b'"}', 413),
        (b'{"name": "bob", "name": "eve", "password": "wrong"}', 422),
    ],
)
async def test_what_is_no_call_gets_a_clear_answer(visitor, body, status):
    answer = await visitor.post(SIGN_IN, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status"]) == (status, status)


async def test_a_way_to_another_host_is_not_taken(visitor):
    answer = await visitor.call(SIGN_IN, name="bob", password="staple", next="//evil.test")
    assert answer.json()["next"] == "/"


async def test_without_a_sign_in_there_is_nothing_to_send(visitor):
    assert (await visitor.call(RESEND)).json()["code"] == "over"


async def test_a_sign_in_by_call_is_on_record_like_any(visitor, heard):
    await visitor.call(SIGN_IN, name="bob", password="staple")
    assert events.signed_in in [event for event, _ in heard("signin")]
