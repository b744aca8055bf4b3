from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.pki.autotls.cycle import overlap_problem, parse_epoch, period_at

EPOCH = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
DAY = 86_400
MONTH, TWO_MONTHS = timedelta(hours=720), timedelta(hours=1440)


@pytest.mark.parametrize(
    ("days", "number", "begins"),
    [
        (0, 0, 0),
        (29.999, 0, 0),
        (30, 1, 30),
        (59.9, 1, 30),
        (365, 12, 360),
        (-0.001, 0, -30),  # before the epoch the number stays 0, the grid goes on
        (-31, 0, -60),
    ],
)
def test_the_cycle_follows_from_the_epoch(days, number, begins):
    period = period_at(EPOCH + days * DAY, epoch=EPOCH, renewal=MONTH, validity=TWO_MONTHS)
    assert period.number == number
    assert period.begin == EPOCH + begins * DAY
    assert period.renew_at == period.begin + 30 * DAY
    assert period.not_before == period.begin - 3600  # for clients whose clocks run behind
    assert period.not_after == period.begin + 60 * DAY


@given(
    now=st.floats(0, 6e9),
    epoch=st.floats(0, 6e9),
    renewal=st.integers(60, 10**7),
    share=st.floats(0.21, 0.79),
)
def test_there_is_a_valid_certificate_at_any_time_and_its_successor_overlaps(now, epoch, renewal, share):
    length = timedelta(seconds=renewal)
    validity = timedelta(seconds=renewal / (1 - share))
    assert overlap_problem(length, validity) == ""
    period = period_at(now, epoch=epoch, renewal=length, validity=validity)
    assert period.not_before <= now < period.not_after
    assert period.renew_at > now - 1
    following = period_at(period.renew_at + 1, epoch=epoch, renewal=length, validity=validity)
    assert following.begin > period.begin
    assert following.not_before < period.not_after


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-01-01T00:00:00Z", EPOCH),
        ("2025-01-01", EPOCH),
        ("2025-01-01T02:00:00+02:00", EPOCH),
        (" 2025-01-01T00:00:00 ", EPOCH),
        ("yesterday", None),
        ("", None),
        ("2025-13-01", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
    ],
)
def test_an_epoch_is_an_iso_8601_instant(text, instant):
    assert parse_epoch(text) == instant


@pytest.mark.parametrize(
    ("renewal", "validity", "is_fine"),
    [
        (720, 1440, True),
        (20, 100, True),
        (80, 100, True),
        (19, 100, False),
        (81, 100, False),
        (100, 100, False),
        (200, 100, False),
    ],
)
def test_consecutive_certificates_overlap_for_a_fifth_to_four_fifths(renewal, validity, is_fine):
    assert (overlap_problem(timedelta(hours=renewal), timedelta(hours=validity)) == "") is is_fine
