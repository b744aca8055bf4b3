"""Proving more than at the sign-in: who is asked for what, and what becomes of the session."""

import asyncio
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from tests.signin.house import BOB, HOST
from tests.signin.place import ADDRESS

from yett.identity.access import Assurance
from yett.net.pages import SIGN_ON_COOKIE
from yett.sessions import SessionType
from yett.signin import MFASettings, events
from yett.signin.exchange import PENDING_COOKIE
from yett.signin.machine import Demand
from yett.signin.model import Factor, Method, NeedsFactor, SignedIn, Turned, TurnedAway, Visitor

AUTHORIZE = "/oidc/authorize?client_id=wiki&acr_values=mfa"
PAGE = "/signin/step-up?" + urlencode({"acr": "mfa", "next": AUTHORIZE})
VISITOR = Visitor(ADDRESS, "Testfox/1.0", device="d" * 64)
RELAXED = MFASettings(password=Demand.NEVER)
OVER = TurnedAway(Turned.OVER)


@pytest.fixture
async def bob(house):
    """Bob's sign-on by his password alone; he has an app."""
    await house.enrol("bob")
    house.use(RELAXED)
    outcome = await house.flow.proved("bob", Method.PASSWORD, VISITOR, earlier=None)
    return outcome.issued


async def demand(house, issued, needed=Assurance.MFA, person=BOB):
    return await house.second.demand(issued.session, person, needed, VISITOR)


async def submit(house, asked, sign_on, code=None):
    code = house.code("bob") if code is None else code
    return await house.second.submit(
        asked.issued.token, code, Factor.TOTP, VISITOR, earlier=None, sign_on=sign_on
    )


async def test_the_same_session_knows_more_under_a_new_token(house, bob, heard):
    app = await house.sessions.create(
        SessionType.AUTHENTICATED, "bob", audience="wiki.example.test", parent=bob.session.ref
    )
    asked = await demand(house, bob)
    assert isinstance(asked, NeedsFactor)
    assert asked.offers == {Factor.TOTP, Factor.RECOVERY}
    heard.forget()

    outcome = await submit(house, asked, bob.token)

    assert isinstance(outcome, SignedIn)
    session, person = await house.flow.current(outcome.issued.token)
    assert (session.ref, person.name) == (bob.session.ref, "bob")
    assert session.created_at == bob.session.created_at
    kept = session.metadata
    assert (kept["method"], kept["factor"], kept["amr"], kept["assurance"]) == (
        "password",
        "totp",
        "pwd otp mfa",
        "mfa",
    )
    assert not {"purpose", "groups", "needed"} & kept.keys()
    assert await house.flow.current(bob.token) is None
    assert house.sessions.peek(app.token, "wiki.example.test") is not None
    assert heard("signin.stepup", "signin.success") == [
        (
            events.stepped_up,
            {
                "user": "bob",
                "session": session.ref,
                "factor": Factor.TOTP,
                "assurance": Assurance.MFA,
            },
        )
    ]
    assert events.stepped_up.declaration.audit


async def test_of_fifty_right_codes_at_once_one_lifts_the_session(house, bob):
    house.use(replace(RELAXED, tries=100, free_attempts=1000))
    asked = await demand(house, bob)

    outcomes = await asyncio.gather(*(submit(house, asked, bob.token) for _ in range(50)))

    (done,) = [each for each in outcomes if isinstance(each, SignedIn)]
    assert await house.flow.current(done.issued.token) is not None
    assert [each.ref for each in house.sessions.live("bob")] == [bob.session.ref]


async def test_a_code_that_another_tab_used_lifts_nothing_twice(house, bob):
    one, two = await demand(house, bob), await demand(house, bob)
    outcomes = await asyncio.gather(submit(house, one, bob.token), submit(house, two, bob.token))
    assert sum(isinstance(each, SignedIn) for each in outcomes) == 1


async def test_it_is_good_for_the_session_it_was_asked_for_and_no_other(house, bob):
    other = (await house.flow.proved("bob", Method.PASSWORD, VISITOR, earlier=None)).issued
    for sign_on in (other.token, "", "x" * 43):
        asked = await demand(house, bob)
        house.clock.advance(30)
        assert await submit(house, asked, sign_on) == OVER
    assert (await house.flow.current(other.token))[0].metadata["assurance"] == "single"
    assert (await house.flow.current(bob.token))[0].metadata["assurance"] == "single"


