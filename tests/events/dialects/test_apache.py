import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.events.dialects.entries import REJECTED, REQUEST

from yett.events.dialects import Unreadable, Unwritable
from yett.events.dialects.apache import Apache

DIALECT = Apache()
HEAD = {
    "level": "INFO",
    "component": "http.access",
    "msg": "Request completed",
    "code": "http.access.completed",
}


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        # The examples of Apache's own documentation.
        (
            '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326',
            {
                "time": "2000-10-10T20:55:36.000000Z",
                "server.request.client_ip": "127.0.0.1",
                "auth.user_id": "frank",
                "server.request.method": "GET",
                "server.request.path": "/apache_pb.gif",
                "protocol": "http/1.0",
                "status": 200,
                "bytes_out": 2326,
            },
        ),
        (
            (
                '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 '
                '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'
            ),
            {
                "time": "2000-10-10T20:55:36.000000Z",
                "server.request.client_ip": "127.0.0.1",
                "auth.user_id": "frank",
                "server.request.referrer": "http://www.example.com/start.html",
                "server.request.user_agent": "Mozilla/4.08 [en] (Win98; I ;Nav)",
                "server.request.method": "GET",
                "server.request.path": "/apache_pb.gif",
                "protocol": "http/1.0",
                "status": 200,
                "bytes_out": 2326,
            },
        ),
        (
            '::1 - - [01/Jan/2026:00:00:00 +0130] "OPTIONS * HTTP/2.0" 204 - "-" "-"',
            {
                "time": "2025-12-31T22:30:00.000000Z",
                "server.request.client_ip": "::1",
                "server.request.method": "OPTIONS",
                "server.request.path": "*",
                "protocol": "h2",
                "status": 204,
                "bytes_out": 0,
            },
        ),
        (
            r'198.51.100.9 - - [01/Jan/2026:00:00:00 +0000] "\x16\x03\x01" 400 226',
            {
                "time": "2026-01-01T00:00:00.000000Z",
                "server.request.client_ip": "198.51.100.9",
                "server.request.line": "\x16\x03\x01",
                "status": 400,
                "bytes_out": 226,
            },
        ),
        (
            r'198.51.100.9 - ada [01/Jan/2026:00:00:00 +0000] "GET /\"q\"?a=\xc3\xa9&b=\\ HTTP/1.1" - -',
            {
                "time": "2026-01-01T00:00:00.000000Z",
                "server.request.client_ip": "198.51.100.9",
                "auth.user_id": "ada",
                "server.request.method": "GET",
                "server.request.path": '/"q"',
                "url.query": "a=é&b=\\",
                "protocol": "http/1.1",
                "status": 0,
                "bytes_out": 0,
            },
        ),
        (
            '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "-" 408 -',
            {
                "time": "2026-01-01T00:00:00.000000Z",
                "server.request.client_ip": "127.0.0.1",
                "status": 408,
                "bytes_out": 0,
            },
        ),
        # Debian's default for hosts without a log of their own.
        (
            'wiki.example:443 192.0.2.7 - ada [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8"',
            {
                "time": "2026-01-01T00:00:00.000000Z",
                "host": "wiki.example",
                "server.request.client_ip": "192.0.2.7",
                "auth.user_id": "ada",
                "server.request.user_agent": "curl/8",
                "server.request.method": "GET",
                "server.request.path": "/",
                "protocol": "http/1.1",
                "status": 200,
                "bytes_out": 5,
            },
        ),
        # Whoever calls themselves so must not get rid of their address.
        (
            '192.0.2.7 - - 10.0.0.1 - x [01/Jan/2026:00:00:00 +0000] "-" 401 5',
            {
                "time": "2026-01-01T00:00:00.000000Z",
                "server.request.client_ip": "192.0.2.7",
                "auth.user_id": "- 10.0.0.1 - x",
                "status": 401,
                "bytes_out": 5,
            },
        ),
        # uvicorn.
        (
            r'10.1.2.3:9 - "GET /a?b="c"&d=\n\x41 HTTP/1.1" 404',
            {
                "time": "",
                "server.request.client_ip": "10.1.2.3",
                "server.request.remote_addr": "10.1.2.3:9",
                "server.request.method": "GET",
                "server.request.path": "/a",
                "url.query": r'b="c"&d=\n\x41',
                "protocol": "http/1.1",
                "status": 404,
            },
        ),
        (
            'INFO:     127.0.0.1:54321 - "GET /ingress/auth?scope=read%3Aall HTTP/1.1" 200 OK',
            {
                "time": "",
                "server.request.client_ip": "127.0.0.1",
                "server.request.remote_addr": "127.0.0.1:54321",
                "server.request.method": "GET",
                "server.request.path": "/ingress/auth",
                "url.query": "scope=read%3Aall",
                "protocol": "http/1.1",
                "status": 200,
            },
        ),
        (
            '10.1.2.3:9 - "POST /auth/api/v1/tokens HTTP/1.1" 422',
            {
                "time": "",
                "server.request.client_ip": "10.1.2.3",
                "server.request.remote_addr": "10.1.2.3:9",
                "server.request.method": "POST",
                "server.request.path": "/auth/api/v1/tokens",
                "protocol": "http/1.1",
                "status": 422,
            },
        ),
    ],
)
def test_lines_are_read(line, fields):
    assert DIALECT.read(line.encode()) == HEAD | fields


