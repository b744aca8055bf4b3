import pytest

from yett.net.http import Failure, Outcome, Refusal
from yett.proxy.balancing import Sample, sample_of


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
    ],
)
def test_only_what_a_backend_did_counts_for_or_against_it(outcome, sample):
    assert sample_of(outcome) == sample


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_is_an_error(failure):
    assert sample_of(Outcome(502, 0, 0, 1.0, failure)).is_error
