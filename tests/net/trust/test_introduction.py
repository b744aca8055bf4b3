"""Proxies in front: who is believed, about what, and what comes of it for gates and upstreams."""

import asyncio
import contextlib
import ssl
import struct

import pytest
from tests.net.trust.making import make, settings

from yett.net import ForwardedFor, ProxyMode
from yett.net.http import Answer, Forward, Refusal
from yett.net.http import events as http_events
from yett.net.proxy_protocol import SIGNATURE
from yett.net.trust import events
from yett.net.trust.model import CertificateProblem

OPTIONAL, REQUIRED = ProxyMode.OPTIONAL, ProxyMode.REQUIRED
STRANGER = "127.9.0.1"
ADA = make("ada")


def get(*lines, host="app.example"):
    return "\r\n".join(("GET / HTTP/1.1", f"Host: {host}", *lines, "", "")).encode("latin-1")


async def ask(wire, *lines, **more):
    wire.send(get(*lines, **more))
    return await wire.response()


async def test_a_trusted_proxy_says_who_asks_and_how(believe, dial):
    server, gate, _ = await believe(proxy_mode=OPTIONAL)
    wire = await dial(server)
    await ask(wire, "X-Forwarded-For: 6.6.6.6, 192.0.2.1", "X-Forwarded-Proto: https")
    request = gate.requests[0]
    connection = request.connection
    assert (connection.client_address, connection.is_tls, connection.via) == ("192.0.2.1", True, "127.0.0.1")
    assert connection.is_believed
    assert request.scope.client_address == "192.0.2.1"
    await ask(wire, "X-Forwarded-For: 192.0.2.2:81")
    connection = gate.requests[1].connection
    assert (connection.client_address, connection.client_port, connection.is_tls) == ("192.0.2.2", 81, False)


async def test_a_client_that_repeats_itself_is_looked_at_once(believe, dial):
    server, gate, _ = await believe(proxy_mode=OPTIONAL)
    wire = await dial(server)
    for trace in range(3):
        await ask(wire, "X-Forwarded-For: 192.0.2.1", f"X-Trace: {trace}")
    first, *others = [request.connection for request in gate.requests]
    assert all(other is first for other in others)
    await ask(wire, "X-Forwarded-For: 192.0.2.2", "X-Trace: 2")
    assert gate.requests[3].connection.client_address == "192.0.2.2"


async def test_a_stranger_is_a_client_and_not_believed(believe, dial, origin):
    up = await origin()
    server, gate, _ = await believe(
        Forward(up.upstream), trusted_proxies=("10.0.0.0/8",), proxy_mode=OPTIONAL, proxy_header="X-Caller",
        client_cert_header="X-Cert",
    )  # fmt: skip
    wire = await dial(server)
    lines = (
        "X-Caller: 192.0.2.1",
        "x_caller: 192.0.2.1",
        "X-Forwarded-For: 192.0.2.1",
        "Forwarded: for=192.0.2.1",
    )
    lines += ("X-Forwarded-Proto: https", "X-Cert: x", "Client-Cert: :AAAA:", "client_cert: x")
    await ask(wire, *lines)
    connection = gate.requests[0].connection
    assert (connection.client_address, connection.is_tls, connection.via) == ("127.0.0.1", False, "")
    (head,) = up.heads
    assert b"192.0.2.1" not in head
    assert b"cert" not in head.lower()
    assert b"X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n" in head


async def test_networks_change_while_connections_are_open(believe, dial):
    server, gate, trust = await believe(proxy_mode=OPTIONAL)
    wire = await dial(server)
    for trusted in (("127.0.0.1",), ("10.0.0.1",), ("127.0.0.0/8",)):
        trust.use(settings(trusted_proxies=trusted))
        await ask(wire, "X-Forwarded-For: 192.0.2.1")
    assert [request.connection.client_address for request in gate.requests] == [
        "192.0.2.1",
        "127.0.0.1",
        "192.0.2.1",
    ]


