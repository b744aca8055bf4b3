"""What may come after a body, and who gets it."""

import pytest

from yett.net.http import Forward, Limits
from yett.net.http.head import RequestParser
from yett.net.http.trailers import permitted, permitted_from_client

POST = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
FORBIDDEN = [
    b"Content-Length: 5",
    b"transfer_encoding: chunked",
    b"Host: b",
    b"Cookie: a=b",
    b"Set-Cookie: a=b",
    b"Authorization: Bearer x",
    b"Trailer: x",
    b"TE: trailers",
    b"Connection: x",
    b"Content-Type: text/html",
    b"X-Forwarded-For: 1.2.3.4",
    b"X_Real_IP: 1.2.3.4",
    b"Proxy-Authorization: x",
    b"Access-Control-Allow-Origin: *",
]
ALLOWED = [b"Digest: x", b"Content-Digest: x", b"grpc-status: 0", b"Server-Timing: a", b"X-Other: 1"]


@pytest.mark.parametrize("line", FORBIDDEN)
def test_what_belongs_into_a_head_is_dropped(line):
    assert permitted([line, *ALLOWED]) == tuple(ALLOWED)


@pytest.mark.parametrize("line", [b"X-Yett-User: root", b"x_yett_groups: staff", b"Forwarded: for=1.2.3.4"])
def test_nobody_speaks_for_the_gateway_behind_a_body(line):
    assert permitted_from_client([line, *ALLOWED], RequestParser(Limits())) == tuple(ALLOWED)


async def with_trailers(origin, reader, writer):
    """Keeps what comes after the head, and answers with trailers."""
    while True:
        await origin.head(reader)
        body = await reader.readuntil(b"0\r\n")
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":
            body += line
        origin.body = body
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: evil=1\r\n\r\n"
        )
        await writer.drain()


async def test_announced_trailers_reach_the_upstream(serve, dial, origin):
    up = await origin(with_trailers)
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    body = b"1\r\nx\r\n0\r\n"
    wire.send(POST + b"Trailer: X-Sum, X-Yett-User\r\n\r\n" + body)
    wire.send(b"X-Sum: 7\r\nX-Yett-User: root\r\nX-Silent: 1\r\nHost: b\r\n\r\n")
    await wire.response()
    assert up.body == b"1\r\nx\r\n0\r\nX-Sum: 7\r\n"
    # The next body of the same connection has none.
    wire.send(POST + b"\r\n" + body + b"\r\n")
    await wire.response()
    assert up.body == b"1\r\nx\r\n0\r\n"


async def test_what_a_decision_takes_out_of_the_head_does_not_come_behind_the_body(serve, dial, origin):
    up = await origin(with_trailers)
    taken = frozenset({b"x-user", b"signature"})
    server, _ = await serve(Forward(up.upstream, add=b"X-User: ada\r\n", drop=taken))
    wire = await dial(server)
    wire.send(POST + b"Trailer: X-User, X_User, Signature, X-Sum\r\n\r\n1\r\nx\r\n0\r\n")
    wire.send(b"X-User: root\r\nX_User: root\r\nSignature: theirs\r\nX-Sum: 7\r\n\r\n")
    await wire.response()
    assert up.body == b"1\r\nx\r\n0\r\nX-Sum: 7\r\n"


@pytest.mark.parametrize(
    ("asked", "minor", "wanted"),
    [
        (b"TE: trailers\r\nConnection: TE\r\n", 1, True),
        (b"TE: gzip;q=0.5, Trailers\r\nConnection: keep-alive, te\r\n", 1, True),
        (b"TE: trailers\r\n", 1, False),
        (b"Connection: TE\r\n", 1, False),
        (b"TE: gzip\r\nConnection: TE\r\n", 1, False),
    ],
)
async def test_response_trailers_reach_who_asked_for_them(serve, dial, origin, asked, minor, wanted):
    up = await origin(with_trailers)
    server, _ = await serve(Forward(up.upstream))
    wire = await dial(server)
    wire.send(POST.replace(b"/1.1", b"/1.%d" % minor) + asked + b"\r\n0\r\n\r\n")
    head = await wire.reader.readuntil(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    got = await wire.reader.readuntil(b"\r\n\r\n")
    assert got == b"2\r\nok\r\n0\r\n" + (b"X-Sum: 1\r\n" if wanted else b"") + b"\r\n"
    assert (b"TE: trailers\r\nConnection: TE\r\n" in up.heads[0]) is wanted
