"""Heads of HTTP/2: what is a request, a response, trailers, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http import Limits
from yett.net.http.h2.head import (
    FieldReader,
    Malformed,
    encode_lines,
    encode_request,
    encode_response,
    encode_target,
)
from yett.net.http.h2.hpack import Decoder
from yett.net.http.head import Fields, RequestParser
from yett.net.http.response import ResponseParser

PSEUDO = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/a?b"), (b":authority", b"a.example")]


def read(*fields, end=True, pseudo=PSEUDO):
    return FieldReader().request([*pseudo, *fields], end=end)


def but(name, value):
    """The pseudo-header fields with another value of one, or without it."""
    return [(key, value if key == name else old) for key, old in PSEUDO if key != name or value is not None]


def test_a_request_becomes_the_lines_of_http_1_1():
    head = read((b"accept", b"*/*"), (b"cookie", b"a=1"), (b"x-one", b"1"), (b"cookie", b"b=2; c=3"))
    assert head.line == b"GET /a?b HTTP/1.1"
    assert head.lines == (b"host: a.example", b"accept: */*", b"x-one: 1", b"cookie: a=1; b=2; c=3")
    assert isinstance(RequestParser(Limits()).fields(b"\r\n".join(head.lines), 1), Fields)


def test_equal_fields_are_equal_lines_also_the_second_time():
    reader = FieldReader()
    fields = [*PSEUDO, (b"accept", b"*/*"), (b"cookie", b"a=1"), (b"authorization", b"Bearer x")]
    assert reader.request(fields, end=True).lines == reader.request(list(fields), end=True).lines
    assert not any(name in {b"cookie", b"authorization"} for name, _ in reader._lines)


@pytest.mark.parametrize(
    ("fields", "end", "framing"),
    [
        ([], True, None),
        ([], False, b"transfer-encoding: chunked"),
        ([(b"content-length", b"3")], False, b"content-length: 3"),
    ],
)
def test_how_long_a_body_is_comes_from_its_framing(fields, end, framing):
    lines = read(*fields, end=end).lines
    assert [line for line in lines if line.startswith((b"content-length", b"transfer-encoding"))] == (
        [framing] if framing else []
    )


def test_a_post_without_a_body_says_so():
    assert read(pseudo=but(b":method", b"POST")).lines[-1] == b"content-length: 0"


def test_host_stands_in_for_authority():
    head = read((b"host", b"b.example"), pseudo=but(b":authority", None))
    assert head.lines[0] == b"host: b.example"
    assert read((b"host", b"A.example")).lines == (b"host: a.example",)


@pytest.mark.parametrize(
    "fields",
    [
        [(b"Accept", b"*/*")],  # not in lower case
        [(b"", b"x")],
        [(b"a b", b"x")],
        [(b"a:b", b"x")],
        [(b"a\r\nb", b"x")],
        [(b"a", b"x\r\nb: y")],
        [(b"a", b"x\n")],
        [(b"a", b"x\0")],
        [(b"a", b"\x7f")],
        [(b"a", b" x")],
        [(b"a", b"x\t")],
        [(b"connection", b"close")],
        [(b"keep-alive", b"1")],
        [(b"proxy-connection", b"close")],
        [(b"transfer-encoding", b"chunked")],
        [(b"upgrade", b"websocket")],
        [(b"te", b"gzip")],
        [(b"te", b"trailers, gzip")],
        [(b"host", b"b.example")],  # another than :authority
        [(b"cookie", b"a=1\r\nx: y")],
        [(b"accept", b"*/*"), (b":path", b"/b")],  # after a field
        [(b"cookie", b"a=1"), (b":foo", b"b")],
        [(b":path", b"/b")],  # twice
        [(b":authority", b"b.example")],
        [(b":status", b"200")],
        [(b":protocol", b"websocket")],  # without CONNECT
    ],
)
def test_malformed_fields(fields):
    assert isinstance(read(*fields), Malformed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b":method", None),
        (b":method", b""),
        (b":scheme", None),
        (b":scheme", b"ftp"),
        (b":scheme", b"https\r\nx: y"),
        (b":path", None),
        (b":path", b""),
        (b":path", b"a"),
        (b":path", b"*"),
        (b":path", b"http://b.example/"),  # a target in absolute form would bring another host
        (b":path", b"/a\r\nx: y"),
        (b":authority", b"a\r\nx: y"),
        (b":authority", b" a"),
    ],
)
def test_malformed_pseudo_header_fields(name, value):
    assert isinstance(read(pseudo=but(name, value)), Malformed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b":path", b"/a b"),
        (b":path", b"/ HTTP/1.1 x"),
        (b":path", b"/a#b"),
        (b":path", b"/a\\b"),
        (b":path", b"/\xff"),
        (b":method", b"GET /b"),
        (b":method", b"GET\tx"),
    ],
)
def test_what_http_1_1_would_refuse_its_parser_refuses(name, value):
    head = read(pseudo=but(name, value))
    assert isinstance(head, Malformed) or not isinstance(
        RequestParser(Limits()).line(head.line, len(head.line)), tuple
    )


@pytest.mark.parametrize("authority", [b"", b"user@a.example", b"a.example:99999", b"a.example/b", b"a,b"])
def test_an_authority_that_is_none_is_refused_as_a_host(authority):
    head = read(pseudo=but(b":authority", authority))
    parsed = RequestParser(Limits()).fields(b"\r\n".join(head.lines), 1)
    assert parsed.detail == "invalid Host"


def test_extended_connect_becomes_an_upgrade():
    pseudo = [*but(b":method", b"CONNECT"), (b":protocol", b"websocket")]
    head = read((b"sec-websocket-version", b"13"), (b"sec-websocket-key", b"mine"), pseudo=pseudo, end=False)
    assert head.is_websocket
    assert head.line == b"GET /a?b HTTP/1.1"
    assert head.lines == (b"host: a.example", b"sec-websocket-version: 13")
    assert isinstance(read(pseudo=pseudo, end=True), Malformed)
    assert isinstance(read((b"content-length", b"3"), pseudo=pseudo, end=False), Malformed)
    assert isinstance(
        read(pseudo=[*but(b":method", b"CONNECT"), (b":protocol", b"ip")], end=False), Malformed
    )


def test_plain_connect_is_a_method_to_be_refused():
    pseudo = [(b":method", b"CONNECT"), (b":authority", b"a.example:443")]
    head = read(pseudo=pseudo, end=False)
    refused = RequestParser(Limits()).line(head.line, len(head.line))
    assert not isinstance(refused, tuple)
    assert isinstance(read(pseudo=but(b":method", b"CONNECT")), Malformed)


text = st.binary(max_size=12)


@given(st.lists(st.tuples(st.one_of(text, st.sampled_from([name for name, _ in PSEUDO])), text), max_size=8))
def test_no_line_breaks_come_out_of_any_fields(fields):
    head = FieldReader().request(fields, end=False)
    if not isinstance(head, Malformed):
        assert not any(b"\r" in line or b"\n" in line or b"\0" in line for line in (head.line, *head.lines))


# Responses and trailers.


def test_a_response_becomes_a_block_of_http_1_1():
    block = FieldReader().response([(b":status", b"404"), (b"a", b"b"), (b"content-length", b"3")])
    assert block == b"HTTP/1.1 404 Not Found\r\na: b\r\ncontent-length: 3"
    assert ResponseParser(Limits()).head(block).content_length == 3


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [(b"a", b"b")],
        [(b":status", b"20")],
        [(b":status", b"700")],
        [(b":status", b"200 OK")],
        [(b"a", b"b"), (b":status", b"200")],
        [(b":status", b"200"), (b":status", b"200")],
        [(b":status", b"200"), (b":path", b"/")],
        [(b":status", b"200"), (b"A", b"b")],
        [(b":status", b"200"), (b"a", b"b\r\nc: d")],
        [(b":status", b"200"), (b"connection", b"close")],
        [(b":status", b"200"), (b"transfer-encoding", b"chunked")],
    ],
)
def test_malformed_responses(fields):
    assert isinstance(FieldReader().response(fields), Malformed)


def test_trailers_know_no_pseudo_header_fields():
    assert FieldReader().trailers([(b"a", b"b")]) == [b"a: b"]
    assert isinstance(FieldReader().trailers([(b":status", b"200")]), Malformed)


def test_what_we_say_is_in_lower_case_and_framed_by_http_2():
    head = ResponseParser(Limits()).head(
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX-One: 1\r\nX-Two:2 \r\nContent-Length: 3"
    )
    block = encode_response(head, b"X-Three: 3\r\nX-Four: 4\r\n", frozenset({b"x-one"}))
    assert Decoder(0).decode(block) == [
        (b":status", b"200"),
        (b"x-two", b"2"),
        (b"content-length", b"3"),
        (b"x-three", b"3"),
        (b"x-four", b"4"),
    ]


def test_a_request_for_an_upstream():
    lines = b"Host: a.example\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\nX-Forwarded-Proto: https\r\n"
    lines += b"TE: trailers\r\nConnection: TE\r\n"
    block = encode_target(b"GET", b"/a", is_tls=True) + encode_request(lines, b"X-User: ada\r\n")
    assert Decoder(0).decode(block) == [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":path", b"/a"),
        (b":authority", b"a.example"),
        (b"te", b"trailers"),
        (b"accept", b"*/*"),
        (b"x-forwarded-proto", b"https"),
        (b"x-user", b"ada"),
    ]


def test_trailers_are_encoded_in_lower_case():
    assert Decoder(0).decode(encode_lines([b"Grpc-Status: 0"])) == [(b"grpc-status", b"0")]
