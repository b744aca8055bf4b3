import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.sessions import EndReason, Session, SessionSettings, SessionType
from yett.sessions.rules import (
    Extended,
    Over,
    Span,
    capped_span,
    check,
    end_reason,
    extension,
    is_for,
    is_live,
    settled,
    superseded,
)

SETTINGS = SessionSettings(
    idle_timeout=timedelta(seconds=100),
    lifetime=timedelta(seconds=1000),
    sign_on_lifetime=timedelta(seconds=2000),
    pending_lifetime=timedelta(seconds=300),
)
AUTHENTICATED, SIGN_ON, PENDING = SessionType.AUTHENTICATED, SessionType.SIGN_ON, SessionType.MFA_PENDING


def session(kind=AUTHENTICATED, **changes):
    usual = Session(
        ref="r",
        type=kind,
        module_key="ada",
        audience="wiki",
        created_at=0.0,
        expires_at=100.0,
        ends_at=1000.0,
        last_activity=0.0,
    )
    return replace(usual, **changes)


@pytest.mark.parametrize(("now", "live"), [(-1.0, True), (99.999, True), (100.0, False), (101.0, False)])
def test_a_session_is_over_at_the_instant_it_expires(now, live):
    assert is_live(session(), now) is live


@pytest.mark.parametrize(
    ("kind", "audience", "wanted", "fits"),
    [
        (AUTHENTICATED, "wiki", None, True),
        (AUTHENTICATED, None, None, True),
        (AUTHENTICATED, "mail", None, False),
        (AUTHENTICATED, "Wiki", None, False),
        (SIGN_ON, "wiki", None, True),
        (PENDING, "wiki", None, False),
        (PENDING, None, None, False),
        (PENDING, "wiki", PENDING, True),
        (AUTHENTICATED, "wiki", SIGN_ON, False),
    ],
)
def test_a_session_counts_for_its_host_and_a_half_finished_one_only_when_asked_for(
    kind, audience, wanted, fits
):
    assert is_for(session(kind), audience, wanted) is fits


@pytest.mark.parametrize(
    ("kind", "lifetime", "parent_ends", "certificate", "span"),
    [
        (AUTHENTICATED, None, None, None, Span(100.0, 1000.0, is_capped=False)),
        (SIGN_ON, None, None, None, Span(100.0, 2000.0, is_capped=False)),
        (PENDING, None, None, None, Span(300.0, 300.0, is_capped=False)),
        (AUTHENTICATED, 50.0, None, None, Span(50.0, 50.0, is_capped=False)),
        (AUTHENTICATED, 5000.0, None, None, Span(100.0, 1000.0, is_capped=False)),
        (PENDING, 5000.0, None, None, Span(5000.0, 5000.0, is_capped=False)),
        (AUTHENTICATED, None, 500.0, None, Span(100.0, 500.0, is_capped=False)),
        (AUTHENTICATED, None, 60.0, None, Span(60.0, 60.0, is_capped=False)),
        (AUTHENTICATED, None, None, 40.0, Span(40.0, 1000.0, is_capped=True)),
        (AUTHENTICATED, None, None, 100.0, Span(100.0, 1000.0, is_capped=False)),
        (PENDING, None, None, 40.0, Span(40.0, 300.0, is_capped=True)),
        (AUTHENTICATED, None, None, 0.0, None),
        (AUTHENTICATED, None, None, -5.0, None),
        (AUTHENTICATED, 0.0, None, None, None),
        (AUTHENTICATED, -1.0, None, None, None),
        (AUTHENTICATED, math.nan, None, None, None),
        (AUTHENTICATED, None, 0.0, None, None),
    ],
)
def test_a_new_session_lasts_as_long_as_everything_it_rests_on(
    kind, lifetime, parent_ends, certificate, span
):
    parent = None if parent_ends is None else session(SIGN_ON, ends_at=parent_ends)

    assert (
        capped_span(
            kind, SETTINGS, now=0.0, lifetime=lifetime, parent=parent, certificate_not_after=certificate
        )
        == span
    )


