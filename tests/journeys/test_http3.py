"""A service that speaks HTTP/3, behind a started gateway."""

import hashlib
import os
import socket
import subprocess

import pytest
from tests.journeys.gateway import APP, MAPPING, Visitor, until
from tests.journeys.neighbours import certificate
from tests.ports import free_port

POOL = """
[[proxy.pool]]
name = "far"
protocol = "h3"
tls_server_name = "far.test"
ca_file = "{ca}"

[[proxy.pool.backend]]
service = "https://127.0.0.1:{port}"

[proxy.pool.health]
type = "http3"
interval = "200ms"
path = "/page"
"""
COMPONENT = "proxy.dns.quic"
MESSAGE = "QUIC-specific DNS resolution and connection"


@pytest.fixture
def caddy(tmp_path):
    """`start()` starts a Caddy that speaks HTTP/3; the fixture is that, its port and its certificate."""
    folder = tmp_path / "service"
    (folder / "www").mkdir(parents=True)
    certificate(folder, ["far.test"])
    port = free_port()
    (folder / "www" / "page").write_text("from afar")
    (folder / "www" / "large").write_bytes(os.urandom(20_000_000))
    (folder / "Caddyfile").write_text(
        "{\n admin off\n auto_https off\n servers {\n protocols h1 h2 h3\n }\n}\n"
        f"https://far.test:{port}, https://127.0.0.1:{port}, https://{APP}:{port}, https://{APP} {{\n"
        f" bind 127.0.0.1\n tls {folder}/app.pem {folder}/app.key\n"
        f" header X-Spoken {{http.request.proto}}\n root * {folder}/www\n file_server\n}}\n"
    )
    running = []

    def start():
        with (folder / "log").open("ab") as log:
            program = subprocess.Popen(
                ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
                stdout=log, stderr=log, env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            )  # fmt: skip
        running.append(program)

        def listens():
            assert program.poll() is None, (folder / "log").read_text()
            with socket.socket() as probe:
                return not probe.connect_ex(("127.0.0.1", port))

        until(listens, what="Caddy")
        return program

    yield start, port, folder
    for program in running:
        program.terminate()
        program.wait(10)


def said(gateway, level):
    return [each for each in gateway.records() if (each["component"], each["level"]) == (COMPONENT, level)]


def test_a_service_may_speak_http_3(make_gateway, caddy):
    start, port, folder = caddy
    service = start()
    mapping = MAPPING.format(app="Far", host=APP, service="", groups='["staff"]').replace(
        'service = ""', 'pool = "far"'
    )
    gateway = make_gateway(
        mappings=mapping + POOL.format(ca=folder / "app.pem", port=port), telemetry='log_level = "debug"'
    )
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    page = visitor.sign_in("alice", path="/page")
    assert (page.status, page.body, page.header("x-spoken")) == (200, b"from afar", "HTTP/3.0")
    large = visitor.get("/large")
    assert (
        hashlib.sha256(large.body).digest()
        == hashlib.sha256((folder / "www" / "large").read_bytes()).digest()
    )
    connected = until(lambda: said(gateway, "DEBUG"), what="the connection's record")[0]
    assert connected["msg"] == MESSAGE
    assert (connected["host"], connected["addresses"]) == ("127.0.0.1", ["127.0.0.1"])
    # The service goes away: its checks by HTTP/3 find it out, and find it again.
    service.terminate()
    service.wait(10)
    until(lambda: visitor.get("/page").status == 503, what="the failed check")
    failed = until(lambda: said(gateway, "WARN"), what="the record of the failure")[-1]
    assert (failed["msg"], failed["host"], failed["reason"]) == (MESSAGE, "127.0.0.1", "connection refused")
    start()
    until(lambda: visitor.get("/page").status == 200, what="the service")


def test_http_3_to_a_service_without_tls_is_a_mistake(make_gateway):
    mapping = MAPPING.format(app="Far", host=APP, service="http://127.0.0.1:81", groups='["staff"]')
    gateway = make_gateway(mappings=mapping + 'protocol = "h3"\n')
    done = gateway.run("check", check=False)
    assert done.returncode
    assert 'protocol "h3" needs a service that begins with https://' in done.stdout + done.stderr
