"""Asking for a code over HTTP."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.oidc.conftest import ASKED, HOST, ISSUER, answer
from tests.signin.conftest import ADA

from yett.identity.access import Assurance
from yett.net.pages import SIGN_ON_COOKIE
from yett.oidc import Reason, events
from yett.sessions import SessionType


async def test_whoever_is_signed_on_goes_back_with_code_state_and_issuer(place):
    await place.sign_on()

    response = await place.ask()

    given = answer(response)
    assert set(given) == {"code", "state", "iss"}
    assert (given["state"], given["iss"]) == (ASKED["state"], ISSUER)
    assert len(given["code"]) == 43
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_whoever_is_not_goes_to_sign_in_and_comes_back_with_the_same_request(place, heard):
    response = await place.ask()

    assert response.status_code == 303
    parts = urlsplit(response.headers["location"])
    assert parts.path == "/signin"
    query = parse_qs(parts.query, strict_parsing=True)
    assert "again" not in query
    assert heard("oidc.authorize") == [(events.sign_in_needed, {"client": "wiki", "is_again": False})]
    await place.sign_on()
    assert answer(await place.browser.get(query["next"][0]))["state"] == ASKED["state"]


@pytest.mark.parametrize("demand", [{"prompt": "login"}, {"max_age": "60"}, {"max_age": "0"}])
async def test_a_fresh_sign_in_is_asked_for_once(place, demand):
    await place.sign_on()
    place.clock.advance(61)

    response = await place.ask(**demand)

    query = parse_qs(urlsplit(response.headers["location"]).query, strict_parsing=True)
    assert query["again"] == ["1"]
    assert "code" in answer(await place.browser.get(query["next"][0]))


async def test_a_silent_request_is_answered_without_a_page(place, heard):
    assert answer(await place.ask(prompt="none"))["error"] == "login_required"
    assert heard("oidc.authorize") == [(events.login_required, {"client": "wiki"})]

    await place.sign_on()
    assert "code" in answer(await place.ask(prompt="none"))


async def test_a_session_of_another_kind_does_not_sign_on(place):
    issued = await place.sessions.create(SessionType.AUTHENTICATED, "ada", audience=HOST)
    place.browser.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)

    assert (await place.ask()).headers["location"].startswith("/signin?")


async def test_a_session_for_another_host_does_not_sign_on(place):
    issued = await place.sessions.create(SessionType.SIGN_ON, "ada", audience="wiki.example.test")
    place.browser.cookies.set(SIGN_ON_COOKIE, issued.token, domain=HOST)

    assert (await place.ask()).headers["location"].startswith("/signin?")


@pytest.mark.parametrize("person", [None, replace(ADA, is_disabled=True)])
async def test_somebody_gone_or_disabled_gets_no_code(place, heard, person):
    issued = await place.sign_on()
    if person is None:
        del place.people.table["ada"]
    else:
        place.people.table["ada"] = person

    assert answer(await place.ask())["error"] == "access_denied"
    assert heard("oidc") == [
        (events.person_refused, {"user": "ada", "client": "wiki", "session": issued.session.ref})
    ]


async def test_without_the_store_there_is_no_code(place, heard):
    await place.sign_on()
    place.records.is_broken = True

    assert answer(await place.ask())["error"] == "temporarily_unavailable"
    assert heard("oidc")[-1][0] is events.authorize_unavailable


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"client_id": "evil"}, (events.unknown_client, {})),
        ({"redirect_uri": "https://evil.test/"}, (events.invalid_redirect_uri, {"client": "wiki"})),
    ],
)
async def test_a_request_that_cannot_be_trusted_gets_a_page_and_goes_nowhere(place, heard, changed, said):
    await place.sign_on()

    response = await place.ask(**changed)

    assert response.status_code == 400
    assert "location" not in response.headers
    assert "evil" not in response.text
    assert heard("oidc") == [said]


async def test_a_damaged_address_gets_a_page(place, heard):
    response = await place.browser.get("/oidc/authorize?client_id=%zz")

    assert response.status_code == 400
    assert heard("oidc") == [(events.request_refused, {"client": "unknown", "reason": Reason.MALFORMED})]


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"code_challenge": None}, "invalid_request", events.pkce_missing),
        ({"code_challenge_method": "plain"}, "invalid_request", events.plain_rejected),
        ({"scope": "admin"}, "invalid_scope", events.unauthorized_scope),
        ({"response_type": "token"}, "unsupported_response_type", events.request_refused),
        ({"request": "e30"}, "request_not_supported", events.request_refused),
        ({"max_age": "x"}, "invalid_request", events.request_refused),
    ],
)
async def test_a_faulty_request_is_answered_to_the_client(place, heard, changed, error, said):
    await place.sign_on()

    given = answer(await place.ask(**changed))

    assert (given["error"], given["state"], given["iss"]) == (error, ASKED["state"], ISSUER)
    assert "code" not in given
    assert [emitter for emitter, _ in heard("oidc")] == [said]


async def test_an_answer_without_a_proper_state_carries_none(place):
    assert set(answer(await place.ask(state=None))) == {"error", "error_description", "iss"}


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
async def test_only_get_makes_a_code(place, method):
    await place.sign_on()
    response = await place.browser.request(method, "/oidc/authorize", params=ASKED)

    assert response.status_code == 405
    assert await place.records.list("oidc/codes/") == []


async def test_whoever_proved_too_little_goes_to_prove_more_and_comes_back(place, heard):
    await place.sign_on(assurance="single")

    response = await place.ask(acr_values="phishing_resistant mfa")

    parts = urlsplit(response.headers["location"])
    query = parse_qs(parts.query, strict_parsing=True)
    assert (parts.path, query["acr"]) == ("/signin/step-up", ["mfa"])
    assert heard("oidc.authorize") == [
        (
            events.more_proof_needed,
            {"user": "ada", "client": "wiki", "needed": Assurance.MFA, "held": Assurance.SINGLE},
        )
    ]
    # Whoever comes back without having proven it is asked again, and gets no code.
    again = await place.browser.get(query["next"][0])
    assert urlsplit(again.headers["location"]).path == "/signin/step-up"
    await place.sign_on(assurance="mfa")
    assert "code" in answer(await place.browser.get(query["next"][0]))


async def test_a_silent_request_for_more_proof_is_answered_without_a_page(place):
    assert answer(await place.ask(prompt="none", acr_values="mfa"))["error"] == "login_required"
    await place.sign_on()
    assert answer(await place.ask(prompt="none", acr_values="mfa"))["error"] == "interaction_required"
