from datetime import timedelta

import pytest
from tests.proxy.conftest import ADDRESS, MAPPINGS, NAVIGATION, SIGN_IN, WIKI, forwarded

from yett.events import Scope
from yett.net.http import Failure, Refusal

HSTS = b"Strict-Transport-Security: max-age=3600\r\n"


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (Failure.CONNECT_REFUSED, 502, b"could not be reached"),
        (Failure.CONNECT_TIMEOUT, 504, b"took too long"),
        (Failure.CONNECT_FAILED, 502, b"could not be reached"),
        (Failure.TLS, 502, b"could not be reached"),
        (Failure.RESPONSE_TIMEOUT, 504, b"took too long"),
        (Failure.RESPONSE_MALFORMED, 502, b"could not be reached"),
        (Failure.CLOSED_EARLY, 502, b"could not be reached"),
        (Failure.IDLE, 504, b"took too long"),
    ],
)
async def test_an_application_that_does_not_answer_is_named_to_the_visitor(place, failure, status, words):
    request = forwarded(place)
    answer = place.gate.failed(request, failure, "connection refused by 10.0.0.1")
    assert answer.status == status
    assert b"Wiki is not answering" in answer.body
    assert words in answer.body
    assert b"10.0.0.1" not in answer.body
    assert request.scope.request_id.encode() in answer.body


async def test_only_those_who_are_signed_in_are_told_that_they_are(place):
    request = forwarded(place)
    anonymous = place.gate.failed(request, Failure.CLOSED_EARLY, "")
    request.scope.user = "ada"
    known = place.gate.failed(request, Failure.CLOSED_EARLY, "")
    assert b"signed in" not in anonymous.body
    assert b"You are signed in and allowed" in known.body


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        (Refusal.MALFORMED, 400, b"could not be understood"),
        (Refusal.HEAD_TOO_LARGE, 431, b"could not be understood"),
        (Refusal.BODY_TOO_LARGE, 413, b"too much"),
        (Refusal.BODY_TIMEOUT, 408, b"took too long"),
        (Refusal.UPGRADE, 403, b"WebSocket"),
        (Refusal.STOPPING, 503, b"restarting"),
    ],
)
async def test_a_request_the_engine_turned_away_gets_a_page_that_fits(place, refusal, status, words):
    scope = Scope("0199-head", client_address=ADDRESS)
    answer = place.gate.refused(None, scope, refusal, "a detail for the log")
    assert answer.status == status
    assert words in answer.body
    assert b"0199-head" in answer.body
    assert b"a detail" not in answer.body


async def test_a_method_that_is_not_passed_on_names_those_that_are(place):
    answer = place.gate.refused(None, Scope("r"), Refusal.METHOD, "")
    assert answer.status == 405
    assert b"\r\nAllow: GET, " in answer.headers


# Strict-Transport-Security.


async def test_nobody_is_pinned_to_tls_unless_the_operator_says_so(ask, session):
    decision, _ = await ask(token=session.token)
    assert decision.response_add == b""
    assert decision.response_drop == frozenset()
    assert b"Strict" not in (await ask("/admin", token=session.token))[0].headers


async def test_every_answer_over_tls_pins_for_as_long_as_the_operator_says(place, ask, session):
    place.apply(hsts=timedelta(hours=1))

    decision, _ = await ask(token=session.token)
    assert decision.response_add == HSTS
    assert decision.response_drop == {b"strict-transport-security"}
    public, _ = await ask("/open")
    assert public.response_add == HSTS
    for target, headers in (("/admin", {}), ("/x/../y", {}), ("/", NAVIGATION), ("/", {})):
        token = session.token if target == "/admin" else ""
        answer, _ = await ask(target, token=token, headers=headers)
        assert answer.headers.endswith(HSTS)
    request = forwarded(place)
    assert place.gate.failed(request, Failure.TLS, "").headers.endswith(HSTS)
    assert place.gate.refused(request, request.scope, Refusal.BODY_TIMEOUT, "").headers.endswith(HSTS)


async def test_over_plain_http_nothing_is_pinned(place, ask, session):
    place.apply(hsts=timedelta(hours=1))
    await ask(token=session.token)
    decision, _ = await ask(token=session.token, is_tls=False)
    assert decision.response_add == b""
    assert decision.response_drop == frozenset()
    assert b"Strict" not in (await ask(is_tls=False))[0].headers


async def test_our_own_pages_pin_too(place):
    place.apply(hsts=timedelta(hours=1))
    browser = place.browser()
    for address in (f"https://{WIKI}/_yett/signout", f"https://{SIGN_IN}/oidc/authorize"):
        assert (await browser.get(address)).all("strict-transport-security") == ["max-age=3600"]


async def test_a_reload_takes_a_pin_back(place, ask, session):
    place.apply(hsts=timedelta(hours=1))
    await ask(token=session.token)
    place.apply(hsts=timedelta(0), mapping=MAPPINGS)
    assert (await ask(token=session.token))[0].response_add == b""
