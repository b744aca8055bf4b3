"""Backends by name, from a name server of the operator's own; and what changes while the gateway runs."""

import asyncio
import socket
import ssl
import threading

import dns.rcode
import pytest
from tests.journeys.gateway import APP, Visitor, until
from tests.net.dns.nameserver import NameServer
from tests.net.trust.making import make

DNS = """
[dns]
resolvers = ["127.0.0.1:{port}"]
timeout = "500ms"
dnssec = "{dnssec}"
max_ttl = "1s"
negative_ttl = "1s"
"""
MAPPINGS = """
[[proxy.mapping]]
app = "One"
host = "{host}"
public = true
service = "http://one.example.test:{port}"

[[proxy.mapping]]
app = "Two"
host = "{host}"
path = "/two"
public = true
service = "http://two.example.test:{port}"
"""


@pytest.fixture
def names():
    """A name server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = NameServer()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(end(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def end(server):
    server.stop()
    # What is closed is gone in the loop's next turns.
    for _ in range(5):
        await asyncio.sleep(0)


def said(gateway, component, message=""):
    return [
        record
        for record in gateway.records()
        if record["component"] == component and record["msg"].startswith(message)
    ]


def told(gateway, component, message="", *, times=1):
    """The same, waited for: records are written in batches."""

    def look():
        found = said(gateway, component, message)
        return found if len(found) >= times else None

    return until(look, what=message)


def test_backends_are_found_by_the_operators_name_server(make_gateway, names, upstream):
    names.add("one.example.test", "127.0.0.9", "127.0.0.1", ttl=1)
    mappings = MAPPINGS.format(host=APP, port=upstream.port)
    gateway = make_gateway(
        mappings=DNS.format(port=names.port, dnssec="off") + mappings,
        telemetry='log_level = "debug"',
    )
    gateway.write(service="max_connections = 1000000000")
    gateway.start()
    visitor = Visitor(gateway)
    assert visitor.get("/").status == 200
    (resolved,) = told(gateway, "proxy.dns", "Backend DNS resolution")
    assert sorted(resolved["addresses"]) == ["127.0.0.1", "127.0.0.9"]
    # The upstream listens on one of the two: nobody noticed the other.
    assert visitor.get("/two").status == 502
    assert told(gateway, "proxy.dns", "DNS resolution failed")[-1]["level"] == "ERROR"
    assert told(gateway, "http.access")[-1]["protocol"] == "http/1.1"
    assert told(gateway, "kernel.start", "Too few open files")[0]["needed"] > 2_000_000_000

    # A name server that fails gives way to the system, which knows nobody of that name.
    names.rcode = dns.rcode.SERVFAIL
    until(
        lambda: (
            visitor.get("/two").status == 502 and said(gateway, "proxy.dns", "DNS resolution failed, fall")
        )
    )
    assert visitor.get("/").status == 200, "its connection is still there"

    # Answers have to be validated from now on, and are.
    names.rcode, names.validates = None, True
    names.add("two.example.test", "127.0.0.1", ttl=1)
    gateway.write(mappings=DNS.format(port=names.port, dnssec="require") + mappings)
    gateway.run("admin", "config", "reload")
    until(lambda: visitor.get("/two").status == 200)
    told(gateway, "proxy.dns", "DNSSEC validation")

    # Then they are not, and nobody falls back on anything.
    names.validates = False
    names.add("three.example.test", "127.0.0.1", ttl=1)
    gateway.write(
        mappings=DNS.format(port=names.port, dnssec="require")
        + mappings.replace("two.example", "three.example")
    )
    gateway.run("admin", "config", "reload")
    fallbacks = len(said(gateway, "proxy.dns", "DNS resolution failed, fall"))
    assert visitor.get("/two").status == 502
    told(gateway, "dns.dnssec", "DNSSEC strict mode: zone not signed")
    assert len(said(gateway, "proxy.dns", "DNS resolution failed, fall")) == fallbacks


def test_whose_certificates_are_taken_changes_while_running(make_gateway, upstream, tmp_path):
    old, new = make("old"), make("new")
    authorities = tmp_path / "clients.pem"
    authorities.write_bytes(old.pem)
    shown = {}
    for name, authority in (("ada", old), ("bob", new)):
        shown[name] = tmp_path / f"{name}.pem"
        made = make(name, by=authority)
        shown[name].write_bytes(made.pem + made.key_pem)
    gateway = make_gateway(mappings=MAPPINGS.format(host=APP, port=upstream.port)).start()
    plain = gateway.connect

    def status(name):
        def connect(host, *, timeout=15.0):
            return plain(host, timeout=timeout) if name is None else showing(gateway, host, shown[name])

        gateway.connect = connect
        try:
            return gateway.fetch("GET", APP, "/_yett/nothing").status
        except OSError:
            return 0

    assert [status(each) for each in (None, "ada", "bob")] == [404, 404, 404]
    gateway.write(service=f'client_cert = "required"\nclient_ca = "{authorities}"')
    gateway.run("admin", "config", "reload")
    assert [status(each) for each in (None, "ada", "bob")] == [0, 404, 0]
    authorities.write_bytes(new.pem)
    until(lambda: status("bob"), seconds=40)
    assert [status(each) for each in (None, "ada", "bob")] == [0, 0, 404]
    told(gateway, "tls.clients", "Client authorities taken over", times=2)
    gateway.write(service="")
    gateway.run("admin", "config", "reload")
    assert status(None) == 404


def showing(gateway, host, certificate):
    """A connection whose handshake shows a certificate; the refusal of one comes with the first reading."""
    context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
    context.load_cert_chain(certificate)
    return context.wrap_socket(
        socket.create_connection(("127.0.0.1", gateway.port), timeout=15), server_hostname=host
    )