async def test_half_of_it_is_no_sign_in(house, bob):
    asked = await demand(house, bob)
    assert await house.flow.current(asked.issued.token) is None
    assert await house.second.enrolling(asked.issued.token) == OVER


async def test_it_dies_with_the_session(house, bob):
    asked = await demand(house, bob)
    await house.flow.sign_out(bob.session)
    assert await submit(house, asked, bob.token) == OVER
    assert house.sessions.live("bob") == []


async def test_whoever_is_disabled_meanwhile_is_not_lifted(house, bob):
    asked = await demand(house, bob)
    house.people.table["bob"] = replace(BOB, is_disabled=True)
    assert await submit(house, asked, bob.token) == OVER


async def test_wrong_codes_end_it_and_not_the_session(house, bob):
    asked = await demand(house, bob)
    outcomes = [await submit(house, asked, bob.token, "000000") for _ in range(5)]
    assert outcomes[-1] == OVER
    assert await submit(house, asked, bob.token) == OVER
    assert (await house.flow.current(bob.token))[0].metadata["assurance"] == "single"


@pytest.mark.parametrize("needed", [Assurance.PHISHING_RESISTANT])
async def test_what_is_not_enough_is_not_asked_for(house, bob, heard, needed):
    heard.forget()
    assert await demand(house, bob, needed) == TurnedAway(Turned.NO_FACTOR)
    assert heard("signin") == [
        (
            events.step_up_impossible,
            {"user": "bob", "session": bob.session.ref, "needed": needed, "held": Assurance.SINGLE},
        )
    ]


async def test_a_passkey_lifts_a_password_all_the_way(house, bob, monkeypatch):
    class Keys:
        async def working(self, _user):
            return ("a passkey",)

    monkeypatch.setattr(house.factors, "_passkeys", Keys())
    asked = await demand(house, bob, Assurance.PHISHING_RESISTANT)
    assert asked.offers == {Factor.PASSKEY}
    outcome = await house.second.given(
        asked.issued.token, "bob", Factor.PASSKEY, VISITOR, earlier=None, sign_on=bob.token
    )
    assert outcome.issued.session.metadata["assurance"] == "phishing_resistant"
    assert outcome.issued.session.metadata["amr"] == "pwd hwk mfa"


async def test_a_code_by_mail_will_do_for_whoever_has_nothing_better(house):
    house.use(RELAXED)
    issued = (await house.flow.proved("bob", Method.PASSWORD, VISITOR, earlier=None)).issued
    asked = await demand(house, issued)
    assert asked.offers == {Factor.EMAIL}
    outcome = await house.second.submit(
        asked.issued.token, house.mails.code, Factor.EMAIL, VISITOR, earlier=None, sign_on=issued.token
    )
    assert outcome.issued.session.metadata["assurance"] == "mfa"


async def test_but_not_after_a_link_by_mail(house):
    house.use(MFASettings(magiclink=Demand.NEVER))
    issued = (await house.flow.proved("bob", Method.MAGIC_LINK, VISITOR, earlier=None)).issued
    assert await demand(house, issued) == TurnedAway(Turned.NO_FACTOR)


# When things break.


async def test_a_session_of_another_version_is_not_lifted(house):
    issued = await house.sessions.create(SessionType.SIGN_ON, "bob", audience=HOST)
    assert await demand(house, issued) == TurnedAway(Turned.NO_FACTOR)


async def test_a_session_that_cannot_be_written_does_not_know_more(house, bob, heard, monkeypatch):
    asked = await demand(house, bob)

    async def annotate(_ref, _metadata):
        return None

    monkeypatch.setattr(house.sessions, "annotate", annotate)
    assert await submit(house, asked, bob.token) == TurnedAway(Turned.UNAVAILABLE)
    assert heard("signin.stepup") == [(events.step_up_failed, {"user": "bob", "session": bob.session.ref})]
    assert house.sessions.live("bob") == []


async def test_an_authenticator_that_cannot_be_read_is_our_fault(house, bob):
    house.records.is_broken = True
    assert await demand(house, bob) == TurnedAway(Turned.UNAVAILABLE)


# The page.


@pytest.fixture
async def inside(house, visitor):
    """Bob's browser, signed in by his password."""
    await house.enrol("bob")
    house.use(RELAXED)
    await visitor.sign_in("bob", "staple")
    assert SIGN_ON_COOKIE in visitor.cookies
    return visitor


