"""How upstreams' heads are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.head import Refused
from yett.net.http.limits import Limits
from yett.net.http.response import ResponseHead, ResponseParser


def parse(*lines: bytes) -> ResponseHead | Refused:
    return ResponseParser(Limits()).head(b"\r\n".join(lines))


OK = b"HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "lines",
    [
        [b""],
        [b"HTTP/2 200 OK"],
        [b"HTTP/1.2 200 OK"],
        [b"HTTP/1.1 099 X"],
        [b"HTTP/1.1 600 X"],
        [b"HTTP/1.1 20 X"],
        [b"HTTP/1.1  200 X"],
        [b"HTTP/1.1 200 a\x00"],
        [b"HTTP/1.1 200 a\nb"],
        [b"ICY 200 OK"],
        [OK, b"Content-Length: 5", b"Content-Length: 5"],
        [OK, b"Content-Length: 5, 5"],
        [OK, b"Content-Length: -1"],
        [OK, b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [OK, b"Transfer-Encoding: gzip, chunked"],
        [OK, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        [b"HTTP/1.0 200 OK", b"Transfer-Encoding: chunked"],
        [OK, b"X : 1"],
        [OK, b"X: a", b" folded"],
        [OK, b"X: a\nSet-Cookie: b"],
        [OK, b"X: a\rb"],
        [OK, b"Connection: a b"],
        [OK, *[b"X: 1"] * 251],
    ],
)
def test_a_response_with_two_readings_or_none_is_refused(lines):
    assert isinstance(parse(*lines), Refused)


def test_hop_by_hop_fields_are_removed():
    head = parse(OK, b"Connection: x-a, keep-alive", b"X-A: 1", b"Keep-Alive: 5", b"Trailer: b", b"X-B: 2")
    assert isinstance(head, ResponseHead)
    assert head.kept == [b"X-B: 2"]
    assert not head.close


@pytest.mark.parametrize(
    ("lines", "close"),
    [
        ([OK], False),
        ([OK, b"Connection: Close"], True),
        ([b"HTTP/1.0 200 OK"], True),
        ([b"HTTP/1.0 200 OK", b"Connection: keep-alive"], False),
        ([b"HTTP/1.1 200"], False),
    ],
)
def test_whether_the_connection_ends_is_understood(lines, close):
    head = parse(*lines)
    assert isinstance(head, ResponseHead)
    assert head.close is close


def test_a_head_is_composed_anew_when_the_decision_changes():
    head = parse(b"HTTP/1.0 200 Fine", b"X-A: 1", b"Set-Cookie: s=1")
    assert isinstance(head, ResponseHead)
    first = head.compose(b"", frozenset(), b"Content-Length: 5\r\n", b"")
    assert first == b"HTTP/1.1 200 Fine\r\nX-A: 1\r\nSet-Cookie: s=1\r\nContent-Length: 5\r\n\r\n"
    assert head.compose(b"", frozenset(), b"Content-Length: 5\r\n", b"") is first
    second = head.compose(b"X-B: 2\r\n", frozenset({b"set-cookie"}), b"", b"Connection: close\r\n")
    assert second == b"HTTP/1.1 200 Fine\r\nX-A: 1\r\nConnection: close\r\nX-B: 2\r\n\r\n"


def test_set_cookie_is_not_remembered():
    parser = ResponseParser(Limits())
    parser.head(b"HTTP/1.1 200 OK\r\nSet-Cookie: s=secret\r\nX: 1")
    assert list(parser._lines) == [b"X: 1"]


@given(st.binary(max_size=80))
def test_no_bytes_raise_and_none_hide_a_line_end(data):
    head = parse(OK, data)
    if isinstance(head, ResponseHead):
        composed = head.compose(b"", frozenset(), b"", b"")
        assert composed.count(b"\r") == composed.count(b"\n") == composed.count(b"\r\n")
        assert b"\x00" not in composed


def test_an_upstream_cannot_set_a_cookie_of_the_gateway():
    head = ResponseParser(Limits()).head(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: theme=dark\r\nSet-Cookie: __Host-yett=stolen; Path=/; Secure\r\n"
        b"set-cookie:__Host-yett-login=x\r\nSet-Cookie: =__Host-yett=nameless\r\nContent-Length: 0"
    )
    assert head.kept == [b"Set-Cookie: theme=dark"]