async def test_a_proxy_that_names_nobody_is_the_client_itself_when_that_is_allowed(believe, dial):
    server, gate, _ = await believe(proxy_mode=OPTIONAL)
    assert b" 200 " in (await ask(await dial(server)))[0]
    assert gate.requests[0].connection.client_address == "127.0.0.1"


async def test_whoever_comes_past_a_required_proxy_is_rejected(believe, dial, heard):
    server, gate, _ = await believe(proxy_mode=REQUIRED, trusted_proxies=("127.0.0.1",))
    wire = await dial(server, STRANGER)
    wire.send(get("X-Forwarded-For: 192.0.2.1"))
    with contextlib.suppress(ConnectionError):
        assert await wire.rest() == b""
    assert heard("listener") == [(events.connection_rejected, {"client": STRANGER})]
    assert gate.requests == []


async def test_a_required_proxy_has_to_say_who_asks(believe, dial, heard):
    server, gate, _ = await believe(proxy_mode=REQUIRED)
    head, _ = await ask(await dial(server))
    assert b" 400 " in head
    assert gate.requests == []
    assert gate.refusals[0][:2] == (Refusal.MALFORMED, "the proxy does not say who asks")
    assert (events.client_not_named, {"client": "127.0.0.1"}) in heard("listener.proxy_validation")


@pytest.mark.parametrize(
    "lines",
    [
        ("X-Forwarded-For: 192.0.2.1, unknown",),
        ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: gopher"),
        ("X-Forwarded-For: " + "127.0.0.2," * 65,),
    ],
)
async def test_a_proxy_that_cannot_be_understood_is_refused(believe, dial, heard, lines):
    server, gate, _ = await believe(proxy_mode=OPTIONAL)
    head, _ = await ask(await dial(server), *lines)
    assert b" 400 " in head
    assert gate.requests == []
    ((event, fields),) = heard("listener")
    assert event is http_events.request_refused
    assert fields["detail"].startswith("what a proxy says of the client: ")


async def test_forwarded_and_single_fields_are_read_when_they_are_asked_for(believe, dial):
    server, gate, _ = await believe(proxy_mode=REQUIRED, proxy_header="Forwarded")
    await ask(await dial(server), 'Forwarded: for="[2001:db8::1]:9";proto=https', "X-Forwarded-For: 6.6.6.6")
    server, gate2, _ = await believe(proxy_mode=REQUIRED, proxy_header="CF-Connecting-IP")
    await ask(await dial(server), "cf-connecting-ip: 192.0.2.9", "X-Forwarded-For: 6.6.6.6")
    found = [
        (each.connection.client_address, each.connection.is_tls) for each in gate.requests + gate2.requests
    ]
    assert found == [("2001:db8::1", True), ("192.0.2.9", False)]


@pytest.mark.parametrize("said", [{"proxy_mode": REQUIRED}, {"proxy_mode": OPTIONAL, "proxy_host": True}])
async def test_a_proxy_that_is_not_trusted_any_more_is_refused_on_open_connections_too(
    believe, dial, heard, said
):
    server, gate, trust = await believe(**said)
    wire = await dial(server)
    lines = ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: app.example")
    assert b" 200 " in (await ask(wire, *lines))[0]
    trust.use(settings(trusted_proxies=("10.0.0.1",)))
    assert b" 400 " in (await ask(wire, *lines))[0]
    assert len(gate.requests) == 1
    assert heard("listener.proxy_validation") == [(events.connection_rejected, {"client": "127.0.0.1"})]


# What upstreams are told.


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (ForwardedFor.REPLACE, b"X-Forwarded-For: 192.0.2.1\r\n"),
        (ForwardedFor.APPEND, b"X-Forwarded-For: 192.0.2.1, 127.0.0.7, 127.0.0.1\r\n"),
    ],
)
async def test_upstreams_are_told_what_is_believed(believe, dial, origin, way, said):
    up = await origin()
    server, _, _ = await believe(Forward(up.upstream), proxy_mode=OPTIONAL, forwarded_for=way)
    wire = await dial(server)
    for _ in range(2):
        await ask(wire, "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 127.0.0.7", "X-Forwarded-Proto: https", "A: b")
    for head in up.heads:
        assert said + b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example\r\n" in head
        assert head.lower().count(b"x-forwarded-for") == 1
        assert b"6.6.6.6" not in head


