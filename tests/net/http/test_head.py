"""What is let in, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yett.net.http.head import Fields, Refused, RequestParser, cut_cookies
from yett.net.http.limits import Limits
from yett.net.http.model import REFUSAL_STATUS, Forward, Upstream

UPSTREAM = Upstream("127.0.0.1", 1)


def parse(head: bytes, limits: Limits | None = None):
    """What the server does with a whole head, without the server."""
    parser = RequestParser(limits or Limits())
    line = parser.line(head, head.find(b"\r\n") if b"\r\n" in head else len(head))
    if isinstance(line, Refused):
        return line
    block = head[head.find(b"\r\n") + 2 : head.find(b"\r\n\r\n")]
    fields = parser.fields(block, line[3], line[4])
    return fields if isinstance(fields, Refused) else (line, fields)


def get(*lines: bytes, line: bytes = b"GET / HTTP/1.1", host: bytes = b"Host: a.example") -> bytes:
    return b"\r\n".join([line, *([host] if host else []), *lines]) + b"\r\n\r\n"


REFUSED_LINES = [
    (b"GET / HTTP/2.0", 505),
    (b"GET / HTTP/1.2", 505),
    (b"PRI * HTTP/2.0", 505),
    (b"GET / HTTP/0.9", 505),
    (b"GET / HTTP/1.10", 400),
    (b"GET / http/1.1", 400),
    (b"GET / HTTPS/1.1", 400),
    (b"GET /", 400),
    (b"GET", 400),
    (b"GET  / HTTP/1.1", 400),
    (b"GET /  HTTP/1.1", 400),
    (b" GET / HTTP/1.1", 400),
    (b"GET / HTTP/1.1 ", 400),
    (b"GET\t/ HTTP/1.1", 400),
    (b"GET /a b HTTP/1.1", 400),
    (b"GET /\x00 HTTP/1.1", 400),
    (b"GET /\x7f HTTP/1.1", 400),
    (b"GET /\x1b HTTP/1.1", 400),
    (b"GET /\xc3\xa9 HTTP/1.1", 400),
    (b"GET /a#b HTTP/1.1", 400),
    (b"GET /a?b#c HTTP/1.1", 400),
    (b"GET /a\\b HTTP/1.1", 400),
    (b"GET a HTTP/1.1", 400),
    (b"GET ?a HTTP/1.1", 400),
    (b"GET * HTTP/1.1", 400),
    (b"GET a.example:80 HTTP/1.1", 400),
    (b"GET ftp://a.example/ HTTP/1.1", 400),
    (b"GET http:///x HTTP/1.1", 400),
    (b"GET http://u:p@a.example/ HTTP/1.1", 400),
    (b"GET http://a.example:99999/ HTTP/1.1", 400),
    (b"GET http://a.example/#x HTTP/1.1", 400),
    (b"CONNECT a.example:443 HTTP/1.1", 405),
    (b"CONNECT / HTTP/1.1", 405),
    (b"TRACE / HTTP/1.1", 405),
    (b"G(T / HTTP/1.1", 400),
    (b"G\x00T / HTTP/1.1", 400),
    (b"G@T / HTTP/1.1", 400),
    (b"A" * 33 + b" / HTTP/1.1", 400),
    (b"GET /" + b"a" * 8192 + b" HTTP/1.1", 414),
]

REFUSED_FIELDS = [
    [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: chunked", b"Content-Length: 5"],
    [b"Content-Length: 0", b"Transfer-Encoding: chunked"],
    [b"Content-Length: 5", b"Content-Length: 6"],
    [b"Content-Length: 5", b"Content-Length: 5"],
    [b"Content-Length: 5, 5"],
    [b"Content-Length: +4"],
    [b"Content-Length: -4"],
    [b"Content-Length: 4 "[:-1] + b"\x0b"],
    [b"Content-Length: 0x4"],
    [b"Content-Length: 4_0"],
    [b"Content-Length: \xb2"],
    [b"Content-Length:"],
    [b"Content-Length: 4 4"],
    [b"Content-Length: " + b"1" * 20],
    [b"Transfer-Encoding: xchunked"],
    [b"Transfer-Encoding: identity, chunked"],
    [b"Transfer-Encoding: identity"],
    [b"Transfer-Encoding: gzip, chunked"],
    [b"Transfer-Encoding: chunked, chunked"],
    [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
    [b"Transfer-Encoding: chunked;a=b"],
    [b'Transfer-Encoding: "chunked"'],
    [b"Transfer-Encoding:"],
    [b"Transfer-Encoding: \x0bchunked"],
    [b"Transfer-Encoding : chunked"],
    [b"Host : b.example"],
    [b"X y: 1"],
    [b": 1"],
    [b"no colon"],
    [b"X-A: a\x00b"],
    [b"X-A: a\rb"],
    [b"X-A: a\nb"],
    [b"X-A: a\nTransfer-Encoding: chunked"],
    [b"X-A: a\x7f"],
    [b"X-A: a\x01"],
    [b"X-A: a", b" folded"],
    [b"X-A: a", b"\tfolded"],
    [b" X-A: a"],
    [b"X-\xe9: a"],
    [b"X(A): a"],
    [b"Host: b.example"],
    [b"Host: a.example"],
    [b"Authorization: Bearer a", b"Authorization: Bearer b"],
    [b"Connection: a b"],
    [b"Connection: host"],
    [b"Connection: content-length"],
    [b"Connection: close, Authorization"],
]

REFUSED_HOSTS = [
    b"",
    b"Host:",
    b"Host: a b",
    b"Host: a/b",
    b"Host: a.example, b.example",
    b"Host: u@a.example",
    b"Host: a.example:port",
    b"Host: a.example:",
    b"Host: a.example:65536",
    b"Host: a..example",
    b"Host: .example",
    b"Host: [::1",
    b"Host: ::1",
    b"Host: [::g]",
    b"Host: a%2eexample",
    b"Host: b\xc3\xbccher.example",
]


@pytest.mark.parametrize(("line", "status"), REFUSED_LINES)
def test_a_bad_request_line_is_refused(line, status):
    answer = parse(get(line=line))
    assert isinstance(answer, Refused)
    assert REFUSAL_STATUS[answer.refusal] == status


@pytest.mark.parametrize("lines", REFUSED_FIELDS)
def test_bad_header_lines_are_refused(lines):
    answer = parse(get(*lines))
    assert isinstance(answer, Refused)
    assert REFUSAL_STATUS[answer.refusal] == 400


@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_a_request_without_one_good_host_is_refused(host):
    answer = parse(get(host=host))
    assert isinstance(answer, Refused)
    assert REFUSAL_STATUS[answer.refusal] == 400


def test_transfer_encoding_is_refused_in_http_1_0():
    assert isinstance(parse(get(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0")), Refused)


def test_too_many_fields_are_refused():
    answer = parse(get(*[b"X-%d: 1" % n for n in range(100)]))
    assert isinstance(answer, Refused)
    assert REFUSAL_STATUS[answer.refusal] == 431
    assert not isinstance(parse(get(*[b"X-%d: 1" % n for n in range(99)])), Refused)


ACCEPTED = [
    (b"GET / HTTP/1.1", b"/", "/"),
    (b"GET /a?b=c HTTP/1.1", b"/a?b=c", "/a"),
    (b"GET /a?b\\c|{}^ HTTP/1.1", b"/a?b\\c|{}^", "/a"),
    (b"GET /?? HTTP/1.1", b"/??", "/"),
    (b"GET //x/../%2e%2e HTTP/1.1", b"//x/../%2e%2e", "//x/../%2e%2e"),
    (b"M-SEARCH / HTTP/1.0", b"/", "/"),
    (b"OPTIONS * HTTP/1.1", b"*", "*"),
    (b"GET http://b.example HTTP/1.1", b"/", "/"),
    (b"GET http://b.example?x HTTP/1.1", b"/?x", "/"),
    (b"GET HTTPS://b.example:8443/p?x HTTP/1.1", b"/p?x", "/p"),
]


@pytest.mark.parametrize(("line", "target", "path"), ACCEPTED)
def test_good_request_lines_are_understood(line, target, path):
    (_, got, got_path, _, _, _), _ = parse(get(line=line))
    assert (got, got_path) == (target, path)


@pytest.mark.parametrize(
    ("target", "is_even"),
    [
        (b"/", True),
        (b"/a-b_c.d~e/0?Q=%2e", True),
        (b"//a/./../b", True),  # which characters there are, not how they stand
        (b"/A", False),
        (b"/a%2eb", False),
        (b"/a;b", False),
        (b"/a,b", False),
        (b"/a:b/c", False),
        (b"http://b.example/a", False),
    ],
)
def test_a_path_of_ordinary_characters_is_known_as_one(target, is_even):
    found, _ = parse(get(line=b"GET " + target + b" HTTP/1.1"))
    assert found[5] is is_even


@pytest.mark.parametrize("byte", range(0x21, 0x7F))
def test_what_may_stand_in_a_path_is_ordinary_or_not(byte):
    found = RequestParser(Limits()).line(line := b"GET /a%cb HTTP/1.1" % byte, len(line))
    if byte in b"#\\":
        assert isinstance(found, Refused)
    elif byte == ord("?"):
        assert (found[2], found[5]) == ("/a", True)
    else:
        is_even = byte in b"abcdefghijklmnopqrstuvwxyz0123456789/._~-"
        assert (found[2], found[5]) == (f"/a{chr(byte)}b", is_even)


@pytest.mark.parametrize("piece", [b"a", b"A", b"aA", b"/", b"?", b"a?"])
def test_a_line_that_is_wrong_at_its_end_is_read_once(piece):
    # A pattern that went back and forth on it would not come to an end.
    line = b"GET /" + piece * 500_000 + b" HTTP/1.x"
    assert isinstance(RequestParser(Limits(max_target=1 << 22)).line(line, len(line)), Refused)


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        (b"Host: A.Example", "a.example", 0),
        (b"host:a.example:8443", "a.example", 8443),
        (b"HOST: \t127.0.0.1:80 ", "127.0.0.1", 80),
        (b"Host: [::1]:443", "[::1]", 443),
        (b"Host: my_host", "my_host", 0),
    ],
)
def test_host_is_split_and_lowered(host, name, port):
    _, fields = parse(get(host=host))
    assert (fields.host, fields.port) == (name, port)


def test_the_authority_of_an_absolute_target_wins_over_host():
    _, fields = parse(get(b"X-A: 1", line=b"GET http://B.example:81/ HTTP/1.1"))
    assert (fields.host, fields.port) == ("b.example", 81)
    assert fields.lines == [b"Host: B.example:81", b"X-A: 1"]
    assert b"a.example" not in fields.block(Forward(UPSTREAM), b"")


def test_http_1_0_needs_no_host():
    _, fields = parse(get(line=b"GET / HTTP/1.0", host=b""))
    assert (fields.host, fields.keep_alive) == ("", False)


def block(*lines: bytes, forward: Forward | None = None, forwarded: bytes = b"") -> bytes:
    answer = parse(get(*lines))
    assert not isinstance(answer, Refused)
    return answer[1].block(forward or Forward(UPSTREAM), forwarded)


@pytest.mark.parametrize(
    "line",
    [
        b"Connection: keep-alive",
        b"Keep-Alive: 5",
        b"Proxy-Connection: x",
        b"Proxy-Authorization: Basic x",
        b"TE: trailers",
        b"Trailer: x",
        b"Upgrade: h2c",
        b"HTTP2-Settings: x",
        b"Expect: 100-continue",
        b"X-Yett-User: root",
        b"x-yett-anything: root",
        b"X_Yett_User: root",
        b"X-Yett_User: root",
        b"X-Forwarded-For: 1.1.1.1",
        b"X_Forwarded_For: 1.1.1.1",
        b"X-Forwarded-Proto: https",
        b"X-Forwarded-Host: evil",
        b"X-Forwarded-Port: 1",
        b"X-Forwarded-User: root",
        b"Forwarded: for=1.1.1.1",
        b"X-Real-IP: 1.1.1.1",
        b"X_Real_IP: 1.1.1.1",
        b"Content_Length: 5",
        b"Transfer_Encoding: chunked",
    ],
)
def test_what_must_not_reach_an_upstream_is_removed(line):
    assert block(line, b"X-Kept: 1") == b"Host: a.example\r\nX-Kept: 1\r\n"


def test_what_connection_names_is_removed():
    assert block(b"X-A: 1", b"X-B: 2", b"Connection: x-b, Close") == b"Host: a.example\r\nX-A: 1\r\n"


def test_untouched_lines_keep_their_bytes_and_order():
    lines = [b"user-AGENT:  x ", b"Accept:*/*", b"X_Custom: \xe9", b"X-Empty:"]
    assert block(*lines) == b"\r\n".join([b"Host: a.example", *lines, b""])


def test_a_decision_drops_fields_cookies_and_host():
    forward = Forward(
        UPSTREAM,
        drop=frozenset({b"x-a", b"remote_user", b"authorization"}),
        drop_cookies=frozenset({b"session"}),
        host=b"inner",
    )
    lines = [b"X-A: 1", b"Remote-User: x", b"Remote_User: x", b"Authorization: Bearer x"]
    got = block(
        *lines, b"Cookie: a=1; session=x", b"Cookie: session=y; b=2", forward=forward, forwarded=b"F: 1\r\n"
    )
    assert got == b"Host: inner\r\nCookie: a=1; b=2\r\nF: 1\r\n"


def test_a_cookie_field_that_becomes_empty_is_removed():
    forward = Forward(UPSTREAM, drop_cookies=frozenset({b"s"}))
    assert block(b"Cookie: s=1", forward=forward) == b"Host: a.example\r\n"


def test_the_block_follows_the_decision_although_it_is_remembered():
    _, fields = parse(get(b"X-A: 1"))
    first = fields.block(Forward(UPSTREAM), b"")
    assert fields.block(Forward(UPSTREAM), b"") is first
    assert b"X-A" not in fields.block(Forward(UPSTREAM, drop=frozenset({b"x-a"})), b"")
    assert b"Host: z" in fields.block(Forward(UPSTREAM, host=b"z"), b"")
    assert fields.block(Forward(UPSTREAM), b"") == first


def test_framing_is_said_once_and_anew():
    assert block(b"content-length: 007") == b"Host: a.example\r\nContent-Length: 7\r\n"
    assert block(b"transfer-encoding: Chunked") == b"Host: a.example\r\nTransfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("value", "left"),
    [
        (b"s=1", b""),
        (b"a=1; s=2; b=3", b"a=1; b=3"),
        (b"s=1;s=2 ;  s =3", b""),
        (b"ss=1; S=2; as=3", b"ss=1; S=2; as=3"),
        (b"s; a", b"a"),
        (b"a=s=1;;", b"a=s=1"),
    ],
)
def test_cookies_are_cut_by_exact_name(value, left):
    assert cut_cookies(value, frozenset({b"s"})) == left


def test_the_memory_for_lines_is_bounded_and_holds_no_credentials():
    parser = RequestParser(Limits())
    for number in range(10_000):
        parser.fields(b"Host: a\r\nX-A: %d" % number, 1)
    assert len(parser._lines) <= 4096
    parser.fields(b"Host: a\r\nCookie: secret\r\nAuthorization: Bearer secret\r\nX: " + b"l" * 500, 1)
    assert not any(b"secret" in line or len(line) > 256 for line in parser._lines)


def test_a_remembered_line_means_what_it_meant_at_first_sight():
    parser = RequestParser(Limits())
    for _ in range(3):
        fields = parser.fields(b"Host: a\r\nX-Yett-A: 1\r\nContent-Length: 5", 1)
        assert isinstance(fields, Fields)
        assert (fields.content_length, fields.kept) == (5, [])
        assert isinstance(parser.fields(b"Host: a\r\nContent-Length: 5\r\nContent-Length: 5", 1), Refused)


WIRE = st.lists(
    st.sampled_from(
        [
            b"GET",
            b" ",
            b"/",
            b"HTTP/1.1",
            b"\r\n",
            b"\r",
            b"\n",
            b"\x00",
            b"Host: a",
            b":",
            b"Content-Length: 5",
            b"\t",
        ]
    )
    | st.binary(max_size=6),
    max_size=24,
).map(b"".join)


@given(WIRE)
def test_no_bytes_raise_and_none_hide_a_line_end(data):
    answer = parse(b"GET / HTTP/1.1\r\nHost: a\r\n" + data.replace(b"\r\n\r\n", b"") + b"\r\n\r\n")
    if not isinstance(answer, Refused):
        _, fields = answer
        forwarded = fields.block(Forward(UPSTREAM), b"")
        assert b"\x00" not in forwarded
        assert forwarded.count(b"\r") == forwarded.count(b"\n") == forwarded.count(b"\r\n")
        assert all(not {10, 13, 0} & set(line) for line in fields.lines)


@given(WIRE)
def test_no_request_line_raises(data):
    answer = parse(data.replace(b"\r\n", b"") + b"\r\nHost: a\r\n\r\n")
    if not isinstance(answer, Refused):
        assert all(33 <= byte <= 126 for byte in answer[0][1])


def followed(before, after):
    """What the fields of one head become when the next one comes, or None when they must be read anew."""
    fields = RequestParser(Limits()).fields(before, 1)
    return fields if fields.follow(after) else None


def test_a_head_that_differs_in_an_ordinary_value_is_followed():
    earlier = RequestParser(Limits()).fields(b"Host: a\r\nX-Trace: 1\r\nCookie: c=1; ours=2", 1)
    lines, kept = list(earlier.lines), earlier.kept
    forward = Forward(Upstream("h", 1), drop_cookies=frozenset({b"ours"}))
    assert b"X-Trace: 1\r\nCookie: c=1\r\n" in earlier.block(forward, b"")

    assert earlier.follow(b"Host: a\r\nX-Trace: 2\r\nCookie: c=1; ours=2")

    assert earlier.block(forward, b"") == b"Host: a\r\nX-Trace: 2\r\nCookie: c=1\r\n"
    assert lines[1] == b"X-Trace: 1"
    assert kept == [b"X-Trace: 1"]


@pytest.mark.parametrize(
    "after",
    [
        b"Host: b\r\nX-Trace: 1\r\nX-Trace: 1",
        b"Host: a\r\nX-Trace: 1\x00\r\nX-Trace: 1",
        b"Host: a\r\nX-Trace : 1\r\nX-Trace: 1",
        b"Host: a\r\nX-Yett-User: 1\r\nX-Trace: 1",
        b"Host: a\r\nContent-Length: 1\r\nX-Trace: 1",
        b"Host: a\r\nX-Trace: 1\r\nX-Trace: 1\r\nX-New: 1",
        b"Host: a\r\n folded\r\nX-Trace: 1",
    ],
)
def test_a_head_that_differs_in_anything_else_is_read_anew(after):
    assert followed(b"Host: a\r\nX-Trace: 1\r\nX-Trace: 1", after) is None


def test_of_two_equal_lines_the_one_at_its_place_changes():
    fields = followed(b"Host: a\r\nX: 1\r\nX: 1", b"Host: a\r\nX: 1\r\nX: 2")
    assert fields.kept == [b"X: 1", b"X: 2"]
    assert fields.follow(b"Host: a\r\nX: 3\r\nX: 2")
    assert fields.kept == [b"X: 3", b"X: 2"]


EARLIER = (b"X: 1", b"X: 2", b"Y: 1", b"Cookie: a", b"x: 1", b"Host: a", b"Te: x")
LATER = (b"X: 1", b"X: 2", b"Y: 1", b"Cookie: a", b"x: 1", b"Host: b", b"bad", b"X:\n")


@given(st.lists(st.sampled_from(EARLIER), max_size=5), st.lists(st.sampled_from(LATER), max_size=5))
def test_following_gives_what_reading_anew_gives(before, after):
    first, second = b"\r\n".join([b"Host: a", *before]), b"\r\n".join([b"Host: a", *after])
    fields = RequestParser(Limits()).fields(first, 1)
    if isinstance(fields, Refused):
        return
    if fields.follow(second):
        anew = RequestParser(Limits()).fields(second, 1)
        assert (fields.lines, fields.kept, fields.names, fields.cookie) == (
            anew.lines,
            anew.kept,
            anew.names,
            anew.cookie,
        )


VARYING = (
    b"X: 1",
    b"X: 2",
    b"X:",
    b"X: 1\r\nX: 2",
    b"Y: 1",
    b"X",
    b"X: \0",
    b"X : 1",
    b"Host: b",
    b"Cookie: b",
)


@given(st.lists(st.tuples(st.sampled_from((1, 1, 1, 2, 3)), st.sampled_from(VARYING)), max_size=8))
def test_following_again_and_again_gives_what_reading_anew_gives(changes):
    lines = [b"Host: a", b"X: 0", b"Accept: */*", b"Y: 0", b"Cookie: a"]
    fields = RequestParser(Limits()).fields(b"\r\n".join(lines), 1)
    for place, line in changes:
        block = b"\r\n".join([*lines[:place], line, *lines[place + 1 :]])
        anew = RequestParser(Limits()).fields(block, 1)
        if fields.follow(block):
            assert (fields.lines, fields.kept, fields.names) == (anew.lines, anew.kept, anew.names)
            assert fields.block(Forward(UPSTREAM), b"") == anew.block(Forward(UPSTREAM), b"")
            lines = fields.lines


def test_the_line_that_changes_each_time_is_found_where_it_was():
    fields = followed(b"Host: a\r\nX-Trace: 1\r\nB: 1", b"Host: a\r\nX-Trace: 22\r\nB: 1")
    for value in (b"333", b"", b" 4: 4\t", b"1" * 200):
        assert fields.follow(b"Host: a\r\nX-Trace:" + value + b"\r\nB: 1")
        assert fields.kept == [b"X-Trace:" + value, b"B: 1"]
    for block in (
        b"Host: a\r\nX-Trace: 1\r\nB: 1\r\nB: 1",
        b"Host: a\r\nX-Trace: 1\nB: 1\r\nB: 1",
        b"Host: a\r\nX-Trace:\r\n: 1\r\nB: 1",
        b"Host: a\r\nX-Trace: \0\r\nB: 1",
        b"Host: a\r\nX-Trace",
        b"Host: a\r\nX-Trace:",
    ):
        assert not fields.follow(block)


def test_of_equal_lines_the_one_that_changed_is_forwarded_in_its_place():
    fields = RequestParser(Limits()).fields(b"Host: a\r\nX: 1\r\nX: 0", 1)
    forward = Forward(Upstream("u", 1))
    for value in (b"1", b"2", b"1", b"3"):
        assert fields.follow(b"Host: a\r\nX: 1\r\nX: %b" % value)
        assert fields.block(forward, b"") == b"Host: a\r\nX: 1\r\nX: %b\r\n" % value