async def test_the_page_asks_for_the_code_and_leads_back(house, inside):
    before = inside.cookies[SIGN_ON_COOKIE]
    response = await inside.get(PAGE)
    assert (response.status_code, response.headers["location"].partition("?")[0]) == (303, "/signin/factor")
    page = await inside.get(response.headers["location"])
    assert "Signed in as bob" in page.text
    assert "The application asks for more proof that it is you." in page.text
    response = await inside.submit(page, "/signin/factor", by="totp", code=house.code("bob"))
    assert response.status_code == 303
    assert "acr_values%3Dmfa" in response.headers["location"]
    assert inside.cookies[SIGN_ON_COOKIE] != before
    assert PENDING_COOKIE not in inside.cookies
    # Whoever has proven enough goes straight on.
    assert (await inside.get(PAGE)).headers["location"] == AUTHORIZE


async def test_two_tabs_share_one_page_for_the_code(house, inside):
    page = await inside.get((await inside.get(PAGE)).headers["location"])
    await inside.get(PAGE)
    assert len([each for each in house.sessions.live("bob") if each.type is SessionType.MFA_PENDING]) == 1
    response = await inside.submit(page, "/signin/factor", by="totp", code=house.code("bob"))
    assert response.status_code == 303


async def test_whoever_is_not_signed_in_signs_in_first(visitor):
    response = await visitor.get(PAGE)
    assert response.headers["location"] == "/signin?" + urlencode({"next": AUTHORIZE})


@pytest.mark.parametrize(
    "query", ["", "?acr=single&next=/x", "?acr=mfa&acr=mfa", "?acr=everything", "?acr=%ff"]
)
async def test_an_address_that_asks_for_nothing_leads_on(inside, query):
    response = await inside.get(f"/signin/step-up{query}")
    assert response.status_code == 303
    assert response.headers["location"] in {"/", "/x"}


@pytest.mark.parametrize("to", ["//evil.test/", "https://evil.test/", "/\\evil.test"])
async def test_nobody_is_led_to_another_host(inside, to):
    response = await inside.get("/signin/step-up", params={"acr": "mfa", "next": to})
    assert "evil" not in response.headers["location"]


async def test_whoever_has_nothing_is_told_so_and_where_to_get_it(house, visitor):
    house.use(replace(RELAXED, email_codes=False))
    await visitor.sign_in("bob", "staple")
    page = await visitor.get(PAGE)
    assert page.status_code == 403
    assert "none is set up for you" in page.text
    assert "Ask those who look after your account" in page.text
    page = await visitor.get(PAGE.replace("acr=mfa", "acr=phishing_resistant"))
    assert "such as a passkey" in page.text
    assert "/signin?again=1&amp;next=" in page.text


async def test_the_page_takes_no_other_method(inside):
    assert (await inside.post(PAGE)).status_code == 405
    assert (await inside.head(PAGE)).status_code in {303, 405}


# Calls.


async def test_a_program_is_asked_in_json(house, inside):
    answer = await inside.call("/api/signin/step-up", acr="mfa", next="/x")
    assert answer.json() == {
        "state": "factor_required",
        "next": "/signin/factor?next=%2Fx",
        "factors": ["totp", "recovery"],
    }
    answer = await inside.call("/api/signin/factor", code=house.code("bob"))
    assert answer.json()["state"] == "signed_in"
    assert (await inside.call("/api/signin/step-up", acr="mfa")).json() == {"state": "signed_in", "next": "/"}


@pytest.mark.parametrize(
    ("texts", "status", "code"),
    [
        ({"acr": "phishing_resistant"}, 403, "no_factor"),
        ({"acr": "loud"}, 400, "malformed"),
        ({}, 400, "incomplete"),
    ],
)
async def test_a_program_is_told_what_cannot_be(inside, texts, status, code):
    answer = await inside.call("/api/signin/step-up", **texts)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_program_that_is_nobody_and_a_page_elsewhere_get_nothing(visitor, inside):
    elsewhere = {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    answer = await inside.call("/api/signin/step-up", elsewhere, acr="mfa")
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    visitor.cookies.clear()
    assert (await visitor.call("/api/signin/step-up", acr="mfa")).json()["code"] == "signed_out"