def test_an_access_record_is_a_line_of_the_combined_format():
    line = DIALECT.write(REQUEST)
    assert line == (
        b'203.0.113.178 - ada [22/Nov/2026:15:04:05 +0000] "GET /pages/engine HTTP/1.1" 200 5120 "-" "-"'
    )
    assert DIALECT.read(line) == HEAD | {
        "time": "2026-11-22T15:04:05.000000Z",
        "server.request.client_ip": "203.0.113.178",
        "auth.user_id": "ada",
        "server.request.method": "GET",
        "server.request.path": "/pages/engine",
        "protocol": "http/1.1",
        "status": 200,
        "bytes_out": 5120,
    }


@pytest.mark.parametrize("entry", [REJECTED, REQUEST | {"time": ""}])
def test_anything_else_has_no_form(entry):
    with pytest.raises(Unwritable):
        DIALECT.write(entry)


@pytest.mark.parametrize("name", ["status", "bytes_out", "protocol", "server.request.path", "auth.user_id"])
@pytest.mark.parametrize("value", ["200\n1.2.3.4", "200 5", ["x"], {"a": 1}, -1, 10**30, True, 1.5, None])
def test_values_of_strange_types_make_no_other_line(name, value):
    """An old log may hold anything in any field, and one record must stay one line."""
    line = DIALECT.write(REQUEST | {name: value})
    assert b"\n" not in line
    assert DIALECT.read(line)["time"] == REQUEST["time"][:19] + ".000000Z"


_texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(lambda text: text != "-")


@given(
    fields=st.fixed_dictionaries(
        {
            "status": st.integers(100, 599),
            "bytes_out": st.integers(0, 10**18),
            "server.request.method": st.text(string.ascii_uppercase, min_size=1, max_size=8),
            "server.request.path": _texts.map(lambda text: "/" + text.replace("?", "")),
        },
        optional={
            "auth.user_id": _texts,
            "server.request.client_ip": st.ip_addresses().map(str),
            "server.request.user_agent": _texts,
            "server.request.referrer": _texts,
            "url.query": _texts.filter(lambda text: " HTTP/" not in text),
            "protocol": st.sampled_from(["http/1.0", "http/1.1", "h2"]),
        },
    )
)
def test_what_a_line_holds_comes_back_whatever_it_is(fields):
    entry = {"time": "2026-11-22T15:04:05.000000Z"} | HEAD | fields
    line = DIALECT.write(entry)
    assert line.isascii()
    assert b"\n" not in line
    assert DIALECT.read(line) == entry


def test_a_name_with_spaces_and_quotes_cannot_move_what_follows():
    entry = REQUEST | {"auth.user_id": 'x [01/Jan/2000:00:00:00 +0000] "GET / HTTP/1.1" 200 1'}
    read = DIALECT.read(DIALECT.write(entry))
    assert read["auth.user_id"] == entry["auth.user_id"]
    assert read["status"] == 200


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200',
        '127.0.0.1 - - [32/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
        '127.0.0.1 - - [10/Okt/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
        '127.0.0.1 - - [10/Oct/2000:24:55:36 -0700] "GET / HTTP/1.0" 200 1',
        '127.0.0.1 - - [10/Oct/0000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
        '127.0.0.1 - - [01/Jan/0001:00:00:00 +0700] "GET / HTTP/1.0" 200 1',
        '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0 200 1',
        '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 2000 1',
        '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1 "only one"',
        'INFO:     127.0.0.1:54321 - "GET / HTTP/1.1" OK',
        "INFO:     Application startup complete.",
    ],
)
def test_other_lines_are_unreadable(line):
    with pytest.raises(Unreadable):
        DIALECT.read(line.encode())
