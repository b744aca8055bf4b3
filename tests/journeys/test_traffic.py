"""A lot of requests, and connections that stay open, through the whole gateway."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.journeys.gateway import APP, MAPPING, Visitor, until
from tests.ports import free_port
from websockets.sync.client import connect

NGINX = """
daemon off; master_process off; worker_processes 1; error_log {folder}/error.log; pid {folder}/pid;
events {{ worker_connections 512; }}
http {{
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e; access_log off; keepalive_requests 1000000;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "$request_uri $http_x_yett_user"; }} }}
}}
"""


@pytest.fixture
def nginx(tmp_path):
    port = free_port()
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    yield port
    process.terminate()
    process.wait(10)


def cookie_of(visitor):
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies[APP].items())


def test_ten_thousand_keep_alive_requests_to_nginx_come_back_without_an_error(make_gateway, nginx):
    gateway = make_gateway(service=f"http://127.0.0.1:{nginx}")
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice").status == 200
    cookie = cookie_of(visitor)

    def ask(first):
        with gateway.connect(APP) as connection, connection.makefile("rb") as answers:
            for number in range(first, first + 1250):
                connection.sendall(
                    f"GET /page/{number}?q={number} HTTP/1.1\r\nHost: {APP}\r\nX-Trace: {number}\r\n"
                    f"Cookie: {cookie}\r\n\r\n".encode()
                )
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                assert answers.read(length) == f"/page/{number}?q={number} alice".encode()
        return 1250

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(0, 10_000, 1250))) == 10_000
    done = gateway.run(
        "logs", "search", "--component", "http.access", "--user", "alice", "--limit", "0", "--json"
    )
    assert sum('"status":200' in line.replace(" ", "") for line in done.splitlines()) >= 10_000


@pytest.fixture
def with_websocket(make_gateway, upstream):
    mapping = MAPPING.format(
        app="Chat", host=APP, service=f"http://127.0.0.1:{upstream.websocket_port}", groups='["staff"]'
    )
    page = (
        MAPPING.format(app="Page", host=APP, service=f"http://127.0.0.1:{upstream.port}", groups='["staff"]')
        + 'path = "/page"\n'
    )
    gateway = make_gateway(mappings=mapping + page)
    gateway.people()
    gateway.start()
    visitor = Visitor(gateway)
    assert visitor.sign_in("alice", path="/page").status == 200
    return gateway, visitor


def open_websocket(gateway, visitor):
    return connect(
        f"ws://{APP}:{gateway.port}/chat",
        sock=gateway.connect(APP),  # which speaks TLS already
        additional_headers={"Cookie": cookie_of(visitor)},
        open_timeout=10,
    )


def test_a_websocket_lives_through_a_reload_and_ends_with_the_session(with_websocket):
    gateway, visitor = with_websocket
    with open_websocket(gateway, visitor) as chat:
        chat.send("one")
        assert chat.recv(10) == "one"
        blob = os.urandom(300_000)
        chat.send(blob)
        assert chat.recv(10) == blob

        gateway.write(mappings=gateway.mappings.replace('"Page"', '"Renamed"'))
        until(lambda: "Config reload successful" in gateway.output.read_text())
        chat.send("two")
        assert chat.recv(10) == "two"

        gateway.run("admin", "sessions", "revoke-all", "alice")
        with pytest.raises(Exception, match=r"close|reset|EOF"):
            chat.recv(10)


def test_a_websocket_without_a_session_is_refused(with_websocket):
    gateway, _ = with_websocket
    stranger = Visitor(gateway)
    stranger.cookies[APP] = {}
    with pytest.raises(Exception, match="401"), open_websocket(gateway, stranger):
        pass
