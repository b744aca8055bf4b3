import asyncio

import pytest

from yett.net.fetching import FetchFailed
from yett.net.fetching.model import Fetched
from yett.net.fetching.reading import LARGEST_HEAD, read_answer


async def read(data, method=b"GET", most=100):
    reader = asyncio.StreamReader(limit=LARGEST_HEAD)
    reader.feed_data(data)
    reader.feed_eof()
    return await read_answer(reader, method, most)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x"),
        (b"HTTP/1.1 204 No Content\r\n\r\nnothing", b""),
        (CHUNKED + b"3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\nT: x\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
async def test_an_answer_ends_where_it_says(data, body):
    assert (await read(data)).body == body


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        CHUNKED + b"65\r\n" + b"x" * 101 + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"5\r\nhelloX0\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 9,
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 999 No\r\n\r\n",
    ],
)
async def test_what_can_be_read_in_two_ways_or_is_too_long_is_refused(data):
    with pytest.raises(FetchFailed):
        await read(data)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"])
async def test_an_answer_that_ends_too_soon_is_none(data):
    with pytest.raises(asyncio.IncompleteReadError):
        await read(data)


async def test_fields_are_found_by_lower_case_name_and_joined():
    answer = await read(
        b"HTTP/1.1 401 No\r\nDPoP-Nonce: n\r\nWWW-Authenticate: a\r\nwww-authenticate: b\r\n\r\n"
    )
    assert answer.status == 401
    assert answer.headers == {"dpop-nonce": "n", "www-authenticate": "a, b"}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"x"', b"1", b"{", b'{"a":1,"a":2}', b'{"x":{"a":1,"a":2}}', b'{"a":NaN}', b'{"a":Infinity}',
     b'{"a":"\xff"}', b'{"a":' * 100_000, b"[" * 100_000, b"\xef\xbb\xbf{}", b'{"a":1}x',
     b'{"a":1' + b"0" * 5000 + b"}"],
)  # fmt: skip
def test_only_one_clean_json_object_is_json(body):
    with pytest.raises(FetchFailed, match="JSON"):
        Fetched(200, {}, body).json()


def test_a_json_object_is_read():
    assert Fetched(200, {}, b' {"a": [1, {"b": "\xc3\xa4"}]} ').json() == {"a": [1, {"b": "ä"}]}