@pytest.mark.parametrize(
    ("changes", "seen", "now", "verdict"),
    [
        ({}, 50.0, 60.0, Extended(150.0, is_capped=False)),
        ({}, 0.0, 60.0, Extended(100.0, is_capped=False)),
        ({}, 99.0, 99.9, Extended(199.0, is_capped=False)),
        ({}, 99.0, 100.0, Over.EXPIRED),
        ({"ends_at": 120.0}, 50.0, 60.0, Extended(120.0, is_capped=False)),
        ({"certificate_not_after": 120.0}, 50.0, 60.0, Extended(120.0, is_capped=True)),
        ({"certificate_not_after": 150.0}, 50.0, 60.0, Extended(150.0, is_capped=False)),
        ({"certificate_not_after": 55.0}, 50.0, 60.0, Over.CERTIFICATE_EXPIRED),
        ({"certificate_not_after": 60.0}, 50.0, 60.0, Over.CERTIFICATE_EXPIRED),
        ({"type": PENDING}, 50.0, 60.0, Extended(100.0, is_capped=False)),
        ({"last_activity": 70.0, "expires_at": 170.0}, 50.0, 80.0, Extended(170.0, is_capped=False)),
    ],
)
def test_use_lets_a_session_go_on_within_its_limits(changes, seen, now, verdict):
    assert extension(session(**changes), seen=seen, now=now, idle=100.0) == verdict


instants = st.floats(0, 2000)


@given(seen=instants, now=instants, expires=instants, ends=instants, certificate=st.none() | instants)
def test_no_extension_passes_the_end_or_the_certificate_or_shortens(seen, now, expires, ends, certificate):
    expires = min(expires, ends, certificate if certificate is not None else ends)
    start = session(expires_at=expires, ends_at=ends, certificate_not_after=certificate)

    verdict = extension(start, seen=seen, now=now, idle=100.0)

    if isinstance(verdict, Extended):
        assert expires <= verdict.expires_at <= ends
        assert certificate is None or verdict.expires_at <= certificate


@pytest.mark.parametrize(
    ("changes", "now", "reason"),
    [
        ({}, 50.0, EndReason.REVOKED),
        ({}, 100.0, EndReason.EXPIRED),
        ({}, 99.5, EndReason.EXPIRED),
        ({"certificate_not_after": 100.0}, 100.0, EndReason.CERTIFICATE_EXPIRED),
        ({"certificate_not_after": 100.0}, 99.5, EndReason.CERTIFICATE_EXPIRED),
        ({"certificate_not_after": 500.0}, 100.0, EndReason.EXPIRED),
    ],
)
def test_what_vanishes_before_its_time_was_revoked(changes, now, reason):
    assert end_reason(session(**changes), now) is reason


def test_a_session_made_in_the_future_lasts_no_longer_by_that():
    made = session(created_at=5000.0, expires_at=5100.0, ends_at=6000.0, last_activity=5000.0)

    assert settled(made, 0.0, idle=100.0) == session()
    assert settled(session(expires_at=4000.0), 10.0, idle=100.0).expires_at == 110.0
    assert settled(session(), 50.0, idle=100.0) == session()


def test_the_least_recently_used_of_a_type_has_to_make_room():
    mine = [session(ref=str(used), last_activity=float(used)) for used in (3, 1, 2)]
    other = session(SIGN_ON, ref="other", last_activity=0.0)

    assert superseded([*mine, other], AUTHENTICATED, 4) == []
    assert [each.ref for each in superseded([*mine, other], AUTHENTICATED, 3)] == ["1"]
    assert [each.ref for each in superseded([*mine, other], AUTHENTICATED, 1)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("owner", "audience", "metadata"),
    [
        ("", "wiki", {}),
        ("a" * 257, "wiki", {}),
        ("a\nb", "wiki", {}),
        ("a\ud800", "wiki", {}),
        ("ada", "", {}),
        ("ada", "w" * 256, {}),
        ("ada", "wiki", {"a": "x" * 70_000}),
    ],
)
def test_what_no_session_can_have_is_refused(owner, audience, metadata):
    with pytest.raises(ValueError, match="of a session"):
        check(owner, audience, metadata)


def test_names_from_anywhere_are_accepted():
    check("Ada Lovelace@example.org/\u00fcber \u5c71", "wiki.example.org", {"k": "v"})


def test_nothing_outlives_the_certificate_of_its_sign_on():
    parent = session(SIGN_ON, ends_at=2000.0, certificate_not_after=50.0)
    span = capped_span(
        AUTHENTICATED, SETTINGS, now=0.0, lifetime=None, parent=parent, certificate_not_after=None
    )
    assert span == Span(expires_at=50.0, ends_at=50.0, is_capped=False)
