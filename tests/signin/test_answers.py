"""How a browser and a program hear of what became of a proof."""

import json

import pytest
from starlette.requests import Request

from yett.sessions import Issued, Session, SessionType
from yett.signin import answers
from yett.signin.model import (
    Factor,
    MustChangePassword,
    MustEnrol,
    NeedsFactor,
    SignedIn,
    Turned,
    TurnedAway,
)

TOKEN = "t" * 43
ISSUED = Issued(TOKEN, Session("ref", SessionType.SIGN_ON, "ada", "host", 0.0, 1.0, 1.0, 0.0))
REQUEST = Request({"type": "http", "method": "GET", "headers": [], "query_string": b"", "path": "/"})
OFFERS = frozenset({Factor.EMAIL, Factor.TOTP})
AWAY = "/oidc/authorize?a=b"

SAID = [
    (SignedIn(ISSUED), "/signin/done?next=%2Foidc%2Fauthorize%3Fa%3Db", {"state": "signed_in", "next": AWAY}),
    (
        NeedsFactor(ISSUED, OFFERS),
        "/signin/factor?next=%2Foidc%2Fauthorize%3Fa%3Db",
        {
            "state": "factor_required",
            "next": "/signin/factor?next=%2Foidc%2Fauthorize%3Fa%3Db",
            "factors": ["totp", "email"],
        },
    ),
    (
        MustEnrol(ISSUED),
        "/signin/enrol?next=%2Foidc%2Fauthorize%3Fa%3Db",
        {"state": "enrolment_required", "next": "/signin/enrol?next=%2Foidc%2Fauthorize%3Fa%3Db"},
    ),
    (
        MustChangePassword(ISSUED),
        "/signin/password?next=%2Foidc%2Fauthorize%3Fa%3Db",
        {"state": "password_expired", "next": "/signin/password?next=%2Foidc%2Fauthorize%3Fa%3Db"},
    ),
]


@pytest.mark.parametrize(("outcome", "location", "said"), SAID)
def test_each_outcome_leads_on(outcome, location, said):
    page = answers.page(REQUEST, outcome, to=AWAY)
    assert (page.status_code, page.headers["location"]) == (303, location)
    assert json.loads(answers.json(outcome, to=AWAY).body) == said


@pytest.mark.parametrize("outcome", [outcome for outcome, *_ in SAID])
def test_only_whoever_is_in_gets_the_cookie_of_a_sign_on(outcome):
    for response in (answers.page(REQUEST, outcome), answers.json(outcome)):
        lines = response.headers.getlist("set-cookie")
        given = [line.partition("=")[0] for line in lines if TOKEN in line]
        is_in = isinstance(outcome, SignedIn)
        assert given == ["__Host-yett-sso" if is_in else "__Host-yett-pending"]
        assert all("Secure" in line and "HttpOnly" in line and "SameSite=lax" in line for line in lines)


@pytest.mark.parametrize("why", Turned)
def test_whoever_is_turned_away_gets_no_cookie_and_a_reason(why):
    outcome = TurnedAway(why, 12.5)
    for response in (answers.page(REQUEST, outcome), answers.json(outcome)):
        assert response.status_code == answers.STATUS[why]
        assert "set-cookie" not in response.headers
        assert "retry-after" in response.headers
    assert json.loads(answers.json(outcome).body)["code"] == why.value


def test_no_secret_stands_in_an_address_or_a_body():
    for outcome, *_ in SAID:
        page, told = answers.page(REQUEST, outcome), answers.json(outcome)
        assert TOKEN not in page.headers["location"]
        assert TOKEN.encode() not in told.body