async def test_the_host_that_was_asked_for_is_taken_only_when_the_setting_says_so(believe, dial, origin):
    up = await origin()
    said = ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: App.Example", "X-Forwarded-Port: 8443")
    server, gate, _ = await believe(Forward(up.upstream), proxy_mode=OPTIONAL)
    await ask(await dial(server), *said, host="inner")
    assert gate.requests[0].host == "inner"
    server, gate, _ = await believe(Forward(up.upstream), proxy_mode=OPTIONAL, proxy_host=True)
    wire = await dial(server)
    for number in range(2):
        await ask(wire, *said, f"X-Trace: {number}", host="inner")
        assert (gate.requests[number].host, gate.requests[number].port) == ("app.example", 8443)
    for head in up.heads[1:]:
        assert b"Host: App.Example:8443\r\n" in head
        assert b"inner" not in head
        assert b"X-Forwarded-Host: App.Example:8443\r\n" in head


# Certificates in fields.


@pytest.mark.parametrize("value", [ADA.escaped, ADA.sequence, ADA.base64])
async def test_a_certificate_in_a_field_becomes_the_connections(believe, dial, origin, heard, value):
    up = await origin()
    server, gate, _ = await believe(Forward(up.upstream), proxy_mode=OPTIONAL, client_cert_header="X-Cert")
    await ask(await dial(server), "X-Forwarded-For: 192.0.2.1", f"X-Cert: {value.decode()}")
    assert gate.requests[0].connection.certificate == ADA.der
    assert b"-cert:" not in up.heads[0].lower()
    assert heard("listener.proxy_cert") == [
        (
            events.certificate_injected,
            {"client": "127.0.0.1", "serial": f"{ADA.certificate.serial_number:x}", "common_name": "ada"},
        )
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a" * 17000, (events.certificate_oversized, {"client": "127.0.0.1", "size": 17000})),
        ("-----BEGIN CERTIFICATE-----", (events.certificate_not_pem, {"client": "127.0.0.1"})),
        (
            ":AAAA:",
            (
                events.certificate_not_parsed,
                {"client": "127.0.0.1", "reason": CertificateProblem.NOT_A_CERTIFICATE},
            ),
        ),
    ],
)
async def test_a_request_with_a_bad_certificate_goes_on_without_it(believe, dial, heard, value, said):
    server, gate, _ = await believe(proxy_mode=OPTIONAL, client_cert_header="X-Cert")
    head, _ = await ask(await dial(server), "X-Forwarded-For: 192.0.2.1", f"X-Cert: {value}")
    assert b" 200 " in head
    assert gate.requests[0].connection.certificate == b""
    assert heard("listener") == [said]


async def test_a_certificate_is_handed_on_when_the_setting_says_so(believe, dial, origin):
    up = await origin()
    server, _, _ = await believe(
        Forward(up.upstream), proxy_mode=OPTIONAL, client_cert_header="Client-Cert", client_cert_forward=True
    )
    await ask(await dial(server), "X-Forwarded-For: 192.0.2.1", f"Client-Cert: {ADA.sequence.decode()}")
    assert b"Client-Cert: " + ADA.sequence + b"\r\n" in up.heads[0]
    await ask(await dial(server), "X-Forwarded-For: 192.0.2.1", "Client-Cert: :AAAA:")
    assert b"client-cert" not in up.heads[1].lower()


# HTTP/2.


async def nghttp(server, *lines):
    """Two requests over one connection of HTTP/2; the bodies."""
    fields = [word for line in lines for word in ("-H", line)]
    url = f"http://127.0.0.1:{server.ports[0]}/"
    process = await asyncio.create_subprocess_exec(
        "nghttp", "-m", "2", *fields, url, stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0]


