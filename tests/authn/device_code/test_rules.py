"""Decisions about device codes, row by row."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authn.device_code.conftest import ON_HER_LAPTOP, ORIGIN

from yett.authn import letters
from yett.authn.device_code import DeviceCode, Polled, Reason, Status
from yett.authn.device_code.rules import (
    Pace,
    decided,
    fingerprint,
    judge_pace,
    judge_poll,
    judge_question,
    merged,
    read_user_code,
)

CODE = DeviceCode("oidc", "cli", "read", "WDJBMJHT", ORIGIN, 1000.0, 1600.0)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("WDJB-MJHT", "WDJBMJHT"),  # RFC 8628, section 3.2
        ("wdjb mjht", "WDJBMJHT"),
        (" wdjb-mjht ", "WDJBMJHT"),
        ("WDJBMJHT", "WDJBMJHT"),
        ("WDJB-MJH", None),
        ("WDJB-MJHTB", None),
        ("WDJB-MJHA", None),  # a vowel
        ("WDJB-MJH1", None),
        ("WDJB-MJHY", None),
        ("WDJB-MJH\u017f", None),  # its capital is an S
        ("", None),
        ("--------", None),
        ("W" * 10_000, None),
        ("WDJB\nMJHT", None),
        ("WDJB\x00MJHT", None),
    ],
)
def test_a_user_code_is_read_however_people_write_it(typed, meant):
    assert read_user_code(typed) == meant


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_of_eight_consonants_or_nothing(typed):
    code = read_user_code(typed)
    assert code is None or (len(code) == 8 and set(code) <= set(letters.CONSONANTS))


@pytest.mark.parametrize("code", ["", "x" * 129, "gemäß", "\ud800"])
def test_what_cannot_be_a_device_code_is_not_looked_for(code):
    assert fingerprint(code) is None


@pytest.mark.parametrize(
    ("status", "now", "reason"),
    [
        (Status.PENDING, 1000.0, None),
        (Status.PENDING, 1599.9, None),
        (Status.PENDING, 1600.0, Reason.EXPIRED),
        (Status.APPROVED, 1100.0, Reason.HANDLED),
        (Status.DENIED, 1100.0, Reason.HANDLED),
        (Status.APPROVED, 1600.0, Reason.EXPIRED),
    ],
)
def test_only_a_pending_code_in_its_time_can_be_decided_about(status, now, reason):
    assert judge_question(replace(CODE, status=status), now) is reason


@pytest.mark.parametrize(
    ("status", "client", "now", "verdict"),
    [
        (Status.PENDING, "cli", 1100.0, Polled.PENDING),
        (Status.DENIED, "cli", 1100.0, Polled.DENIED),
        (Status.APPROVED, "cli", 1100.0, None),
        (Status.APPROVED, "cli", 1600.0, Polled.EXPIRED),
        (Status.APPROVED, "other", 1100.0, Polled.UNKNOWN),
        (Status.PENDING, "other", 1600.0, Polled.UNKNOWN),
    ],
)
def test_a_device_hears_what_became_of_its_own_code_and_others_hear_nothing(status, client, now, verdict):
    code = replace(CODE, status=status)
    assert judge_poll(code, kind="oidc", client_id=client, now=now) is verdict
    assert judge_poll(code, kind="bastion", client_id=client, now=now) is Polled.UNKNOWN


def test_a_decision_keeps_who_made_it_and_from_where():
    made = decided(CODE, ON_HER_LAPTOP, is_approved=True, answer="sealed")
    assert (made.status, made.user, made.sign_on, made.answer) == (
        Status.APPROVED,
        "ada",
        "session-1",
        "sealed",
    )
    assert decided(CODE, ON_HER_LAPTOP, is_approved=False).status is Status.DENIED


@pytest.mark.parametrize(
    ("known", "now", "pace", "is_too_fast"),
    [
        (None, 100.0, Pace(100.0, 5.0), False),
        (Pace(100.0, 5.0), 105.0, Pace(105.0, 5.0), False),
        (Pace(100.0, 5.0), 104.6, Pace(104.6, 5.0), False),  # it travelled a little faster
        (Pace(100.0, 5.0), 104.0, Pace(104.0, 10.0), True),
        (Pace(104.0, 10.0), 109.0, Pace(109.0, 15.0), True),  # RFC 8628, section 3.5: it stays slower
        (Pace(104.0, 10.0), 114.0, Pace(114.0, 10.0), False),
        (Pace(100.0, 60.0), 101.0, Pace(101.0, 60.0), True),
        (Pace(100.0, 5.0), 90.0, Pace(90.0, 5.0), False),  # the clock was set back
    ],
)
def test_a_device_that_asks_too_often_has_to_wait_longer_from_then_on(known, now, pace, is_too_fast):
    assert judge_pace(known, 5.0, now) == (pace, is_too_fast)


def test_what_two_nodes_know_of_a_device_is_the_stricter_of_both():
    assert merged(None, None) is None
    assert merged(Pace(1.0, 5.0), None) == Pace(1.0, 5.0)
    assert merged(Pace(1.0, 10.0), Pace(3.0, 5.0)) == Pace(3.0, 10.0)
