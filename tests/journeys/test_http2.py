"""Browsers and services that speak HTTP/2."""

import contextlib
import socket
import ssl
import subprocess

import pytest
from tests.journeys.gateway import APP, MAPPING, Visitor, until
from tests.ports import free_port

from yett.net.http.h2.frames import PING, PREFACE, frame, settings


def curl(gateway, path, *options, host=APP):
    """What curl, left to choose, says of a page: status, protocol, body."""
    done = subprocess.run(
        [
            "curl", "-sS", "--max-time", "20", "--cacert", str(gateway.data / "pki" / "root.pem"),
            "--resolve", f"{host}:{gateway.port}:127.0.0.1", *options,
            "-w", "\n%{http_code} %{http_version}", f"https://{host}:{gateway.port}{path}",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    body, _, last = done.stdout.rpartition(b"\n")
    return (*last.decode().split(), body)


@pytest.fixture(scope="module")
def cookie(gateway):
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())


def test_http_2_is_chosen_and_the_same_rules_hold(gateway, cookie):
    status, version, _ = curl(gateway, "/hello")
    assert (status, version) == ("401", "2")
    status, version, body = curl(gateway, "/hello", "-H", f"Cookie: {cookie}", "-H", "X-Yett-User: eve")
    assert (status, version) == ("200", "2")
    assert b"eve" not in body
    assert curl(gateway, "/hello", "--http1.1", "-H", f"Cookie: {cookie}")[1] == "1.1"


def test_a_client_that_makes_work_for_nothing_is_put_on_record(gateway):
    context = ssl.create_default_context(cafile=gateway.data / "pki" / "root.pem")
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as raw,
        context.wrap_socket(raw, server_hostname=APP) as connection,
        contextlib.suppress(ConnectionError, ssl.SSLError),
    ):
        connection.sendall(PREFACE + settings({}) + frame(PING, 0, 0, bytes(8)) * 3000)
        while connection.recv(65536):
            pass
    said = "HTTP server errors: HTTP/2 connection ended"
    until(lambda: any(said in record.values() for record in gateway.records()), what="the record")


def test_a_service_may_speak_http_2(make_gateway, tmp_path):
    folder = tmp_path / "service"
    folder.mkdir()
    (folder / "page").write_text("from afar")
    port = free_port()
    paths = "".join(
        f"{name}_temp_path {folder};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error; user root; events {{ }}"
        f"http {{ access_log off; {paths} root {folder}; server {{ listen 127.0.0.1:{port} http2;"
        " add_header X-Spoken $server_protocol; } }"
    )
    service = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        mapping = MAPPING.format(app="Far", host=APP, service=f"http://127.0.0.1:{port}", groups='["staff"]')
        gateway = make_gateway(mappings=mapping + 'protocol = "h2"\n')
        gateway.people()
        gateway.start()
        visitor = Visitor(gateway)
        page = visitor.sign_in("alice", path="/page")
        assert (page.status, page.body, page.header("x-spoken")) == (200, b"from afar", "HTTP/2.0")
    finally:
        service.terminate()
        service.wait(10)