async def test_over_http2_proxies_are_believed_like_anywhere(believe, origin):
    up = await origin()
    said = (
        "X-Forwarded-For: 6.6.6.6, 192.0.2.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: app.example",
    )
    server, gate, _ = await believe(Forward(up.upstream), proxy_mode=OPTIONAL, proxy_host=True)
    assert await nghttp(server, *said) == b"hello" * 2
    for request, head in zip(gate.requests, up.heads, strict=True):
        connection = request.connection
        assert (connection.protocol, connection.client_address, connection.is_tls) == (
            "h2",
            "192.0.2.1",
            True,
        )
        assert (request.host, request.scope.client_address) == ("app.example", "192.0.2.1")
        assert b"Host: app.example\r\n" in head
        assert b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n" in head
    server, gate, _ = await believe(Forward(up.upstream), trusted_proxies=("10.0.0.1",), proxy_mode=OPTIONAL)
    await nghttp(server, *said)
    assert {request.connection.client_address for request in gate.requests} == {"127.0.0.1"}


# The PROXY protocol.

V1 = b"PROXY TCP4 192.0.2.1 198.51.100.2 51000 443\r\n"
V2 = SIGNATURE + b"\x21\x11\x00\x0c\xc0\x00\x02\x01\xc6\x33\x64\x02" + struct.pack("!HH", 51000, 443)
LOCAL = SIGNATURE + b"\x20\x00\x00\x00"


@pytest.mark.parametrize("header", [V1, V2])
async def test_a_header_names_the_client_and_not_a_byte_of_the_request_is_lost(believe, dial, origin, header):
    up = await origin()
    server, gate, _ = await believe(Forward(up.upstream), proxy_mode=REQUIRED, proxy_protocol=True)
    wire = await dial(server)
    wire.send(header + get("X-Forwarded-For: 6.6.6.6"))
    assert (await wire.response())[1] == b"hello"
    connection = gate.requests[0].connection
    # The proxy only carries the bytes: what the fields say is the client's.
    assert not connection.is_believed
    assert (connection.client_address, connection.client_port, connection.via) == (
        "192.0.2.1",
        51000,
        "127.0.0.1",
    )
    assert b"X-Forwarded-For: 192.0.2.1\r\n" in up.heads[0]
    assert b"6.6.6.6" not in up.heads[0]


@pytest.mark.parametrize("header", [V1, V2])
async def test_a_header_may_come_in_pieces(believe, dial, header):
    server, gate, _ = await believe(proxy_mode=OPTIONAL, proxy_protocol=True)
    wire = await dial(server)
    for byte in header:
        wire.send(bytes((byte,)))
        await wire.writer.drain()
    assert b" 200 " in (await ask(wire))[0]
    assert gate.requests[0].connection.client_address == "192.0.2.1"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", LOCAL])
async def test_a_proxy_that_speaks_for_itself_is_the_client_and_its_fields_are_nobodys(believe, dial, header):
    server, gate, _ = await believe(proxy_mode=REQUIRED, proxy_protocol=True)
    wire = await dial(server)
    wire.send(header)
    assert b" 200 " in (await ask(wire, "X-Forwarded-For: 6.6.6.6"))[0]
    assert gate.requests[0].connection.client_address == "127.0.0.1"


async def test_the_client_of_a_header_may_be_a_proxy_that_is_believed_in_turn(believe, dial, origin):
    up = await origin()
    server, gate, _ = await believe(
        Forward(up.upstream), proxy_mode=REQUIRED, proxy_protocol=True, forwarded_for=ForwardedFor.APPEND,
        trusted_proxies=("127.0.0.0/8", "198.51.100.0/24"),
    )  # fmt: skip
    wire = await dial(server)
    wire.send(b"PROXY TCP4 198.51.100.9 127.0.0.1 1 2\r\n")
    await ask(wire, "X-Forwarded-For: 6.6.6.6, 192.0.2.1")
    assert gate.requests[0].connection.client_address == "192.0.2.1"
    assert b"X-Forwarded-For: 192.0.2.1, 198.51.100.9\r\n" in up.heads[0]
    wire = await dial(server)
    wire.send(V1)
    await ask(wire, "X-Forwarded-For: 6.6.6.6")
    assert b"X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n" in up.heads[1]


