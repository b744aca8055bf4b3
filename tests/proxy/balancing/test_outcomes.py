import pytest

from yett.net.http import Attempt, Failure, Forward, Outcome, Refusal, Upstream
from yett.proxy.balancing import Sample, sample_of, sample_of_attempt


@pytest.mark.parametrize(
    ("outcome", "sample"),
    [
        (Outcome(200, 0, 10, 0.25), Sample(is_error=False, latency=0.25)),
        (Outcome(404, 0, 10, 0.25), Sample(is_error=False, latency=0.25)),
        (Outcome(500, 0, 10, 0.25), Sample(is_error=True, latency=0.25)),
        (Outcome(503, 0, 10, 0.25), Sample(is_error=True, latency=0.25)),
        (Outcome(101, 10, 10, 3600.0), Sample(is_error=False)),
        (Outcome(101, 10, 10, 3600.0, Failure.IDLE), Sample(is_error=False)),
        (Outcome(502, 0, 10, 0.1, Failure.CONNECT_REFUSED), Sample(is_error=True, is_network_error=True)),
        (Outcome(504, 0, 10, 60.0, Failure.RESPONSE_TIMEOUT), Sample(is_error=True, is_network_error=True)),
        (Outcome(200, 0, 10, 0.1, Failure.BODY_BROKEN), Sample(is_error=True, is_network_error=True)),
        (Outcome(502, 0, 10, 0.1, Failure.RESPONSE_MALFORMED), Sample(is_error=True)),
        # None of these is the backend's doing.
        (Outcome(0, 0, 0, 1.0, client_left=True), None),
        (Outcome(200, 0, 5, 1.0, client_left=True), None),
        (Outcome(413, 0, 5, 1.0, refusal=Refusal.BODY_TOO_LARGE), None),
        (Outcome(0, 0, 0, 1.0), None),
        (Outcome(503, 0, 10, 5.0, Failure.BUSY), None),
    ],
)
def test_only_what_a_backend_did_counts_for_or_against_it(outcome, sample):
    assert sample_of(outcome) == sample


@pytest.mark.parametrize("failure", set(Failure) - {Failure.BUSY})
def test_every_failure_but_our_own_limit_is_an_error(failure):
    assert sample_of(Outcome(502, 0, 0, 1.0, failure)).is_error


def attempt(status=0, failure=None, *, answered_at=0.0, **more):
    return Attempt(
        1,
        Forward(Upstream("", 0)),
        status=status,
        failure=failure,
        started_at=1.0,
        answered_at=answered_at,
        **more,
    )


@pytest.mark.parametrize(
    ("ended", "sample"),
    [
        (attempt(200, answered_at=1.25, ended_at=9.0), Sample(is_error=False, latency=0.25)),
        (attempt(503, answered_at=1.25), Sample(is_error=True, latency=0.25)),
        (attempt(101, answered_at=1.25, is_cancelled=True), Sample(is_error=False)),
        (attempt(0, Failure.CONNECT_REFUSED), Sample(is_error=True, is_network_error=True)),
        (attempt(200, Failure.BODY_BROKEN, answered_at=1.5), Sample(is_error=True, is_network_error=True)),
        # It had answered, whoever left then.
        (attempt(200, answered_at=1.25, is_cancelled=True), Sample(is_error=False, latency=0.25)),
        # Nobody waited for it.
        (attempt(is_cancelled=True), None),
        (attempt(0, Failure.BUSY), None),
    ],
)
def test_an_attempt_is_judged_by_its_answer_and_the_time_it_took_to_begin(ended, sample):
    assert sample_of_attempt(ended) == sample
