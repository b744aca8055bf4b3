"""Answers as bytes."""

import pytest

from yett.net.http import Answer
from yett.net.http.answers import compose, date_line, plain, status_line


def test_an_answer_is_complete():
    answer = Answer(200, b"hi", b"text/plain", b"X-A: 1\r\n")
    assert compose(answer, b"GET", b"Date: x\r\n", b"Connection: close\r\n") == (
        b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
        b"X-A: 1\r\nConnection: close\r\n\r\nhi"
    )


@pytest.mark.parametrize(
    ("status", "method", "length"), [(200, b"HEAD", True), (204, b"GET", False), (304, b"GET", False)]
)
def test_some_answers_end_with_their_head(status, method, length):
    composed = compose(Answer(status, b"hi"), method, b"", b"")
    assert composed.endswith(b"\r\n\r\n")
    assert (b"Content-Length: 2" in composed) is length


def test_an_empty_answer_says_so():
    assert compose(Answer(302, headers=b"Location: /\r\n"), b"GET", b"", b"") == (
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /\r\n\r\n"
    )


def test_unregistered_statuses_have_a_line_too():
    assert status_line(599) == b"HTTP/1.1 599 \r\n"


def test_the_date_is_in_the_form_of_rfc_9110():
    # RFC 9110, 5.6.7
    assert date_line(784111777) == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"


def test_a_plain_answer_is_not_kept():
    answer = plain(500, "text")
    assert (answer.status, answer.body) == (500, b"text\n")
    assert answer.headers == b"Cache-Control: no-store\r\n"
