from dataclasses import replace
from datetime import timedelta

import pytest
from tests.guard.asking import ask
from tests.guard.pow.conftest import ADA, FORM, MASTER, PERSON, SETTINGS

from yett.guard.pow import PASS_COOKIE, PowGuard, PowSettings, events
from yett.guard.pow.model import Standing
from yett.guard.pow.passes import Passes
from yett.net.http import Answer, Serve

OWN = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def guard(records, clock):
    made = PowGuard(records, SETTINGS, clock, MASTER)
    await made.start()
    return made


def check(guard, clock, address="192.0.2.1", *, cookie=b"", **more):
    request = ask(address, fields=tuple(more.pop("headers", {}).items()), **more)
    request.cookie = cookie
    return guard.check(request, clock.now())


def a_pass(clock, client=ADA):
    passes = Passes(MASTER, lifetime=SETTINGS.session_lifetime.total_seconds(), is_bound=True)
    return passes.issue(client, clock.now())[0].partition(";")[0].encode()


async def test_whoever_has_a_pass_is_met_once_and_then_let_through_silently(guard, clock, heard):
    mine = a_pass(clock)
    assert [check(guard, clock, cookie=mine) for _ in range(3)] == [None] * 3
    assert heard("listener.pow") == [
        (events.session_checked, {"host": ADA.host, "standing": Standing.NEW}),
        (events.session_valid, {"host": ADA.host}),
        (events.session_checked, {"host": ADA.host, "standing": Standing.KNOWN}),
        (events.session_checked, {"host": ADA.host, "standing": Standing.KNOWN}),
    ]


async def test_a_pass_of_somebody_else_is_worth_nothing_and_that_is_said(guard, clock, heard):
    assert check(guard, clock, "192.0.2.9", cookie=a_pass(clock)).status == 403
    assert (events.session_invalid, {"host": ADA.host}) in heard("listener.pow")


async def test_a_pass_ends(guard, clock, heard):
    mine = a_pass(clock)
    assert check(guard, clock, cookie=mine) is None
    clock.advance(SETTINGS.session_lifetime.total_seconds())
    assert check(guard, clock, cookie=mine).status == 403
    assert events.session_invalid not in [event for event, _ in heard("listener.pow")]


async def test_people_get_a_page_and_programs_a_text(guard, clock, heard):
    page, text = check(guard, clock, headers=PERSON), check(guard, clock)
    assert (page.status, text.status) == (403, 403)
    assert b"One moment" in page.body
    assert b"script-src 'self'; worker-src 'self'; connect-src 'self'; " in page.headers
    assert b"'unsafe" not in page.headers
    assert text.content_type == b"application/problem+json"
    assert [
        fields["page"] for event, fields in heard("listener.pow") if event is events.challenge_served
    ] == [
        True,
        False,
    ]


async def test_asking_for_the_page_stores_nothing(guard, clock, records):
    for number in range(1000):
        check(guard, clock, f"192.0.2.{number % 250}", headers=PERSON)
    assert await records.list("") == []


@pytest.mark.parametrize(
    ("changes", "request_", "is_asked"),
    [
        ({}, {}, True),
        ({}, {"path": "/healthz"}, False),
        ({}, {"path": "/healthz/../x"}, False),  # refused by the gate: it can be read in two ways
        ({}, {"path": "/healthzz"}, True),
        ({}, {"path": "/_yett/callback"}, True),
        ({"except_paths": ("/",)}, {}, False),
        ({"except_paths": ()}, {"path": "/healthz"}, True),
        ({"hosts": ("other.example",)}, {}, False),
        ({"hosts": ("app.example",)}, {}, True),
        ({"except_networks": ("192.0.2.0/24",)}, {}, False),
        ({"except_networks": ("198.51.100.0/24",)}, {}, True),
        (
            {},
            {"method": "OPTIONS", "headers": {"Origin": "null", "Access-Control-Request-Method": "PUT"}},
            False,
        ),
        ({}, {"upgrade": b"websocket"}, True),
    ],
)
async def test_who_is_asked_is_a_matter_of_settings(records, clock, changes, request_, is_asked):
    guard = PowGuard(records, replace(SETTINGS, **changes), clock, MASTER)
    await guard.start()
    assert (check(guard, clock, **request_) is not None) is is_asked


@pytest.mark.parametrize("skip", [True, False])
async def test_people_who_are_signed_in_need_not_compute_unless_they_have_to(records, clock, skip):
    guard = PowGuard(
        records, replace(SETTINGS, skip_signed_in=skip), clock, MASTER, is_signed_in=lambda _: True
    )
    await guard.start()
    assert (check(guard, clock) is None) is skip


async def test_other_settings_are_in_force_at_once(guard, clock, heard):
    mine = a_pass(clock)
    assert check(guard, clock, cookie=mine) is None
    guard.apply(replace(SETTINGS, enabled=False))
    assert not guard.is_enabled
    guard.apply(replace(SETTINGS, session_lifetime=timedelta(minutes=1)))
    assert check(guard, clock, cookie=mine).status == 403
    guard.apply(replace(SETTINGS, ttl=timedelta(0)))
    assert heard("pow.generate") == [(events.ttl_invalid, {"ttl": 0.0, "used": 300.0})]


@pytest.mark.parametrize("allowed", [False, True])
async def test_without_its_script_nothing_can_be_asked(records, clock, heard, tmp_path, allowed):
    guard = PowGuard(records, replace(SETTINGS, fail_open=allowed), clock, MASTER)
    await guard.start(tmp_path)
    answer = check(guard, clock)
    assert answer is None if allowed else answer.status == 503
    ((event, fields),) = [each for each in heard("listener.pow") if each[0] is not events.session_checked]
    assert event is events.not_registered
    assert fields["allowed"] is allowed
    assert "FileNotFoundError" in fields["error"]
    assert check(guard, clock, cookie=a_pass(clock)) is None


async def test_a_form_is_kept_by_whoever_serves_the_page(guard, clock):
    decision = check(guard, clock, method="POST", length=50, headers={**PERSON, **FORM, **OWN})
    assert isinstance(decision, Serve)
    # Larger ones are let in so far that the page can say so.
    assert decision.max_body > SETTINGS.body_limit


@pytest.mark.parametrize(
    ("headers", "length", "words"),
    [
        (OWN, 101, b"too large"),
        ({"Origin": "https://evil.example"}, 50, b"another site"),
        ({**OWN, "Content-Type": "text/plain"}, 50, b"is not kept"),
    ],
)
async def test_a_person_is_told_why_a_form_is_not_kept(guard, clock, heard, headers, length, words):
    answer = check(guard, clock, method="POST", length=length, headers={**PERSON, **FORM, **headers})
    assert isinstance(answer, Answer)
    assert words in answer.body
    said = [event for event, _ in heard("listener.pow")]
    assert (events.door_body_too_large in said) is (length > 100)


def test_nothing_is_asked_by_default():
    assert not PowSettings().enabled
    assert PASS_COOKIE.startswith("__Host-")
