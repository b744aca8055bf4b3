import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http import Failure
from yett.proxy.retrying import (
    Cause,
    RetryRules,
    RetrySettings,
    backoff,
    cause_of,
    compile_retry,
    is_permitted,
    retry_after,
)

NOW = 1_700_000_000.0
USUAL = compile_retry(RetrySettings())


@pytest.mark.parametrize(
    ("on", "status", "failure", "cause"),
    [
        (("connect-failure",), 0, Failure.CONNECT_REFUSED, Cause.CONNECT_FAILURE),
        (("connect-failure",), 0, Failure.CONNECT_TIMEOUT, Cause.CONNECT_FAILURE),
        (("connect-failure",), 0, Failure.CONNECT_FAILED, Cause.CONNECT_FAILURE),
        (("connect-failure",), 0, Failure.TLS, Cause.CONNECT_FAILURE),
        (("connect-failure",), 0, Failure.BUSY, Cause.CONNECT_FAILURE),
        (("connect-failure",), 0, Failure.CLOSED_EARLY, None),
        (("reset",), 0, Failure.CLOSED_EARLY, Cause.RESET),
        (("timeout",), 0, Failure.RESPONSE_TIMEOUT, Cause.TIMEOUT),
        (("timeout",), 0, Failure.IDLE, Cause.TIMEOUT),
        (("timeout",), 0, Failure.RESPONSE_MALFORMED, None),
        (("malformed",), 0, Failure.RESPONSE_MALFORMED, Cause.MALFORMED),
        (("503",), 503, None, Cause.STATUS),
        (("503",), 500, None, None),
        (("429",), 429, None, Cause.STATUS),
        (("reset",), 503, None, None),
        # Something of it went to the client.
        (("reset", "timeout", "502"), 200, Failure.BODY_BROKEN, None),
    ],
)
def test_what_is_worth_another_try_is_what_the_settings_name(on, status, failure, cause):
    assert cause_of(compile_retry(RetrySettings(on=on)), status, failure) is cause


@pytest.mark.parametrize("failure", list(Failure))
def test_every_failure_has_a_verdict(failure):
    rules = compile_retry(RetrySettings(on=("connect-failure", "reset", "timeout", "malformed")))
    assert (cause_of(rules, 0, failure) is None) is (failure is Failure.BODY_BROKEN)


@pytest.mark.parametrize(
    ("method", "cause", "is_fine"),
    [
        (b"GET", Cause.RESET, True),
        (b"PUT", Cause.STATUS, True),
        (b"POST", Cause.RESET, False),
        (b"POST", Cause.TIMEOUT, False),
        (b"POST", Cause.STATUS, False),
        (b"PATCH", Cause.MALFORMED, False),
        # It never got there.
        (b"POST", Cause.CONNECT_FAILURE, True),
    ],
)
def test_what_may_have_been_done_is_only_repeated_when_doing_it_twice_is_the_same(method, cause, is_fine):
    assert is_permitted(USUAL, method, cause) is is_fine


def test_methods_can_be_named():
    assert is_permitted(compile_retry(RetrySettings(methods=("POST",))), b"POST", Cause.STATUS)


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_somewhere_between_nothing_and_a_bound_that_doubles(retries, drawn):
    rules = RetryRules(backoff=0.1, max_backoff=1.0)
    assert 0.0 <= backoff(rules, retries, drawn) <= min(0.1 * 2.0 ** min(retries, 16), 1.0)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"0", 0.0),
        (b"2", 2.0),
        (b"Tue, 14 Nov 2023 22:13:25 GMT", 5.0),
        (b"Tue, 14 Nov 2023 22:13:15 GMT", 0.0),
        (b"9" * 400, float("inf")),
        (b"", None),
        (b"-1", None),
        (b"1.5", None),
        (b"soon", None),
        (b"Tue, 14 Nov 2023 22:13:25", None),
        (b"Tue, 14 Nov 99999999999 22:13:25 GMT", None),
        (b"Tue, 14 Nov 2023 22:13:25 +9999999999", None),
        ("٢".encode(), None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value, seconds):
    assert retry_after(value, NOW) == seconds


@given(st.binary(max_size=60))
def test_any_retry_after_gets_a_verdict(value):
    found = retry_after(value, NOW)
    assert found is None or found >= 0.0