async def test_whoever_is_no_proxy_needs_no_header_and_gets_nowhere_with_one(believe, dial):
    server, gate, _ = await believe(proxy_mode=OPTIONAL, proxy_protocol=True, trusted_proxies=("127.0.0.1",))
    assert b" 200 " in (await ask(await dial(server, STRANGER)))[0]
    assert gate.requests[0].connection.client_address == STRANGER
    wire = await dial(server, STRANGER)
    wire.send(V1 + get())
    assert b" 400 " in (await wire.response())[0]


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (get(), "no PROXY protocol header"),
        (b"PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n", "the line ends without CR"),
        (SIGNATURE + b"\x31", None),
        (b"PROXY", None),
    ],
)
async def test_a_proxy_without_a_good_header_is_refused(believe, dial, heard, eventually, sent, detail):
    server, gate, _ = await believe(proxy_mode=OPTIONAL, proxy_protocol=True, limits={"head_timeout": 0.05})
    wire = await dial(server)
    wire.send(sent)
    with contextlib.suppress(ConnectionError):
        assert await wire.rest() == b""
    await eventually(lambda: heard("listener"))
    said = {"client": "127.0.0.1", "detail": detail or "the header did not come in time"}
    assert heard("listener") == [(http_events.introduction_refused, said)]
    assert gate.requests == []


async def test_a_connection_that_ends_before_its_header_is_worth_a_record_only_if_it_began(
    believe, dial, heard, eventually
):
    server, _, _ = await believe(proxy_mode=OPTIONAL, proxy_protocol=True)
    for sent in (b"", b"PROXY TCP4"):
        wire = await dial(server)
        wire.send(sent)
        wire.writer.write_eof()
        with contextlib.suppress(ConnectionError):
            await wire.rest()
    await eventually(lambda: server.connections == 0)
    said = {"client": "127.0.0.1", "detail": "the connection ended inside the header"}
    assert heard("listener") == [(http_events.introduction_refused, said)]


async def test_a_header_stands_before_the_tls_handshake(believe, dial, tmp_path):
    made = make("app.example", "app.example")
    (tmp_path / "both.pem").write_bytes(made.key_pem + made.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    client = ssl.create_default_context(cadata=made.pem.decode())
    server, gate, _ = await believe(
        lambda request: Answer(200, request.connection.server_name.encode()),
        tls=context, proxy_mode=REQUIRED, proxy_protocol=True,
    )  # fmt: skip
    wire = await dial(server)
    wire.send(V2)
    await wire.writer.start_tls(client, server_hostname="app.example")
    assert (await ask(wire))[1] == b"app.example"
    connection = gate.requests[0].connection
    assert (connection.client_address, connection.is_tls) == ("192.0.2.1", True)


async def test_a_header_tells_that_the_client_spoke_tls_to_the_proxy(believe, dial):
    server, gate, _ = await believe(proxy_mode=REQUIRED, proxy_protocol=True)
    wire = await dial(server)
    block = V2[16:] + b"\x20\x00\x05\x01\0\0\0\0" + b"\x02\x00\x0bapp.example"
    wire.send(V2[:14] + struct.pack("!H", len(block)) + block)
    await ask(wire)
    connection = gate.requests[0].connection
    assert (connection.is_tls, connection.server_name) == (True, "app.example")


async def test_the_unix_socket_is_a_proxys_when_it_is_listed(believe, dial, tmp_path):
    path = str(tmp_path / "s")
    server, gate, _ = await believe(proxy_mode=REQUIRED, trusted_proxies=("unix",), unix_path=path)
    await ask(await dial(server, path=path), "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https")
    assert gate.requests[0].connection.client_address == "192.0.2.1"
