import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.outputs.otlp.collector import partly, status

from yett.events.outputs import Refused, Unreachable
from yett.events.outputs.otlp.answers import details, judge_answer, judge_code, judge_status, rejected
from yett.events.outputs.quoting import Quoting

QUOTING = Quoting(("Bearer s3cret",))


def verdict(judge, *arguments):
    try:
        judge(*arguments, QUOTING)
    except (Refused, Unreachable) as problem:
        return problem
    return None


def test_every_success_is_one():
    assert [verdict(judge_status, code, b"", 0.0) for code in (200, 202, 204)] == [None] * 3


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_what_the_specification_lets_us_send_again_is_sent_again(code):
    problem = verdict(judge_status, code, status("later"), 7.0)
    assert isinstance(problem, Unreachable)
    assert (problem.reason, problem.after, problem.taken) == (f"the collector answered {code}: later", 7.0, 0)


@pytest.mark.parametrize("code", [100, 301, 302, 307, 400, 401, 403, 404, 408, 413, 415, 500, 501, 505])
def test_everything_else_is_refused_for_good(code):
    problem = verdict(judge_status, code, b"", 7.0)
    assert isinstance(problem, Refused)
    # Only what was too much at once may be taken in smaller parts.
    assert problem.whole is (code != 413)


@pytest.mark.parametrize(
    ("code", "is_retried"),
    [
        ("CANCELLED", True), ("UNKNOWN", False), ("INVALID_ARGUMENT", False), ("DEADLINE_EXCEEDED", True),
        ("NOT_FOUND", False), ("ALREADY_EXISTS", False), ("PERMISSION_DENIED", False),
        ("UNAUTHENTICATED", False), ("RESOURCE_EXHAUSTED", False), ("FAILED_PRECONDITION", False),
        ("ABORTED", True), ("OUT_OF_RANGE", True), ("UNIMPLEMENTED", False), ("INTERNAL", False),
        ("UNAVAILABLE", True), ("DATA_LOSS", True),
    ],
)  # fmt: skip
def test_each_code_means_what_the_specification_says(code, is_retried):
    problem = verdict(judge_code, code, "why", b"", 10)
    assert isinstance(problem, Unreachable if is_retried else Refused)
    assert problem.reason == f"the export ended with {code}: why"


def test_a_collector_that_is_exhausted_is_asked_again_if_it_says_when():
    problem = verdict(judge_code, "RESOURCE_EXHAUSTED", "", status(after=1.5), 10)
    assert isinstance(problem, Unreachable)
    assert problem.after == 1.5


def test_a_message_that_is_too_large_may_be_taken_in_parts():
    text = "grpc: received message larger than max (5000000 vs. 4194304)"
    assert verdict(judge_code, "RESOURCE_EXHAUSTED", text, b"", 5_000_000).whole is False
    assert verdict(judge_code, "RESOURCE_EXHAUSTED", text, b"", 500).whole is True
    assert verdict(judge_code, "RESOURCE_EXHAUSTED", "over your quota", b"", 5_000_000).whole is True


@pytest.mark.parametrize(
    ("data", "after"),
    [
        (status(), None),
        (status(after=0), 0.0),
        (status(after=0.25), 0.25),
        (status(after=1e9), 3600.0),
        (status(after=-1e9), 0.0),
        (status(after=2, text=b"google.rpc.RetryInfo"), 2.0),
        (status(after=2, text=b"type.googleapis.com/google.rpc.DebugInfo"), None),
        (b"", None),
        (b"\xff" * 100, None),
    ],
)
def test_how_long_to_wait_is_read_and_bounded(data, after):
    assert details(data).after == after


def test_words_that_are_no_utf_8_hide_nothing_else():
    said = details(b"\x12\x03\xff\xfe!" + status(after=3))
    assert said.after == 3.0


@given(st.binary())
def test_any_details_can_be_read(data):
    said = details(data)
    assert said.after is None or 0 <= said.after <= 3600
    assert isinstance(said.message, str)


@given(st.binary(), st.integers(0, 100), st.integers(0, 100))
def test_after_any_answer_no_more_is_lost_than_there_was(answer, sent, unread):
    count, _ = rejected(answer)
    assert count >= 0
    problem = verdict(judge_answer, answer, sent + unread, unread)
    if problem is not None:
        assert 0 <= problem.taken <= sent


@pytest.mark.parametrize(
    ("count", "lines", "unread", "taken"),
    [(0, 5, 0, None), (2, 5, 0, 3), (2, 5, 1, 2), (99, 5, 1, 0), (-4, 5, 0, None), (0, 5, 2, 3)],
)
def test_a_part_that_was_not_taken_is_counted(count, lines, unread, taken):
    answer = partly(count, "too old").SerializeToString()
    problem = verdict(judge_answer, answer, lines, unread)
    assert (problem.taken if problem is not None else None) == taken
    assert problem is None or (problem.whole and problem.reason.endswith(": too old"))


def test_what_a_collector_echoes_of_our_secrets_is_not_told():
    problem = verdict(judge_status, 401, status("bad header 'Bearer s3cret'\n\x1b[2J"), 0.0)
    assert problem.reason == "the collector answered 401: bad header '***'[2J"
    assert "s3cret" not in str(verdict(judge_code, "UNAUTHENTICATED", "token s3cret", b"", 10))
    answer = partly(1, "s3cret").SerializeToString()
    assert "s3cret" not in str(verdict(judge_answer, answer, 2, 0))
