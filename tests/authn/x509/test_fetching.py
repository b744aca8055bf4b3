import asyncio
import socket

import pytest

from yett.authn.x509.fetching import BadAddress, Fetcher, FetchFailed, host_of, is_loopback, is_plain


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://CRL.example/x", "crl.example"),
        ("http://crl.example:80/x", "crl.example"),
        ("https://crl.example:443", "crl.example"),
        ("http://crl.example:8080/", "crl.example:8080"),
        ("https://crl.example:80/", "crl.example:80"),
    ],
)
def test_hosts_are_compared_with_their_ports(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://a/", "file:///etc/passwd", "http://", "http:///x", "http://a:99999/", "http://user@a/",
        "http://user:pw@a/", "http://a/\r\nX: y", "http://a/ b", "http://[::1", "ldap://a/", "//a/b", "http://ä/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url):
    with pytest.raises(BadAddress):
        host_of(url)


def test_this_machine_is_known_by_its_names():
    for url in (
        "http://127.0.0.1/",
        "http://127.9.9.9:1/",
        "http://[::1]:2/",
        "http://localhost/",
        "http://a.localhost/",
    ):
        assert is_loopback(url)
    for url in (
        "http://127.0.0.1.example/",
        "http://10.0.0.1/",
        "http://localhost.example/",
        "http://0x7f.1/",
    ):
        assert not is_loopback(url)
    assert is_plain("http://a/")
    assert not is_plain("https://a/")


async def test_what_is_there_is_fetched(static):
    static.bodies["/a?b"] = b"hello"
    static.bodies["/post"] = lambda sent: sent[::-1]
    fetcher = Fetcher()
    assert await fetcher.get(static.url + "/a?b", most=5, seconds=5) == b"hello"
    assert await fetcher.post(static.url + "/post", b"abc", "text/plain", most=5, seconds=5) == b"cba"
    assert static.asked == [("GET", "/a?b", b""), ("POST", "/post", b"abc")]


async def test_too_much_is_not_taken(static):
    static.bodies["/a"] = b"hello"
    with pytest.raises(FetchFailed, match="more than 4 bytes"):
        await Fetcher().get(static.url + "/a", most=4, seconds=5)


async def test_a_server_that_does_not_answer_is_given_up(static):
    static.gate.clear()
    with pytest.raises(FetchFailed, match="in time"):
        await Fetcher().get(static.url + "/a", most=4, seconds=0.1)


async def answered(content):
    """What comes of a server that answers just so and closes."""

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        return await Fetcher().get(f"http://127.0.0.1:{port}/", most=100, seconds=5)
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.0 200 OK\r\n\r\nhello",
        b"HTTP/1.1 200\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhellothere",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nhello",
    ],
)
async def test_bodies_end_with_their_length_or_the_connection(content):
    assert await answered(content) == b"hello"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/2 200\r\n\r\nhello",
        b"HTTP/1.0 404 Not Found\r\n\r\nhello",
        b"HTTP/1.0 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n",
        b"HTTP/1.0 204 No\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.0 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\nhello",
    ],
)
async def test_anything_else_is_a_failure(content):
    with pytest.raises(FetchFailed):
        await answered(content)


async def test_names_are_looked_up_where_the_gateway_looks_them_up(static):
    static.bodies["/a"] = b"hello"
    asked = []

    async def look_up(host):
        asked.append(host)
        return ("127.0.0.1",)

    url = static.url.replace("127.0.0.1", "crl.example") + "/a"
    assert await Fetcher(look_up).get(url, most=5, seconds=5) == b"hello"
    assert asked == ["crl.example"]


async def test_a_name_or_port_with_nobody_behind_it_is_a_failure():
    async def nowhere(_):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    with pytest.raises(FetchFailed):
        await Fetcher(nowhere).get("http://crl.example/", most=5, seconds=5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(FetchFailed):
            await Fetcher().get(f"http://127.0.0.1:{taken.getsockname()[1]}/", most=5, seconds=5)
    with pytest.raises(FetchFailed):
        await Fetcher().get("file:///etc/passwd", most=5, seconds=5)


async def test_a_server_that_cannot_prove_its_name_is_not_asked(static):
    with pytest.raises(FetchFailed):
        await Fetcher().get(static.url.replace("http:", "https:"), most=5, seconds=5)


@pytest.mark.parametrize("host", ["a..b", ".foo", "a" * 70 + ".test"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_host_that_cannot_be_looked_up_is_a_failure_like_others(scheme, host):
    with pytest.raises(FetchFailed):
        await Fetcher().get(f"{scheme}://{host}/x", most=10, seconds=5)
